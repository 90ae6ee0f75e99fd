import pytest

from docsorter.errors import SettingsError
from docsorter.intake.scan import IgnoreRules


@pytest.mark.parametrize(
    "name",
    [
        ".hidden.pdf",
        "scan.pdf.part",
        "scan.pdf.filepart",
        "SCAN.PDF.FILEPART",
        "scan.crdownload",
        "scan.tmp",
        "~$letter.docx",
        ".~lock.letter.odt#",
        "letter.swp",
        "Thumbs.db",
        "THUMBS.DB",
        ".DS_Store",
        "desktop.ini",
        ".nfs000000000123",
        ".fuse_hidden0001",
        ".stfolder",
        "@eaDir",
        "#recycle",
        "$RECYCLE.BIN",
        "sub/folder/scan.part",
    ],
)
def test_half_written_and_housekeeping_names_are_ignored(name: str) -> None:
    assert IgnoreRules().matches(name)


@pytest.mark.parametrize(
    "name", ["scan.pdf", "part.pdf", "tmp/scan.tif", "a.part.pdf", "[1].jpg", "scan", "\udcff.pdf"]
)
def test_documents_are_not_ignored(name: str) -> None:
    assert not IgnoreRules().matches(name)


def test_own_patterns_are_for_names_or_for_paths_with_a_slash() -> None:
    rules = IgnoreRules(("*.bak", "drafts/*.pdf"))
    assert rules.matches("any/where/OLD.BAK")
    assert rules.matches("drafts/a.pdf")
    assert not rules.matches("a.pdf")
    assert not rules.matches("other/a.pdf")


def test_an_empty_pattern_is_refused_with_a_remedy() -> None:
    with pytest.raises(SettingsError, match=r"intake\.ignore has an empty pattern") as caught:
        IgnoreRules(("",))
    assert caught.value.remedy
