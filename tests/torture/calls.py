"""The system calls that change a disk, and a filter that stops a process at each of them.

The filter (seccomp_unotify(2), Linux 5.5) hands every such call to a supervisor *before* it takes
effect, with its arguments, and the caller sleeps until the supervisor lets it go on, answers in the
kernel's place, or kills it. It needs neither root nor ptrace, and survives exec(2).
"""

import ctypes
import os
import platform
from dataclasses import dataclass
from typing import Final

_NEW_LISTENER: Final = 8  # SECCOMP_FILTER_FLAG_NEW_LISTENER
_SET_MODE_FILTER: Final = 1
_SET_NO_NEW_PRIVS: Final = 38
_ALLOW: Final = 0x7FFF0000
_NOTIFY: Final = 0x7FC00000  # SECCOMP_RET_USER_NOTIF
_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_ANY_BIT: Final = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN: Final = 0x06
_NUMBER_AT: Final = 0  # offsets in struct seccomp_data
_ARGUMENTS_AT: Final = 16

_COLUMN: Final = {"x86_64": 0, "aarch64": 1}
_SECCOMP: Final = (317, 277)


@dataclass(frozen=True, slots=True)
class Shape:
    """Where a call has its file names.

    Attributes:
        numbers: On x86_64 and aarch64; None where the call does not exist.
        descriptors: Arguments that are descriptors of the file itself.
        paths: Pairs (descriptor of the folder or None, address of the name).
        flags: Argument with the flags of an open, of which only those that change are stopped.
    """

    numbers: tuple[int | None, int | None]
    descriptors: tuple[int, ...] = ()
    paths: tuple[tuple[int | None, int], ...] = ()
    flags: int | None = None


SHAPES: Final[dict[str, Shape]] = {
    "write": Shape((1, 64), descriptors=(0,)),
    "pwrite64": Shape((18, 68), descriptors=(0,)),
    "writev": Shape((20, 66), descriptors=(0,)),
    "pwritev": Shape((296, 70), descriptors=(0,)),
    "sendfile": Shape((40, 71), descriptors=(0,)),
    "copy_file_range": Shape((326, 285), descriptors=(2,)),
    "truncate": Shape((76, 45), paths=((None, 0),)),
    "ftruncate": Shape((77, 46), descriptors=(0,)),
    "fallocate": Shape((285, 47), descriptors=(0,)),
    "fsync": Shape((74, 82), descriptors=(0,)),
    "fdatasync": Shape((75, 83), descriptors=(0,)),
    "open": Shape((2, None), paths=((None, 0),), flags=1),
    "openat": Shape((257, 56), paths=((0, 1),), flags=2),
    "rename": Shape((82, None), paths=((None, 0), (None, 1))),
    "renameat": Shape((264, 38), paths=((0, 1), (2, 3))),
    "renameat2": Shape((316, 276), paths=((0, 1), (2, 3))),
    "link": Shape((86, None), paths=((None, 0), (None, 1))),
    "linkat": Shape((265, 37), paths=((0, 1), (2, 3))),
    "symlink": Shape((88, None), paths=((None, 1),)),
    "symlinkat": Shape((266, 36), paths=((1, 2),)),
    "unlink": Shape((87, None), paths=((None, 0),)),
    "unlinkat": Shape((263, 35), paths=((0, 1),)),
    "mkdir": Shape((83, None), paths=((None, 0),)),
    "mkdirat": Shape((258, 34), paths=((0, 1),)),
    "rmdir": Shape((84, None), paths=((None, 0),)),
    "chmod": Shape((90, None), paths=((None, 0),)),
    "fchmod": Shape((91, 52), descriptors=(0,)),
    "fchmodat": Shape((268, 53), paths=((0, 1),)),
    "chown": Shape((92, None), paths=((None, 0),)),
    "fchown": Shape((93, 55), descriptors=(0,)),
    "fchownat": Shape((260, 54), paths=((0, 1),)),
    "utimensat": Shape((280, 88), paths=((0, 1),)),
}
"""Every call that can change a file, its name or its attributes."""

CHANGING_FLAGS: Final = os.O_CREAT | os.O_TRUNC

_Instruction = tuple[int, int, int, int]


class _SockFilter(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("jt", ctypes.c_uint8),
        ("jf", ctypes.c_uint8),
        ("k", ctypes.c_uint32),
    )


class _SockFprog(ctypes.Structure):
    _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.POINTER(_SockFilter)))


def names() -> dict[int, str]:
    """Return the name of each call by its number on this processor."""
    column = _COLUMN[platform.machine()]
    numbered = ((shape.numbers[column], name) for name, shape in SHAPES.items())
    return {number: name for number, name in numbered if number is not None}


def stop_here() -> int:
    """Install the filter for this process and its future threads and children.

    Returns:
        The descriptor on which a supervisor is told of the calls.

    Raises:
        OSError: The kernel or the container does not allow it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    program = _program()
    filters = (_SockFilter * len(program))(*(_SockFilter(*line) for line in program))
    compiled = _SockFprog(len(program), filters)
    if libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no-new-privileges was refused")
    number = _SECCOMP[_COLUMN[platform.machine()]]
    listener = libc.syscall(
        ctypes.c_long(number),
        ctypes.c_ulong(_SET_MODE_FILTER),
        ctypes.c_ulong(_NEW_LISTENER),
        ctypes.byref(compiled),
    )
    if listener < 0:
        raise OSError(ctypes.get_errno(), "the filter with a listener was refused")
    return int(listener)


def _program() -> list[_Instruction]:
    """Return the filter as (code, jump if true, jump if false, constant)."""
    column = _COLUMN[platform.machine()]
    notify = (_RETURN, 0, 0, _NOTIFY)
    allow = (_RETURN, 0, 0, _ALLOW)
    lines: list[_Instruction] = [(_LOAD, 0, 0, _NUMBER_AT)]
    for shape in SHAPES.values():
        number = shape.numbers[column]
        if number is None:
            continue
        if shape.flags is None:
            lines += [(_EQUAL, 0, 1, number), notify]
        else:
            flags_at = _ARGUMENTS_AT + 8 * shape.flags
            lines += [
                (_EQUAL, 0, 4, number),
                (_LOAD, 0, 0, flags_at),
                (_ANY_BIT, 0, 1, CHANGING_FLAGS),
                notify,
                allow,
            ]
    return [*lines, allow]
