from pathlib import Path

import numpy as np
import pikepdf
import pytest
from numpy.typing import NDArray
from PIL import Image

from docsorter.pages.fit import fit_page
from docsorter.pages.reader import PageReader
from tests.pages.papers import apart, encoded, exif, saved, sheet, turned

ORIENTATIONS = range(1, 9)
CLOSE = 4.0  # mean difference of 0-255; a page turned the wrong way is above 20


@pytest.fixture(scope="module")
def golden() -> NDArray[np.uint8]:
    return fit_page(sheet(), 299)


def test_the_sheet_tells_all_eight_ways_apart(golden: NDArray[np.uint8]) -> None:
    for orientation in ORIENTATIONS[1:]:
        assert apart(fit_page(turned(sheet(), orientation), 299), golden) > 5 * CLOSE


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_exif_orientation_is_obeyed_once(
    reader: PageReader, tmp_path: Path, golden: NDArray[np.uint8], suffix: str, orientation: int
) -> None:
    image = turned(sheet(), orientation)
    path = saved(tmp_path / f"a.{suffix}", image, exif=exif(orientation=orientation))
    assert apart(reader.read(path).pixels[0], golden) < CLOSE


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "jpeg"])
def test_tiff_orientation_is_obeyed_once(
    reader: PageReader,
    tmp_path: Path,
    golden: NDArray[np.uint8],
    compression: str,
    orientation: int,
) -> None:
    image = turned(sheet(), orientation)
    path = saved(tmp_path / "a.tif", image, compression=compression, tiffinfo={274: orientation})
    assert apart(reader.read(path).pixels[0], golden) < CLOSE


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_office_copiers_write_lying_g4_pages(
    reader: PageReader, tmp_path: Path, orientation: int
) -> None:
    page = sheet().convert("1", dither=Image.Dither.NONE)
    path = saved(
        tmp_path / "a.tif",
        turned(page, orientation),
        compression="group4",
        tiffinfo={274: orientation},
    )
    assert apart(reader.read(path).pixels[0], fit_page(page, 299)) < CLOSE


def test_every_page_of_a_tiff_has_its_own_orientation(
    reader: PageReader, tmp_path: Path, golden: NDArray[np.uint8]
) -> None:
    pages = []
    for orientation in ORIENTATIONS:
        page = turned(sheet(), orientation)
        page.encoderinfo = {"tiffinfo": {274: orientation}, "compression": "tiff_lzw"}
        pages.append(page)
    path = tmp_path / "a.tif"
    pages[0].save(
        path,
        save_all=True,
        append_images=pages[1:],
        compression="tiff_lzw",
        tiffinfo={274: 1},
    )
    read = reader.read(path).pixels
    assert len(read) == 8
    for page_read in read:
        assert apart(page_read, golden) < CLOSE


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_phone_photo_is_upright(
    reader: PageReader, tmp_path: Path, golden: NDArray[np.uint8], orientation: int
) -> None:
    image = turned(sheet(), orientation)
    path = saved(tmp_path / "a.heic", image, exif=exif(orientation=orientation).tobytes())
    assert apart(reader.read(path).pixels[0], golden) < CLOSE


def test_a_rotated_pdf_page_is_upright(
    reader: PageReader, tmp_path: Path, golden: NDArray[np.uint8]
) -> None:
    path = tmp_path / "a.pdf"
    turned(sheet(), 6).save(path)
    with pikepdf.open(path, allow_overwriting_input=True) as file:
        file.pages[0].Rotate = 90
        file.save(path)
    assert apart(reader.read(path).pixels[0], golden) < CLOSE


def test_a_broken_exif_block_is_noted_and_ignored(
    reader: PageReader, tmp_path: Path, golden: NDArray[np.uint8]
) -> None:
    whole = encoded(sheet(), "JPEG", exif=exif(orientation=1))
    path = tmp_path / "a.jpg"
    before, marker, after = whole.partition(b"Exif\0\0")
    path.write_bytes(before + marker + b"XXXX" + after[4:])
    read = reader.read(path)
    assert apart(read.pixels[0], golden) < CLOSE
    assert read.notes == ("the EXIF block is broken and was ignored",)
