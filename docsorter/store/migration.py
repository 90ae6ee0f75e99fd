"""Brings a database to the schema of this version: backup first, checked before it is committed."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from docsorter.clock import Clock
from docsorter.errors import EnvironmentFaultError, StoreError, UsageError
from docsorter.resources import migrations_dir
from docsorter.store import names, words
from docsorter.store.backups import copy_database, prune
from docsorter.store.database import make_engine, translated, writing
from docsorter.store.location import Location, create, grant, locate, refuse_shared_storage
from docsorter.store.tables import SCHEMA_VERSION

if TYPE_CHECKING:
    from alembic.config import Config


def migrate(  # noqa: PLR0913 -- each is a setting of the workspace
    url: str,
    *,
    clock: Clock,
    state_dir: Path,
    backups_dir: Path,
    keep: int = 5,
    busy_seconds: float = 30.0,
    group: str = "",
    to: str = "",
) -> Path | None:
    """Create a database, or bring it to the schema of this version.

    Args:
        url: SQLAlchemy URL.
        clock: Dates the backup.
        state_dir: What a relative SQLite path is relative to.
        backups_dir: Where the copy made before a migration is put.
        keep: How many such copies stay.
        busy_seconds: How long to wait for another writer.
        group: Unix group that shares the database; empty keeps it private.
        to: Another revision to go to, also back; empty is that of this version.

    Returns:
        The backup; None when nothing was pending, the database is new, or is a server's.

    Raises:
        StoreError: The database is newer than this version, is another program's, is damaged or
            locked, or lies where SQLite loses data.
        SettingsError: The URL or the group is wrong.
        DependencyError: The library that speaks with PostgreSQL is not installed.
        EnvironmentFaultError: The backup cannot be written.
        UsageError: There is no revision `to`.
    """
    location = locate(url, state_dir)
    target = to or SCHEMA_VERSION
    if to:
        _refuse_unknown(to)
    where = str(location.path or location.url.render_as_string())
    if location.path is not None:
        refuse_shared_storage(location.path)
        create(location.path, group)
    engine = make_engine(location, busy_seconds=busy_seconds, foreign_keys=False)
    backup = None
    try:
        with translated(where):
            with engine.connect() as connection:
                version = schema_version(connection, where)
            refuse_newer(version, where)
            if version == target:
                _adapt_names(engine, version)
                return None
            if version and location.path is not None:
                backup = _back_up(location.path, version, backups_dir, clock, busy_seconds)
                prune(backups_dir, keep)
            with writing(engine).begin() as connection:
                _change(connection, location, where, version, target)
    finally:
        engine.dispose()
    if location.path is not None:
        grant(location.path, group)
    return backup


def schema_version(connection: Connection, where: str) -> str:
    """Return the revision of a database, "" for an empty one.

    Raises:
        StoreError: It has tables, but not ours.
    """
    if inspect(connection).has_table("alembic_version"):
        return str(connection.scalar(text("SELECT version_num FROM alembic_version")) or "")
    if inspect(connection).get_table_names():
        raise StoreError(
            f"the database {where} belongs to another program",
            remedy="let store.url name a database of its own for docsorter",
        )
    return ""


def refuse_newer(version: str, where: str) -> None:
    """Refuse a database that a later version has changed; revisions are numbered in order.

    Raises:
        StoreError: The database is newer than this version.
    """
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"the database {where} is newer ({version}) than this docsorter ({SCHEMA_VERSION})",
            remedy="install the version that made it, or put back the backup from before",
        )


def revisions() -> list[str]:
    """Return the revisions this version knows, the oldest first."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 -- takes long, is needed only here

    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return sorted(script.revision for script in scripts)


def _refuse_unknown(to: str) -> None:
    known = revisions()
    if to not in known:
        raise UsageError(
            f"there is no revision {to!r} of the database", remedy=f"one of: {', '.join(known)}"
        )


def _config() -> "Config":
    from alembic.config import Config  # noqa: PLC0415 -- takes long, is needed only here

    config = Config()
    config.set_main_option("script_location", str(migrations_dir()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _adapt_names(engine: Engine, version: str) -> None:
    """Let the indexes fit this machine's SQLite, which may be another than yesterday's."""
    if version != SCHEMA_VERSION:
        return
    with engine.begin() as connection:
        if names.fits(connection):
            return
    with writing(engine).begin() as connection:
        names.adapt(connection)
        words.adapt(connection)


def _change(
    connection: Connection, location: Location, where: str, version: str, target: str
) -> None:
    """Go to a revision inside the caller's transaction; nothing of it stays on an error."""
    from alembic import command  # noqa: PLC0415 -- takes long, is needed only here

    config = _config()
    config.attributes["connection"] = connection
    if version > target:
        command.downgrade(config, target)
    else:
        command.upgrade(config, target)
    if location.path is None:
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise StoreError(
            f"the migration of {where} would break {len(broken)} references, first in"
            f" {broken[0][0]}; it was not carried out",
            remedy="keep the old version running and report this",
        )


def _back_up(
    path: Path, version: str, backups_dir: Path, clock: Clock, busy_seconds: float
) -> Path:
    backup = backups_dir / f"docsorter-{version}-{clock.now():%Y%m%dT%H%M%S%f}.db"
    try:
        backups_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise EnvironmentFaultError(
            f"the folder {backups_dir} cannot be made: {error.strerror}",
            remedy="let this user write to the state folder",
        ) from error
    copy_database(path, backup, busy_seconds=busy_seconds)
    return backup
