"""What of the sandbox works here, found out by trying it in processes that are thrown away."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from docsorter.pages.sandbox import landlock, libc, seccomp
from docsorter.pages.sandbox.confine import Features, readable_paths, restrict_files

_TRYING: Final = "trying"
_SEPARATOR: Final = "\t"


def examine() -> tuple[Features, dict[str, str]]:
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
    readable_paths()
    seccomp.supported()
    landlock_works = report["landlock"].startswith("active")
    features = Features(
        landlock_abi=landlock.abi_version() if landlock_works else 0,
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
    libc.prctl(libc.PR_SET_NO_NEW_PRIVS, 1)
    return "active"


def _try_landlock() -> str:
    abi = landlock.abi_version()
    with Path(os.devnull).open("rb") as file:
        restrict_files(abi, file.fileno())
    return landlock.describe(abi)


def _try_capabilities() -> str:
    libc.drop_capabilities()
    return "active: all given up but reading the document"


def _try_seccomp() -> str:
    if not seccomp.supported():
        return "not available: no filter for this processor"
    seccomp.restrict()
    return "active: no sockets, no other processes, no change of owners or modes"
