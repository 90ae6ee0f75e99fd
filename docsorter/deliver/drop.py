"""Put a file from anywhere into an inbox, whole or not at all, under a name that is free."""

import errno
from pathlib import Path

from docsorter.deliver.names import numbered, safe_name
from docsorter.deliver.transfer import PRIVATE
from docsorter.errors import EnvironmentFaultError
from docsorter.filesystem import Disk, environment_reason


def drop_into(inbox: Path, file: Path, disk: Disk, *, copy: bool) -> Path:
    """Move or copy `file` into the inbox; a file that is in it already stays where it is.

    Returns:
        Its path in the inbox.

    Raises:
        EnvironmentFaultError: The disk is full, or permission is missing; `file` is untouched.
    """
    inside = file.resolve()
    if inside.is_relative_to(inbox.resolve()):
        return inbox / inside.relative_to(inbox.resolve())
    try:
        return _drop(inbox, file, disk, copy=copy)
    except OSError as error:
        raise EnvironmentFaultError(
            f"{file} could not be taken in: {environment_reason(error).text}",
            remedy="it is where it was; mend that and try again",
        ) from error


def _drop(inbox: Path, file: Path, disk: Disk, *, copy: bool) -> Path:
    if not copy:
        try:
            return _rename(file, inbox, file.name, disk)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
    part = inbox / PRIVATE / f"bring-{safe_name(file.name, 200)}"
    disk.unlink(part)
    disk.copy_durably(file, part)
    brought = _rename(part, inbox, file.name, disk)
    if not copy:
        disk.unlink(file)
    return brought


def _rename(source: Path, inbox: Path, name: str, disk: Disk) -> Path:
    name = safe_name(name)
    for number in range(1, 10_000):
        target = inbox / (name if number == 1 else numbered(name, number))
        try:
            if disk.rename_noreplace(source, target):
                disk.unlink(source)
        except FileExistsError:
            continue
        disk.sync_directory(inbox)
        return target
    raise OSError(errno.EEXIST, "too many files of that name", str(inbox / name))
