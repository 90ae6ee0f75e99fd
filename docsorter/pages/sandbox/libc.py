"""System calls that Python has no function for."""

import ctypes
import os
from typing import Final

PR_SET_PDEATHSIG: Final = 1
PR_SET_SECCOMP: Final = 22
PR_SET_CHILD_SUBREAPER: Final = 36
PR_SET_NO_NEW_PRIVS: Final = 38

_CAPABILITY_VERSION_3: Final = 0x20080522
_CAP_DAC_READ_SEARCH: Final = 2
# capget(2) and capset(2) have numbers of their own on each processor; libc exports both by name.

_libc = ctypes.CDLL(None, use_errno=True)


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapabilityData(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def _checked(result: int, call: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")
    return result


def syscall(name: str, number: int, *arguments: object) -> int:
    """Make a system call.

    Args:
        name: For the message of an error.
        number: Of the call, on this processor.
        arguments: `ctypes` values or integers.

    Returns:
        What the call returned, >= 0.

    Raises:
        OSError: The call failed; carries its `errno`.
    """
    words = [
        ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments
    ]
    return _checked(_libc.syscall(ctypes.c_long(number), *words), name)


def prctl(option: int, *arguments: object) -> None:
    """Set an attribute of this process; arguments left out are zero.

    Raises:
        OSError: The call failed.
    """
    words = [
        ctypes.c_ulong(argument) if isinstance(argument, int) else argument
        for argument in (*arguments, 0, 0, 0, 0)[:4]
    ]
    _checked(_libc.prctl(ctypes.c_int(option), *words), "prctl")


def drop_capabilities() -> None:
    """Give up every capability but reading files of other owners, which root may have needed.

    A child of a root daemon reopens the document by its descriptor; without CAP_DAC_READ_SEARCH it
    could not open a scan that belongs to somebody else. Landlock keeps that to the one document.

    Raises:
        OSError: The call failed.
    """
    header = _CapabilityHeader(_CAPABILITY_VERSION_3, 0)
    data = (_CapabilityData * 2)()
    _checked(_libc.capget(ctypes.byref(header), ctypes.byref(data)), "capget")
    kept = data[0].permitted & (1 << _CAP_DAC_READ_SEARCH)
    data[0] = _CapabilityData(kept, kept, 0)
    data[1] = _CapabilityData(0, 0, 0)
    _checked(_libc.capset(ctypes.byref(header), ctypes.byref(data)), "capset")
