"""What a look at the last week brought, and how it is kept for `status`."""

import datetime as dt
from pathlib import Path
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from docsorter.disk import Disk

FILE: Final = "drift.json"
WEEKLY: Final = dt.timedelta(days=7)

_MODE: Final = 0o640


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Finding(_Part):
    """One thing that is no longer as it was.

    Attributes:
        source: Where; "all sources" for all together, "" for the inbox itself.
        what: confidence, novelty, labels, noise, paper, shape or frame.
        test: How it was tested.
        before: Documents before.
        now: Documents in the last week.
        effect: Kolmogorov's distance or total variation, 0-1.
        p_value: Corrected for all comparisons of this look, 0-1.
        text: In words.
    """

    source: str
    what: str
    test: str
    before: int
    now: int
    effect: float
    p_value: float
    text: str


class NewScanner(_Part):
    """A scanner, or a setting of one, that was not there in the weeks before.

    Attributes:
        scanner: What it is called.
        documents: How many of the last week came from it.
        sources: Where they came in.
        example: Number of one of them.
    """

    scanner: str
    documents: int
    sources: tuple[str, ...]
    example: int


class DriftReport(_Part):
    """What a look at the last week brought.

    Attributes:
        at: When it was made.
        now: Documents of the last 7 days that were looked at.
        before: Documents of the 28 days before them.
        comparisons: How many tests were made; p-values are corrected for so many.
        findings: What differs, the surest first.
        scanners: New ones, the busiest first.
        note: Why nothing could be compared, "" otherwise.
    """

    at: AwareDatetime
    now: int
    before: int
    comparisons: int
    findings: tuple[Finding, ...] = ()
    scanners: tuple[NewScanner, ...] = ()
    note: str = ""


def keep(state: Path, report: DriftReport) -> None:
    """Keep a report for `status`.

    Raises:
        OSError: What the system says.
    """
    text = report.model_dump_json(indent=1) + "\n"
    Disk().write_durably(state / FILE, text.encode(), _MODE)


def kept(state: Path) -> DriftReport | None:
    """Return the report that was kept; None for none that can be read."""
    try:
        return DriftReport.model_validate_json((state / FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def is_due(state: Path, now: dt.datetime) -> bool:
    """Say whether the last look is a week old; one from the future counts for nothing."""
    report = kept(state)
    return report is None or not dt.timedelta(0) <= now - report.at < WEEKLY
