"""Landlock: a process gives up the file system, but for what it is granted here.

Source: https://docs.kernel.org/userspace-api/landlock.html and landlock(7). The numbers of the
three calls are the same on every processor.
"""

import contextlib
import ctypes
import os
import stat
from collections.abc import Iterable
from typing import Final

from docsorter.pages.sandbox import libc

_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_VERSION_FLAG: Final = 1
_RULE_PATH_BENEATH: Final = 1

_EXECUTE: Final = 1 << 0
_WRITE_FILE: Final = 1 << 1
_READ_FILE: Final = 1 << 2
_READ_DIR: Final = 1 << 3
_FILE_RIGHTS: Final = _EXECUTE | _WRITE_FILE | _READ_FILE
# Rights known to each ABI version: all are taken away, few are given back.
_RIGHTS_BY_ABI: Final = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 4: 0x7FFF, 5: 0xFFFF}
_ABI_WITH_TCP: Final = 4
_ABI_WITH_SCOPES: Final = 6
_BIND_AND_CONNECT_TCP: Final = 0b11
_ABSTRACT_SOCKETS_AND_SIGNALS: Final = 0b11


class _RulesetAttr(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathBeneathAttr(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def abi_version() -> int:
    """Return the Landlock ABI version of the running kernel, >= 1.

    Raises:
        OSError: ENOSYS: too old a kernel; EOPNOTSUPP: switched off at boot; EPERM: a system call
            filter around the service leaves `landlock_*` out.
    """
    return libc.syscall("landlock_create_ruleset", _CREATE_RULESET, None, 0, _VERSION_FLAG)


def describe(abi: int) -> str:
    """Say what a version shuts."""
    parts = ["files"]
    if abi >= _ABI_WITH_TCP:
        parts.append("TCP")
    if abi >= _ABI_WITH_SCOPES:
        parts.append("signals and abstract sockets of other processes")
    return f"active (ABI {abi}): {', '.join(parts)}"


def restrict(
    abi: int, *, read: Iterable[str], read_fds: Iterable[int], write: Iterable[str]
) -> None:
    """Shut this process and all it will start in; needs no-new-privileges to be set.

    Args:
        abi: What `abi_version` said.
        read: Directories and files to read and execute; what does not exist is left out.
        read_fds: Open files that may be opened again for reading.
        write: Files that may also be written.

    Raises:
        OSError: A call failed; nothing is restricted then.
    """
    rights = _RIGHTS_BY_ABI[min(abi, max(_RIGHTS_BY_ABI))]
    attr = _RulesetAttr(
        rights,
        _BIND_AND_CONNECT_TCP if abi >= _ABI_WITH_TCP else 0,
        _ABSTRACT_SOCKETS_AND_SIGNALS if abi >= _ABI_WITH_SCOPES else 0,
    )
    size = 24 if abi >= _ABI_WITH_SCOPES else 16 if abi >= _ABI_WITH_TCP else 8
    ruleset = libc.syscall(
        "landlock_create_ruleset", _CREATE_RULESET, ctypes.byref(attr), ctypes.c_size_t(size), 0
    )
    try:
        for path in read:
            _allow_path(ruleset, path, _EXECUTE | _READ_FILE | _READ_DIR)
        for path in write:
            _allow_path(ruleset, path, _READ_FILE | _WRITE_FILE)
        for descriptor in read_fds:
            _allow(ruleset, descriptor, _READ_FILE)
        libc.syscall("landlock_restrict_self", _RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow_path(ruleset: int, path: str, rights: int) -> None:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            directory = stat.S_ISDIR(os.fstat(descriptor).st_mode)
            _allow(ruleset, descriptor, rights if directory else rights & _FILE_RIGHTS)
        finally:
            os.close(descriptor)


def _allow(ruleset: int, descriptor: int, rights: int) -> None:
    attr = _PathBeneathAttr(rights, descriptor)
    libc.syscall("landlock_add_rule", _ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(attr), 0)
