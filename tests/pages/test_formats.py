import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from PIL import Image

from docsorter.errors import NotFoundError
from docsorter.pages.fit import fit_page
from docsorter.pages.reader import PageReader
from docsorter.settings import PagesSettings
from tests.matrix.tiff_writer import Tiff, written
from tests.pages.papers import SQUARES, apart, exif, pdf, saved, sheet

CLOSE = 4.0


def modes() -> dict[str, Image.Image]:
    page = sheet()
    grey = page.convert("L")
    glass = page.convert("RGBA")
    glass.putalpha(Image.eval(grey, lambda value: 255 - value))
    deep = Image.fromarray(np.asarray(grey, dtype=np.uint16) * 257)
    return {
        "1": page.convert("1", dither=Image.Dither.NONE),
        "L": grey,
        "P": page.quantize(16),
        "RGB": page,
        "RGBA": glass,
        "CMYK": page.convert("CMYK"),
        "I;16": deep,
    }


FORMATS: list[tuple[str, str, dict[str, Any]]] = [
    *(("png", mode, {}) for mode in ("1", "L", "P", "RGB", "RGBA", "I;16")),
    *(("jpg", mode, {"quality": 90}) for mode in ("L", "RGB", "CMYK")),
    ("jpg", "RGB", {"progressive": True}),
    *(("webp", mode, {}) for mode in ("RGB", "RGBA")),
    *(("bmp", mode, {}) for mode in ("1", "L", "P", "RGB")),
    *(("tif", "1", {"compression": way}) for way in ("group3", "group4")),
    *(("tif", "RGB", {"compression": way}) for way in ("raw", "tiff_lzw", "jpeg", "packbits")),
    *(("tif", mode, {"compression": "tiff_lzw"}) for mode in ("L", "P", "CMYK", "I;16", "RGBA")),
    ("tif", "L", {"compression": "tiff_adobe_deflate", "big_tiff": True}),
    *(("pdf", mode, {"resolution": 75}) for mode in ("1", "L", "RGB")),
    ("heic", "RGB", {}),
]


@pytest.mark.parametrize(("suffix", "mode", "options"), FORMATS)
def test_every_format_shows_the_same_page(
    reader: PageReader, tmp_path: Path, suffix: str, mode: str, options: dict[str, Any]
) -> None:
    image = modes()[mode]
    read = reader.read(saved(tmp_path / f"a.{suffix}", image, **options))
    assert read.pixels.shape == (1, 299, 299, 3)
    assert read.pixels.dtype == np.uint8
    assert read.total_pages == 1
    assert apart(read.pixels[0], fit_page(image, 299)) < CLOSE
    assert read.media_type.endswith({"jpg": "jpeg", "tif": "tiff"}.get(suffix, suffix))


def test_a_scan_is_decoded_small_and_looks_the_same(reader: PageReader, tmp_path: Path) -> None:
    large = sheet(2480, 3508)
    read = reader.read(saved(tmp_path / "a.jpg", large, quality=85))
    assert apart(read.pixels[0], fit_page(large, 299)) < 2


def test_only_the_first_pages_are_looked_at_and_all_are_counted(tmp_path: Path) -> None:
    pages = [sheet(300, 424, seed) for seed in range(11)]
    with PageReader(PagesSettings(page_cap=3)) as reader:
        for suffix in ("pdf", "tif"):
            copies = [page.copy() for page in pages]  # saving leaves its options in a picture
            path = tmp_path / f"a.{suffix}"
            copies[0].save(path, save_all=True, append_images=copies[1:])
            read = reader.read(path)
            assert read.total_pages == 11
            assert len(read.pixels) == 3
            for page, original in zip(read.pixels, pages, strict=False):
                assert apart(page, fit_page(original, 299)) < 2 * CLOSE


def test_more_pages_than_are_drawn_at_once(tmp_path: Path) -> None:
    pages = [sheet(200, 283, seed) for seed in range(20)]
    path = saved(tmp_path / "a.pdf", pages[0], save_all=True, append_images=pages[1:])
    with PageReader(PagesSettings(page_cap=100), size=64) as reader:
        read = reader.read(path)
    assert read.pixels.shape == (20, 64, 64, 3)
    assert apart(read.pixels[19], fit_page(pages[19], 64)) < 3 * CLOSE


def test_a_born_digital_pdf_is_drawn_with_its_fonts(reader: PageReader, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf([b"BT /F 60 Tf 60 700 Td (Invoice) Tj ET"]))
    read = reader.read(path)
    assert 100 < (read.pixels[0] < 128).sum() < 20000


def test_a_pdf_is_seen_as_its_crop_box_shows_it(reader: PageReader, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf([SQUARES], page_keys="/CropBox[0 400 595 842]"))
    read = reader.read(path)
    dark = np.argwhere(read.pixels[0, :, :, 0] < 100)
    # Wider than high, so padded above and below; the column from 400 to 600 points starts on its
    # lower edge.
    assert 255 <= dark[:, 0].max() <= 262


def test_pages_of_very_different_sizes_are_all_read(reader: PageReader, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf([SQUARES] * 4))
    with pikepdf.open(path, allow_overwriting_input=True) as file:
        for page, box in zip(
            file.pages,
            ([0, 0, 3, 3], [50, 700, 90, 720], [0, 0, 9000, 842], [0, 0, 40000, 600]),
            strict=True,
        ):
            page.MediaBox = pikepdf.Array(box)
        file.save(path)
    read = reader.read(path)
    assert sorted(read.numbers + read.blank) == [0, 1, 2, 3]


def test_the_first_frame_of_an_animation_is_the_page(reader: PageReader, tmp_path: Path) -> None:
    frames = [sheet(seed=1), Image.new("RGB", (620, 877), "black")]
    for suffix in ("webp", "png"):
        path = saved(tmp_path / f"a.{suffix}", frames[0], save_all=True, append_images=frames[1:])
        read = reader.read(path)
        assert read.total_pages == 1
        assert apart(read.pixels[0], fit_page(frames[0], 299)) < CLOSE


def test_fax_pages_get_their_height_back(reader: PageReader, tmp_path: Path) -> None:
    page = sheet(1728, 2292).convert("1", dither=Image.Dither.NONE)
    squat = page.resize((1728, 1146), Image.Resampling.NEAREST)
    path = saved(tmp_path / "a.tif", squat, compression="group4", dpi=(204, 98))
    expected = fit_page(page.resize((1728, 2386)), 299)
    assert apart(reader.read(path).pixels[0], expected) < CLOSE


def test_a_preview_of_a_fax_is_as_high_as_the_page(reader: PageReader, tmp_path: Path) -> None:
    squat = sheet(1728, 1146).convert("1", dither=Image.Dither.NONE)
    path = saved(tmp_path / "a.tif", squat, compression="group4", dpi=(204, 98))
    with Image.open(io.BytesIO(reader.preview(path, page=0, max_px=600))) as shown:
        assert shown.height / shown.width == pytest.approx(1146 * 204 / 98 / 1728, rel=0.01)


def test_a_page_of_a_tiff_that_cannot_be_drawn_leaves_the_others(
    reader: PageReader, tmp_path: Path
) -> None:
    pages = [Tiff(np.asarray(sheet(seed=seed)), photometric=2, compression=8) for seed in (1, 2)]
    broken = Tiff(np.asarray(sheet()), photometric=2, compression=8, blocks=(b"no data",))
    path = tmp_path / "a.tif"
    path.write_bytes(written(pages[0], broken, pages[1]))
    read = reader.read(path)
    assert read.total_pages == 3
    assert read.numbers == (0, 2)
    assert list(read.undrawable) == [1]
    assert apart(read.pixels[1], fit_page(sheet(seed=2), 299)) < CLOSE


def test_thumbnails_in_a_tiff_are_no_pages(reader: PageReader, tmp_path: Path) -> None:
    pages = [sheet(seed=1), sheet(60, 85), sheet(seed=2)]
    pages[1].encoderinfo = {"tiffinfo": {254: 1}}
    path = saved(tmp_path / "a.tif", pages[0], save_all=True, append_images=pages[1:])
    read = reader.read(path)
    assert read.total_pages == 2
    assert apart(read.pixels[1], fit_page(pages[2], 299)) < CLOSE


@pytest.mark.parametrize("suffix", ["jpg", "tif", "png"])
def test_the_scanner_is_named(reader: PageReader, tmp_path: Path, suffix: str) -> None:
    tags = exif(make="KYOCERA", model="TASKalfa\x07 2554ci", software="v2\n1")
    read = reader.read(saved(tmp_path / f"a.{suffix}", sheet(), exif=tags))
    assert read.producer == "KYOCERA TASKalfa 2554ci / v2 1"


def test_the_producer_of_a_pdf_is_cleaned_and_cut(reader: PageReader, tmp_path: Path) -> None:
    path = saved(tmp_path / "a.pdf", sheet(), producer="Scan\u202eToPDF " + "x" * 300)
    producer = reader.read(path).producer
    assert producer.startswith("Scan ToPDF xxx")
    assert len(producer) <= 120
    assert producer.isprintable()


@pytest.mark.parametrize(
    "name", ["a\nb.jpg", "-rf.pdf", "x" * 251 + ".jpg", "\u202egpj.exe", "a.exe", "..jpg"]
)
def test_names_do_not_matter(reader: PageReader, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    sheet().save(path, "PDF" if name.endswith("pdf") else "JPEG")
    assert len(reader.read(path, name=name).pixels) == 1


def test_eight_documents_are_read_at_once(reader: PageReader, tmp_path: Path) -> None:
    pages = [sheet(seed=seed) for seed in range(8)]
    suffixes = ["jpg", "pdf", "png", "tif"] * 2
    paths = [
        saved(tmp_path / f"{index}.{suffix}", page)
        for index, (page, suffix) in enumerate(zip(pages, suffixes, strict=True))
    ]
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(reader.read, paths * 2))
    for found, page in zip(read, pages * 2, strict=True):
        assert apart(found.pixels[0], fit_page(page, 299)) < CLOSE


def test_a_preview_is_a_png_of_one_page(reader: PageReader, tmp_path: Path) -> None:
    for suffix in ("pdf", "tif"):
        pages = [sheet(seed=1), sheet(seed=2)]
        path = saved(tmp_path / f"a.{suffix}", pages[0], save_all=True, append_images=pages[1:])
        png = tmp_path / "preview.png"
        png.write_bytes(reader.preview(path, page=1, max_px=500))
        with Image.open(png) as shown:
            assert max(shown.size) == 500
            assert apart(fit_page(shown, 299), fit_page(pages[1], 299)) < 2 * CLOSE
        with pytest.raises(NotFoundError, match="there is no page 3: the document has 2"):
            reader.preview(path, page=2)
