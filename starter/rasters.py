"""Pages of the documents that the starter learns from, read in this process.

They are many and were made or chosen by us: the daemon's sandbox, which costs time, is for
documents that the model is measured on.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from pdf2image import convert_from_path
from pdf2image.exceptions import PDFPageCountError, PDFSyntaxError
from PIL import Image, ImageOps, UnidentifiedImageError

from docsorter.pages.fit import fit_page
from docsorter.resources import usable_cores
from docsorter.training.rasters import RasterCache

if TYPE_CHECKING:
    from numpy.typing import NDArray

_UNREADABLE: Final = (
    OSError,
    PDFPageCountError,
    PDFSyntaxError,
    UnidentifiedImageError,
    Image.DecompressionBombError,
)
_PDF_SIDE: Final = 1200  # longest side at which a PDF page is drawn


def image_cache(folder: Path) -> RasterCache:
    """Return a cache of pages under a folder that are read in this process."""
    return RasterCache(folder, ImagePages())


def unreadable(cache: RasterCache, paths: Sequence[Path], size: int) -> dict[Path, str]:
    """Read all documents once; return the unreadable ones with the reason."""

    def problem(path: Path) -> str:
        try:
            cache.pages(path, size)
        except ValueError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(usable_cores()) as pool:
        problems = zip(paths, pool.map(problem, paths), strict=True)
        return {path: reason for path, reason in problems if reason}


class ImagePages:
    """Makes squares with pdf2image and Pillow."""

    name = "images"

    def squares(self, path: Path, size: int, cap: int) -> "NDArray[np.uint8]":
        """Return the first `cap` pages, (pages, size, size, 3) uint8.

        Raises:
            ValueError: The document cannot be read.
        """
        return np.stack([fit_page(image, size) for image in read_images(path, cap, size)])


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
