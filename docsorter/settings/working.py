"""The people and the machine at work: the queue, the database, the daemon."""

from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from docsorter.settings.section import Seconds, Section


class ReviewSettings(Section):
    """The queue before a person."""

    lease_seconds: Annotated[float, Gt(0)] = 600.0
    """A reviewer holds an entry this long before others may take it."""
    skip_seconds: Seconds = 3600.0
    """A skipped entry comes last for this long."""
    age_limit_hours: Annotated[float, Ge(0)] = 24.0
    """What has waited this long comes before all else; 0 knows no limit."""
    double: Annotated[float, Ge(0), Le(1)] = 0.0
    """Share of answers that are asked again, blind, of another reviewer; e.g. 0.05."""
    shared_accounts: tuple[str, ...] = ()
    """Unix accounts that several people use: from them everybody says who they are, with --as NAME
    or DOCSORTER_REVIEWER."""
    pictures: Literal["auto", "sixel", "kitty", "blocks", "dots", "off"] = "auto"
    """How docsorter review draws pages; auto asks the terminal, dots do without colour."""


class StoreSettings(Section):
    """The database."""

    url: str = ""
    """Empty means SQLite in the state folder; else sqlite:///file.db or
    postgresql+psycopg://user@host/name (extra `postgresql`)."""
    busy_seconds: Annotated[float, Gt(0)] = 30.0
    """Wait this long for another writer."""
    backups: Annotated[int, Ge(1), Le(1000)] = 5
    """Keep so many backups made before migrations."""


class ServiceSettings(Section):
    """The daemon."""

    workers: Annotated[int, Ge(0), Le(256)] = 0
    """Documents read at the same time; 0 means one per core."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """How much the daemon says."""
    log_format: Literal["text", "json"] = "text"
    """One line of text or of JSON per event."""
    min_free_mb: Annotated[float, Ge(0)] = 100.0
    """Pause the intake when a root has less space than this."""
    group: str = ""
    """Unix group of reviewers: owns state, spool and review (2770/0660)."""
