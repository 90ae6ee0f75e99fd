"""What every family of files is asked for and answers, and what all of them need to decode images.

Orientation: the numbers are those of TIFF 6.0 (tag 274) and EXIF 2.3. Pillow turns a TIFF itself
while it loads it and removes the tag (Pillow#4053, #4063, #7381); the tag is therefore read after
loading, when whatever is left of it is still to be done. libheif does the same for HEIC.
"""

import errno
import os
import re
import struct
import unicodedata
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from PIL import Image, UnidentifiedImageError

from docsorter.documents import ReasonCode
from docsorter.errors import DocumentError, NotFoundError

# What Pillow and its plug-ins raise over broken bytes (Pillow#7474, #5546, #8348).
BROKEN: Final = (
    SyntaxError, ValueError, TypeError, LookupError, OSError, OverflowError, AttributeError,
    AssertionError, NotImplementedError, RuntimeError, struct.error,
)  # fmt: skip
# Errors of the disk or the share below a file; anything else comes from the bytes in it.
_FAULTS: Final = frozenset(
    {
        errno.EIO, errno.EACCES, errno.EPERM, errno.EAGAIN, errno.EMFILE, errno.ENFILE,
        errno.ENODEV, errno.ENXIO, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT,
        errno.EHOSTDOWN, errno.EREMOTEIO,
    }
)  # fmt: skip
_MEGA: Final = 1_000_000
_MAX_LENGTH: Final = 120
LONGEST_WORD: Final = 64  # characters
_NO_LETTERS: Final = frozenset({"Co", "Cn", "Cs"})  # private, not assigned, half a pair
_NOT_SEEN: Final = frozenset({"Cc", "Cf"})  # controls; marks of direction, of no width
_MAKE: Final = 0x010F
_MODEL: Final = 0x0110
_SOFTWARE: Final = 0x0131
_ORIENTATION: Final = 0x0112
_TURN: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What is asked of a family.

    Attributes:
        first: First page, counted from 0.
        count: Number of pages at most.
        pixels: Longest side that is of use; a page is drawn so large.
        averaged: Longest side that is of use of a picture whose decoder averages whole blocks of
            pixels: it may decode at a reduced scale down to that.
        max_pixels: Most pixels of one picture.
        seconds: Time limit of the whole document.
    """

    first: int
    count: int
    pixels: int
    averaged: int
    max_pixels: int
    seconds: float

    def numbers(self, total: int) -> range:
        """Return the wanted ones of `total` pages, counted from 0."""
        return range(min(self.first, total), min(self.first + self.count, total))


@dataclass(slots=True)
class PageStream:
    """What a family answers.

    Attributes:
        total_pages: Pages of the document, >= 1.
        pages: The wanted pages, upright, of any mode and size; one at a time. A page of several
            that cannot be drawn is given as the error that says why; the others follow.
        producer: What the scanner says of itself, cleaned.
        notes: Harmless oddities, one line each; may grow while the pages are taken.
    """

    total_pages: int
    pages: Iterator[Image.Image | DocumentError]
    producer: str = ""
    notes: list[str] = field(default_factory=list)


def open_image(file: BinaryIO, format_name: str, wanted: PageRequest) -> Image.Image:
    """Open an image, bounded before anything is decoded; every family calls this.

    Raises:
        DocumentError: `too_large`.
    """
    Image.MAX_IMAGE_PIXELS = wanted.max_pixels
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            image = Image.open(file, formats=[format_name])
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            claimed = re.search(r"\d+", str(error))
            raise too_large(int(claimed[0]) if claimed else 0, wanted) from error
    check_pixels(image.size, wanted)
    return image


def check_pixels(size: tuple[int, int], wanted: PageRequest) -> None:
    """Refuse a picture of too many pixels.

    Raises:
        DocumentError: `too_large`.
    """
    if size[0] * size[1] > wanted.max_pixels:
        raise too_large(size[0] * size[1], wanted)


def too_large(pixels: int, wanted: PageRequest) -> DocumentError:
    """Return the refusal of a picture that has too many pixels, its remedy naming the setting."""
    limit = wanted.max_pixels / _MEGA
    return DocumentError(
        ReasonCode.TOO_LARGE,
        f"a page has {pixels / _MEGA:.1f} megapixels, more than the limit of {limit:g}",
        remedy="scan at a lower resolution, or raise pages.max_megapixels",
    )


class KilledError(Exception):
    """A helper program was killed from outside."""


@contextmanager
def decoding(what: str, *, tail_missing: bool) -> Iterator[None]:
    """Turn whatever a library raises over broken bytes into the reason people read.

    Args:
        what: The kind of file, with its article: "the JPEG".
        tail_missing: Whether the end that the format prescribes is not there.

    Raises:
        DocumentError: `truncated` or `damaged`.
        MemoryError: The address space is used up.
        OSError: The disk or the share below the file failed; it carries an `errno`.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (DocumentError, MemoryError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DocumentError(
            ReasonCode.TOO_LARGE,
            f"{what} has a page of too many pixels",
            remedy="scan at a lower resolution, or raise pages.max_megapixels",
        ) from error
    except (EOFError, *BROKEN) as error:
        _raise_if_fault(error)
        if tail_missing or isinstance(error, EOFError) or "truncated" in str(error).lower():
            raise truncated(what) from error
        raise damaged(what, _said(error)) from error


def truncated(what: str) -> DocumentError:
    """Return the refusal of a file whose end is missing."""
    return DocumentError(
        ReasonCode.TRUNCATED,
        f"{what} is cut off: its end is missing",
        remedy="scan or send it again",
    )


def damaged(what: str, detail: str) -> DocumentError:
    """Return the refusal of a file that cannot be read though its end is there."""
    return DocumentError(
        ReasonCode.DAMAGED, f"{what} is damaged: {detail}", remedy="scan or send it again"
    )


def unreadable(what: str, kind: str) -> DocumentError:
    """Return the refusal of a whole file of a kind that no library here reads."""
    return DocumentError(
        ReasonCode.UNSUPPORTED,
        f"{what} holds {kind}, which cannot be read here",
        remedy="save it in a more usual form, or as PDF, and send it again",
    )


def no_such_page(number: int, total: int) -> NotFoundError:
    """Return the error of asking for page `number`, counted from 1, of `total`."""
    return NotFoundError(f"there is no page {number}: the document has {total}")


def size_of(file: BinaryIO) -> int:
    """Return the size of an open file in bytes."""
    return os.fstat(file.fileno()).st_size


def _raise_if_fault(error: Exception) -> None:
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        raise MemoryError from error
    if isinstance(error, OSError) and error.errno in _FAULTS:
        raise error


def _said(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "its header makes no sense"
    text = " ".join(str(error).split())
    return text[:120] or type(error).__name__


def clean(text: str, length: int = _MAX_LENGTH) -> str:
    """Return text as one printable line of at most `length` characters."""
    spaced = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(spaced.split())[:length].rstrip()


def readable(text: str) -> str:
    """Return a word in its usual letters, "" when people could not read it.

    Ligatures and the like become plain letters, and what has no looks of its own is taken out: it
    could turn a line round or part a word. Characters without a meaning are those of a font that
    does not say what its letters are.
    """
    kinds = [(character, unicodedata.category(character)) for character in text]
    if any(
        kind in _NO_LETTERS or character == "\N{REPLACEMENT CHARACTER}" for character, kind in kinds
    ):
        return ""
    seen = "".join(character for character, kind in kinds if kind not in _NOT_SEEN)
    word = "".join(unicodedata.normalize("NFKC", seen).split())[:LONGEST_WORD]
    said = any(character.isalnum() or unicodedata.category(character) == "Sc" for character in word)
    return word if said and word.isprintable() else ""


def joined(parts: Iterable[object]) -> str:
    """Return the parts that say something, once each, as "A / B"."""
    texts = (clean(_as_text(part)) for part in parts)
    return clean(" / ".join(dict.fromkeys(text for text in texts if text)))


def scanner_name(image: Image.Image) -> str:
    """Return make and model of the scanner or camera, and the software; "" when none is told."""
    try:
        tags = image.getexif()
        camera = f"{_as_text(tags.get(_MAKE))} {_as_text(tags.get(_MODEL))}"
        return joined((camera, tags.get(_SOFTWARE)))
    except BROKEN:
        return ""


def _as_text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value if isinstance(value, str) else ""


def upright(image: Image.Image, notes: list[str]) -> Image.Image:
    """Return a loaded image upright.

    Args:
        image: Loaded picture.
        notes: Gains a line when the EXIF block is broken, which is no reason to refuse a page.
    """
    if _exif_broken(image):
        notes.append("the EXIF block is broken and was ignored")
        return image
    return turned(image, image.getexif().get(_ORIENTATION, 1))


def turned(image: Image.Image, orientation: object) -> Image.Image:
    """Return a picture turned as the number of its orientation says, 1 for not at all."""
    turn = _TURN.get(orientation) if isinstance(orientation, int) else None
    return image if turn is None else image.transpose(turn)


def _exif_broken(image: Image.Image) -> bool:
    """Whether the block fails to parse; Pillow itself may have swallowed that while opening."""
    block = image.info.get("exif")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            if isinstance(block, bytes):
                Image.Exif().load(block)
            hash(image.getexif().get(_ORIENTATION, 1))
    except (UserWarning, *BROKEN):
        return True
    return False
