"""Where documents come from, how they are read, and where they go."""

from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le
from pydantic import Field

from docsorter.settings.section import Seconds, Section


class PlacesSettings(Section):
    """Where the roots are; a relative path is relative to the workspace."""

    inbox: Path = Path("inbox")
    """Where scans are dropped."""
    sorted: Path = Path("sorted")
    """Where sure documents go."""
    review: Path = Path("review")
    """Where documents wait for a person."""
    rejected: Path = Path("rejected")
    """Where refused files go, each with its reason."""
    state: Path = Path(".docsorter")
    """Database, spool, backups and models; local disk only."""


class IntakeSettings(Section):
    """When a file in the inbox is complete."""

    rest_seconds: Seconds = 2.0
    """A file is complete when size and time have not changed for this long."""
    slow_rest_seconds: Seconds = 15.0
    """The same for a file whose format end is missing."""
    rescan_seconds: Annotated[float, Ge(0.2), Le(3600)] = 30.0
    """The inbox is read completely this often, whatever events say."""
    recursive: bool = True
    """Look into sub-folders; their name becomes the document's source."""
    watch: Literal["auto", "events", "polling"] = "auto"
    """How to notice files; auto polls on network and virtual file systems."""
    poll_seconds: Annotated[float, Ge(0.2), Le(3600)] = 5.0
    """How often to read the inbox when polling."""
    duplicates: Literal["skip", "keep", "review"] = "skip"
    """The same bytes again: reject as duplicate, sort again, or ask a person."""
    ignore: tuple[str, ...] = ()
    """More name patterns to leave alone, beside the built-in ones (*.part, ~$*, ...)."""


class PagesSettings(Section):
    """Limits of the sandboxed child that reads one document."""

    page_cap: Annotated[int, Ge(1), Le(1000)] = 8
    """Look at so many pages of a document at most."""
    max_file_mb: Annotated[float, Gt(0)] = 512.0
    """Reject larger files."""
    max_megapixels: Annotated[float, Gt(0)] = 200.0
    """Reject pictures with more pixels than this."""
    time_limit_seconds: Annotated[float, Gt(0)] = 60.0
    """Wall clock for one document."""
    memory_limit_mb: Annotated[int, Ge(256)] = 1024
    """Address space of the child."""


class DeliverSettings(Section):
    """Where and how a sorted document is put."""

    template: str = "{label}/{received:%Y}/{name}"
    """Path under the sorted root; fields: label, name, stem, suffix, received, source, id."""
    sidecar: bool = True
    """Write NAME.json beside each delivered document."""
    file_mode: Annotated[str, Field(pattern=r"^0?[0-7]{3}$")] = "0640"
    """Mode of delivered files, octal."""
    dir_mode: Annotated[str, Field(pattern=r"^[0-7]?[0-7]{3}$")] = "2750"
    """Mode of folders made on the way, octal."""
    group: str = ""
    """Group of delivered files; empty keeps the daemon's."""


class RetentionSettings(Section):
    """What is erased by itself; 0 means never. The log of events is always kept."""

    rejected_days: Annotated[int, Ge(0), Le(36500)] = 0
    """Forget rejected documents, files included, after so many days."""
    predictions_days: Annotated[int, Ge(0), Le(36500)] = 0
    """Remove the stored predictions of finished documents after so many days."""
