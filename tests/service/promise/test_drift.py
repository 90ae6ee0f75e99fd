import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from docsorter.clock import ManualClock
from docsorter.configuration import Configuration
from docsorter.documents import (
    CheckOutcome,
    PagePrediction,
    PageSet,
    Place,
    Prediction,
    Reason,
    ReasonCode,
    SortRule,
    State,
    Verdict,
    VerdictKind,
)
from docsorter.service.engine import Inspection
from docsorter.service.promise import drift
from docsorter.service.promise import drift as drift_report
from docsorter.service.promise.controller import Decision
from docsorter.service.promise.drift import scanner_of
from docsorter.service.promise.scanner_hold import ADOPTED, ScannerHold
from docsorter.service.workspace.layout import open_workspace_store
from docsorter.store import Store
from docsorter.store.tables import CheckRow, DocumentRow, PredictionRow

FIRST = {"dpi": 300.0, "ink": "grey", "noise": 0.01, "paper": 0.95, "shape": 1.41, "frame": 0.0}


@pytest.fixture
def store(configuration: Configuration, clock: ManualClock) -> Iterator[Store]:
    with open_workspace_store(configuration, clock) as opened:
        yield opened


def arrive(store: Store, at: dt.datetime, count: int, **changes: object) -> list[int]:
    """Documents as they stand in the store after they were looked at, evenly over two days."""
    rng = np.random.default_rng(int(at.timestamp()))
    told = {"source": "", "label": "invoice", "model": "starter-2", "traits": FIRST, "novelty": 40}
    told |= {"confidence": 0.95, **changes}
    numbers = []
    with store.database.write() as session:
        for number in range(count):
            traits = dict(told["traits"])  # type: ignore[call-overload] # a dict, as above
            traits["noise"] *= float(rng.uniform(0.9, 1.1))
            row = DocumentRow(
                name="x.pdf", source=told["source"], state=State.SORTED, place=Place.SORTED,
                path="x.pdf", size=1, mtime_ns=1, media_type="application/pdf", traits=traits,
                producer=str(changes.get("producer", "ScanSnap")),
                arrived_at=at + dt.timedelta(minutes=number),
            )  # fmt: skip
            session.add(row)
            session.flush()
            sure = min(1.0, float(told["confidence"]) + float(rng.uniform(-0.04, 0.04)))  # type: ignore[arg-type] # a number
            session.add(
                PredictionRow(
                    document_id=row.id, made_at=at, model=told["model"], pages=[],
                    labels=[told["label"], "other"], probabilities=[sure, 1 - sure],
                    novelty=float(told["novelty"]) + float(rng.uniform(-5, 5)),  # type: ignore[arg-type] # a number
                )
            )  # fmt: skip
            numbers.append(row.id)
    return numbers


def weeks_before(clock: ManualClock, weeks: float) -> dt.datetime:
    return clock.now() - dt.timedelta(weeks=weeks)


def test_weeks_that_are_alike_raise_nothing(store: Store, clock: ManualClock) -> None:
    for weeks in (4, 3, 2):
        arrive(store, weeks_before(clock, weeks), 60)
    arrive(store, weeks_before(clock, 0.5), 60)
    report = drift.compare_weeks(store, clock)
    assert (report.findings, report.scanners, report.note) == ((), (), "")
    assert (report.now, report.before, report.comparisons) == (60, 180, 7)


def test_what_changed_is_named_with_where_and_how_much(store: Store, clock: ManualClock) -> None:
    for source in ("post", "mail"):
        arrive(store, weeks_before(clock, 2), 80, source=source)
    arrive(store, weeks_before(clock, 0.5), 80, source="post")
    worse = {"source": "mail", "confidence": 0.7, "novelty": 90, "label": "claim"}
    arrive(store, weeks_before(clock, 0.4), 80, **worse)
    report = drift.compare_weeks(store, clock)
    found = {(one.source, one.what) for one in report.findings}
    assert {("mail", "confidence"), ("mail", "novelty"), ("mail", "labels")} <= found
    assert not any(source == "post" for source, _ in found)
    text = next(o.text for o in report.findings if (o.source, o.what) == ("mail", "labels"))
    assert "claim 0 % before, 100 % now" in text
    assert report.findings[0].p_value <= report.findings[-1].p_value < 0.01


def test_what_two_models_say_is_not_compared(store: Store, clock: ManualClock) -> None:
    arrive(store, weeks_before(clock, 2), 80, model="starter-2")
    arrive(store, weeks_before(clock, 0.5), 80, model="answers-1", confidence=0.6)
    report = drift.compare_weeks(store, clock)
    assert {one.what for one in report.findings} == set()
    assert report.comparisons == 4  # the scans themselves are


def test_a_new_scanner_is_named_also_when_nothing_else_changed(
    store: Store, clock: ManualClock
) -> None:
    arrive(store, weeks_before(clock, 2), 60)
    arrive(store, weeks_before(clock, 0.5), 60)
    new = arrive(store, weeks_before(clock, 0.4), 3, traits={**FIRST, "dpi": 150.0}, source="post")
    (scanner,) = drift.compare_weeks(store, clock).scanners
    assert scanner.scanner == "ScanSnap, pdf, 150 dpi, grey"
    assert (scanner.documents, scanner.sources, scanner.example) == (3, ("post",), new[-1])


def test_too_few_documents_are_said(store: Store, clock: ManualClock) -> None:
    arrive(store, weeks_before(clock, 0.5), 10)
    report = drift.compare_weeks(store, clock)
    assert report.comparisons == 0
    assert "10 in the last 7 days, 0 in the 28 days before; 50 of each" in report.note


def test_a_sample_is_bounded_and_evenly_spread(store: Store, clock: ManualClock) -> None:
    numbers = arrive(store, weeks_before(clock, 2), 300)
    since, until = weeks_before(clock, 5), weeks_before(clock, 1)
    found = [one.document_id for one in store.documents.sample(since, until, 50)]
    assert len(found) == 50
    assert found == numbers[::6]
    assert store.documents.sample(until, clock.now(), 50) == []


def test_a_look_is_kept_for_a_week(configuration: Configuration, store: Store) -> None:
    clock, state = ManualClock(), configuration.state
    assert drift_report.is_due(state, clock.now())
    drift_report.write_report(state, drift.compare_weeks(store, clock))
    assert drift_report.read_report(state) is not None
    assert not drift_report.is_due(state, clock.now())
    clock.advance(8 * 86400)
    assert drift_report.is_due(state, clock.now())
    (state / drift_report.REPORT_FILE).write_text("torn")
    assert drift_report.read_report(state) is None


def test_versions_of_a_scanner_do_not_make_it_new() -> None:
    one = scanner_of("application/pdf", "ScanSnap Manager 7.2.1", FIRST)
    two = scanner_of("application/pdf", "ScanSnap Manager 7.3", FIRST)
    assert one == two == "ScanSnap Manager, pdf, 300 dpi, grey"
    assert scanner_of("image/png", "", {"ink": "bw"}) == "unnamed, png, no resolution, bw"
    assert scanner_of("application/pdf", "ScanSnap", {}) == ""


class Scanner:
    """One that sends documents which the evidence would sort."""

    def __init__(self, store: Store, clock: ManualClock, hold: ScannerHold) -> None:
        self.store, self.clock, self.hold = store, clock, hold

    def send(self, dpi: float, kind: VerdictKind = VerdictKind.SORT) -> Decision:
        (number,) = arrive(self.store, self.clock.now(), 1)
        inspection, judged = self.seen(dpi, kind)
        result = self.hold.apply(self.store.documents.get(number), inspection, judged)
        if result.drawn is not None:
            self._settle(number)
        return result

    @staticmethod
    def seen(dpi: float, kind: VerdictKind = VerdictKind.SORT) -> tuple[Inspection, Decision]:
        traits: dict[str, float | str] = {**FIRST, "dpi": dpi}  # type: ignore[dict-item] # both
        pages = PageSet(np.zeros((1, 8, 8, 3), np.uint8), 1, "application/pdf", traits=traits)
        page = PagePrediction((0.99, 0.01), 10.0)
        prediction = Prediction("starter-2", ("invoice", "other"), (0.99, 0.01), 10.0, (page,))
        verdict = Verdict(kind, Reason(ReasonCode.SURE, "sure"), "invoice", 0.99, 0.9)
        inspection = Inspection(pages, prediction, verdict, "", "rule", SortRule(1.0, 0.9, 99.0))
        return inspection, Decision(verdict, None, "")

    def _settle(self, number: int) -> None:
        with self.store.database.write() as session:
            session.add(
                CheckRow(
                    document_id=number, drawn_at=self.clock.now(), model="starter-2", rule="rule",
                    source="", label="invoice", score=0.99, inclusion=1.0,
                    outcome=CheckOutcome.RIGHT, settled_at=self.clock.now(),
                )
            )  # fmt: skip


@pytest.fixture
def scanner(configuration: Configuration, store: Store, clock: ManualClock) -> Scanner:
    return Scanner(store, clock, ScannerHold(configuration.state, store, checks=3))


def test_a_new_scanner_shows_itself_first_and_is_then_like_all_others(scanner: Scanner) -> None:
    for _ in range(ADOPTED):
        assert scanner.send(300).verdict.kind is VerdictKind.SORT
    first = scanner.send(150)
    assert (first.verdict.kind, first.verdict.reason.code) == (
        VerdictKind.REVIEW,
        ReasonCode.PROBATION,
    )
    assert "0 of 3 checks right" in first.verdict.reason.text
    assert first.drawn is not None
    assert first.drawn.inclusion == 1.0
    assert list(scanner.hold.held().values()) == [1]
    assert scanner.send(300).verdict.kind is VerdictKind.SORT
    for _ in range(2):
        assert scanner.send(150).verdict.kind is VerdictKind.REVIEW
    assert scanner.send(150).verdict.kind is VerdictKind.SORT
    assert scanner.hold.held() == {}


def test_whoever_decides_beside_the_daemon_holds_what_it_holds_and_notes_nothing(
    scanner: Scanner, configuration: Configuration
) -> None:
    for _ in range(ADOPTED):
        scanner.send(300)
    scanner.send(150)
    beside = ScannerHold(configuration.state, scanner.store, checks=3)
    noted = (configuration.state / "scanners.json").read_bytes()
    assert beside.looked_up(*scanner.seen(150)).verdict.reason.code is ReasonCode.PROBATION
    assert beside.looked_up(*scanner.seen(300)).verdict.kind is VerdictKind.SORT
    assert beside.looked_up(*scanner.seen(1200)).verdict.kind is VerdictKind.SORT
    assert (configuration.state / "scanners.json").read_bytes() == noted


def test_scanners_seen_while_the_evidence_is_gathered_belong_to_it(
    scanner: Scanner, configuration: Configuration
) -> None:
    for _ in range(ADOPTED):
        scanner.send(300)
    assert scanner.send(200, VerdictKind.REVIEW).drawn is None
    assert scanner.send(200).verdict.kind is VerdictKind.SORT
    again = ScannerHold(configuration.state, scanner.store, checks=3)
    assert again.held() == {}


def test_no_checks_mean_no_hold(configuration: Configuration, store: Store) -> None:
    scanner = Scanner(store, ManualClock(), ScannerHold(configuration.state, store, checks=0))
    assert scanner.send(300).verdict.kind is VerdictKind.SORT
    assert not Path(configuration.state / "scanners.json").exists()
