"""Which model bundles there are and which is in use; adding one and removing one.

`promoted.json` holds every promotion and rollback in order. What is in use follows from them as
from a stack: a promotion pushes a model, a rollback pops it, and at the bottom is the starter.

A bundle that is added is not trusted: only regular files whose names are known here, each named in
SHA256SUMS, within limits of size. None of them is code that docsorter runs.
"""

import fcntl
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final, Literal

from annotated_types import MinLen
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError, model_validator

from docsorter.errors import ConflictError, EnvironmentFaultError, ModelError, UsageError
from docsorter.filesystem import Disk, environment_reason
from docsorter.model.bundle import CARD, CHECKSUMS, ModelBundle, digest, listed_files, load_bundle
from docsorter.model.card import ModelCard, read_card
from docsorter.model.classifier import open_classifier
from docsorter.model.golden import check_golden
from docsorter.resources import starter_bundle_dir

PROMOTED: Final = "promoted"
"""Value of the setting model.bundle that means: whatever was promoted last."""

FILE_NAME: Final = "promoted.json"
_LOCK: Final = ".promotion.lock"
_FORMAT_VERSION: Final = 1

STARTER: Final = "starter"
"""The name by which the shipped bundle is always found."""

RESERVED: Final = frozenset({STARTER, PROMOTED})
"""Names that no bundle in the state folder can have."""

MEGABYTE: Final = 1 << 20
_LIMITS: Final = {
    r"card\.json": 4,
    r"SHA256SUMS": 1,
    r"model\.tflite": 512,
    r"novelty\.npz": 256,
    r"pages\.npz": 16,
    r"words\.npz": 16,
    r"foreign\.npz": 64,
    r"tuning\.npz": 512,
    r"golden/golden\.json": 4,
    r"golden/[\w][\w.-]{0,99}\.png": 8,
    r"[\w][\w.-]{0,99}\.(?:json|md|html|log|txt|csv)": 64,
}
"""Names that a bundle may hold, as patterns, and the most megabytes of such a file."""

_MOST_FILES: Final = 500
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")

Stamp = tuple[int, int, int]
"""Tells one version of a file from another without reading it: inode, size, time of change."""


class Promotion(BaseModel):
    """One promotion or rollback.

    Attributes:
        act: Which of the two.
        bundle: Name of the bundle that is in use since.
        model: Name on its card.
        fingerprint: SHA-256 of its SHA256SUMS, which covers all of its files.
        previous: Name of the bundle that was in use before.
        at: When.
        by: Unix user name of who did it.
        uid: Unix number of the same.
        reason: What they gave as the reason, "" for nothing.
        golden_difference: Greatest difference of a probability on the golden pages, here and then.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    act: Literal["promote", "rollback"]
    bundle: Annotated[str, MinLen(1)]
    model: str
    fingerprint: str
    previous: str
    at: AwareDatetime
    by: str
    uid: int
    reason: str = ""
    golden_difference: float = 0.0


class Promotions(BaseModel):
    """All promotions and rollbacks of a workspace, the oldest first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format_version: Literal[1] = _FORMAT_VERSION
    acts: tuple[Promotion, ...] = ()

    @model_validator(mode="after")
    def _every_rollback_had_something_to_take(self) -> "Promotions":
        self.stack()
        return self

    def stack(self) -> tuple[Promotion, ...]:
        """Return the promotions in force, the one in use last; without any it is the starter.

        Raises:
            ValueError: There are more rollbacks than promotions.
        """
        stack: list[Promotion] = []
        for act in self.acts:
            if act.act == "promote":
                stack.append(act)
            elif stack:
                stack.pop()
            else:
                raise ValueError("a rollback with nothing to take back")
        return tuple(stack)

    @property
    def current(self) -> Promotion | None:
        """The promotion that is in force; None for the starter."""
        return (self.stack() or (None,))[-1]


class PromotionFile:
    """The file in the models folder."""

    def __init__(self, models_dir: Path, disk: Disk | None = None, *, mode: int = 0o600) -> None:
        self._path = models_dir / FILE_NAME
        self._lock = models_dir / _LOCK
        self._disk = disk
        self._mode = mode

    def stamp(self) -> Stamp | None:
        """Return what changes with the file, None while there is none; one stat(2) or two.

        Raises:
            OSError: The folder is gone, which is not the same as nothing promoted.
        """
        try:
            status = self._path.stat()
        except FileNotFoundError:
            self._path.parent.stat()
            return None
        return status.st_ino, status.st_size, status.st_mtime_ns

    def read(self) -> Promotions:
        """Return what was promoted and taken back; nothing while there is no file.

        Raises:
            ModelError: The file is damaged.
            OSError: It cannot be read.
        """
        try:
            return Promotions.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return Promotions()
        except ValidationError as error:
            raise ModelError(
                f"the list of promoted models is damaged: {self._path}: {error.errors()[0]['msg']}",
                remedy="move it away, which puts the starter to use, then promote again",
            ) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let one promotion happen at a time; others wait (flock(2), freed by the kernel)."""
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self._lock, flags, self._mode)
        try:
            if os.fstat(descriptor).st_uid == os.geteuid():
                os.fchmod(descriptor, self._mode)  # whatever the umask, colleagues may lock too
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def append(self, act: Promotion) -> Promotions:
        """Add an act, durably: after a crash the file is what it was or what it becomes.

        The caller holds the lock.

        Raises:
            OSError: The disk is full, or the folder cannot be written to.
        """
        history = self.read()
        longer = Promotions(acts=(*history.acts, act))
        text = longer.model_dump_json(indent=1) + "\n"
        (self._disk or Disk()).write_durably(self._path, text.encode(), self._mode)
        return longer


@dataclass(frozen=True, slots=True)
class RegisteredBundle:
    """A bundle that can be asked for by name.

    Attributes:
        name: What to ask for.
        path: Its directory.
        card: What is known of it, None when its card cannot be read.
        problem: Why the card cannot be read, "" when it can.
    """

    name: str
    path: Path
    card: ModelCard | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class InUse:
    """The bundle that decides."""

    name: str
    path: Path
    promotion: Promotion | None = None


class ModelRegistry:
    """Finds bundles by name."""

    def __init__(self, models_dir: Path, *, starter: Path | None = None) -> None:
        self._models_dir = models_dir
        self._starter = starter or starter_bundle_dir()

    def resolve(self, name: str) -> Path:
        """Return the directory of a bundle.

        Args:
            name: `starter`, `promoted`, the name of a sub-folder, or a path (absolute, or with a
                slash).

        Raises:
            ModelError: There is no such bundle.
        """
        if name == PROMOTED:
            return self.in_use(PROMOTED).path
        place = self._place(name)
        if not (place / CARD).is_file():
            known = ", ".join(bundle.name for bundle in self.list())
            raise ModelError(
                f"there is no model bundle {name!r}: {place} has no {CARD}",
                remedy=f"choose one of: {known}",
            )
        return place

    def in_use(self, setting: str) -> InUse:
        """Return the bundle that decides.

        Args:
            setting: Value of model.bundle; `promoted` means the one promoted last, the starter
                while none was.

        Raises:
            ModelError: There is no such bundle, or the list of promotions is damaged.
        """
        if setting != PROMOTED:
            return InUse(setting, self.resolve(setting))
        promotion = PromotionFile(self._models_dir).read().current
        name = STARTER if promotion is None else promotion.bundle
        return InUse(name, self.resolve(name), promotion)

    def list(self) -> tuple[RegisteredBundle, ...]:
        """Return the starter, then the bundles of the state folder by name."""
        found = [(STARTER, self._starter)]
        if self._models_dir.is_dir():
            found += sorted(
                (path.name, path)
                for path in self._models_dir.iterdir()
                if (path / CARD).is_file() and path.name not in RESERVED and path.name[0] != "."
            )
        return tuple(_register(name, path) for name, path in found)

    def _place(self, name: str) -> Path:
        if name == STARTER:
            return self._starter
        as_path = Path(name).expanduser()
        if as_path.is_absolute() or len(as_path.parts) > 1 or name in {"", ".", ".."}:
            return as_path
        return self._models_dir / name


def refuse_changed(used: InUse) -> str:
    """Return the fingerprint of a bundle unless its files were replaced since it was promoted.

    The starter is exempt: it changes with the package.

    Raises:
        ModelError: They were; nobody has checked what is there now.
    """
    found = fingerprint(used.path)
    promotion = used.promotion
    if promotion is not None and used.name != STARTER and found != promotion.fingerprint:
        raise ModelError(
            f"the model bundle {used.name} was replaced since {promotion.by} promoted it at "
            f"{promotion.at:%Y-%m-%d %H:%M} UTC: {used.path}",
            remedy=f"check it and put it to use with: docsorter model promote {used.name}; or "
            "go back with: docsorter model rollback",
        )
    return found


def _register(name: str, path: Path) -> RegisteredBundle:
    try:
        return RegisteredBundle(name, path, read_card(path / CARD))
    except ModelError as error:
        return RegisteredBundle(name, path, None, error.message)


def fingerprint(bundle: Path) -> str:
    """Return the SHA-256 of a bundle's SHA256SUMS, as hex digits.

    Raises:
        ModelError: It has none.
    """
    try:
        return digest(bundle / CHECKSUMS)
    except FileNotFoundError as error:
        raise ModelError(
            f"the model bundle is incomplete: {CHECKSUMS} is missing: {bundle}",
            remedy="take the bundle again from where it came from, or use `starter`",
        ) from error


@dataclass(frozen=True, slots=True)
class AddedBundle:
    """A bundle that was added."""

    name: str
    path: Path
    bundle: ModelBundle
    golden_difference: float
    is_new: bool


def add_bundle(
    source: Path, models_dir: Path, name: str = "", *, dir_mode: int = 0o700, file_mode: int = 0o600
) -> AddedBundle:
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
    return AddedBundle(name, target, replace(bundle, path=target), worst, is_new=True)


def inspect_files(source: Path) -> list[str]:
    """Return the files of a bundle, relative, after a check of each without reading it.

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
        if len(found) > _MOST_FILES:
            raise _foreign(folder, f"holds more than {_MOST_FILES} files")
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
    limit = next((mb for name, mb in _LIMITS.items() if re.fullmatch(name, relative)), None)
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


def _already(source: Path, target: Path, name: str) -> AddedBundle:
    if not target.is_dir() or fingerprint(source) != fingerprint(target):
        raise _taken(name)
    bundle, worst = _checked(target)
    return AddedBundle(name, target, bundle, worst, is_new=False)


def _taken(name: str) -> ConflictError:
    return ConflictError(
        f"there is another bundle {name!r} already",
        remedy="choose another name with --name; a bundle is never replaced, for a rollback may "
        "need it",
    )


def remove_bundle(name: str, models_dir: Path, setting: str) -> None:
    """Delete a bundle of the models folder; it vanishes from the list at once.

    Raises:
        ModelError: There is no such bundle.
        UsageError: It is the starter, or named by a path.
        ConflictError: It is in use, or a rollback would lead to it.
        EnvironmentFaultError: The system refuses.
    """
    if name in RESERVED or Path(name).name != name or name.startswith("."):
        raise UsageError(
            f"{name!r} cannot be removed: it is no bundle of the state folder",
            remedy="docsorter model list shows the bundles; the starter always stays",
        )
    target = models_dir / name
    if not (target / CARD).is_file():
        raise ModelError(
            f"there is no model bundle {name!r} in {models_dir}", remedy="docsorter model list"
        )
    file = PromotionFile(models_dir)
    try:
        with file.locked():
            _refuse_needed(name, setting, file)
            attic = Path(tempfile.mkdtemp(prefix=".removed.", dir=models_dir))
            try:
                target.rename(attic / name)
            finally:
                shutil.rmtree(attic, ignore_errors=True)
    except OSError as error:
        raise EnvironmentFaultError(
            f"{name} cannot be removed: {environment_reason(error).text}",
            remedy="ask for write permission to the folder",
        ) from error


def _refuse_needed(name: str, setting: str, file: PromotionFile) -> None:
    stack = [promotion.bundle for promotion in file.read().stack()]
    if setting == name or stack[-1:] == [name]:
        raise ConflictError(
            f"the model bundle {name} is in use", remedy="promote another one first"
        )
    if name in stack:
        raise ConflictError(
            f"the model bundle {name} is what a rollback leads to",
            remedy="it can be removed when rollbacks or the starter have taken its place",
        )
