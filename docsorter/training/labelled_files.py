"""Which files of a folder of labelled documents are meant to be documents."""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from docsorter.errors import UsageError
from docsorter.intake.scan import IgnoreRules

_RULES: Final = IgnoreRules()
_REMEDY: Final = "make one sub-folder per label and put its documents there"
_LINK: Final = "it is a link, and links are not followed: put the file itself here"
_BESIDE: Final = "it lies beside the folders of the labels: put it into one of them"
_FILED = re.compile(r"((19|20)\d\d([-_. ]?\d\d){0,2}|[01]?\d|q[1-4])", re.IGNORECASE)


def label_folders(root: Path) -> list[Path]:
    """Return the sub-folders of a folder that stand for labels, by name.

    Raises:
        UsageError: There is no such folder, it may not be read, or it has no sub-folders.
    """
    if not root.is_dir():
        there = "is a file" if root.exists() else "does not exist"
        raise UsageError(
            f"there is no folder of labelled documents: {root} {there}", remedy=_REMEDY
        )
    try:
        found = [each for each in root.iterdir() if not _RULES.matches(each.name)]
    except PermissionError as error:
        raise UsageError(
            f"the folder may not be read: {root}", remedy="ask for permission to read it"
        ) from error
    folders = sorted(each for each in found if each.is_dir() and not each.is_symlink())
    if not folders:
        raise UsageError(f"there are no labels: {root} has no sub-folders", remedy=_REMEDY)
    return folders


def left_beside(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield what lies in the folder itself and belongs to no label, with the reason."""
    for each in sorted(root.iterdir()):
        if _RULES.matches(each.name):
            continue
        if each.is_symlink():
            yield each, _LINK
        elif not each.is_dir():
            yield each, _BESIDE


def files_of(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield every file of a label's folder by path, with the reason why it cannot be one, or "".

    Hidden and housekeeping files are passed over, and the sidecars that docsorter writes: somebody
    will point it at a folder of sorted documents.
    """
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield folder, f"the folder cannot be read: {error.strerror}"
        return
    names = {entry.name for entry in entries}
    for entry in entries:
        path = folder / entry.name
        if _RULES.matches(entry.name) or _is_sidecar(entry.name, names):
            continue
        if entry.is_symlink():
            yield path, _LINK
        elif entry.is_dir():
            yield from files_of(path)
        elif stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
            yield path, ""
        else:
            yield path, "it is a device or a pipe and not a file"


def source_of(folder: Path, path: Path) -> str:
    """Return the sub-folder below a label's folder that a document shares with others.

    Names of years, months and days say how documents are filed, not where they come from.
    """
    parts = path.relative_to(folder).parts[:-1]
    return "/".join(part for part in parts if not _FILED.fullmatch(part))


def _is_sidecar(name: str, names: set[str]) -> bool:
    return name.endswith(".json") and name.removesuffix(".json") in names
