"""The list of promotions: what is in use follows from it, and it is whole at every instant."""

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

from docsorter.errors import ModelError
from docsorter.filesystem import Disk
from docsorter.model.registry import FILE_NAME, Promotion, PromotionFile, Promotions, fingerprint

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
from tests.model.test_promotion import act
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
