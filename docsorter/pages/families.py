"""Which family reads which kind of file."""

from collections.abc import Callable
from typing import BinaryIO, Final, Protocol

from PIL import Image

from docsorter.pages import heif, pdf, raster, tiff
from docsorter.pages.pictures import Pictures, Wanted
from docsorter.pages.sniff import HEAD_BYTES, sniff
from docsorter.pages.tails import tail_missing


class Family(Protocol):
    """A reader of one family of files."""

    def __call__(
        self, file: BinaryIO, wanted: Wanted, *, media_type: str, tail_missing: bool
    ) -> Pictures:
        """Read a document."""


FAMILIES: Final[dict[str, Family]] = {
    "application/pdf": pdf.read,
    "image/tiff": tiff.read,
    "image/jpeg": raster.read,
    "image/png": raster.read,
    "image/webp": raster.read,
    "image/bmp": raster.read,
    "image/heic": heif.read,
}


def open_document(file: BinaryIO, wanted: Wanted, suffix: str = "") -> tuple[str, Pictures]:
    """Return the media type of a document, by its bytes, and its pages.

    Raises:
        DocumentError: Why it cannot be read.
        DependencyError: A program that it takes is not installed.
        MemoryError: The memory limit is met.
        TimeoutError: The time limit is met.
        OSError: The disk or the share below it failed.
    """
    file.seek(0)
    media_type = sniff(file.read(HEAD_BYTES), suffix)
    missing = tail_missing(file, media_type)
    file.seek(0)
    read = FAMILIES[media_type]
    return media_type, read(file, wanted, media_type=media_type, tail_missing=missing)


def preload(freeze: Callable[[], None]) -> None:
    """Load what every child needs, before the first of them is forked."""
    Image.preinit()
    freeze()
