"""Puts a process under what a unit file asks of systemd, where systemd itself does not run.

The lists of calls come from `systemd-analyze syscall-filter`, the filter is made by libseccomp, as
systemd makes its own: what is tested is the unit's text, not a copy of it.
"""

import ctypes
import functools
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

PROGRAM = shutil.which("systemd-analyze")
LIBRARY = "libseccomp.so.2"  # what systemd-analyze itself is linked to

_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_EPERM, _ENOSYS, _EAFNOSUPPORT = 1, 38, 97
_NOT_EQUAL, _EQUAL, _MASKED_EQUAL = 1, 4, 7
_WRITE_EXEC, _EXEC, _SHM_EXEC = 0x6, 0x4, 0x8000
_NAMESPACES = (0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000, 0x00020000)
_AF_UNIX = 1
_CAP_LAST = 63
_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 24, 38


class _Argument(ctypes.Structure):
    _fields_ = (
        ("index", ctypes.c_uint),
        ("operation", ctypes.c_int),
        ("a", ctypes.c_uint64),
        ("b", ctypes.c_uint64),
    )


class Unit:
    """The settings of a unit file that a process can be put under by itself."""

    def __init__(self, path: Path) -> None:
        self._lines = path.read_text(encoding="utf-8").splitlines()

    def all(self, key: str) -> list[str]:
        prefix = f"{key}="
        return [line.removeprefix(prefix) for line in self._lines if line.startswith(prefix)]

    def value(self, key: str) -> str:
        return self.all(key)[-1]

    def calls(self) -> frozenset[str]:
        """Return the names of the allowed system calls: first line allows, "~" takes away."""
        allowed: set[str] = set()
        for line in self.all("SystemCallFilter"):
            names = set(_expanded(line.removeprefix("~").split()))
            allowed = allowed - names if line.startswith("~") else allowed | names
        return frozenset(allowed | set(_expanded(["@default"])))


@functools.cache
def _group(name: str) -> tuple[str, ...]:
    assert PROGRAM is not None
    shown = subprocess.run(
        [PROGRAM, "syscall-filter", name], capture_output=True, text=True, check=True
    )
    words = (line.strip() for line in shown.stdout.splitlines()[1:])
    return tuple(word for word in words if word and not word.startswith("#"))


def _expanded(names: list[str]) -> Iterator[str]:
    for name in names:
        if name.startswith("@"):
            yield from _expanded(list(_group(name)))
        else:
            yield name


class _Filter:
    def __init__(self, library: ctypes.CDLL, default: int) -> None:
        self._library = library
        library.seccomp_init.restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(default)))

    def add(self, call: str, action: int, *arguments: tuple[int, int, int, int]) -> None:
        number = self._library.seccomp_syscall_resolve_name(call.encode())
        if number == -1:  # this libseccomp is older than the call, as systemd would find out too
            return
        compared = (_Argument * len(arguments))(*(_Argument(*row) for row in arguments))
        result = self._library.seccomp_rule_add_array(
            self._context, ctypes.c_uint32(action), number, len(arguments), compared
        )
        assert result == 0, (call, os.strerror(-result))

    def load(self) -> None:
        result = self._library.seccomp_load(self._context)
        assert result == 0, os.strerror(-result)


def confine(unit: Unit, calls: frozenset[str], *, uid: int | None, gid: int | None) -> None:
    """Shut the calling process in, for good; with `uid` it also changes its user (as root)."""
    library = ctypes.CDLL(LIBRARY)
    os.umask(int(unit.value("UMask"), 8))
    libc = ctypes.CDLL(None, use_errno=True)
    if uid is not None and gid is not None:
        assert unit.value("CapabilityBoundingSet") == ""
        for capability in range(_CAP_LAST + 1):
            libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
        os.setgroups([gid])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    assert unit.value("NoNewPrivileges") == "yes"
    assert libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    _arguments_filter(unit, library).load()
    assert unit.value("SystemCallErrorNumber") == "EPERM"
    allowing = _Filter(library, _ERRNO | _EPERM)
    for call in sorted(calls):
        allowing.add(call, _ALLOW)
    allowing.load()


def _arguments_filter(unit: Unit, library: ctypes.CDLL) -> _Filter:
    """Return the filter that looks at arguments, as src/shared/seccomp-util.c describes it."""
    denying = _Filter(library, _ALLOW)
    deny = _ERRNO | _EPERM
    if unit.value("MemoryDenyWriteExecute") == "yes":
        denying.add("mmap", deny, (2, _MASKED_EQUAL, _WRITE_EXEC, _WRITE_EXEC))
        denying.add("mprotect", deny, (2, _MASKED_EQUAL, _EXEC, _EXEC))
        denying.add("pkey_mprotect", deny, (2, _MASKED_EQUAL, _EXEC, _EXEC))
        denying.add("shmat", deny, (2, _MASKED_EQUAL, _SHM_EXEC, _SHM_EXEC))
    if unit.value("RestrictNamespaces") == "yes":
        denying.add("clone3", _ERRNO | _ENOSYS)
        denying.add("setns", deny)
        for flag in _NAMESPACES:
            denying.add("clone", deny, (0, _MASKED_EQUAL, flag, flag))
            denying.add("unshare", deny, (0, _MASKED_EQUAL, flag, flag))
    if unit.value("RestrictAddressFamilies") == "AF_UNIX":
        denying.add("socket", _ERRNO | _EAFNOSUPPORT, (0, _NOT_EQUAL, _AF_UNIX, 0))
    if unit.value("RestrictRealtime") == "yes":
        for policy in (1, 2, 6):  # SCHED_FIFO, SCHED_RR, SCHED_DEADLINE
            denying.add("sched_setscheduler", deny, (1, _EQUAL, policy, 0))
    if unit.value("RestrictSUIDSGID") == "yes":
        for call, index in (("chmod", 1), ("fchmod", 1), ("fchmodat", 2), ("mkdir", 1)):
            for bit in (0o4000, 0o2000):
                denying.add(call, deny, (index, _MASKED_EQUAL, bit, bit))
    return denying
