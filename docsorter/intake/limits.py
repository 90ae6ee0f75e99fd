"""The kernel's limits for watching folders (inotify(7)), and what to do when they are met."""

import errno
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc/sys/fs/inotify")


@dataclass(frozen=True, slots=True)
class InotifyLimits:
    """Limits per user; None where the system does not say.

    Attributes:
        max_user_watches: Folders watched at the same time.
        max_user_instances: Watchers, about one per program.
        max_queued_events: Events kept before the kernel drops them.
    """

    max_user_watches: int | None
    max_user_instances: int | None
    max_queued_events: int | None


def inotify_limits(directory: Path = _PROC) -> InotifyLimits:
    """Read the limits of this machine."""
    return InotifyLimits(
        _number(directory / "max_user_watches"),
        _number(directory / "max_user_instances"),
        _number(directory / "max_queued_events"),
    )


def is_watch_limit(error: OSError) -> bool:
    """Say whether an error of setting up a watch means a limit, not a full disk."""
    return error.errno in {errno.ENOSPC, errno.EMFILE, errno.ENFILE}


def watch_tip(error: OSError, directory: Path = _PROC) -> str:
    """Say in one line how to lift the limit that was met (watchdog#155, #673)."""
    limits = inotify_limits(directory)
    if error.errno == errno.ENOSPC:
        name, current, at_least = "max_user_watches", limits.max_user_watches, 524288
    else:
        name, current, at_least = "max_user_instances", limits.max_user_instances, 512
    wanted = max(at_least, 2 * (current or 0))
    said = f" of {current}" if current is not None else ""
    return (
        f"the limit fs.inotify.{name}{said} is used up, so the inbox is read at intervals instead; "
        f"TIP: sudo sysctl -w fs.inotify.{name}={wanted}"
    )


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
