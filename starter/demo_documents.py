"""A small labelled folder to try training on: generated documents of layouts the starter never saw.

python -m starter.demo_documents FOLDER [EACH]
"""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from docsorter.resources import usable_cores
from docsorter.service.workspace.process import Progress, silent
from starter.dataset import read_index, write_dataset
from starter.kinds import KINDS

EACH: Final = 40
_SEED: Final = 2027
_RECEIPT: Final = "receipt"
_STAGE: Final = "generating documents to learn from"


def write_demo(folder: Path, each: int = EACH, progress: Progress = silent) -> None:
    """Write `each` invoices, claims, letters and receipts into one sub-folder per label.

    What is there already is kept, so that it may be interrupted. Receipts are a label that the
    starter does not have.

    Args:
        folder: Where the sub-folders go.
        each: Documents of every label.
        progress: Is told how far it is.

    Raises:
        OSError: A file cannot be written.
    """
    made = folder.parent / f"{folder.name}-generated"
    counts = _counts(each)
    write_dataset(
        made, counts, _SEED, "test", usable_cores(),
        progress=lambda done, total: progress(_STAGE, done, total),
    )  # fmt: skip
    for name, entry in read_index(made).items():
        label = _RECEIPT if entry.kind == _RECEIPT else entry.label
        target = folder / label / Path(name).name
        if entry.kind in counts and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(made / name, target)


def _counts(each: int) -> dict[str, int]:
    """Return how many of each kind, so that every label has `each` documents."""
    counts = {_RECEIPT: each}
    for label in ("invoice", "claim", "letter"):
        kinds = [kind for kind, output in KINDS.items() if output == label]
        for number, kind in enumerate(kinds):
            counts[kind] = each // len(kinds) + (number < each % len(kinds))
    return {kind: count for kind, count in counts.items() if count}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0].startswith("-"):
        sys.stderr.write(f"{__doc__}\n")
        return 2
    write_demo(Path(given[0]), int(given[1]) if len(given) > 1 else EACH)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
