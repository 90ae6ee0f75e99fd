"""What one file, and one change of names, may look like after a power cut."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

_BLOCK: Final = 4096
Keep = Callable[[], bool]
"""Says of one thing that was not flushed whether it is kept."""
Slot = tuple[int, str]
"""A name in a folder, by the folder's number."""


@dataclass(slots=True)
class Inode:
    """A file or a folder.

    Attributes:
        folder: Whether it is a folder.
        content: Its bytes as the process sees them.
        flushed: Its bytes as they are on the disk for sure.
        pending: Changes since: (offset, bytes), or (size, None).
        mode: Permission bits.
        mtime_ns: Modification time that was set or found; None when it comes from a write.
    """

    folder: bool = False
    content: bytearray = field(default_factory=bytearray)
    flushed: bytes = b""
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)
    mode: int = 0o600
    mtime_ns: int | None = None

    def write(self, offset: int, data: bytes) -> None:
        """Change bytes."""
        _apply(self.content, offset, data)
        self.pending += [
            (offset + at, data[at : at + _BLOCK]) for at in range(0, len(data), _BLOCK)
        ]
        self.mtime_ns = None

    def resize(self, size: int) -> None:
        """Cut or extend."""
        _apply(self.content, size, None)
        self.pending.append((size, None))
        self.mtime_ns = None

    def flush(self) -> None:
        """Make everything sure."""
        self.flushed = bytes(self.content)
        self.pending.clear()

    def after(self, keep: Keep) -> bytes:
        """Return the bytes after a power cut."""
        if not self.pending:
            return self.flushed
        left = bytearray(self.flushed)
        for offset, data in self.pending:
            if keep():
                _apply(left, offset, data)
        return bytes(left)


@dataclass(slots=True)
class Naming:
    """One change of names, as a whole or not at all.

    Attributes:
        changes: (folder, name) -> what it names now, None for nothing.
        needs: Changes that must have happened for this one to have.
        sure: It is on the disk.
    """

    changes: dict[Slot, int | None]
    needs: "list[Naming]"
    sure: bool = False

    def settle(self) -> None:
        """Put it on the disk with all that it needs."""
        if not self.sure:
            self.sure = True
            for other in self.needs:
                other.settle()


@dataclass(frozen=True, slots=True)
class File:
    """A file after a power cut.

    Attributes:
        path: Under the workspace.
        content: Its bytes; None for a folder.
        mode: Permission bits.
        mtime_ns: Modification time; None when nothing set it.
        inode: The same for all names of one file: hard links stay hard links.
    """

    path: str
    content: bytes | None
    mode: int
    mtime_ns: int | None
    inode: int


def rename_all(names: dict[Slot, int], changes: dict[Slot, int | None]) -> None:
    for place, number in changes.items():
        if number is None:
            names.pop(place, None)
        else:
            names[place] = number


def _apply(content: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del content[offset:]
        content += bytes(offset - len(content))
        return
    content += bytes(max(0, offset - len(content)))
    content[offset : offset + len(data)] = data
