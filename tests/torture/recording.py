"""Writes down what a process does to a folder, with every byte: the input of the power cuts."""

import os
import pickle
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.torture.supervisor import Call

_DELETED: Final = " (deleted)"
_TIMES: Final = struct.Struct("=4q")  # struct timespec[2]
_UTIME_NOW: Final = (1 << 30) - 1
_REMOVE_FOLDER: Final = 0x200  # AT_REMOVEDIR
_NOREPLACE: Final = 1
_SYNONYMS: Final = {
    "fdatasync": "fsync",
    "renameat": "rename",
    "renameat2": "rename",
    "linkat": "link",
    "mkdirat": "mkdir",
    "fchmodat": "chmod",
    "fchmod": "chmod",
    "open": "openat",
    "pwrite64": "write",
    "ftruncate": "truncate",
}
_IGNORED: Final = frozenset({"chown", "fchown", "fchownat"})  # everything belongs to one user here


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that was asked of the disk; whether it works follows from what is there.

    Attributes:
        name: write, truncate, fsync, openat, rename, link, unlink, mkdir, rmdir, chmod or utime.
        paths: The files it names, absolute.
        data: What is written.
        number: Offset of a write, new size, flags of an open, mode, or time in nanoseconds.
        exclusive: A rename that replaces nothing.
    """

    name: str
    paths: tuple[str, ...]
    data: bytes = b""
    number: int = 0
    exclusive: bool = False


class Recorder:
    """Collects operations and writes them to a file in the end.

    Args:
        file: Gets a pickled list of `Operation`.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._operations: list[Operation] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.write_bytes(pickle.dumps(self._operations))

    def note(self, call: Call) -> None:
        """Take down a call that is about to take effect.

        Raises:
            NotImplementedError: It is of a kind that docsorter does not use.
        """
        if call.name in _IGNORED or any(path.endswith(_DELETED) for path in call.paths):
            return
        name = _SYNONYMS.get(call.name, call.name)
        describe = _DESCRIBED.get(name)
        if describe is None:
            raise NotImplementedError(str(call))
        self._operations.append(describe(name, call))


def read(file: Path) -> list[Operation]:
    """Return what was recorded."""
    operations: list[Operation] = pickle.loads(file.read_bytes())
    return operations


def _plain(name: str, call: Call) -> Operation:
    return Operation(name, call.paths)


def _write(name: str, call: Call) -> Operation:
    data = call.memory(call.arguments[1], call.arguments[2])
    offset = call.arguments[3] if call.name == "pwrite64" else _position(call)
    return Operation(name, call.paths, data, offset)


def _position(call: Call) -> int:
    text = Path(f"/proc/{call.pid}/fdinfo/{call.arguments[0]}").read_text(encoding="ascii")
    flags = re.search(r"^flags:\s*([0-7]+)$", text, re.MULTILINE)
    if flags and int(flags[1], 8) & os.O_APPEND:
        return Path(call.paths[0]).stat().st_size
    found = re.search(r"^pos:\s*(\d+)$", text, re.MULTILINE)
    assert found is not None
    return int(found[1])


def _number(index: int) -> Callable[[str, Call], Operation]:
    return lambda name, call: Operation(name, call.paths, number=call.arguments[index])


def _open(name: str, call: Call) -> Operation:
    index = 1 if call.name == "open" else 2
    return Operation(name, call.paths, number=call.arguments[index])


def _rename(name: str, call: Call) -> Operation:
    exclusive = call.name == "renameat2" and bool(call.arguments[4] & _NOREPLACE)
    return Operation(name, call.paths, exclusive=exclusive)


def _unlink(name: str, call: Call) -> Operation:
    is_folder = call.name == "unlinkat" and call.arguments[2] & _REMOVE_FOLDER
    return Operation("rmdir" if is_folder else name, call.paths)


def _mode(name: str, call: Call) -> Operation:
    return Operation(name, call.paths, number=call.arguments[2 if call.name == "fchmodat" else 1])


def _utime(name: str, call: Call) -> Operation:
    del name
    if call.arguments[2] == 0:
        return Operation("utime", call.paths, number=-1)
    _, _, seconds, nanoseconds = _TIMES.unpack(call.memory(call.arguments[2], _TIMES.size))
    now = nanoseconds == _UTIME_NOW
    return Operation("utime", call.paths, number=-1 if now else seconds * 10**9 + nanoseconds)


_DESCRIBED: Final[dict[str, Callable[[str, Call], Operation]]] = {
    "write": _write,
    "truncate": _number(1),
    "fsync": _plain,
    "openat": _open,
    "rename": _rename,
    "link": _plain,
    "unlink": _unlink,
    "unlinkat": lambda _, call: _unlink("unlink", call),
    "mkdir": _plain,
    "rmdir": _plain,
    "chmod": _mode,
    "utimensat": _utime,
}
