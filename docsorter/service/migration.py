"""Bring the database of a workspace to this version, with a backup first."""

from pathlib import Path

from docsorter.clock import Clock, SystemClock
from docsorter.configuration import Configuration
from docsorter.store import Store, migrate, open_store


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
