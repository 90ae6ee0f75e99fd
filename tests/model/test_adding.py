"""What is let into the models folder, and what is not."""

import errno
import os
import stat
from pathlib import Path

import pytest

from docsorter.errors import (
    ConflictError,
    DocsorterError,
    EnvironmentFaultError,
    ModelError,
    UsageError,
)
from docsorter.filesystem import Disk
from docsorter.model import registry
from docsorter.model.bundle import load_bundle
from docsorter.model.registry import add_bundle, inspect_files
from tests.model.bundles import write_checksums, write_whole_bundle
from tests.model.variants import rewrite, write_variant


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


def refused(source: Path, models: Path, kind: type[DocsorterError] = ModelError) -> str:
    with pytest.raises(kind) as caught:
        add_bundle(source, models)
    assert caught.value.remedy
    assert list(models.iterdir()) == []
    return caught.value.message


def test_only_what_a_bundle_holds_is_inspected(whole: Path) -> None:
    assert inspect_files(whole) == [
        "SHA256SUMS",
        "card.json",
        "golden/golden.json",
        "golden/page.png",
        "model.tflite",
        "novelty.npz",
    ]


@pytest.mark.parametrize("name", ["run.py", "setup.sh", "lib.so", ".hidden", "golden/x.json"])
def test_a_file_that_no_bundle_has_is_refused(whole: Path, models: Path, name: str) -> None:
    (whole / name).write_text("x")
    write_checksums(whole)

    assert f"{name} is none of a bundle's files" in refused(whole, models)


def test_a_file_that_is_not_in_the_checksums_is_refused(whole: Path, models: Path) -> None:
    (whole / "notes.md").write_text("x")

    assert "notes.md is not listed in SHA256SUMS" in refused(whole, models)


@pytest.mark.parametrize("name", ["golden/page.png", "model.tflite", "golden"])
def test_a_link_is_refused(whole: Path, models: Path, tmp_path: Path, name: str) -> None:
    (whole / name).rename(tmp_path / "elsewhere")
    (whole / name).symlink_to(tmp_path / "elsewhere")

    assert f"{name} is a link or a device" in refused(whole, models)


def test_a_pipe_is_refused_without_reading_it(whole: Path, models: Path) -> None:
    (whole / "model.tflite").unlink()
    os.mkfifo(whole / "model.tflite")

    assert "model.tflite is a link or a device" in refused(whole, models)


def test_another_folder_is_refused(whole: Path, models: Path) -> None:
    (whole / "code").mkdir()

    assert "code is a folder" in refused(whole, models)


def test_a_giant_is_refused_before_it_is_read(whole: Path, models: Path) -> None:
    with (whole / "golden" / "page.png").open("r+b") as stream:
        stream.truncate(9 * registry.MEGABYTE)

    assert "golden/page.png is larger than 8 MB" in refused(whole, models)


def test_a_damaged_bundle_is_refused_and_nothing_stays(whole: Path, models: Path) -> None:
    (whole / "model.tflite").write_bytes(b"something else")

    assert "damaged: model.tflite was changed" in refused(whole, models)


def test_a_bundle_that_does_not_run_is_refused_and_nothing_stays(whole: Path, models: Path) -> None:
    assert "cannot be run" in refused(whole, models)


def test_a_full_disk_is_said_and_nothing_stays(
    whole: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Disk, "copy_durably", full)

    assert "the disk is full" in refused(whole, models, EnvironmentFaultError)


@pytest.mark.parametrize("name", ["starter", "promoted", "../up", "A", ".hidden", "a/b"])
def test_a_name_that_cannot_be_one_is_refused(whole: Path, models: Path, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        add_bundle(whole, models, name)

    assert "--name" in caught.value.remedy


def test_another_bundle_of_that_name_is_never_replaced(whole: Path, models: Path) -> None:
    other = write_whole_bundle(models / "test-1")
    (other / "SHA256SUMS").write_text("0" * 64 + "  card.json\n")

    with pytest.raises(ConflictError, match="another bundle 'test-1' already"):
        add_bundle(whole, models)


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path, models: Path) -> None:
    (tmp_path / "holiday").mkdir()

    assert "no readable card" in refused(tmp_path / "holiday", models)
    assert "is not a folder" in refused(tmp_path / "nowhere", models)


@pytest.mark.slow
def test_a_bundle_is_taken_in_whole_and_taking_it_in_again_changes_nothing(
    tmp_path: Path, models: Path
) -> None:
    source = write_variant(tmp_path / "ours-1")

    added = add_bundle(source, models, dir_mode=0o770, file_mode=0o660)
    again = add_bundle(source, models)

    assert (added.name, added.path, added.is_new) == ("ours-1", models / "ours-1", True)
    assert added.golden_difference < 0.01
    assert load_bundle(models / "ours-1").card.name == "ours-1"
    assert stat.S_IMODE((models / "ours-1" / "golden").stat().st_mode) == 0o770
    assert stat.S_IMODE((models / "ours-1" / "card.json").stat().st_mode) == 0o660
    assert not again.is_new
    assert [path.name for path in models.iterdir()] == ["ours-1"]


@pytest.mark.slow
def test_a_bundle_that_answers_differently_is_refused_with_the_difference(
    tmp_path: Path, models: Path
) -> None:
    source = write_variant(tmp_path / "ours-1", temperature=1.0)
    kept = (source / "golden" / "golden.json").read_bytes()
    rewrite(source, temperature=9.0)
    (source / "golden" / "golden.json").write_bytes(kept)
    write_checksums(source)

    assert "answers differently on this machine" in refused(source, models)
