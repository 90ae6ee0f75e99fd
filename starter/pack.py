"""Make the small generated pages that travel with docsorter: `python -m starter.pack`.

Writes `docsorter/training/generated_pages.zip` anew: a few pages of every kind, as the training
split has them, at the size that augmentation starts from. Of nine sets the typical one is
taken. Prints the digest that
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

from docsorter.decide.calibration import label_probabilities
from docsorter.model.bundle import digest, load_bundle
from docsorter.model.card import NONE_OF_THESE, ModelCard
from docsorter.model.classifier import LiteRTClassifier
from docsorter.pages.fit import fit_page, reduce_to
from docsorter.resources import starter_bundle_dir, usable_cores
from docsorter.training.generated import PACK, SIDE
from starter.dataset import read_index, write_dataset
from starter.kinds import KINDS

EACH: Final = 3
_DRAWN: Final = {"blank": 2 * EACH}  # some of them are white through and through
_SEEDS: Final = range(20261, 20270)
_TAKEN: Final = 2
"""Pages of a kind that a training takes where nothing else is asked for, the first ones."""
_QUALITY: Final = 65  # of the pages of labels; those of other things decide thresholds: lossless
_WHITE: Final = 255


def write_pack(
    path: Path, kinds: Sequence[str] = tuple(KINDS), seed: int = _SEEDS[0], workers: int = 1
) -> None:
    """Write the pages of some kinds into one file, which holds nothing but them.

    Args:
        path: The file.
        kinds: Of `KINDS`.
        seed: Of the pages of other things; those of labels are always the same.
        workers: Processes that draw.
    """
    with (
        tempfile.TemporaryDirectory(prefix="docsorter-pack-") as made,
        zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as pack,
    ):
        folders = {False: Path(made) / "labels", True: Path(made) / "foreign"}
        for foreign, folder in folders.items():
            own = [kind for kind in kinds if (KINDS[kind] == NONE_OF_THESE) == foreign]
            counts = {kind: _DRAWN.get(kind, EACH) for kind in own}
            folder.mkdir()
            write_dataset(folder, counts, seed if foreign else _SEEDS[0], "train", workers)
        for kind in kinds:
            folder = folders[KINDS[kind] == NONE_OF_THESE]
            entries = sorted(read_index(folder).values(), key=lambda entry: entry.file)
            drawn = (_small(folder / entry.file) for entry in entries if entry.kind == kind)
            pages = islice((page for page in drawn if not _white(page)), EACH)
            for number, page in enumerate(pages, 1):
                pack.writestr(zipfile.ZipInfo(f"{KINDS[kind]}/{kind}-{number}.webp"), page)


def typical_seed(workers: int = 1) -> int:
    """Return the seed whose surest page of other things is the median of all seeds.

    That page sets the threshold of a training, so a set with an unusually sure one would leave
    more to people than pages generated anew, and a set without one would sort too much.
    """
    bundle = load_bundle(starter_bundle_dir())
    classifier = LiteRTClassifier(bundle.runtime_file, bundle.card, threads=1)
    kinds = [kind for kind, label in KINDS.items() if label == NONE_OF_THESE]

    def surest(seed: int) -> float:
        with tempfile.TemporaryDirectory(prefix="docsorter-pack-") as made:
            path = Path(made) / "pages.zip"
            write_pack(path, kinds, seed, workers)
            with zipfile.ZipFile(path) as pack:
                return max(
                    _sureness(classifier, bundle.card, pack.read(f"{NONE_OF_THESE}/{page}.webp"))
                    for page in (f"{kind}-{n}" for kind in kinds for n in range(1, _TAKEN + 1))
                )

    return sorted(_SEEDS, key=surest)[len(_SEEDS) // 2]


def _sureness(classifier: LiteRTClassifier, card: ModelCard, page: bytes) -> float:
    """Return the greatest probability of a label."""
    with Image.open(io.BytesIO(page)) as image:
        said = classifier.classify(fit_page(image, card.input.size)[None])
    shares = label_probabilities(said.logits, card.temperature, card.background)
    return float(shares[0, : len(card.labels)].max())


def _small(path: Path) -> bytes:
    buffer = io.BytesIO()
    with Image.open(path) as image:
        foreign = path.parent.name == NONE_OF_THESE
        reduce_to(image, SIDE).save(
            buffer, "WEBP", lossless=foreign, quality=100 if foreign else _QUALITY, method=6
        )
    return buffer.getvalue()


def _white(page: bytes) -> bool:
    """Say whether nothing is left on a page: the daemon's reader would refuse it."""
    with Image.open(io.BytesIO(page)) as image:
        return image.convert("L").getextrema()[0] == _WHITE


if __name__ == "__main__":
    chosen = typical_seed(usable_cores())  # 20268
    write_pack(PACK, seed=chosen, workers=usable_cores())
    sys.stdout.write(f'SHA256: Final = "{digest(PACK)}"\n')
