"""Names in the inbox that are no documents, or not yet: what programs call their unfinished files.

Every row of `UNFINISHED` says whose name it is and where that program's project says so. Names that
somebody may well give a document are left out, and so are programs that write under the final name
(FileZilla, Windows Explorer, scp): those files are told by their rest and their end alone.
"""

import fnmatch
import re
from collections.abc import Iterable
from typing import Final

from docsorter.errors import SettingsError

UNFINISHED: Final[tuple[tuple[str, str, str], ...]] = (
    ("*.octransferid*", "Nextcloud, ownCloud", "owncloud/core apps/dav, Connector/Sabre/File.php"),
    # browsers and download managers
    ("*.crdownload", "Chrome, Edge, Brave", "chromium chrome/browser/download, GetCrDownloadPath"),
    ("*.part", "Firefox, KDE, Transmission, ownCloud and others", "mozilla nsExternalHelperApp"),
    ("*.download", "Safari", "support.apple.com: a package that holds the file until it is whole"),
    ("*.opdownload", "Opera", "forums.opera.com"),
    ("*.partial", "rclone, OneDrive for Linux, old Edge", "rclone.org/docs: --partial-suffix"),
    ("*.fdmdownload", "Free Download Manager", "freedownloadmanager.org"),
    ("*.aria2", "aria2", "aria2.github.io, aria2c(1): control file"),
    ("*.ytdl", "yt-dlp", "yt-dlp/yt-dlp yt_dlp/downloader/fragment.py"),
    # file transfer and WebDAV
    ("*.filepart", "WinSCP", "winscp.net/eng/docs/resume"),
    ("*.lftp", "lftp", "lftp(1): xfer:temp-file-name as commonly set"),
    (".in.*", "lftp, ProFTPD", "lftp(1): xfer:temp-file-name; proftpd.org: HiddenStores"),
    (".pureftpd-upload.*", "Pure-FTPd", "pure-ftpd(8): --autorename, atomic uploads"),
    ("*.rclone_chunk.*", "rclone", "rclone.org/chunker: --chunker-name-format"),
    # synchronizers
    (".syncthing.*.tmp", "Syncthing", "docs.syncthing.net/users/syncing.html#temporary-files"),
    ("~syncthing~*", "Syncthing", "syncthing lib/fs/tempname.go: WindowsTempPrefix"),
    (".*.~*", "Nextcloud, ownCloud", "nextcloud/desktop src/libsync/propagatedownload.cpp"),
    (f"*.~{4 * '[0-9a-f]'}", "ownCloud", "owncloud/client#1287: not hidden on Windows"),
    (f"*.~{8 * '[0-9a-f]'}", "ownCloud", "the same"),
    ("*.nextcloud", "Nextcloud", "docs.nextcloud.com/desktop: virtual files, a stand-in"),
    ("*.owncloud", "ownCloud", "doc.owncloud.com/desktop: virtual files, a stand-in"),
    ("*.ffs_tmp", "FreeFileSync", "freefilesync.org: fail-safe file copy"),
    ("*.!sync", "Resilio Sync", "grimore.org/fuss/bittorrent_sync, of its user guide"),
    ("*.syncpart", "Resilio Sync", "grimore.org/fuss/bittorrent_sync, of its user guide"),
    ("*.synctemp", "Resilio Sync", "grimore.org/fuss/bittorrent_sync, of its user guide"),
    (".*.icloud", "iCloud", "support.apple.com: a stand-in for a file that is not on this disk"),
    ("*.insyncdl", "Insync", "help.insynchq.com: file types that are ignored"),
    (".mutagen-temporary-*", "Mutagen", "mutagen-io/mutagen pkg/filesystem: TemporaryNamePrefix"),
    (".unison.*.unison.tmp", "Unison", "bcpierce00/unison src/os.ml: tempFilePrefix"),
    # peer to peer
    ("*.!qb", "qBittorrent", 'option "Append .!qB extension to incomplete files"'),
    ("*.!ut", "uTorrent", 'option "Append .!ut to incomplete files"'),
    ("*.!bt", "BitTorrent", 'option "Append .!bt to incomplete files"'),
    ("*.bt!", "BitSpirit", 'option "Add .bt! extension to unfinished files"'),
    ("*.bc!", "BitComet", "wiki.bitcomet.com"),
    (".?*.?*.??????", "rsync", "rsync(1): --temp-dir; RsyncProject/rsync#685"),
    # programs that save, and whatever calls a file temporary
    (".goutputstream-*", "GNOME", "glib gio/glocalfileoutputstream.c"),
    ("*.sb-????????-??????", "macOS", "NSFileManager: safe save in a sandbox"),
    ("*.tmp", "many programs", "learn.microsoft.com: GetTempFileName; help.dropbox.com"),
    ("*.temp", "many programs", ""),
    ("*.incomplete", "many programs", ""),
)  # fmt: skip
"""(pattern, whose, source) of names that a file has until it is whole; the first match counts."""

CONTROL_FILES: Final = ((".aria2", "aria2"), (".ytdl", "yt-dlp"))
"""(suffix, whose) of what lies beside a file of that name, under its own, until it is whole."""

NEVER: Final[tuple[str, ...]] = (
    # hidden: .DS_Store and ._* (macOS), .nfs*, .fuse_hidden*, .smbdelete* (still open, though
    # removed), .~lock*# (LibreOffice), .dropbox.cache, .tmp.drivedownload and .tmp.driveupload
    # (Google Drive), .SynologyWorkingDirectory, .stfolder, .sync, .rsync-partial
    ".*",
    # locks, swap and backup files of programs that have a document open
    "~$*", "*.lock", "*.lck", "*.swp", "*.swx", "*~", "#*#", "*.syncold",
    # what file managers and storage boxes leave behind
    "Thumbs.db", "ehthumbs.db", "desktop.ini", "$RECYCLE.BIN", "System Volume Information",
    "lost+found", "@eaDir", "@Recycle", "@Recently-Snapshot", "#recycle", "#snapshot",
    "~snapshot", "__MACOSX",
)  # fmt: skip
"""Names of what is never a document."""


class IgnoreRules:
    """Name patterns to leave alone; upper and lower case are the same.

    A pattern is a glob for the last part of a path; one with a slash is for the whole path under
    the inbox. An ignored folder is not entered.

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
        unfinished = [pattern for pattern, _, _ in UNFINISHED]
        self._names = _one_of([*NEVER, *unfinished, *(p for p in extra if "/" not in p)])
        self._paths = _one_of([p.strip("/") for p in extra if "/" in p])
        self._chosen = _one_of([p for p in extra if "/" not in p])

    def matches(self, path: str) -> bool:
        """Say whether the file or folder at `path` (relative, forward slashes) is left alone."""
        if self._names.match(path.rpartition("/")[2]):
            return True
        return bool(self._paths.match(path))

    def writer(self, path: str) -> str:
        """Return whose unfinished file has this name; "" for any other, and for own patterns."""
        name = path.rpartition("/")[2]
        if self._chosen.match(name) or self._paths.match(path):
            return ""
        return next((whose for pattern, whose in _WRITERS if pattern.match(name)), "")


def _one_of(patterns: Iterable[str]) -> re.Pattern[str]:
    expressions = [fnmatch.translate(pattern) for pattern in patterns]
    if not expressions:
        return re.compile(r"(?!)")  # matches nothing
    return re.compile("|".join(expressions), re.IGNORECASE)


_WRITERS = tuple((_one_of([pattern]), whose) for pattern, whose, _ in UNFINISHED)
