"""The data files of the package, and the cores that this process may use."""

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
