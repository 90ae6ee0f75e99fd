from collections import Counter
from pathlib import Path

import pikepdf
import pytest
from PIL import Image, ImageSequence
from pillow_heif import register_heif_opener

from starter.examples import EXAMPLES, document_for, main, write_examples
from starter.typesetting import split_of

_COMMITTED = Path(__file__).parents[2] / "inbox_examples"
_BY_NAME = {example.name: example for example in EXAMPLES}


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inbox")
    write_examples(folder)
    return folder


def test_the_inbox_has_what_an_office_receives() -> None:
    expected = Counter(example.expected for example in EXAMPLES)
    assert len(EXAMPLES) >= 24
    assert len(_BY_NAME) == len(EXAMPLES)
    assert min(expected["invoice"], expected["claim"], expected["letter"]) >= 6
    assert expected["unreadable"] == 2
    assert expected["duplicate"] == 1
    assert {"receipt", "map"} <= {example.kind for example in EXAMPLES}
    assert len({example.locale[:2] for example in EXAMPLES}) >= 8
    assert {Path(name).suffix for name in _BY_NAME} >= {
        ".pdf", ".tif", ".tiff", ".jpg", ".jpeg", ".png", ".webp", ".bmp", ".heic",
    }  # fmt: skip


def test_the_committed_inbox_is_complete_and_small() -> None:
    assert {path.name for path in _COMMITTED.iterdir()} == set(_BY_NAME)
    assert sum(path.stat().st_size for path in _COMMITTED.iterdir()) < 4_000_000


@pytest.mark.slow
def test_the_examples_are_written_as_they_are_named(inbox: Path) -> None:
    assert {path.name for path in inbox.iterdir()} == set(_BY_NAME)
    second = inbox / "Rechnung Müller & Söhne_2.pdf"
    assert second.read_bytes() == (inbox / "Rechnung Müller & Söhne.pdf").read_bytes()


@pytest.mark.slow
def test_pictures_are_of_the_format_they_claim(inbox: Path) -> None:
    register_heif_opener()
    found = {}
    for path in inbox.iterdir():
        if path.suffix != ".pdf":
            with Image.open(path) as picture:
                pages = sum(1 for _ in ImageSequence.Iterator(picture))
                found[path.name] = (picture.format, picture.info.get("compression"), pages)
    assert found["fax_in_0093.tiff"] == ("TIFF", "group4", 2)
    assert found["FAX-20260911-1422.tif"][:2] == ("TIFF", "group4")
    assert found["Scan0012.tif"] == ("TIFF", "tiff_lzw", 1)
    assert found["copieur_2026-09-15.tif"] == ("TIFF", "jpeg", 1)
    assert found["IMG_2093.heic"][0] == "HEIF"
    assert found["Scan0013.bmp"][0] == "BMP"
    assert found["Spesen_August.webp"][0] == "WEBP"


@pytest.mark.slow
def test_scanned_pdfs_hold_one_picture_a_page(inbox: Path) -> None:
    for name, pages, code in (
        ("scan_20260914_0007.pdf", 1, "/DCTDecode"),
        ("Letter_2026_signed.pdf", 2, "/DCTDecode"),
        ("scan_20260914_0008.pdf", 1, "/CCITTFaxDecode"),
    ):
        with pikepdf.open(inbox / name) as pdf:
            assert len(pdf.pages) == pages
            for page in pdf.pages:
                (picture,) = page.get_images().values()
                assert code in str(picture.Filter)


@pytest.mark.slow
def test_the_broken_ones_are_broken(inbox: Path) -> None:
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(inbox / "Vertraulich.pdf")
    assert b"%%EOF" not in (inbox / "scan_20260914_0013.pdf").read_bytes()


@pytest.mark.slow
def test_no_example_has_a_layout_that_is_trained_on() -> None:
    for name in ("Scan0012.tif", "IMG_2094.jpg", "Scan0013.bmp", "Wanderkarte.jpg"):
        assert split_of(document_for(_BY_NAME[name]).layout) == "test"


def test_a_folder_that_cannot_be_made_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert main([str(tmp_path / "file" / "inbox")]) == 1
    assert "choose a folder" in capsys.readouterr().err
