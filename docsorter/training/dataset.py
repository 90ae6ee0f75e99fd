"""Labelled documents: which files there are, what they are and where they come from.

Three ways to say it: a folder per label, the index of generated documents, and a manifest of
collected ones that also says what each may be used for.
"""

import csv
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from docsorter.errors import UsageError
from docsorter.model.card import NONE_OF_THESE, Origin

SUFFIXES: Final = frozenset(
    {".pdf", ".tif", ".tiff", ".jpg", ".jpeg", ".png", ".webp", ".bmp", ".heic"}
)
_MANIFEST_LABELS: Final = {
    "invoice": "invoice",
    "claim": "claim",
    "claim_dropout": "claim",
    "letter": "letter",
    "receipt": NONE_OF_THESE,
    "other": NONE_OF_THESE,
}  # `claim_cont`, later pages of a claim, says nothing on its own and is left out
DROPPED_FORM: Final = "claim-dropped-form"
"""Kind of a claim whose coloured form the scanner has dropped: typed words without their boxes."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled document.

    Attributes:
        path: The file.
        label: What it is: a label, or "other" for none of them.
        kind: Finer than the label, "" where nobody said.
        layout: Same vendor or template, same layout; never cut by a split.
        source: Where it came from: "synthetic", a repository, a folder.
        licence: Licence of the source.
        split: Split it is bound to, "" where that is still free.
        origin: "synthetic" or "real".
    """

    path: Path
    label: str
    kind: str
    layout: str
    source: str
    licence: str = ""
    split: str = ""
    origin: str = "real"


def read_synthetic(root: Path) -> list[Sample]:
    """Read generated documents: `train/` and `test/`, each with an `index.jsonl`.

    Layouts of `test/` occur nowhere in `train/`; they are bound to "held-out".

    Raises:
        UsageError: There is no index, or a line of it cannot be understood.
    """
    samples: list[Sample] = []
    for part, split in (("train", ""), ("test", "held-out")):
        index = root / part / "index.jsonl"
        if not index.is_file():
            continue
        for number, line in enumerate(index.read_text(encoding="utf-8").splitlines(), 1):
            try:
                row = json.loads(line)
                path = root / part / row["file"]
                layout = f"{part}:{row['kind']}:{row['layout']}"
                samples.append(
                    Sample(
                        path, row["label"], row["kind"], layout, "synthetic", "Apache-2.0", split,
                        "synthetic",
                    )
                )  # fmt: skip
            except (ValueError, KeyError, TypeError) as error:
                raise UsageError(
                    f"line {number} of the index of generated documents is wrong: {index}: {error}",
                    remedy="generate the documents again",
                ) from error
    if not samples:
        raise UsageError(
            f"there are no generated documents: {root} has no train/index.jsonl",
            remedy="generate them first",
        )
    return [sample for sample in samples if sample.path.is_file()]


def read_manifest(root: Path, *, use: str) -> list[Sample]:
    """Read collected documents from `MANIFEST.tsv`.

    Args:
        root: Folder of the manifest.
        use: Only rows that may be used so: "train-ok" or "eval-only".

    Raises:
        UsageError: There is no manifest, or a column is missing.
    """
    manifest = root / "MANIFEST.tsv"
    try:
        with manifest.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream, delimiter="\t"))
        return [
            Sample(
                root / row["file"], _MANIFEST_LABELS[row["label"]],
                DROPPED_FORM if row["label"] == "claim_dropout" else "",
                row["layout"], row["source"], row["licence"],
            )
            for row in rows
            if row["use"] == use and row["label"] in _MANIFEST_LABELS
        ]  # fmt: skip
    except (OSError, KeyError) as error:
        raise UsageError(
            f"the manifest of collected documents cannot be read: {manifest}: {error}",
            remedy="it needs the columns file, label, layout, source, licence and use",
        ) from error


def read_folders(root: Path) -> list[Sample]:
    """Read a folder with one sub-folder per label.

    Raises:
        UsageError: There are fewer than two labels, or a label has no document.
    """
    folders = sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    samples = [
        Sample(path, folder.name, "", str(path.relative_to(root)), root.name)
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix.lower() in SUFFIXES
    ]
    labels = {sample.label for sample in samples}
    if len(labels) < 2:
        raise UsageError(
            f"there is nothing to tell apart: {root} has documents of {len(labels)} label(s)",
            remedy="make one sub-folder per label and put its documents there",
        )
    return samples


def fingerprint(samples: Iterable[Sample]) -> str:
    """Return the SHA-256 over the sorted digests of all files with their labels."""
    lines = sorted(
        f"{hashlib.sha256(sample.path.read_bytes()).hexdigest()} {sample.label}"
        for sample in samples
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def origins(samples: Iterable[Sample]) -> tuple[Origin, ...]:
    """Return every source with its licence and how many documents it gave."""
    counts: dict[tuple[str, str], int] = {}
    for sample in samples:
        key = (sample.source, sample.licence)
        counts[key] = counts.get(key, 0) + 1
    return tuple(
        Origin(name=source, licence=licence, documents=number)
        for (source, licence), number in sorted(counts.items())
    )
