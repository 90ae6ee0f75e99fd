"""The daemon under systemd: its unit, installing it, and telling the service manager how it is.

A unit is written per workspace and not one `docsorter@.service` for all of them, since the roots
of a workspace may be anywhere, and `%i` can name but one folder that may be written to.
"""

import grp
import hashlib
import math
import os
import pwd
import re
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url

from docsorter.configuration import FILE_NAME, Configuration
from docsorter.documents import Place
from docsorter.errors import (
    ConflictError,
    DependencyError,
    EnvironmentFaultError,
    NotFoundError,
    SettingsError,
    UsageError,
    WorkspaceError,
)
from docsorter.filesystem import Disk, environment_reason
from docsorter.resources import systemd_dir

TEMPLATE = "docsorter.service"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_MARK = "# Written by docsorter service install; sha256 of the rest: "
_WORKSPACE = "# Workspace: "
_HOMES = (Path("/home"), Path("/root"), Path("/run/user"))
_REPLACED = (Path("/tmp"), Path("/var/tmp"), Path("/dev"), Path("/proc"), Path("/sys"))  # noqa: S108
_DRAIN_GRACE = 60  # seconds beyond two tries to read a document
_RUNS = Path("/run/systemd/system")  # sd_booted(3)
_SECONDS = 330  # a start may take as long as TimeoutStartSec= says, and a little
_FOLDER = "etc/systemd/system"
_MODE = 0o644
_PATIENCE = 0.2  # seconds


@dataclass(frozen=True, slots=True)
class Account:
    """Who the daemon is."""

    user: str
    group: str


def unit_name(name: str) -> str:
    """Return the file name of a unit: docsorter.service, or docsorter-NAME.service."""
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


def program(prefix: Path) -> Path:
    """Return the environment that the unit starts docsorter from, checked."""
    command = prefix / "bin/docsorter"
    if not os.access(command, os.X_OK):
        raise DependencyError(
            f"there is no command {command}",
            remedy="install docsorter as a package, and use the command of that place",
        )
    return prefix


def account(configuration: Configuration, user: str, group: str) -> Account:
    """Return who the daemon is to be, checked.

    Args:
        configuration: The workspace.
        user: Unix user; "" for the owner of the state folder.
        group: Unix group; "" for the reviewers' group, else the user's own.

    Raises:
        SettingsError: There is no such user or group.
        UsageError: The user is root, which the daemon has no need of.
        WorkspaceError: The state folder is missing or belongs to somebody else.
    """
    try:
        owner = configuration.state.stat().st_uid
    except OSError as error:
        raise WorkspaceError(
            f"the state folder {configuration.state} cannot be read: {error.strerror}",
            remedy=f"complete the workspace with: docsorter init {configuration.workspace}",
        ) from error
    entry = _user(user, owner)
    if entry.pw_uid == 0:
        raise UsageError(
            "the daemon does not run as root",
            remedy="make the workspace as a user of its own, or name one with --user; "
            "docs/run/install.md shows how",
        )
    if entry.pw_uid != owner:
        folders = f"{configuration.workspace} {configuration.state}"
        raise WorkspaceError(
            f"{configuration.state} does not belong to the user {entry.pw_name}",
            remedy=f"chown -R {entry.pw_name} {folders}",
        )
    return Account(
        entry.pw_name, _group(group or configuration.settings.service.group, entry.pw_gid)
    )


def _user(name: str, owner: int) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(name) if name else pwd.getpwuid(owner)
    except KeyError as error:
        raise SettingsError(
            f"there is no Unix user {name or owner}",
            remedy="make it with: useradd --system --shell /usr/sbin/nologin "
            f"{name or 'docsorter'}",
        ) from error


def _group(name: str, primary: int) -> str:
    try:
        return grp.getgrnam(name).gr_name if name else grp.getgrgid(primary).gr_name
    except KeyError as error:
        raise SettingsError(
            f"there is no Unix group {name or primary}",
            remedy=f"make it with: groupadd --system {name or 'docsorter'}",
        ) from error


class Systemctl:
    """The systemctl(1) of this machine.

    Args:
        program: Name or path of it.
        marker: A folder that exists while systemd is process 1.
    """

    def __init__(self, program: str = "systemctl", marker: Path = _RUNS) -> None:
        self._program = program
        self._marker = marker

    @property
    def is_there(self) -> bool:
        """Whether systemd runs this machine."""
        return self._marker.is_dir()

    def do(self, *arguments: str) -> None:
        """Carry out a command.

        Raises:
            EnvironmentFaultError: systemd refuses; what it said is in the message.
        """
        done = self._run(*arguments)
        if done.returncode:
            said = " ".join((done.stderr or done.stdout).split())
            raise EnvironmentFaultError(
                f"systemctl {' '.join(arguments)} failed: {said}",
                remedy=f"journalctl --unit {arguments[-1]} says more",
            )

    def ask(self, question: str, unit: str) -> str:
        """Return the one word that is-active and is-enabled answer with."""
        answer = self._run(question, unit).stdout.strip() if self.is_there else ""
        return answer or "unknown"

    def _run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        try:
            return subprocess.run(
                [self._program, *arguments],
                capture_output=True,
                text=True,
                check=False,
                timeout=_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise EnvironmentFaultError(
                f"systemctl {' '.join(arguments)} does not work: {error}",
                remedy="type it yourself to see why",
            ) from error


@dataclass(frozen=True, slots=True)
class Installed:
    """What is known of an installed unit.

    Attributes:
        active: active, inactive, failed, ...; "unknown" where systemd does not run.
        enabled: enabled, disabled, ...; "unknown" where systemd does not run.
    """

    unit: str
    path: Path
    workspace: str
    unchanged: bool
    active: str
    enabled: str


class Installer:
    """Installs and removes one unit; never touches a document.

    Args:
        name: Distinguishes the units of several workspaces; "" for the first.
        root: Another root folder than /, e.g. that of an image being built.
        systemctl: Asked when `root` is /.
    """

    def __init__(
        self, name: str = "", root: Path = Path("/"), systemctl: Systemctl | None = None
    ) -> None:
        self.unit = unit_name(name)
        self.path = root / _FOLDER / self.unit
        self._systemctl = systemctl or Systemctl()
        self._is_live = root.resolve() == Path("/") and self._systemctl.is_there

    def install(self, text: str) -> list[str]:
        """Write the unit, then enable and start it where systemd runs; safe to repeat.

        Returns:
            What was done, one line each; what is left to type comes last.

        Raises:
            ConflictError: A unit of that name is not ours, was edited, or is another workspace's.
            UsageError: This user may not write there.
            EnvironmentFaultError: The file cannot be written, or systemd refuses.
        """
        old = self._read()
        if old is not None:
            self._refuse_foreign(old)
            self._refuse_other_workspace(old, text)
        is_new_text = old != text
        if is_new_text:
            self._write(text)
        done = [f"wrote {self.path}" if is_new_text else f"{self.path} is up to date"]
        restart = is_new_text and old is not None
        steps = [["daemon-reload"], ["enable", self.unit]]
        steps.append(["restart" if restart else "start", self.unit])
        return done + self._carry_out(steps)

    def remove(self) -> list[str]:
        """Stop and disable the unit and remove its file; the workspace stays as it is.

        Raises:
            NotFoundError: There is no such unit.
            ConflictError: It was not written by `install`, or edited since.
            UsageError: This user may not write there.
            EnvironmentFaultError: The file cannot be removed, or systemd refuses.
        """
        self._refuse_foreign(self._read_installed())
        self._refuse_unprivileged()
        # The link that "enable" made must go while systemd can still read what it is for.
        done = self._carry_out([["disable", "--now", self.unit]])
        try:
            Disk().unlink(self.path)
        except OSError as error:
            raise self._fault("removed", error) from error
        drop_ins = self.path.with_name(f"{self.unit}.d")
        left = [f"left in place, since it is not ours: {drop_ins}"] if drop_ins.is_dir() else []
        return [*done, f"removed {self.path}", *left, *self._carry_out([["daemon-reload"]])]

    def show(self) -> Installed:
        """Return what is installed."""
        text = self._read_installed()
        ask = self._systemctl.ask if self._is_live else lambda *_: "unknown"
        return Installed(
            self.unit,
            self.path,
            workspace_of(text),
            is_unchanged(text),
            ask("is-active", self.unit),
            ask("is-enabled", self.unit),
        )

    def _carry_out(self, steps: list[list[str]]) -> list[str]:
        if not self._is_live:
            return [f"type where systemd runs: systemctl {' '.join(step)}" for step in steps]
        for step in steps:
            self._systemctl.do(*step)
        return [f"systemctl {' '.join(step)}" for step in steps]

    def _read(self) -> str | None:
        try:
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise EnvironmentFaultError(
                f"{self.path} cannot be read: {error}", remedy="look at that file"
            ) from error

    def _read_installed(self) -> str:
        text = self._read()
        if text is None:
            raise NotFoundError(
                f"there is no unit {self.path}",
                remedy="docsorter service install DIR makes it; --name chooses among several",
            )
        return text

    def _refuse_foreign(self, text: str) -> None:
        if not is_ours(text):
            raise ConflictError(
                f"{self.path} was not written by docsorter service install",
                remedy="move that file away, or choose another name with --name",
            )
        if not is_unchanged(text):
            raise ConflictError(
                f"{self.path} was changed by hand",
                remedy=f"put the changes into a drop-in (systemctl edit {self.unit}), "
                "remove the file and try again",
            )

    def _refuse_other_workspace(self, old: str, new: str) -> None:
        if workspace_of(old) != workspace_of(new):
            raise ConflictError(
                f"{self.unit} already runs {workspace_of(old)}",
                remedy="give this workspace a unit of its own with --name NAME",
            )

    def _refuse_unprivileged(self) -> None:
        folder = self.path.parent
        while not folder.exists():
            folder = folder.parent
        if not os.access(folder, os.W_OK):
            raise UsageError(
                f"only the administrator may change {folder}",
                remedy="use sudo; install --dry-run only shows the unit",
            )

    def _write(self, text: str) -> None:
        self._refuse_unprivileged()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            Disk().write_durably(self.path, text.encode(), _MODE)
        except OSError as error:
            raise self._fault("written", error) from error

    def _fault(self, what: str, error: OSError) -> EnvironmentFaultError:
        return EnvironmentFaultError(
            f"{self.path} cannot be {what}: {environment_reason(error).text}",
            remedy="correct that and try again; nothing else was changed",
        )


class Notifier:
    """Sends state lines to the socket named by NOTIFY_SOCKET."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        # "@" marks the abstract namespace, which the kernel writes as a leading NUL.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        microseconds = environment.get("WATCHDOG_USEC", "")
        self.ping_seconds: float | None = (
            int(microseconds) / 2_000_000 if microseconds.isdigit() else None
        )

    def send(self, *lines: str) -> bool:
        """Send state lines such as "READY=1"; return whether somebody listens."""
        if not self._address:
            return False
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.settimeout(_PATIENCE)  # one that does not read must not hold the daemon up
            try:
                sender.connect(self._address)
                sender.sendall("\n".join(lines).encode())
            except OSError:  # a service manager that went away must not take us along
                return False
        return True

    def ready(self, status: str) -> None:
        """Start-up is over."""
        self.send("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """The settings are being reloaded; `ready` ends it (sd_notify(3))."""
        self.send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def status(self, status: str) -> None:
        """Say in a line what is going on."""
        self.send(f"STATUS={status}")

    def ping(self) -> None:
        """Say that watcher, workers and store all moved."""
        self.send("WATCHDOG=1")

    def stopping(self) -> None:
        """Draining has begun."""
        self.send("STOPPING=1", "STATUS=finishing what was begun")
