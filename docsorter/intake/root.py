"""Is the inbox there, and is it still the one it was?

A share that went away for a moment must never look like an inbox that was emptied
(ocrmypdf-auto#21).
"""

import errno
from pathlib import Path

from docsorter.disk import environment_reason
from docsorter.errors import EnvironmentFaultError

GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
"""What the system answers when a name is no longer there."""


class RootGuard:
    """Tells an inbox that is gone from one that is empty.

    Args:
        root: The inbox.
        private: Name of the claim directory in it, by which the inbox is known again.
    """

    def __init__(self, root: Path, private: str) -> None:
        self._root = root
        self._private = root / private
        self._device: int | None = None  # of the root while the claim directory was in it

    def check(self) -> None:
        """Make sure that the inbox can be asked and is the one it was.

        Raises:
            EnvironmentFaultError: It is not.
        """
        try:
            device = self._root.stat().st_dev
            has_private = self._has_private()
        except OSError as error:
            raise self.fault(error) from error
        if self._device not in {None, device} and not has_private:
            # An unmounted share leaves its mount point behind: an empty folder of another disk.
            raise EnvironmentFaultError(
                f"the inbox is gone: {self._root} is another, empty file system now",
                remedy="mount the share again; if the inbox was replaced on purpose, restart",
            )
        if has_private:
            self._device = device

    def fault(self, error: OSError) -> EnvironmentFaultError:
        """Say in words that the inbox cannot be read."""
        return inbox_gone(self._root, error)

    def _has_private(self) -> bool:
        try:
            self._private.lstat()
        except FileNotFoundError:
            return False
        return True  # any other answer is an error: an inbox that may not be entered says EACCES


def inbox_gone(root: Path, error: OSError) -> EnvironmentFaultError:
    """Say that the inbox itself cannot be read, which is never the same as being empty."""
    gone = error.errno in GONE
    text = f"there is no folder {root}" if gone else environment_reason(error).text
    return EnvironmentFaultError(
        f"the inbox is gone: {text}", remedy="mount or create it again, or mend its permissions"
    )
