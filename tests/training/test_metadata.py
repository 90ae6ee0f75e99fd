from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from docsorter.training.metadata import FileMetadata, read_metadata
from tests.training.labelled_folders import page

GREY = np.asarray(page(1).convert("RGB"))


def _stamped() -> NDArray[np.uint8]:
    pixels = GREY.copy()
    pixels[10:30, 10:30] = (200, 20, 20)
    return pixels


def test_a_fax_says_its_resolution_its_pages_and_that_it_is_black_or_white(tmp_path: Path) -> None:
    fax = page(1).convert("1")
    fax.save(
        tmp_path / "fax.tif", compression="group4", dpi=(204, 204), save_all=True,
        append_images=[fax, fax],
    )  # fmt: skip

    assert read_metadata(tmp_path / "fax.tif", GREY) == FileMetadata(
        "TIFF", 3, 120, 168, 204, "bilevel"
    )


def test_colour_is_judged_by_the_page_and_not_by_the_mode_of_the_file(tmp_path: Path) -> None:
    page(1).convert("RGB").save(tmp_path / "grey.jpg", dpi=(300, 300))

    assert read_metadata(tmp_path / "grey.jpg", GREY) == FileMetadata(
        "JPEG", 1, 120, 168, 300, "grey"
    )
    assert read_metadata(tmp_path / "grey.jpg", _stamped()).ink == "colour"


def test_resolutions_that_mean_nothing_are_not_known(tmp_path: Path) -> None:
    page(1).save(tmp_path / "web.jpg", dpi=(72, 72))
    page(1).save(tmp_path / "none.png")

    assert read_metadata(tmp_path / "web.jpg", GREY).dpi is None
    assert read_metadata(tmp_path / "none.png", GREY).dpi is None


def test_a_scanned_pdf_says_the_resolution_of_its_picture(tmp_path: Path) -> None:
    page(1).save(tmp_path / "scan.pdf", resolution=150, save_all=True, append_images=[page(2)])

    found = read_metadata(tmp_path / "scan.pdf", GREY)

    assert (found.format, found.pages) == ("PDF", 2)
    assert (found.width, found.height, found.dpi) == (120, 168, 150)


def test_a_file_without_a_header_that_makes_sense_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "odd.pdf").write_bytes(b"%PDF-1.7 and nothing else")
    (tmp_path / "odd.png").write_bytes(b"\x89PNG and nothing else")

    for name in ("odd.pdf", "odd.png"):
        assert read_metadata(tmp_path / name, GREY) == FileMetadata(
            "?", 1, None, None, None, "grey"
        )
