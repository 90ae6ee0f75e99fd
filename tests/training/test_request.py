import fcntl
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from docsorter.errors import ConflictError, EnvironmentFaultError, UsageError
from docsorter.training.request import (
    Effort,
    TrainingRequest,
    claim,
    parse_policies,
    require_place,
    require_room,
    work_folder,
)

Usage = namedtuple("Usage", "total used free")  # noqa: PYI024 -- as shutil has it


@pytest.fixture
def request_(tmp_path: Path) -> TrainingRequest:
    (tmp_path / "labelled").mkdir()
    return TrainingRequest(tmp_path / "labelled", "ours-1", tmp_path / "models")


def test_a_place_that_does_not_exist_yet_is_fine(request_: TrainingRequest) -> None:
    require_place(request_)
    assert not request_.out.exists()


@pytest.mark.parametrize("taken", ["ours-1", "ours-1-report.html"])
def test_a_name_that_is_taken_is_refused(request_: TrainingRequest, taken: str) -> None:
    (request_.out / taken).mkdir(parents=True)
    with pytest.raises(UsageError, match=f"there is already a {taken}"):
        require_place(request_)


def test_the_bundle_does_not_go_among_the_documents(tmp_path: Path) -> None:
    for out in (tmp_path / "labelled", tmp_path / "labelled" / "models"):
        with pytest.raises(UsageError, match="cannot go into the labelled documents"):
            require_place(TrainingRequest(tmp_path / "labelled", "ours-1", out))


def test_too_little_room_is_said_before_anything_begins(
    request_: TrainingRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9 - 10**6, 10**6))
    with pytest.raises(EnvironmentFaultError, match="1 MB free"):
        require_place(request_)


def test_room_grows_with_the_documents_and_what_is_there_counts(
    request_: TrainingRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_.work.mkdir(parents=True)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 0, 6 * 10**8))
    require_room(request_, 100, maps=False)
    with pytest.raises(EnvironmentFaultError, match="600 MB free"):
        require_room(request_, 100, maps=True)
    with pytest.raises(EnvironmentFaultError, match="800 MB needed"):
        require_room(request_, 500, maps=False)
    with (request_.work / "pages").open("wb") as stream:
        stream.truncate(3 * 10**8)
    require_room(request_, 500, maps=False)


def test_a_file_is_no_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFaultError, match="no folder that may be written to"):
        require_place(
            TrainingRequest(tmp_path / "labelled", "ours-1", tmp_path / "file" / "models")
        )


def test_the_folder_is_private_and_gone_when_done(request_: TrainingRequest) -> None:
    with work_folder(request_) as work:
        assert work.stat().st_mode & 0o777 == 0o700
        (work / "pages").mkdir()
    assert not request_.work.exists()
    assert request_.out.exists()


def test_bad_input_leaves_nothing(request_: TrainingRequest) -> None:
    with pytest.raises(UsageError), work_folder(request_):
        raise UsageError("no documents")
    assert not request_.out.exists()


def test_bad_input_takes_nothing_away_that_was_there_before(request_: TrainingRequest) -> None:
    request_.work.mkdir(parents=True)
    with pytest.raises(UsageError), work_folder(request_):
        raise UsageError("no documents")
    assert request_.work.exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(143)])
def test_an_interrupt_leaves_what_was_done(request_: TrainingRequest, error: BaseException) -> None:
    with pytest.raises(type(error)), work_folder(request_):
        raise error
    assert request_.work.exists()


def test_a_full_disk_is_said_in_words_and_leaves_what_was_done(request_: TrainingRequest) -> None:
    with pytest.raises(EnvironmentFaultError, match="the disk is full"), work_folder(request_):
        raise OSError(28, "No space left on device")
    assert request_.work.exists()


def test_a_document_that_went_away_is_named(request_: TrainingRequest) -> None:
    said = pytest.raises(EnvironmentFaultError, match=r"No such file.*a\.pdf")
    with said as caught, work_folder(request_):
        raise FileNotFoundError(2, "No such file or directory", "a.pdf")
    assert caught.value.remedy is not None
    assert "make room" not in caught.value.remedy


def test_one_training_of_a_name_at_a_time(request_: TrainingRequest) -> None:
    request_.work.mkdir(parents=True)
    with (request_.work / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ConflictError, match="is running"), work_folder(request_):
            pytest.fail("entered")
    assert request_.work.exists()


def test_another_training_begins_anew_but_keeps_what_is_kept_by_content(tmp_path: Path) -> None:
    for name in ("pages", "features", "tuning"):
        (tmp_path / name).mkdir()
    assert not claim(tmp_path, "one")
    (tmp_path / "tuning").mkdir()
    assert claim(tmp_path, "one")
    assert (tmp_path / "tuning").exists()
    assert not claim(tmp_path, "two")
    assert {path.name for path in tmp_path.iterdir()} == {"pages", "features", "training.txt"}


def test_few_documents_give_more_views_each() -> None:
    effort = Effort()
    assert [effort.views(n) for n in (10, 300, 2000)] == [6, 5, 2]


def test_policies_are_read_up_to_the_last_sign() -> None:
    assert parse_policies(["a=b=never", "c=auto"]) == {"a=b": "never", "c": "auto"}
    with pytest.raises(UsageError, match="LABEL=POLICY"):
        parse_policies(["=never"])
