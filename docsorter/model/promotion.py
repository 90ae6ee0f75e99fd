"""Which model was promoted, by whom and why: one small file that is only ever replaced whole.

The file holds every promotion and every rollback in the order they happened. What is in use follows
from them as from a stack: a promotion puts a model on top, a rollback takes the top away, and below
them all lies the starter.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, Literal

from annotated_types import MinLen
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError, model_validator

from docsorter.disk import Disk
from docsorter.errors import ModelError
from docsorter.model.bundle import CHECKSUMS, digest

PROMOTED: Final = "promoted"
"""Value of the setting model.bundle that means: whatever was promoted last."""

FILE_NAME: Final = "promoted.json"
_LOCK: Final = ".promotion.lock"
_FORMAT_VERSION: Final = 1

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
        """Return the promotions that stand, the one in use last; without any it is the starter.

        Raises:
            ValueError: There are more rollbacks than promotions.
        """
        standing: list[Promotion] = []
        for act in self.acts:
            if act.act == "promote":
                standing.append(act)
            elif standing:
                standing.pop()
            else:
                raise ValueError("a rollback with nothing to take back")
        return tuple(standing)

    @property
    def current(self) -> Promotion | None:
        """The promotion that is in force; None for the starter."""
        return (self.stack() or (None,))[-1]


class PromotionFile:
    """The file in the models folder.

    Args:
        models_dir: Folder of the bundles; it need not exist for reading.
        disk: Writes it durably.
        mode: Permission bits of the file and of its lock.
    """

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
