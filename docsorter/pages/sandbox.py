"""Confines a child before it reads the first byte of a document, and tells what of that works here.

All of it works without root; what the kernel lacks is reported.
"""

import contextlib
import math
import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import PIL

from docsorter.pages import kernel

_OPEN_FILES: Final = 64
_SYSTEM_PATHS: Final = (
    "/usr",
    "/lib",
    "/lib64",
    "/bin",
    "/nix/store",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/ld.so.preload",
    "/etc/localtime",
    "/var/cache/fontconfig",
    "/dev/urandom",
)
_WRITABLE_PATHS: Final = ("/dev/null",)
_TRYING: Final = "trying"
_SEPARATOR: Final = "\t"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one child may use.

    Attributes:
        seconds: CPU time of each process, wall clock being watched from outside.
        memory: Address space of each process, bytes.
        output: Largest file it may write, bytes: its result.
    """

    seconds: float
    memory: int
    output: int


@dataclass(frozen=True, slots=True)
class KernelFeatures:
    """What this kernel lets a process without privileges give up.

    Attributes:
        landlock_abi: Version of Landlock, 0 when there is none.
        seccomp: Whether the system call filter can be installed.
        capabilities: Whether root's privileges can be given up.
    """

    landlock_abi: int
    seccomp: bool
    capabilities: bool


def confine(features: KernelFeatures, limits: Limits, *, server: int, document: int) -> None:
    """Confine this process and everything it will start; there is no way back.

    Raises:
        OSError: A feature that was there when the server started is refused now.
    """
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != server:
        os._exit(1)  # it died before it could be watched
    _set_limits(limits)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    if features.landlock_abi:
        _restrict_files(features.landlock_abi, document)
    if features.capabilities:
        kernel.drop_capabilities()
    if features.seccomp:
        kernel.restrict_system_calls()


def _set_limits(limits: Limits) -> None:
    """Set the resource limits of this process.

    RLIMIT_NPROC is left alone: it counts every process of the user, not those of this child, so
    that a low limit fails at random. The group is killed as one at the time limit instead.
    """
    seconds = math.ceil(limits.seconds) + 1
    for kind, limit in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, limits.output),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        value = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (value, value))


def _restrict_files(abi: int, document: int) -> None:
    """Give up the file system but for programs, libraries, fonts and the one document."""
    kernel.restrict_files_to(
        abi, read=_readable_paths(), read_fds=[document], write=_WRITABLE_PATHS
    )


@cache
def _readable_paths() -> tuple[str, ...]:
    """Return what programs and libraries are loaded from; never the root of the file system.

    Resolved, and each once: what lies beneath another is granted with it, and every child pays for
    every rule that it makes.
    """
    package = str(Path(__file__).resolve().parent.parent.parent)
    installed = str(Path(PIL.__file__).resolve().parent.parent)
    programs = [shutil.which("pdftoppm"), shutil.which("tesseract")]
    prefixes = [str(Path(found).resolve().parent.parent) for found in programs if found]
    named = [os.environ.get("TESSDATA_PREFIX", "")]
    named += os.environ.get("LD_LIBRARY_PATH", "").split(":")
    paths = (*_SYSTEM_PATHS, sys.prefix, sys.base_prefix, package, installed, *prefixes, *named)
    given = {Path(path).resolve() for path in paths if path not in {"", "/"}} - {Path("/")}
    return tuple(sorted(str(path) for path in given if given.isdisjoint(path.parents)))


def offer_to_memory_killer() -> None:
    """Let the kernel kill this process and its children first when memory runs out."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def examine() -> tuple[KernelFeatures, dict[str, str]]:
    """Return what works, for the children, and the same in words, for people.

    A service manager's filter may answer a forbidden call by killing. What was said before tells
    which call that was, and the next process leaves it out.
    """
    killed: set[str] = set()
    report = _in_a_process(killed)
    while _TRYING in report.values():
        killed |= {name for name, said in report.items() if said == _TRYING}
        report = _in_a_process(killed)
    # Prepared once, before the first fork.
    _readable_paths()
    kernel.supported()
    landlock_works = report["landlock"].startswith("active")
    features = KernelFeatures(
        landlock_abi=kernel.abi_version() if landlock_works else 0,
        seccomp=report["seccomp"].startswith("active"),
        capabilities=report["capabilities"].startswith("active"),
    )
    report["limits"] = "active: memory, processor time, wall clock, file size, open files, no cores"
    report["poppler"] = shutil.which("pdftoppm") or "not installed: apt install poppler-utils"
    return features, report


def _in_a_process(skip: set[str]) -> dict[str, str]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            _try_all(lambda *line: os.write(writing, f"{_SEPARATOR.join(line)}\n".encode()), skip)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as lines:
        report = dict(line.rstrip("\n").split(_SEPARATOR, 1) for line in lines)
    os.waitpid(pid, 0)
    return report


def _try_all(say: Callable[[str, str], object], skip: set[str]) -> None:
    attempts: tuple[tuple[str, Callable[[], str]], ...] = (
        ("no_new_privs", _try_no_new_privileges),
        ("landlock", _try_landlock),
        ("capabilities", _try_capabilities),
        ("seccomp", _try_seccomp),
    )
    for name, attempt in attempts:
        if name in skip:
            say(name, "not available: a system call filter around this program kills it")
            continue
        say(name, _TRYING)
        try:
            say(name, attempt())
        except OSError as error:
            say(name, f"not available: {error.strerror}")


def _try_no_new_privileges() -> str:
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    return "active"


def _try_landlock() -> str:
    abi = kernel.abi_version()
    with Path(os.devnull).open("rb") as file:
        _restrict_files(abi, file.fileno())
    return kernel.describe(abi)


def _try_capabilities() -> str:
    kernel.drop_capabilities()
    return "active: all given up but reading the document"


def _try_seccomp() -> str:
    if not kernel.supported():
        return "not available: no filter for this processor"
    kernel.restrict_system_calls()
    return "active: no sockets, no other processes, no change of owners or modes"
