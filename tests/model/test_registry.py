"""Which bundles there are and which is in use: adding, removing, promotions and rollbacks."""

import datetime as dt
import errno
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from docsorter.model.registry import (
    FILE_NAME,
    PROMOTED,
    STARTER,
    InUse,
    ModelRegistry,
    Promotion,
    PromotionFile,
    Promotions,
    add_bundle,
    fingerprint,
    inspect_files,
    refuse_changed,
    remove_bundle,
)
from tests.model.bundles import write_checksums, write_whole_bundle
from tests.model.variants import rewrite, write_variant


def test_the_starter_comes_first_then_the_folder_by_name(whole: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    write_whole_bundle(models / "ours-2")
    write_whole_bundle(models / "ours-1")
    (models / "no-bundle").mkdir()
    registry = ModelRegistry(models, starter=whole)

    assert [bundle.name for bundle in registry.list()] == ["starter", "ours-1", "ours-2"]
    assert registry.resolve("starter") == whole
    assert registry.resolve("ours-2") == models / "ours-2"


def test_a_path_names_a_bundle_anywhere(whole: Path, tmp_path: Path) -> None:
    registry = ModelRegistry(tmp_path / "models", starter=tmp_path)

    assert registry.resolve(str(whole)) == whole


@pytest.mark.parametrize("name", ["missing", "..", "", "a/b"])
def test_an_unknown_name_is_refused_with_the_known_ones(
    whole: Path, tmp_path: Path, name: str
) -> None:
    registry = ModelRegistry(tmp_path / "models", starter=whole)

    with pytest.raises(ModelError, match="there is no model bundle") as caught:
        registry.resolve(name)

    assert "starter" in caught.value.remedy


def test_a_bundle_with_a_damaged_card_is_listed_with_its_problem(
    whole: Path, tmp_path: Path
) -> None:
    broken = write_whole_bundle(tmp_path / "models" / "broken")
    (broken / "card.json").write_text("{}")

    listed = ModelRegistry(tmp_path / "models", starter=whole).list()

    assert listed[0].card is not None
    assert listed[1].card is None
    assert "damaged" in listed[1].problem


def test_promoted_means_the_last_one_promoted_and_at_first_the_starter(
    whole: Path, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    write_whole_bundle(models / "ours-1")
    registry = ModelRegistry(models, starter=whole)

    before = registry.in_use(PROMOTED)
    PromotionFile(models).append(act("ours-1"))

    assert before == InUse(STARTER, whole)
    assert registry.in_use(PROMOTED).name == "ours-1"
    assert registry.resolve(PROMOTED) == models / "ours-1"
    assert registry.in_use(STARTER) == InUse(STARTER, whole), "any other setting pins a bundle"


def test_a_bundle_that_was_replaced_since_its_promotion_is_refused(
    whole: Path, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    ours = write_whole_bundle(models / "ours-1")
    promotion = act("ours-1").model_copy(update={"fingerprint": fingerprint(ours)})
    used = InUse("ours-1", ours, promotion)

    assert refuse_changed(used) == fingerprint(ours)
    (ours / "model.tflite").write_bytes(b"trained again under the same name")
    write_checksums(ours)
    with pytest.raises(ModelError, match="ours-1 was replaced since ada promoted it") as caught:
        refuse_changed(used)
    assert "docsorter model rollback" in caught.value.remedy
    starter = InUse(STARTER, ours, promotion.model_copy(update={"bundle": STARTER}))
    assert refuse_changed(starter), "the starter changes with the package"


def test_half_copied_bundles_and_reserved_names_are_not_listed(whole: Path, tmp_path: Path) -> None:
    for name in (".ours-1.abc", "promoted", "starter"):
        write_whole_bundle(tmp_path / "models" / name)

    assert [b.name for b in ModelRegistry(tmp_path / "models", starter=whole).list()] == ["starter"]


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


@pytest.fixture
def models_removing(tmp_path: Path) -> Path:
    for name in ("a", "b", "c"):
        write_whole_bundle(tmp_path / "models_removing" / name)
    return tmp_path / "models_removing"


def test_a_bundle_that_nothing_needs_goes_completely(models_removing: Path) -> None:
    remove_bundle("b", models_removing, PROMOTED)

    assert sorted(p.name for p in models_removing.iterdir() if p.is_dir()) == ["a", "c"]


def test_what_is_in_use_or_needed_for_a_rollback_stays(models_removing: Path) -> None:
    file = PromotionFile(models_removing)
    file.append(act("a"))
    file.append(act("b", previous="a"))

    with pytest.raises(ConflictError, match="what a rollback leads to"):
        remove_bundle("a", models_removing, PROMOTED)
    with pytest.raises(ConflictError, match="b is in use"):
        remove_bundle("b", models_removing, PROMOTED)
    with pytest.raises(ConflictError, match="c is in use"):
        remove_bundle("c", models_removing, "c")
    file.append(act("a", "rollback", previous="b"))
    remove_bundle("b", models_removing, PROMOTED)
    assert not (models_removing / "b").exists()


@pytest.mark.parametrize(
    "name", ["starter", "promoted", "../models_removing/a", ".", "/", ".removed.x"]
)
def test_nothing_outside_the_folder_is_removed(models_removing: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be removed"):
        remove_bundle(name, models_removing, PROMOTED)

    assert len(list(models_removing.iterdir())) == 3


def test_an_unknown_bundle_is_said(models_removing: Path) -> None:
    with pytest.raises(ModelError, match="no model bundle 'x'"):
        remove_bundle("x", models_removing, PROMOTED)


ROOT = Path(__file__).resolve().parents[2]


def act(bundle: str, kind: str = "promote", previous: str = "starter") -> Promotion:
    return Promotion.model_validate(
        {
            "act": kind,
            "bundle": bundle,
            "model": f"{bundle}-card",
            "fingerprint": "f" * 64,
            "previous": previous,
            "at": dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
            "by": "ada",
            "uid": 7,
        }
    )


@given(st.lists(st.sampled_from(["a", "b", "c", None]), max_size=30))
def test_what_is_in_use_is_the_top_of_a_stack(steps: list[str | None]) -> None:
    acts: list[Promotion] = []
    expected: list[str] = []
    for step in steps:
        if step is not None:
            acts.append(act(step))
            expected.append(step)
        elif expected:
            expected.pop()
            acts.append(act(expected[-1] if expected else "starter", "rollback"))
    history = Promotions(acts=tuple(acts))

    assert [each.bundle for each in history.stack()] == expected
    assert (history.current.bundle if history.current else None) == (
        expected[-1] if expected else None
    )


def test_without_a_file_nothing_was_promoted(tmp_path: Path) -> None:
    file = PromotionFile(tmp_path)

    assert file.stamp() is None
    assert file.read().current is None


def test_a_folder_that_is_gone_is_not_the_same_as_nothing_promoted(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        PromotionFile(tmp_path / "unmounted").stamp()


def test_an_act_is_added_and_changes_the_stamp(tmp_path: Path) -> None:
    file = PromotionFile(tmp_path, mode=0o660)
    file.append(act("a"))
    first = file.stamp()
    file.append(act("b", previous="a"))

    assert file.stamp() != first
    assert [each.bundle for each in PromotionFile(tmp_path).read().acts] == ["a", "b"]
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o660


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"format_version": 2}', Promotions(acts=(act("a"),)).model_dump_json()[:-40]],
)
def test_a_damaged_list_is_named_with_the_way_out(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text)

    with pytest.raises(ModelError, match="the list of promoted models is damaged") as caught:
        PromotionFile(tmp_path).read()

    assert "starter" in caught.value.remedy


def test_a_list_with_more_rollbacks_than_promotions_is_damaged(tmp_path: Path) -> None:
    one = act("starter", "rollback").model_dump_json()
    (tmp_path / FILE_NAME).write_text(f'{{"acts": [{one}]}}')

    with pytest.raises(ModelError, match="nothing to take back"):
        PromotionFile(tmp_path).read()


_KILLED = """
import os, signal, sys
from pathlib import Path
from docsorter.model.registry import PromotionFile
from tests.model.test_registry import act
Path.rename = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
file = PromotionFile(Path(sys.argv[1]))
with file.locked():
    file.append(act("b", previous="a"))
"""


def test_a_kill_between_write_and_rename_changes_nothing_and_blocks_nobody(tmp_path: Path) -> None:
    file = PromotionFile(tmp_path)
    file.append(act("a"))

    done = subprocess.run(
        [sys.executable, "-c", _KILLED, str(tmp_path)], check=False, timeout=60, cwd=ROOT
    )

    assert done.returncode == -signal.SIGKILL
    assert len(list(tmp_path.glob(".*.part"))) == 1, "the kill came too early to test anything"
    assert [each.bundle for each in file.read().acts] == ["a"]
    with file.locked():
        file.append(act("c", previous="a"))
    assert [each.bundle for each in file.read().acts] == ["a", "c"]
    assert list(tmp_path.glob(".*.part")) == []


class FullDisk(Disk):
    """Has no room for one more file."""

    def write_durably(self, path: Path, data: bytes, mode: int = 0o640) -> None:
        del data, mode
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def test_a_full_disk_leaves_what_was_in_use(tmp_path: Path) -> None:
    PromotionFile(tmp_path).append(act("a"))

    with pytest.raises(OSError, match="No space"):
        PromotionFile(tmp_path, FullDisk()).append(act("b"))

    assert [each.bundle for each in PromotionFile(tmp_path).read().acts] == ["a"]


def test_the_lock_lets_one_in_at_a_time(tmp_path: Path) -> None:
    inside, most, guard = 0, 0, threading.Lock()

    def add(number: int) -> None:
        nonlocal inside, most
        file = PromotionFile(tmp_path)
        with file.locked():
            with guard:
                inside += 1
                most = max(most, inside)
            file.append(act(f"m{number}"))
            with guard:
                inside -= 1

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == 1
    assert sorted(each.bundle for each in PromotionFile(tmp_path).read().acts) == [
        f"m{number}" for number in range(8)
    ]


def test_the_fingerprint_covers_every_file_of_a_bundle(whole: Path) -> None:
    before = fingerprint(whole)
    sums = whole / "SHA256SUMS"
    sums.write_text(sums.read_text().replace("0", "1", 1))

    assert fingerprint(whole) != before


def test_a_bundle_without_checksums_has_no_fingerprint(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="SHA256SUMS is missing"):
        fingerprint(tmp_path)
