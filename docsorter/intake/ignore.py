"""Names in the inbox that are never documents: half-written, hidden and housekeeping files."""

import fnmatch
import re

from docsorter.errors import SettingsError

BUILT_IN: tuple[str, ...] = (
    # hidden: also .nfs*, .fuse_hidden*, .smbdelete*, .~lock*, .DS_Store, .stfolder, rsync's own
    ".*",
    # being written by a browser, an FTP or WebDAV client, a synchronizer (paperless-ng#462)
    "*.part",
    "*.partial",
    "*.tmp",
    "*.temp",
    "*.filepart",
    "*.crdownload",
    "*.opdownload",
    "*.download",
    "*.incomplete",
    "*.aria2",
    "*.!ut",
    "~syncthing~*",
    # locks, swap and backup files of programs that have a document open
    "~$*",
    "*.lock",
    "*.lck",
    "*.swp",
    "*.swx",
    "*~",
    "#*#",
    "*.sb-????????-??????",
    # what file managers and storage boxes leave behind
    "Thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "$RECYCLE.BIN",
    "System Volume Information",
    "lost+found",
    "@eaDir",
    "@Recycle",
    "@Recently-Snapshot",
    "#recycle",
    "#snapshot",
    "~snapshot",
    "__MACOSX",
)


class IgnoreRules:
    """Name patterns to leave alone; upper and lower case are the same.

    A pattern is a glob for the last part of a path; one with a slash is for the whole path under
    the inbox. An ignored folder is not entered.

    Args:
        extra: More patterns beside `BUILT_IN`.

    Raises:
        SettingsError: A pattern is empty or no glob.
    """

    def __init__(self, extra: tuple[str, ...] = ()) -> None:
        for pattern in extra:
            if not pattern.strip():
                raise SettingsError(
                    "intake.ignore has an empty pattern, which would ignore nothing",
                    remedy='remove it, or write a pattern such as "*.bak"',
                )
        self._names = _one_of([p for p in (*BUILT_IN, *extra) if "/" not in p])
        self._paths = _one_of([p.strip("/") for p in extra if "/" in p])

    def matches(self, path: str) -> bool:
        """Say whether the file or folder at `path` (relative, forward slashes) is left alone."""
        if self._names.match(path.rpartition("/")[2]):
            return True
        return bool(self._paths.match(path))


def _one_of(patterns: list[str]) -> re.Pattern[str]:
    if not patterns:
        return re.compile(r"(?!)")  # matches nothing
    return re.compile("|".join(fnmatch.translate(p) for p in patterns), re.IGNORECASE)
