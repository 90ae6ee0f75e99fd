"""The systemd unit of a workspace: the shipped template with that workspace's own lines.

A unit is written per workspace and not one `docsorter@.service` for all of them, since the roots
of a workspace may be anywhere, and `%i` can name but one folder that may be written to.
"""

import hashlib
import math
import re
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url

from docsorter.configuration import FILE_NAME, Configuration
from docsorter.documents import Place
from docsorter.errors import UsageError, WorkspaceError
from docsorter.resources import systemd_dir

TEMPLATE = "docsorter.service"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_MARK = "# Written by docsorter service install; sha256 of the rest: "
_WORKSPACE = "# Workspace: "
_HOMES = (Path("/home"), Path("/root"), Path("/run/user"))
_REPLACED = (Path("/tmp"), Path("/var/tmp"), Path("/dev"), Path("/proc"), Path("/sys"))  # noqa: S108
_DRAIN_GRACE = 60  # seconds beyond two tries to read a document


@dataclass(frozen=True, slots=True)
class Account:
    """Who the daemon is.

    Attributes:
        user: Unix user.
        group: Its primary group while it runs: the reviewers', where there are any.
    """

    user: str
    group: str


def unit_name(name: str) -> str:
    """Return the file name of a unit: docsorter.service, or docsorter-NAME.service.

    Raises:
        UsageError: The name holds what a unit's name cannot.
    """
    if not name:
        return TEMPLATE
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot be part of a unit's name", remedy="use letters, digits, - and _"
        )
    return f"docsorter-{name}.service"


def roots(configuration: Configuration) -> list[Path]:
    """Return the folders that the daemon writes to, none inside another.

    The workspace stands for all that is in it: each folder named here is a mount of its own, and
    between mounts a document is copied instead of renamed.
    """
    wanted = [configuration.workspace, configuration.state, *map(configuration.root, Place)]
    kept: list[Path] = []
    resolved = {path.resolve() for path in wanted}
    for path in sorted(resolved, key=lambda path: (len(path.parts), path)):
        if not any(path.is_relative_to(other) for other in kept):
            kept.append(path)
    return kept


def render(configuration: Configuration, account: Account, prefix: Path, used: list[Path]) -> str:
    """Return the text of the unit for a workspace.

    Args:
        configuration: The workspace.
        account: Who the daemon is.
        prefix: Environment that has bin/docsorter.
        used: Other folders that the program is loaded from.

    Raises:
        WorkspaceError: A root is where a service cannot see it, or has no name a unit can hold.
    """
    folders = roots(configuration)
    for folder in (*folders, prefix):
        _refuse_unseen(folder)
    if any(prefix.is_relative_to(folder) for folder in folders):
        raise WorkspaceError(
            f"the program {prefix} lies in the workspace, where the service may run nothing",
            remedy="install docsorter elsewhere, e.g. in /opt/docsorter",
        )
    workspace = configuration.workspace.resolve()
    limit = configuration.settings.pages.time_limit_seconds
    listed = " ".join(map(quoted, folders))
    lines = {
        "Description": f"docsorter: sorts the scans of {_escaped(workspace)}",
        "RequiresMountsFor": listed,
        "User": account.user,
        "Group": account.group,
        "ExecStart": f"{_command(prefix / 'bin/docsorter')} run {_command(workspace)}",
        "TimeoutStopSec": str(math.ceil(2 * limit) + _DRAIN_GRACE),
        "ProtectHome": "read-only" if any(map(_in_a_home, [*folders, *used, prefix])) else "yes",
        "ReadWritePaths": listed,
        "ReadOnlyPaths": quoted(workspace / FILE_NAME, "-"),
        "NoExecPaths": listed,
    }
    if make_url(configuration.store_url).get_backend_name() != "sqlite":
        lines |= {
            "PrivateNetwork": "no",
            "IPAddressDeny": "",
            "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6",
        }
    text = _replace((systemd_dir() / TEMPLATE).read_text(encoding="utf-8"), lines)
    body = f"{_WORKSPACE}{workspace}\n{text}"
    return f"{_MARK}{_digest(body)}\n{body}"


def _replace(template: str, lines: dict[str, str]) -> str:
    for key, value in lines.items():
        before, found, after = template.partition(f"\n{key}=")
        assert found, f"{TEMPLATE} has no line {key}="
        template = f"{before}{found}{value}\n{after.partition(chr(10))[2]}"
    return template


def is_ours(text: str) -> bool:
    """Say whether a unit was written by the install command."""
    return text.startswith(_MARK)


def is_unchanged(text: str) -> bool:
    """Say whether a unit is as the install command wrote it."""
    mark, _, body = text.partition("\n")
    return mark == f"{_MARK}{_digest(body)}"


def workspace_of(text: str) -> str:
    """Return the workspace a unit was written for, "" when it does not say."""
    found = re.search(rf"^{_WORKSPACE}(.*)$", text, re.MULTILINE)
    return found[1] if found else ""


def quoted(path: Path, prefix: str = "") -> str:
    """Return a path as a word of a unit file: quotes for spaces, %% for % (systemd.syntax(7))."""
    text = _escaped(path)
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f"{prefix}{text}" if re.fullmatch(r"[\w/.,:@%+=-]+", text) else f'"{prefix}{escaped}"'


def _command(path: Path) -> str:
    return quoted(path).replace("$", "$$")  # ExecStart= also knows variables


def _escaped(path: Path) -> str:
    text = str(path)
    if not text.isprintable():
        raise WorkspaceError(
            f"{text!r} has characters that a unit file cannot hold", remedy="rename that folder"
        )
    return text.replace("%", "%%")


def _refuse_unseen(folder: Path) -> None:
    for gone in _REPLACED:
        if folder.is_relative_to(gone):
            raise WorkspaceError(
                f"{folder} lies in {gone}, of which the service has a private one",
                remedy="move it, e.g. to /srv, and a program to /opt",
            )


def _in_a_home(path: Path) -> bool:
    return any(path.is_relative_to(home) for home in _HOMES)


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()
