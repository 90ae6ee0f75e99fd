"""A directory with one model and all that is known of it; every damage has its own message.

card.json     what the model is                 golden/*.png        synthetic pages, and
model.tflite  the model that runs               golden/golden.json  the answers expected of them
novelty.npz   arrays that novelty needs         SHA256SUMS          of every file above
pages.npz     what it knows of pages among others: first or later, upright or turned; may be missing
words.npz     what it knows of words; may be missing
foreign.npz   what it knows of real documents that are of no label, for training; may be missing
"""

import hashlib
import zipfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from docsorter.errors import ModelError
from docsorter.model.card import ModelCard, read_card

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CARD: Final = "card.json"
RUNTIME: Final = "model.tflite"
NOVELTY: Final = "novelty.npz"
PAGES: Final = "pages.npz"
WORDS: Final = "words.npz"
FOREIGN: Final = "foreign.npz"
GOLDEN: Final = "golden/golden.json"
CHECKSUMS: Final = "SHA256SUMS"
REQUIRED: Final = (CARD, RUNTIME, NOVELTY, GOLDEN)
"""Without these, and their checksums, a directory is no bundle."""

_AGAIN: Final = "take the bundle again from where it came from, or use `starter`"


@dataclass(frozen=True, slots=True)
class ModelBundle:
    """A bundle whose files are all there and unchanged."""

    path: Path
    card: ModelCard
    novelty: "dict[str, NDArray[np.generic]]" = field(repr=False)
    pages: "dict[str, NDArray[np.generic]]" = field(default_factory=dict, repr=False)
    """Arrays about pages of many-page documents; empty when the bundle has none."""
    words: "dict[str, NDArray[np.generic]]" = field(default_factory=dict, repr=False)
    """Arrays of the reader of words; empty when the bundle has none."""

    @property
    def runtime_file(self) -> Path:
        """The LiteRT file."""
        return self.path / RUNTIME

    @property
    def golden_file(self) -> Path:
        """The expected answers to the golden pages."""
        return self.path / GOLDEN

    def read_foreign(self) -> "dict[str, NDArray[np.generic]]":
        """Read the arrays about foreign documents, which training alone needs; {} without them.

        Raises:
            ModelError: The file is damaged.
        """
        return _read_arrays(self.path / FOREIGN) if FOREIGN in listed_files(self.path) else {}


def load_bundle(path: Path) -> ModelBundle:
    """Load a bundle after checking that it is whole.

    Raises:
        ModelError: A file is missing or changed, or the card cannot be understood.
    """
    if not path.is_dir():
        raise ModelError(
            f"there is no model bundle: {path} is not a folder",
            remedy="name an existing bundle, or `starter`",
        )
    card = read_card(path / CARD)  # first: a newer format may well have other files
    listed = verify_checksums(path)
    if card.words is not None and WORDS not in listed:
        raise ModelError(
            f"the model bundle is incomplete: its card tells of words, {CHECKSUMS} of no {WORDS}: "
            f"{path}",
            remedy=_AGAIN,
        )
    pages, words = (_read_arrays(path / name) if name in listed else {} for name in (PAGES, WORDS))
    return ModelBundle(path, card, _read_arrays(path / NOVELTY), pages, words)


def verify_checksums(path: Path) -> frozenset[str]:
    """Compare every file of a bundle with SHA256SUMS; return the names that it lists.

    Raises:
        ModelError: A file is missing, changed, or not listed although it is needed.
    """
    listed = _read_checksums(path / CHECKSUMS)
    for name in REQUIRED:
        if name not in listed:
            raise ModelError(
                f"the model bundle is incomplete: {CHECKSUMS} does not list {name}: {path}",
                remedy=_AGAIN,
            )
    for name, expected in listed.items():
        found = _digest(path / name)
        if found != expected:
            raise ModelError(
                f"the model bundle is damaged: {name} was changed (SHA-256 {found[:12]}… instead "
                f"of {expected[:12]}…): {path}",
                remedy=_AGAIN,
            )
    return frozenset(listed)


def listed_files(path: Path) -> tuple[str, ...]:
    """Return the files that a bundle's SHA256SUMS names, relative to its folder.

    Raises:
        ModelError: It is missing, or holds something that is no checksum.
    """
    return tuple(_read_checksums(path / CHECKSUMS))


def digest(path: Path) -> str:
    """Return the SHA-256 of a file as hex digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _digest(path: Path) -> str:
    try:
        return digest(path)
    except FileNotFoundError as error:
        raise ModelError(
            f"the model bundle is incomplete: {path.name} is missing: {path}", remedy=_AGAIN
        ) from error
    except OSError as error:
        raise ModelError(
            f"the model bundle cannot be read: {path}: {error.strerror}",
            remedy="check the permissions of the folder and the health of the disk",
        ) from error


def _read_checksums(path: Path) -> dict[str, str]:
    """Read lines of `<64 hex digits>  <name>`; a name must stay inside the bundle."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            f"the model bundle is incomplete: {CHECKSUMS} is missing or unreadable: {path}",
            remedy=_AGAIN,
        ) from error
    listed: dict[str, str] = {}
    for line in lines:
        expected, _, name = line.partition("  ")
        parts = PurePosixPath(name)
        outside = parts.is_absolute() or ".." in parts.parts
        if len(expected) != hashlib.sha256().digest_size * 2 or not name or outside:
            raise ModelError(
                f"the model bundle is damaged: {CHECKSUMS} has a line that is no checksum: {path}",
                remedy=_AGAIN,
            )
        listed[name] = expected
    return listed


def _read_arrays(path: Path) -> "dict[str, NDArray[np.generic]]":
    import numpy as np  # noqa: PLC0415 -- listing bundles needs no NumPy

    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(
            f"the model bundle is damaged: {path.name} holds no plain arrays: {path}: {error}",
            remedy=_AGAIN,
        ) from error
