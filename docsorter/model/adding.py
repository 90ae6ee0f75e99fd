"""Taking a bundle into the models folder: whole, checked, and nothing but what a bundle holds.

A bundle comes from elsewhere, so nothing in it is trusted: only regular files whose names are known
here, each named in SHA256SUMS, within limits of size. None of them is code that docsorter runs.
"""

import os
import re
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from docsorter.disk import Disk, environment_reason
from docsorter.errors import ConflictError, EnvironmentFaultError, ModelError, UsageError
from docsorter.model.bundle import CHECKSUMS, ModelBundle, listed_files, load_bundle
from docsorter.model.card import read_card
from docsorter.model.golden import check_golden
from docsorter.model.litert import open_classifier
from docsorter.model.promotion import fingerprint
from docsorter.model.registry import RESERVED

MEGABYTE: Final = 1 << 20
LIMITS: Final = {
    r"card\.json": 4,
    r"SHA256SUMS": 1,
    r"model\.tflite": 512,
    r"novelty\.npz": 256,
    r"tuning\.npz": 512,
    r"golden/golden\.json": 4,
    r"golden/[\w][\w.-]{0,99}\.png": 8,
    r"[\w][\w.-]{0,99}\.(?:json|md|html|log|txt|csv)": 64,
}
"""Names that a bundle may hold, as patterns, and the most megabytes of such a file."""

MOST_FILES: Final = 500
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Added:
    """A bundle that was taken in.

    Attributes:
        name: By which it is found from now on.
        path: Where it is.
        bundle: What is in it.
        golden_difference: Greatest difference of a probability on its golden pages.
        is_new: False when the same bundle was there already.
    """

    name: str
    path: Path
    bundle: ModelBundle
    golden_difference: float
    is_new: bool


def add_bundle(
    source: Path, models_dir: Path, name: str = "", *, dir_mode: int = 0o700, file_mode: int = 0o600
) -> Added:
    """Copy a bundle, check the copy, and only then give it its name.

    Args:
        source: The folder of the bundle.
        models_dir: Where bundles are found; it exists.
        name: What it is to be called; "" for the name on its card.
        dir_mode: Permission bits of its folders.
        file_mode: Permission bits of its files.

    Raises:
        ModelError: It is damaged, holds what no bundle holds, or answers differently here.
        ConflictError: Another bundle has that name.
        UsageError: The name cannot be one.
        EnvironmentFaultError: The disk is full, or the folder cannot be written to.
    """
    source = source.expanduser()
    files = inspect_files(source)
    name = name or read_card(source / "card.json").name
    _check_name(name)
    target = models_dir / name
    if target.exists():
        return _already(source, target, name)
    try:
        building = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=models_dir))
        try:
            _copy(source, building, files, dir_mode, file_mode)
            bundle, worst = _checked(building)
            if not Disk().rename_exclusive(building, target):
                building.rename(target)  # refused by the kernel where the target is not empty
            Disk().sync_directory(models_dir)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    except FileExistsError as error:
        raise _taken(name) from error
    except OSError as error:
        raise EnvironmentFaultError(
            f"the model bundle cannot be taken in: {environment_reason(error).text}",
            remedy="make room, or ask for write permission, then say it again",
        ) from error
    return Added(name, target, ModelBundle(target, bundle.card, bundle.novelty), worst, is_new=True)


def inspect_files(source: Path) -> list[str]:
    """Return the files of a bundle, relative, after a look at each without reading it.

    Raises:
        ModelError: One is a link, a device, too large, not known here or not in SHA256SUMS.
    """
    if not source.is_dir():
        raise ModelError(
            f"there is no model bundle: {source} is not a folder", remedy="name its folder"
        )
    read_card(source / "card.json")  # first, since a newer format may have other files
    listed = {*listed_files(source), CHECKSUMS}
    found = []
    for folder, folders, names in os.walk(source):
        for each in (*folders, *names):
            path = Path(folder, each)
            relative = path.relative_to(source).as_posix()
            if _is_folder(path, relative):
                continue
            _check_file(path, relative)
            if relative not in listed:
                raise _foreign(relative, f"is not listed in {CHECKSUMS}")
            found.append(relative)
        if len(found) > MOST_FILES:
            raise _foreign(folder, f"holds more than {MOST_FILES} files")
    return sorted(found)


def _is_folder(path: Path, relative: str) -> bool:
    if not stat.S_ISDIR(path.lstat().st_mode):
        return False
    if relative != "golden":
        raise _foreign(relative, "is a folder")
    return True


def _check_file(path: Path, relative: str) -> None:
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode):
        raise _foreign(relative, "is a link or a device")
    limit = next((mb for name, mb in LIMITS.items() if re.fullmatch(name, relative)), None)
    if limit is None:
        raise _foreign(relative, "is none of a bundle's files")
    if status.st_size > limit * MEGABYTE:
        raise _foreign(relative, f"is larger than {limit} MB")


def _foreign(name: str, what: str) -> ModelError:
    return ModelError(
        f"the model bundle is not taken in: {name} {what}",
        remedy="take it out if you know what it is, or take the bundle again from where it came",
    )


def _copy(source: Path, target: Path, files: list[str], dir_mode: int, file_mode: int) -> None:
    for name in files:
        copy = target / name
        copy.parent.mkdir(exist_ok=True)
        Disk().copy_durably(source / name, copy)
        copy.chmod(file_mode)
    for folder in {target, *((target / name).parent for name in files)}:
        folder.chmod(dir_mode)
        Disk().sync_directory(folder)


def _checked(folder: Path) -> tuple[ModelBundle, float]:
    bundle = load_bundle(folder)
    results = check_golden(bundle, open_classifier(bundle))
    return bundle, max(result.difference for result in results)


def _check_name(name: str) -> None:
    if name in RESERVED or not _NAME.fullmatch(name):
        why = "is taken by docsorter" if name in RESERVED else "cannot be the name of a bundle"
        raise UsageError(
            f"{name!r} {why}",
            remedy="choose another with --name: small letters, digits and . _ -, e.g. ours-2",
        )


def _already(source: Path, target: Path, name: str) -> Added:
    if not target.is_dir() or fingerprint(source) != fingerprint(target):
        raise _taken(name)
    bundle, worst = _checked(target)
    return Added(name, target, bundle, worst, is_new=False)


def _taken(name: str) -> ConflictError:
    return ConflictError(
        f"there is another bundle {name!r} already",
        remedy="choose another name with --name; a bundle is never replaced, for a rollback may "
        "need it",
    )
