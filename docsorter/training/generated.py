"""Small generated pages that travel with docsorter, for what a user has no documents of.

Nobody collects what they do not want to sort, and a label that people rarely have to name has few
answers: training takes pages of neighbours (orders, statements, forms, photographs, blank sheets)
and of rare labels from `generated_pages.zip`, which `python -m starter.pack` made, and pages that
come after a first one. The file lies beside the code and not in the starter's bundle, since bases
of any kind need it, ImageNet weights too, and since a workspace keeps its evidence under the
fingerprint of the bundle.
"""

import hashlib
import io
import zipfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

from docsorter.errors import EnvironmentFaultError
from docsorter.model.card import NONE_OF_THESE
from docsorter.training.dataset import Sample

PACK: Final = Path(__file__).with_name("generated_pages.zip")
SHA256: Final = "c92ecbae3ba6c5b250c2341fb98574ef5526041892b77cb2d92a617b1af2a06d"
SIDE: Final = 384
"""Longer side of a page in pixels: what augmentation starts from."""

LATER: Final = "later"
"""Folder of pages that come after the first one of a document; they are of no label."""

_SHORTEST: Final = 2  # shorter words than that say nothing


def made_labels() -> frozenset[str]:
    """Return the labels of which there are pages, without "other"."""
    return frozenset(label for label, _ in _pages().values()) - {NONE_OF_THESE, LATER}


def foreign_kinds(labels: Sequence[str]) -> tuple[str, ...]:
    """Return the kinds of page that are none of the labels, by their names.

    The labels of the pages count too: where nobody teaches letters, letters are foreign. A kind is
    left out when a word of it is a word of a label, or the other way round ("receipts" and
    "receipt"): the model would learn to refuse what it is trained to sort.

    Args:
        labels: What the documents are called.
    """
    return tuple(
        kind
        for kind, (output, _) in _pages().items()
        if output != LATER
        and not any(same_word(kind, label) or same_word(output, label) for label in labels)
    )


def foreign_documents(folder: Path, kinds: Sequence[str], number: int, seed: int) -> list[Sample]:
    """Put pages of some kinds, as many of each, into a folder.

    Args:
        folder: Where they go; what is there already is kept.
        kinds: From `foreign_kinds`; none gives none.
        number: How many in all, about; there are only a few of a kind.
        seed: Says which of a kind.
    """
    if not kinds or number <= 0:
        return []
    each = max(1, round(number / len(kinds)))
    samples = []
    with _opened() as pack:
        for kind in kinds:
            _, names = _pages()[kind]
            for page in range(min(each, len(names))):
                path = _unpacked(pack, names[(seed + page) % len(names)], folder)
                layout = f"foreign:{kind}:{path.stem}"
                samples.append(
                    Sample(
                        path, NONE_OF_THESE, kind, layout, "synthetic", "Apache-2.0",
                        origin="synthetic",
                    )
                )  # fmt: skip
    return sorted(samples, key=lambda sample: sample.path)


def later_pages(folder: Path) -> list[Path]:
    """Put all pages that come after a first one into a folder; return their files.

    Args:
        folder: Where they go; what is there already is kept.
    """
    return label_documents(folder, LATER, sum(len(names) for _, names in _pages().values()))


def label_documents(folder: Path, label: str, number: int) -> list[Path]:
    """Put pages of a label into a folder, spread evenly over its kinds; return their files.

    Args:
        folder: Where they go; what is there already is kept.
        label: One of `made_labels`, or `LATER`.
        number: How many.
    """
    kinds = [names for output, names in _pages().values() if output == label]
    turns = range(max(len(names) for names in kinds))
    order = [names[turn] for turn in turns for names in kinds if turn < len(names)]
    with _opened() as pack:
        return [_unpacked(pack, name, folder) for name in order[:number]]


def same_word(one: str, other: str) -> bool:
    """Say whether two names share a word, or the beginning of one: "receipts", "till-receipt"."""
    return any(a.startswith(b) or b.startswith(a) for a in _words(one) for b in _words(other))


def _words(name: str) -> list[str]:
    separated = "".join(c if c.isalnum() else " " for c in name.casefold())
    return [word for word in separated.split() if len(word) > _SHORTEST]


@cache
def _pages() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return the label and the files of every kind; a file is called LABEL/KIND-NUMBER.webp."""
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    with _opened() as pack:
        for name in pack.namelist():
            label, _, file = name.partition("/")
            kind = file.rpartition("-")[0]
            found[kind] = (label, (*found.get(kind, ("", ()))[1], name))
    return found


def _opened() -> zipfile.ZipFile:
    data = PACK.read_bytes() if PACK.is_file() else b""
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise EnvironmentFaultError(
            f"the generated pages of docsorter are missing or damaged: {PACK}",
            remedy="install docsorter again",
        )
    return zipfile.ZipFile(io.BytesIO(data))


def _unpacked(pack: zipfile.ZipFile, name: str, folder: Path) -> Path:
    path = folder / name
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(pack.read(name))
        part.replace(path)
    return path
