"""Linux calls that the sandbox needs, through ctypes: capabilities, Landlock, seccomp.

Landlock: https://docs.kernel.org/userspace-api/landlock.html and landlock(7); the numbers of its
three calls are the same on every processor. seccomp: classic BPF as in seccomp(2); everything that
reading a document needs stays allowed, and what is denied answers EPERM, so that a library can fall
back instead of dying.
"""

import contextlib
import ctypes
import os
import platform
import stat
from collections.abc import Iterable
from functools import cache
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


def _syscall(name: str, number: int, *arguments: object) -> int:
    """Make a system call.

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
    return _syscall("landlock_create_ruleset", _CREATE_RULESET, None, 0, _VERSION_FLAG)


def describe(abi: int) -> str:
    """Say what a Landlock version restricts."""
    parts = ["files"]
    if abi >= _ABI_WITH_TCP:
        parts.append("TCP")
    if abi >= _ABI_WITH_SCOPES:
        parts.append("signals and abstract sockets of other processes")
    return f"active (ABI {abi}): {', '.join(parts)}"


def restrict_files_to(
    abi: int, *, read: Iterable[str], read_fds: Iterable[int], write: Iterable[str]
) -> None:
    """Restrict this process and all it will start; needs no-new-privileges to be set.

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
    ruleset = _syscall(
        "landlock_create_ruleset", _CREATE_RULESET, ctypes.byref(attr), ctypes.c_size_t(size), 0
    )
    try:
        for path in read:
            _allow_path(ruleset, path, _EXECUTE | _READ_FILE | _READ_DIR)
        for path in write:
            _allow_path(ruleset, path, _READ_FILE | _WRITE_FILE)
        for descriptor in read_fds:
            _allow(ruleset, descriptor, _READ_FILE)
        _syscall("landlock_restrict_self", _RESTRICT_SELF, ruleset, 0)
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
    _syscall("landlock_add_rule", _ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(attr), 0)


_SECCOMP_MODE_FILTER: Final = 2
_ALLOW: Final = 0x7FFF0000
_KILL_PROCESS: Final = 0x80000000
_ERRNO: Final = 0x00050000
_EPERM: Final = 1
_ENOSYS: Final = 38
_SIGABRT: Final = 6

_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_AT_LEAST: Final = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_ANY_BIT: Final = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN: Final = 0x06  # BPF_RET | BPF_K
_NUMBER_AT: Final = 0  # offsets in struct seccomp_data
_ARCH_AT: Final = 4
_ARGUMENTS_AT: Final = 16

_NAMESPACES: Final = 0x7E020000  # CLONE_NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID ...
_X32: Final = 0x40000000

_AUDIT_ARCH: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_COLUMN: Final = {"x86_64": 0, "aarch64": 1}
# Call: (number on x86_64, number on aarch64); None where it does not exist.
_CLONE: Final = (56, 220)
_CLONE3: Final = (435, 435)
_TGKILL: Final = (234, 131)
_DENIED: Final[dict[str, tuple[int, int | None]]] = {
    # the network, and sockets of other services
    "socket": (41, 198), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201),
    "accept": (43, 202), "accept4": (288, 242),
    # other processes; leaving the process group that is killed at the time limit
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "process_madvise": (440, 440), "pidfd_getfd": (438, 438), "kill": (62, 129),
    "tkill": (200, 130), "pidfd_send_signal": (424, 424), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240), "setpgid": (109, 154), "setsid": (112, 157),
    # owners, modes, times and attributes, which Landlock does not cover
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "lchown": (94, None), "fchown": (93, 55), "fchownat": (260, 54),
    "utime": (132, None), "utimes": (235, None), "futimesat": (261, None),
    "utimensat": (280, 88), "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7),
    "setxattrat": (463, 463), "removexattr": (197, 14), "lremovexattr": (198, 15),
    "fremovexattr": (199, 16), "removexattrat": (466, 466), "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    # parts of the kernel that a decoder has no business with
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39),
    "move_mount": (429, 429), "open_tree": (428, 428), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "mount_setattr": (442, 442), "pivot_root": (155, 41), "chroot": (161, 51),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "personality": (135, 92),
    "syslog": (103, 116),
}  # fmt: skip

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


def supported() -> bool:
    """Whether the numbers of this processor's system calls are known here; prepares the filter."""
    return platform.machine() in _AUDIT_ARCH and bool(_compiled())


def restrict_system_calls() -> None:
    """Install the filter for this process and all it will start; needs no-new-privileges.

    Raises:
        OSError: The kernel refused it.
    """
    prctl(PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(_compiled()))


@cache
def _compiled() -> _SockFprog:
    program = _program(platform.machine())
    filters = (_SockFilter * len(program))(*(_SockFilter(*line) for line in program))
    return _SockFprog(len(program), filters)


def _program(machine: str) -> list[_Instruction]:
    """Return the filter as (code, jump if true, jump if false, constant)."""
    column = _COLUMN[machine]
    numbers = [row[column] for row in _DENIED.values()]
    denied = [number for number in numbers if number is not None]
    deny = (_RETURN, 0, 0, _ERRNO | _EPERM)
    allow = (_RETURN, 0, 0, _ALLOW)
    return [
        (_LOAD, 0, 0, _ARCH_AT),
        (_EQUAL, 1, 0, _AUDIT_ARCH[machine]),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_AT_LEAST, 0, 1, _X32),
        deny,
        # clone3 passes its flags behind a pointer; without it libc falls back to clone.
        (_EQUAL, 0, 1, _CLONE3[column]),
        (_RETURN, 0, 0, _ERRNO | _ENOSYS),
        *(line for number in denied for line in ((_EQUAL, 0, 1, number), deny)),
        (_EQUAL, 0, 4, _CLONE[column]),
        (_LOAD, 0, 0, _ARGUMENTS_AT),
        (_ANY_BIT, 0, 1, _NAMESPACES),
        deny,
        allow,
        # abort() sends itself SIGABRT; no other signal is anybody's business.
        (_EQUAL, 0, 3, _TGKILL[column]),
        (_LOAD, 0, 0, _ARGUMENTS_AT + 16),
        (_EQUAL, 1, 0, _SIGABRT),
        deny,
        allow,
    ]
