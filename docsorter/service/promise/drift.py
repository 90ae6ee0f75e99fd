"""The weekly comparison: are documents of the last week still like those before?"""

import datetime as dt
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import AwareDatetime

from docsorter.clock import Clock
from docsorter.decide.drift import LEAST, LEVEL, Difference, compare_numbers, compare_words, holm
from docsorter.service.workspace.layout import StateRecord
from docsorter.store import SampledDocument, Store

_NUMBERS = re.compile(r"[\d.]+")
REPORT_FILE: Final = "drift.json"
WEEKLY: Final = dt.timedelta(days=7)
_MODE: Final = 0o640
NOW_DAYS: Final = 7
BEFORE_DAYS: Final = 28
MOST_NOW: Final = 3000
MOST_BEFORE: Final = 6000
"""Documents compared on each side, evenly spread over the time."""

_SOURCES: Final = 20  # the busiest; the others are compared together
_TRAITS: Final = ("noise", "paper", "shape", "frame")
_EVERYWHERE: Final = "all sources"


class DriftFinding(StateRecord):
    """One thing that is no longer as it was.

    Attributes:
        source: Where; "all sources" for all together, "" for the inbox itself.
        what: confidence, novelty, labels, noise, paper, shape or frame.
        effect: Kolmogorov's distance or total variation, 0-1.
        p_value: Corrected for all comparisons of this report, 0-1.
    """

    source: str
    what: str
    test: str
    before: int
    now: int
    effect: float
    p_value: float
    text: str


class NewScanner(StateRecord):
    """A scanner, or a setting of one, that was not there in the weeks before."""

    scanner: str
    documents: int
    sources: tuple[str, ...]
    example: int


class DriftReport(StateRecord):
    """What the comparison of the last week brought.

    Attributes:
        comparisons: How many tests were made; p-values are corrected for so many.
        note: Why nothing could be compared, "" otherwise.
    """

    at: AwareDatetime
    now: int
    before: int
    comparisons: int
    findings: tuple[DriftFinding, ...] = ()
    scanners: tuple[NewScanner, ...] = ()
    note: str = ""


def is_due(state: Path, now: dt.datetime) -> bool:
    """Say whether the last comparison is a week old; one from the future counts for nothing."""
    report = read_report(state)
    return report is None or not dt.timedelta(0) <= now - report.at < WEEKLY


def read_report(state: Path) -> DriftReport | None:
    """Return the report that was written; None for none that can be read."""
    return DriftReport.read(state / REPORT_FILE)


def write_report(state: Path, report: DriftReport) -> None:
    """Write a report down for `status`."""
    report.write(state / REPORT_FILE, _MODE)


def compare_weeks(store: Store, clock: Clock) -> DriftReport:
    """Compare the last 7 days with the 28 days before, in two bounded samples."""
    end = clock.now()
    middle = end - dt.timedelta(days=NOW_DAYS)
    start = middle - dt.timedelta(days=BEFORE_DAYS)
    now = store.documents.sample(middle, end, MOST_NOW)
    before = store.documents.sample(start, middle, MOST_BEFORE)
    compared = [
        (source, what, found)
        for source, earlier, later in _by_source(before, now)
        for what, found in _differences(earlier, later)
    ]
    corrected = holm([found.p_value for _, _, found in compared])
    findings = [
        _finding(source, what, found, p_value)
        for (source, what, found), p_value in zip(compared, corrected, strict=True)
        if p_value < LEVEL and found.is_large
    ]
    return DriftReport(
        at=end,
        now=len(now),
        before=len(before),
        comparisons=len(compared),
        findings=tuple(sorted(findings, key=lambda each: (each.p_value, -each.effect))),
        scanners=_new_scanners(before, now),
        note=_note(before, now),
    )


def scanner_of(media_type: str, producer: str, traits: Mapping[str, object]) -> str:
    """Return a name for the scanner and its settings; "" when nothing was measured.

    Two scanners set alike are one; one scanner set differently is two, for its pages look it.
    Numbers of versions do not count.
    """
    if not traits:
        return ""
    name = " ".join(_NUMBERS.sub(" ", producer).split()).strip(" /-") or "unnamed"
    dots = traits.get("dpi")
    resolution = f"{dots:.0f} dpi" if isinstance(dots, int | float) and dots else "no resolution"
    kind = media_type.rpartition("/")[2] or "unknown"
    return f"{name}, {kind}, {resolution}, {traits.get('ink', 'unknown')}"


def _by_source(
    before: Sequence[SampledDocument], now: Sequence[SampledDocument]
) -> list[tuple[str, list[SampledDocument], list[SampledDocument]]]:
    """Return what is compared with what: all together, then each of the busiest sources."""
    earlier: dict[str, list[SampledDocument]] = defaultdict(list)
    later: dict[str, list[SampledDocument]] = defaultdict(list)
    for one in before:
        earlier[one.source].append(one)
    for one in now:
        later[one.source].append(one)
    busiest = sorted(later, key=lambda source: -len(later[source]))[:_SOURCES]
    pairs = [(source, earlier[source], later[source]) for source in busiest]
    if len(earlier.keys() | later.keys()) > 1:
        pairs.insert(0, (_EVERYWHERE, list(before), list(now)))
    return pairs


def _differences(
    before: list[SampledDocument], now: list[SampledDocument]
) -> list[tuple[str, Difference]]:
    models = Counter(one.model for one in now if one.model)
    model = models.most_common(1)[0][0] if models else ""
    # What two models say cannot be compared: the one that inspected most of the week is meant.
    seen_before = [one for one in before if one.model == model and model]
    seen_now = [one for one in now if one.model == model and model]
    found: list[tuple[str, Difference | None]] = [
        (
            "confidence",
            compare_numbers([o.confidence for o in seen_before], [o.confidence for o in seen_now]),
        ),
        (
            "novelty",
            compare_numbers([o.novelty for o in seen_before], [o.novelty for o in seen_now]),
        ),
        ("labels", compare_words([o.label for o in seen_before], [o.label for o in seen_now])),
    ]
    found += [
        (trait, compare_numbers(_trait(before, trait), _trait(now, trait))) for trait in _TRAITS
    ]
    return [(what, difference) for what, difference in found if difference is not None]


def _trait(documents: Sequence[SampledDocument], name: str) -> list[float]:
    values = (one.traits.get(name) for one in documents)
    return [float(value) for value in values if isinstance(value, int | float)]


def _finding(source: str, what: str, found: Difference, p_value: float) -> DriftFinding:
    where = "the inbox" if source == "" else source
    if found.middle_before is not None:
        text = f"{what} in {where}: {found.middle_before:.3g} before, {found.middle_now:.3g} now"
    else:
        text = f"{what} in {where}: {_moved(found)}"
    return DriftFinding(
        source=source,
        what=what,
        test=found.test,
        before=found.before,
        now=found.now,
        effect=round(found.effect, 3),
        p_value=p_value,
        text=text,
    )


def _moved(found: Difference) -> str:
    before = dict(found.shares_before)
    moved = sorted(found.shares_now, key=lambda each: -abs(each[1] - before[each[0]]))
    return ", ".join(
        f"{label} {100 * before[label]:.0f} % before, {100 * share:.0f} % now"
        for label, share in moved[:3]
    )


def _new_scanners(
    before: Sequence[SampledDocument], now: Sequence[SampledDocument]
) -> tuple[NewScanner, ...]:
    known = {_scanner(one) for one in before} - {""}
    if sum(bool(one.traits) for one in before) < LEAST:
        return ()
    found: dict[str, list[SampledDocument]] = defaultdict(list)
    for one in now:
        name = _scanner(one)
        if name and name not in known:
            found[name].append(one)
    return tuple(
        NewScanner(
            scanner=name,
            documents=len(mine),
            sources=tuple(sorted({one.source for one in mine})),
            example=mine[-1].document_id,
        )
        for name, mine in sorted(found.items(), key=lambda each: -len(each[1]))
    )


def _scanner(one: SampledDocument) -> str:
    return scanner_of(one.media_type, one.producer, one.traits)


def _note(before: Sequence[SampledDocument], now: Sequence[SampledDocument]) -> str:
    if min(len(before), len(now)) >= LEAST:
        return ""
    return (
        f"too few documents to compare: {len(now)} in the last {NOW_DAYS} days, {len(before)} in "
        f"the {BEFORE_DAYS} days before; {LEAST} of each are needed"
    )
