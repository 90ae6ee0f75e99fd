"""Who runs the daemon as a service, and with which program."""

import grp
import os
import pwd
from pathlib import Path

from docsorter.configuration import Configuration
from docsorter.errors import DependencyError, SettingsError, UsageError, WorkspaceError
from docsorter.service.units import Account


def program(prefix: Path) -> Path:
    """Return the environment that the unit starts docsorter from, checked.

    Raises:
        DependencyError: It has no command of that name.
    """
    command = prefix / "bin/docsorter"
    if not os.access(command, os.X_OK):
        raise DependencyError(
            f"there is no command {command}",
            remedy="install docsorter as a package, and say this with the command of that place",
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
            f"the state folder {configuration.state} cannot be looked at: {error.strerror}",
            remedy=f"complete the workspace with: docsorter init {configuration.workspace}",
        ) from error
    entry = _user(user, owner)
    if entry.pw_uid == 0:
        raise UsageError(
            "the daemon does not run as root",
            remedy="make the workspace as a user of its own, or name one with --user; "
            "docs/deployment.md shows how",
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
