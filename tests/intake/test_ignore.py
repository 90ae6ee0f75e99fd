"""Names that are no documents, or not yet."""

import pytest

from docsorter.errors import SettingsError
from docsorter.intake.ignore import UNFINISHED, IgnoreRules


@pytest.mark.parametrize(
    ("name", "whose"),
    [
        ("Rechnung.pdf.crdownload", "Chrome"),
        ("Unconfirmed 402161.crdownload", "Chrome"),
        ("Rechnung.pdf.part", "Firefox"),
        ("0jf3kXaA.pdf.part", "Firefox"),
        ("Rechnung.pdf.download", "Safari"),
        ("Rechnung.pdf.opdownload", "Opera"),
        ("Rechnung.pdf.1f9d03ab.partial", "rclone"),
        ("scan.pdf.aria2", "aria2"),
        ("scan.pdf.filepart", "WinSCP"),
        (".in.scan.pdf.", "ProFTPD"),
        (".pureftpd-upload.5f1e0c.15.1a2b.3c", "Pure-FTPd"),
        (".scan.pdf.Xq3f9Z", "rsync"),
        ("scan.pdf.rclone_chunk.001", "rclone"),
        (".syncthing.scan.pdf.tmp", "Syncthing"),
        ("~syncthing~scan.pdf.tmp", "Syncthing"),
        (".scan.pdf.~1a2b3c4d", "Nextcloud"),
        ("scan.pdf.~4ef5", "ownCloud"),
        ("scan.pdf.ocTransferId643653835.part", "Nextcloud"),
        ("scan.pdf.nextcloud", "Nextcloud"),
        ("scan.pdf.ffs_tmp", "FreeFileSync"),
        ("scan.01a5.ffs_tmp", "FreeFileSync"),
        ("scan.pdf.!sync", "Resilio"),
        ("scan.pdf.!Sync", "Resilio"),
        ("scan.pdf.SyncPart", "Resilio"),
        (".scan.pdf.icloud", "iCloud"),
        ("scan.pdf.insyncdl", "Insync"),
        ("scan.pdf.!qB", "qBittorrent"),
        ("scan.pdf.!ut", "uTorrent"),
        ("scan.pdf.bc!", "BitComet"),
        (".goutputstream-U6EGP0", "GNOME"),
        ("BITA1B2.tmp", "many"),
        ("front desk/scan.pdf.part", "Firefox"),
    ],
)
def test_an_unfinished_file_waits_and_it_is_said_whose_it_is(name: str, whose: str) -> None:
    rules = IgnoreRules()
    assert rules.matches(name)
    assert whose in rules.writer(name)
    assert rules.matches(name.upper())


def test_every_name_of_a_program_has_its_source() -> None:
    for pattern, whose, source in UNFINISHED:
        assert source or whose == "many programs", pattern


@pytest.mark.parametrize(
    "name", [".DS_Store", "._scan.pdf", ".nfs0001", "Thumbs.db", "~$brief.docx", ".~lock.a.odt#"]
)
def test_what_never_becomes_a_document_does_not_wait(name: str) -> None:
    assert IgnoreRules().matches(name)
    assert IgnoreRules().writer(name) == ""


def test_what_the_settings_name_does_not_wait() -> None:
    rules = IgnoreRules(("*.part", "drafts/*"))
    assert rules.writer("scan.pdf.part") == ""
    assert rules.writer("drafts/a.tmp") == ""


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
        "scan.pdf.syncold",
    ],
)
def test_half_written_and_housekeeping_names_are_ignored(name: str) -> None:
    assert IgnoreRules().matches(name)


@pytest.mark.parametrize(
    "name",
    [
        "scan.pdf",
        "part.pdf",
        "tmp/scan.tif",
        "a.part.pdf",
        "[1].jpg",
        "scan",
        "\udcff.pdf",
        "sync.pdf",
        "Teil!.pdf",
        "download.tif",
        "nextcloud",
        "Angebot.~final.pdf",
        "bc!.pdf",
        "~Entwurf.pdf",
        "Rechnung (conflicted copy 2026-01-05).pdf",
        "in.scan.pdf",
    ],
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
