"""A workspace on disk: made by `init`, checked and brought up to date whenever it is opened."""

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from docsorter.clock import Clock, SystemClock
from docsorter.configuration import FILE_NAME, Configuration, load
from docsorter.deliver.permissions import Permissions, group_id, permissions
from docsorter.deliver.transfer import PRIVATE
from docsorter.documents import Place
from docsorter.errors import EnvironmentFaultError, WorkspaceError
from docsorter.filesystem import Disk, environment_reason
from docsorter.store import Store, migrate, open_store

TEMPLATE = """\
# Settings of this docsorter workspace. docs/run/settings.md explains every one of them;
# docsorter config show lists them with their values.
# The environment (DOCSORTER_INTAKE__REST_SECONDS=5) wins over this file, a flag wins over both.

[intake]
# rest_seconds = 2.0        # a file is complete when it has not changed for this long
# duplicates = "skip"       # the same bytes again: skip | keep | review

[decide]
# policies = { claim = "review" }   # per label: auto | review | never
# autonomy = "earned"       # nothing is sorted alone before your own paper allows it

[deliver]
# template = "{label}/{received:%Y}/{name}"

[service]
# group = "paperwork"       # Unix group of the reviewers
"""


def create(directory: Path, group: str = "") -> tuple[Configuration, bool]:
    """Make a workspace, or complete one that is there.

    Args:
        directory: Where; made with its parents when missing.
        group: Unix group of the reviewers, written into docsorter.toml.

    Returns:
        The configuration, and whether docsorter.toml was written just now.

    Raises:
        WorkspaceError: The directory holds other things, or is not a directory.
        SettingsError: The group does not exist.
        EnvironmentFaultError: The disk is full, read-only, or not ours.
    """
    if directory.exists() and not directory.is_dir():
        raise WorkspaceError(f"{directory} is not a directory", remedy="name a directory")
    file = directory / FILE_NAME
    is_new = not file.exists()
    if is_new and directory.is_dir() and any(directory.iterdir()):
        raise WorkspaceError(
            f"{directory} is not empty and not a workspace",
            remedy="name a new or empty directory; set [places] later for folders elsewhere",
        )
    gid = group_id("--group", group)
    try:
        if group:  # whatever the umask, reviewers must get to what is theirs
            _make(directory, Permissions(0o640, 0o2750, gid))
        directory.mkdir(parents=True, exist_ok=True)
        if is_new:
            text = (
                TEMPLATE.replace('# group = "paperwork" ', f'group = "{group}"')
                if group
                else TEMPLATE
            )
            Disk().write_durably(file, text.encode(), 0o644)
        configuration = load(directory)
        prepare(configuration)
    except OSError as error:
        raise EnvironmentFaultError(
            f"cannot make the workspace: {environment_reason(error).text}",
            remedy="free some space or choose a directory you may write to",
        ) from error
    return configuration, is_new


def prepare(configuration: Configuration) -> None:
    """Make the directories of a workspace that are missing, with tight modes.

    Raises:
        OSError: The system refuses.
        SettingsError: The group does not exist.
    """
    allowed = permissions(configuration.settings)
    for place in Place:
        if place is not Place.SPOOL:
            _make(configuration.root(place), allowed[place])
    _make(configuration.state, allowed[Place.SPOOL])
    prepare_private(configuration)


def prepare_private(configuration: Configuration) -> None:
    """Make what only docsorter uses inside the roots that are there.

    A root that is missing stays missing: an unmounted share must not look like an empty one.
    """
    private = permissions(configuration.settings)[Place.SPOOL]
    state, inbox = configuration.state, configuration.root(Place.INBOX)
    wanted = [state / "spool", state / "backups", state / "models", inbox / PRIVATE]
    try:
        for path in wanted:
            if path.parent.is_dir():
                _make(path, private)
    except OSError as error:
        raise EnvironmentFaultError(
            f"cannot prepare the workspace: {environment_reason(error).text}",
            remedy="free some space, or give the daemon's user permission to write there",
        ) from error


def _make(path: Path, allowed: Permissions) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        allowed.make_folder(path)


def find(start: Path) -> Path:
    """Return the workspace that `start` is in, looking upwards.

    Raises:
        WorkspaceError: Neither `start` nor a parent holds docsorter.toml.
    """
    for directory in (start, *start.parents):
        if (directory / FILE_NAME).is_file():
            return directory
    raise WorkspaceError(
        f"no workspace here: neither {start} nor a folder above it has {FILE_NAME}",
        remedy="give one with --workspace DIR, or make one with: docsorter init DIR",
    )


def free_megabytes(path: Path) -> float:
    """Return the space left for us on the file system of `path`, in MiB."""
    return shutil.disk_usage(path).free / 2**20


def migrate_workspace(
    configuration: Configuration, clock: Clock | None = None, *, to: str = ""
) -> Path | None:
    """Run pending migrations, or go to a revision, also back.

    Returns:
        The backup made before, None when there was nothing to do.

    Raises:
        StoreError: The database is newer, locked, damaged, or on a network file system.
        UsageError: There is no such revision.
    """
    settings = configuration.settings
    return migrate(
        configuration.store_url,
        clock=clock or SystemClock(),
        state_dir=configuration.state,
        backups_dir=configuration.state / "backups",
        keep=settings.store.backups,
        busy_seconds=settings.store.busy_seconds,
        group=settings.service.group,
        to=to,
    )


def open_workspace_store(configuration: Configuration, clock: Clock | None = None) -> Store:
    """Open the database of a workspace.

    Raises:
        StoreError: It is missing, older or newer than this program, locked or damaged.
    """
    settings = configuration.settings
    return open_store(
        configuration.store_url,
        clock=clock or SystemClock(),
        state_dir=configuration.state,
        busy_seconds=settings.store.busy_seconds,
        group=settings.service.group,
    )


class StateRecord(BaseModel):
    """What is kept as a JSON file in the state folder; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Return what a file holds; None when it is missing or damaged."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            return None

    def write(self, path: Path, mode: int, disk: Disk | None = None) -> None:
        """Write a file, whole or not at all."""
        text = self.model_dump_json(indent=1) + "\n"
        (disk or Disk()).write_durably(path, text.encode(), mode)
