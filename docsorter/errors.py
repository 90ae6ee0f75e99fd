"""Every error a user can meet, as one tree; the class carries the exit code.

    DocsorterError                  1   anything below that has no code of its own
    ├── UsageError                  2   the command line asks for something impossible
    ├── SettingsError               3   docsorter.toml, environment or flags are wrong
    ├── WorkspaceError              4   the workspace is missing, overlaps itself or is not ours
    │   └── AlreadyRunningError     5   another daemon holds this workspace
    ├── StoreError                  6   the database is missing, newer, locked or damaged
    ├── ModelError                  7   the model bundle is missing, damaged or answers differently
    ├── NotFoundError               8   no such document, review entry or label
    ├── ConflictError               9   somebody else was faster, or the file changed since
    ├── DependencyError            10   a program or library that is needed is not installed
    ├── EnvironmentFaultError      11   disk full, share gone, permission lost: wait and try again
    └── DocumentError              12   the file itself cannot be sorted (carries its reason)

`verify` exits with 13 when something is found that is not as it should be.
`sort` exits with 12 when at least one file was rejected. Signals keep the shell's convention:
130 after Ctrl-C, 143 after SIGTERM, unless the daemon drained, which is 0.
"""

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """Exit codes of the `docsorter` command; documented in docs/run/troubleshooting.md."""

    OK = 0
    FAILED = 1
    USAGE = 2
    SETTINGS = 3
    WORKSPACE = 4
    ALREADY_RUNNING = 5
    STORE = 6
    MODEL = 7
    NOT_FOUND = 8
    CONFLICT = 9
    DEPENDENCY = 10
    ENVIRONMENT = 11
    DOCUMENT = 12
    FINDINGS = 13


class DocsorterError(Exception):
    """Base of all errors shown to a user.

    Args:
        message: What happened and why, one line, no full stop at the end.
        remedy: What the reader can do about it, one line; empty when nothing can be done.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} ({self.remedy})" if self.remedy else self.message


class UsageError(DocsorterError):
    """The command line asks for something impossible."""

    exit_code = ExitCode.USAGE


class SettingsError(DocsorterError):
    """A setting has a wrong value, or settings contradict each other."""

    exit_code = ExitCode.SETTINGS


class WorkspaceError(DocsorterError):
    """The workspace is missing, overlaps itself, or is not a workspace."""

    exit_code = ExitCode.WORKSPACE


class AlreadyRunningError(WorkspaceError):
    """Another daemon holds the lock of this workspace."""

    exit_code = ExitCode.ALREADY_RUNNING


class StoreError(DocsorterError):
    """The database cannot be opened, read or written as it must be."""

    exit_code = ExitCode.STORE


class ModelError(DocsorterError):
    """The model bundle cannot be trusted or run."""

    exit_code = ExitCode.MODEL


class NotFoundError(DocsorterError):
    """No document, review entry or label goes by that name."""

    exit_code = ExitCode.NOT_FOUND


class ConflictError(DocsorterError):
    """The thing asked for was overtaken: an expired lease, a file moved by hand."""

    exit_code = ExitCode.CONFLICT


class DependencyError(DocsorterError):
    """A program or library that is needed is not installed."""

    exit_code = ExitCode.DEPENDENCY


class EnvironmentFaultError(DocsorterError):
    """The environment fails, not the document: pause, keep everything, try again.

    Args:
        message: What fails.
        remedy: What an administrator can do about it.
        code: A value of `docsorter.documents.ReasonCode`, as text; "" where the OSError that is
            the cause says it.
    """

    exit_code = ExitCode.ENVIRONMENT

    def __init__(self, message: str, *, remedy: str = "", code: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.code = code


class DocumentError(DocsorterError):
    """The file itself cannot be sorted.

    Args:
        code: A value of `docsorter.documents.ReasonCode`, as text: this module stays lowest.
        message: What is wrong with the file.
        remedy: What the sender can do about it.
    """

    exit_code = ExitCode.DOCUMENT

    def __init__(self, code: str, message: str, *, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.code = code


def missing_extra(what: str, libraries: str, instead: str = "") -> DependencyError:
    """Return the error for what takes libraries of the extra `train`, which are not installed.

    Args:
        what: Takes them, e.g. "training".
        libraries: Their names.
        instead: What else could be done.
    """
    return DependencyError(
        f"{what} takes libraries that are not installed: {libraries}",
        remedy="in the clone: pip install '.[train]'; from a wheel: "
        f"pip install './docsorter-VERSION-py3-none-any.whl[train]'{instead}",
    )
