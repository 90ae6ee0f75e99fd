"""The data files of the package, the cores that this process may use, and which process it is."""

import functools
import hashlib
import math
import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent


def _data_dir(inside: str, beside: str) -> Path:
    packed = _PACKAGE / inside
    return packed if packed.is_dir() else _CHECKOUT / beside


def migrations_dir() -> Path:
    """Return the directory with Alembic's `env.py` and `versions/`."""
    return _data_dir("_migrations", "migrations")


def examples_dir() -> Path:
    """Return the directory of example scans that `docsorter demo` sorts."""
    return _data_dir("_inbox_examples", "inbox_examples")


def systemd_dir() -> Path:
    """Return the directory of systemd unit templates."""
    return _data_dir("_systemd", "deploy/systemd")


def starter_bundle_dir() -> Path:
    """Return the model bundle that ships with the package."""
    return _PACKAGE / "model" / "starter"


def usable_cores(quota: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """Return how many cores this process may keep busy, at least 1.

    Not the machine's: a service may be pinned to some of them (sched_setaffinity(2)), and a
    container given a share of their time (Linux, Documentation/admin-guide/cgroup-v2, cpu.max).

    Args:
        quota: "MAX PERIOD" in microseconds, or "max PERIOD" for no limit.
    """
    cores = len(os.sched_getaffinity(0))
    try:
        most, period = quota.read_text(encoding="ascii").split()
        share = math.ceil(int(most) / int(period))
    except (OSError, ValueError, ZeroDivisionError):
        return cores
    return max(1, min(cores, share))


def process_mark() -> str:
    """Return a text that names this process, and no other of any time on any machine.

    Returns:
        At most 29 characters: the machine since it was started, the process, and when that began.
    """
    number = os.getpid()
    return f"{_machine()}-{number}-{_began(number)}"


def has_ended(mark: str) -> bool:
    """Say whether a process of this machine has ended, by its mark or a text that begins with it.

    One of another machine, of a container beside, or from before a restart cannot be asked after,
    and is taken to live.
    """
    machine, number, began = [*mark.split("-"), "", ""][:3]
    if not machine or machine != _machine() or not number.isdecimal():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # of somebody else
        pass
    return _began(int(number)) not in {began, ""}


@functools.cache
def _machine() -> str:
    """Return eight digits for this start of the machine and this space of process numbers."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
        space = os.stat("/proc/self/ns/pid").st_ino  # noqa: PTH116 -- no file, a name for the space
    except OSError:
        return ""  # nobody can be asked after here
    return hashlib.sha256(f"{boot}{space}".encode()).hexdigest()[:8]


def _began(number: int) -> str:
    """Return when a process began, in ticks since the start of the machine (proc_pid_stat(5))."""
    try:
        line = Path(f"/proc/{number}/stat").read_text("utf-8", "replace")
    except OSError:
        return ""
    facts = line.rpartition(")")[2].split()
    return "ended" if facts[0] in {"Z", "X"} else facts[19]
