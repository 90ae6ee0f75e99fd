"""Make the small generated pages that travel with docsorter: `python -m starter.pack`.

Writes `docsorter/training/generated_pages.zip` anew: a few pages of every kind, as the training
split has them, at the size that augmentation starts from. Prints the digest that
`docsorter/training/generated.py` has to name; docs/develop/making-the-starter.md has what was
measured.
"""

import io
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from PIL import Image

from docsorter.model.bundle import digest
from docsorter.pages.fit import reduce_to
from docsorter.resources import usable_cores
from docsorter.training.generated import PACK, SIDE
from starter.dataset import read_index, write_dataset
from starter.kinds import EVERY, LATER

EACH: Final = 2
LATER_EACH: Final = 14
"""Pages of a kind of later page: these are all that is learned from, where nobody has others."""

_SPARE: Final = 2  # of blank sheets some are white through and through
_SEED: Final = 20261
_QUALITY: Final = 65
_WHITE: Final = 255


def write_pack(path: Path, kinds: Sequence[str] = tuple(EVERY), workers: int = 1) -> None:
    """Write the pages of some kinds into one file, which holds nothing but them."""
    with (
        tempfile.TemporaryDirectory(prefix="docsorter-pack-") as made,
        zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as pack,
    ):
        folder = Path(made)
        counts = {kind: LATER_EACH if kind in LATER else EACH for kind in kinds}
        drawn_counts = {kind: _SPARE * number for kind, number in counts.items()}
        write_dataset(folder, drawn_counts, _SEED, "train", workers)
        entries = sorted(read_index(folder).values(), key=lambda entry: entry.file)
        for kind in kinds:
            drawn = (_small(folder / entry.file) for entry in entries if entry.kind == kind)
            pages = islice((page for page in drawn if not _white(page)), counts[kind])
            for number, page in enumerate(pages, 1):
                pack.writestr(zipfile.ZipInfo(f"{EVERY[kind]}/{kind}-{number}.webp"), page)


def _small(path: Path) -> bytes:
    buffer = io.BytesIO()
    with Image.open(path) as image:
        reduce_to(image, SIDE).save(buffer, "WEBP", quality=_QUALITY, method=6)
    return buffer.getvalue()


def _white(page: bytes) -> bool:
    """Say whether nothing is left on a page: the daemon's reader would refuse it."""
    with Image.open(io.BytesIO(page)) as image:
        return image.convert("L").getextrema()[0] == _WHITE


if __name__ == "__main__":
    write_pack(PACK, workers=usable_cores())
    sys.stdout.write(f'SHA256: Final = "{digest(PACK)}"\n')
