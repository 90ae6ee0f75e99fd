import errno
from pathlib import Path

from docsorter.intake.watch import InotifyLimits, inotify_limits, is_watch_limit, watch_tip


def test_the_limits_of_this_machine_are_read() -> None:
    limits = inotify_limits()
    assert limits.max_user_watches is not None
    assert limits.max_user_watches > 0
    assert limits.max_user_instances is not None


def test_limits_that_cannot_be_read_are_unknown(tmp_path: Path) -> None:
    (tmp_path / "max_user_watches").write_text("many")
    assert inotify_limits(tmp_path) == InotifyLimits(None, None, None)


def test_no_space_left_means_watches_and_tells_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "max_user_watches").write_text("8192\n")
    tip = watch_tip(OSError(errno.ENOSPC, "inotify watch limit reached"), tmp_path)
    assert "fs.inotify.max_user_watches of 8192 is used up" in tip
    assert "sysctl -w fs.inotify.max_user_watches=524288" in tip
    assert "\n" not in tip


def test_the_advice_is_always_more_than_there_is(tmp_path: Path) -> None:
    (tmp_path / "max_user_instances").write_text("1024\n")
    tip = watch_tip(OSError(errno.EMFILE, "inotify instance limit reached"), tmp_path)
    assert tip.endswith("fs.inotify.max_user_instances=2048")


def test_other_errors_are_no_limit() -> None:
    assert is_watch_limit(OSError(errno.ENOSPC, "x"))
    assert not is_watch_limit(OSError(errno.ENOENT, "x"))
