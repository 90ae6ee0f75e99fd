"""Forgetting in every backup within reach: those of the state folder and those in the log."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from docsorter.configuration import Configuration
from docsorter.errors import DocsorterError
from docsorter.service.archive import DATABASE, read_archive, write_archive
from docsorter.service.backing_up import row_counts, scratch
from docsorter.store import Store
from docsorter.store.scrubbing import Forgotten, scrub, scrub_copy

_EVENTS = 10_000


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """What became of the backups.

    Attributes:
        rewritten: Knew a document and have forgotten it.
        out_of_reach: Could not be read or written anew, each with the reason; or are no longer
            where they were written.
    """

    rewritten: list[Path] = field(default_factory=list)
    out_of_reach: list[str] = field(default_factory=list)


def scrub_backups(
    configuration: Configuration, store: Store, forgotten: Sequence[Forgotten], now: dt.datetime
) -> Scrubbed:
    """Write every backup anew that knows one of the documents.

    Args:
        configuration: The workspace.
        store: Its log says where backups were put.
        forgotten: Number and arrival of each document.
        now: Dates what is closed in them.
    """
    report = Scrubbed()
    folder = configuration.state / "backups"
    inside = sorted(path for path in folder.glob("*") if path.suffix in {".db", ".tar"})
    elsewhere = [path for path in _written(store) if path.parent != folder]
    for path in (*inside, *elsewhere):
        if not path.exists():
            report.out_of_reach.append(f"{path}: it is no longer there")
            continue
        try:
            if _scrub(configuration, path, forgotten, now):
                report.rewritten.append(path)
        except DocsorterError as error:
            report.out_of_reach.append(f"{path}: {error.message}")
    return report


def _scrub(
    configuration: Configuration, path: Path, forgotten: Sequence[Forgotten], now: dt.datetime
) -> int:
    if path.suffix == ".tar":
        return _scrub_archive(configuration, path, forgotten, now)
    if Path(f"{path}-wal").exists():  # one that was set aside while it was damaged
        return scrub(path, forgotten, now)
    return scrub_copy(path, forgotten, now)


def _scrub_archive(
    configuration: Configuration, path: Path, forgotten: Sequence[Forgotten], now: dt.datetime
) -> int:
    with scratch(configuration) as private:
        manifest = read_archive(path, private)
        known = scrub(private / DATABASE, forgotten, now)
        if known:
            files = {member.name: private / member.name for member in manifest.members}
            changed = manifest.model_copy(update={"rows": row_counts(private / DATABASE)})
            mode = path.stat().st_mode & 0o777
            write_archive(path, files, changed, mode=mode, replace=True)
        return known


def _written(store: Store) -> list[Path]:
    """Return where the log says that backups were put, each once, in order."""
    events = store.events_of_kind("backed_up", limit=_EVENTS)
    return list(dict.fromkeys(Path(str(event.detail.get("file", ""))) for event in events))
