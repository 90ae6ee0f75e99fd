"""Pages as squares of pixels, made once and kept: decoding is dearer than anything but training."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from pdf2image import convert_from_path
from pdf2image.exceptions import PDFPageCountError, PDFSyntaxError
from PIL import Image, ImageOps, UnidentifiedImageError

from docsorter.pages.fit import fit_page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

BASE: Final = 384
"""Side of the squares that augmentation starts from: a quarter more than the classifier sees."""

_UNREADABLE: Final = (
    OSError,
    PDFPageCountError,
    PDFSyntaxError,
    UnidentifiedImageError,
    Image.DecompressionBombError,
)
_PDF_SIDE: Final = 1200  # longest side at which a PDF page is drawn


class RasterCache:
    """Squares of the pages of documents, kept as plain files under a folder.

    Args:
        folder: Where to keep them; made when missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def pages(self, path: Path, size: int, *, cap: int = 1) -> "NDArray[np.uint8]":
        """Return the first pages of a document, (pages, size, size, 3) uint8.

        Raises:
            ValueError: The document cannot be read.
        """
        stat = path.stat()
        key = f"{path.resolve()}|{stat.st_size}|{stat.st_mtime_ns}|{size}|{cap}"
        kept = self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.npy"
        if kept.is_file():
            pages: NDArray[np.uint8] = np.load(kept, allow_pickle=False)
            return pages
        pages = np.stack([fit_page(image, size) for image in read_images(path, cap, size)])
        part = kept.with_suffix(f".{os.getpid()}.part")
        with part.open("wb") as stream:
            np.save(stream, pages, allow_pickle=False)
        part.replace(kept)
        return pages

    def readable(self, paths: "Sequence[Path]", size: int) -> dict[Path, str]:
        """Read all documents once; return the unreadable ones with the reason."""

        def problem(path: Path) -> str:
            try:
                self.pages(path, size)
            except ValueError as error:
                return str(error)
            return ""

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            problems = zip(paths, pool.map(problem, paths), strict=True)
            return {path: reason for path, reason in problems if reason}


def read_images(path: Path, cap: int, size: int) -> list[Image.Image]:
    """Return the first pages of a document as upright pictures.

    Args:
        path: A PDF or a picture, perhaps of several pages.
        cap: At most so many pages.
        size: They will be reduced to this side, so that JPEG may be decoded at a smaller scale.

    Raises:
        ValueError: The document cannot be read.
    """
    try:
        if path.suffix.lower() == ".pdf":
            return list(convert_from_path(path, size=(None, _PDF_SIDE), last_page=cap))
        with Image.open(path) as image:
            frames = min(getattr(image, "n_frames", 1), cap)
            if frames == 1:
                image.draft(None, (2 * size, 2 * size))
            return [_frame(image, number) for number in range(frames)]
    except _UNREADABLE as error:
        raise ValueError(f"{path.name}: {error}") from error


def _frame(image: Image.Image, number: int) -> Image.Image:
    image.seek(number)
    return ImageOps.exif_transpose(image) if number else ImageOps.exif_transpose(image).copy()
