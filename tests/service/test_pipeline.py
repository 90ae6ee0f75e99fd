import errno
import json
import os
import threading
from pathlib import Path

import pytest

from docsorter.clock import ManualClock
from docsorter.configuration import Configuration
from docsorter.documents import (
    Document,
    PageWords,
    Place,
    Reason,
    ReasonCode,
    State,
    VerdictKind,
    Word,
)
from docsorter.errors import DependencyError, DocumentError, EnvironmentFaultError, UsageError
from docsorter.service.daemon.pipeline import (
    ROUNDS,
    Pipeline,
    Workers,
    searchable_text,
    threads_for,
)
from docsorter.settings import IntakeSettings
from docsorter.store import Destination, DocumentFilter
from tests.service.desk import Desk


def test_a_sure_document_is_sorted_under_its_label_with_a_sidecar(desk: Desk) -> None:
    document = desk.pipeline.handle(desk.drop("a.pdf", b"invoice 0.99").id)

    assert document.state is State.SORTED
    assert desk.path(document).read_bytes() == b"invoice 0.99"
    assert document.path.startswith("invoice/")
    sidecar = json.loads(desk.path(document).with_name("a.pdf.json").read_text())
    assert sidecar["verdict"]["label"] == "invoice"
    assert sidecar["statement"] == "a statement"
    assert sidecar["pages"] == document.pages == 1
    assert desk.files(Place.SPOOL) == desk.files(Place.INBOX) == []


def test_an_unsure_document_waits_for_a_person_without_a_sidecar(desk: Desk) -> None:
    document = desk.pipeline.handle(desk.drop("a.pdf", b"claim 0.5").id)

    assert document.state is State.REVIEW
    assert desk.files(Place.REVIEW) == ["a.pdf"]
    entry = desk.store.review.entry_for_document(document.id)
    assert entry.prediction is not None
    assert entry.prediction.label == "claim"


def test_words_are_kept_only_where_that_is_wished(desk: Desk) -> None:
    wanted = DocumentFilter(words="tariff")
    desk.pipeline.handle(desk.drop("a.pdf", b"claim 0.5 tariff seven").id)
    with pytest.raises(UsageError, match="no words"):
        desk.store.documents.find(wanted)
    desk.keep_words()
    document = desk.pipeline.handle(desk.drop("b.pdf", b"claim 0.6 tariff eight").id)
    assert [each.id for each in desk.store.documents.find(wanted)] == [document.id]
    assert "tariff" not in str(desk.store.documents.events())


def test_as_many_words_are_kept_as_fit(desk: Desk) -> None:
    def page(*texts: str) -> PageWords:
        return PageWords(0, tuple(Word(text, (0, 0, 1, 1)) for text in texts), "ocr")

    assert searchable_text([page("Größe", "7"), page("\udcff", "end")]) == "Größe 7 ? end"
    assert searchable_text([]) == ""
    just = ["ü" * 4] * 11_111  # 8 bytes and a blank
    assert searchable_text([page(*just, "x")]) == " ".join([*just, "x"])
    assert searchable_text([page(*just, "xy", "z")]) == " ".join(just)


def test_a_broken_document_is_rejected_with_reason_and_remedy(desk: Desk) -> None:
    document = desk.pipeline.handle(desk.drop("a.pdf", b"broken").id)

    assert document.state is State.REJECTED
    assert document.verdict is not None
    assert document.verdict.reason.code is ReasonCode.DAMAGED
    assert "scan it again" in document.verdict.reason.text
    assert desk.files(Place.REJECTED) == ["a.pdf", "a.pdf.json"]


@pytest.mark.parametrize("code", [ReasonCode.BLANK, ReasonCode.UNDRAWABLE])
def test_a_document_with_nothing_to_be_seen_on_it_waits_for_a_person(
    desk: Desk, code: ReasonCode
) -> None:
    def nothing(_: Path) -> None:
        raise DocumentError(code, "nothing is on it", remedy="scan it again")

    desk.reader.before_answer = nothing
    document = desk.pipeline.handle(desk.drop("a.pdf", b"").id)

    assert document.state is State.REVIEW
    assert document.verdict is not None
    assert (document.verdict.kind, document.verdict.label) == (VerdictKind.REVIEW, None)
    assert document.verdict.reason == Reason(code, "nothing is on it; scan it again")
    assert desk.store.review.entry_for_document(document.id).prediction is None


def test_the_same_bytes_again_are_rejected_as_a_duplicate_of_the_first(desk: Desk) -> None:
    first = desk.pipeline.handle(desk.drop("a.pdf", b"invoice 0.99").id)
    second = desk.pipeline.handle(desk.drop("b.pdf", b"invoice 0.99").id)

    assert second.state is State.REJECTED
    assert second.duplicate_of == first.id
    assert second.verdict is not None
    assert second.verdict.reason.code is ReasonCode.DUPLICATE
    assert f"document {first.id}" in second.verdict.reason.text


def test_the_first_to_be_looked_at_is_kept_when_an_earlier_claim_had_to_wait(desk: Desk) -> None:
    waited = desk.drop("a.pdf", b"invoice 0.99")
    kept = desk.pipeline.handle(desk.drop("b.pdf", b"invoice 0.99").id)
    late = desk.pipeline.handle(waited.id)

    assert kept.state is State.SORTED
    assert (late.state, late.duplicate_of) == (State.REJECTED, kept.id)
    assert late.verdict is not None
    assert "was inspected first" in late.verdict.reason.text


def test_of_the_same_bytes_looked_at_side_by_side_one_is_kept(desk: Desk) -> None:
    one, other = (desk.drop(name, b"invoice 0.99") for name in ("a.pdf", "b.pdf"))

    def look_at_the_other(_: Path) -> None:
        desk.reader.before_answer = lambda _: None
        desk.pipeline.handle(one.id)

    desk.reader.before_answer = look_at_the_other
    late = desk.pipeline.handle(other.id)

    assert desk.store.documents.get(one.id).state is State.SORTED
    assert (late.state, late.duplicate_of) == (State.REJECTED, one.id)
    assert len(desk.files(Place.SORTED)) == 2  # one document and its sidecar


@pytest.mark.parametrize("policy", ["skip", "review"])
def test_the_sidecar_of_a_duplicate_names_the_first(
    configuration: Configuration, clock: ManualClock, policy: str
) -> None:
    desk = Desk(configuration, clock, IntakeSettings.model_validate({"duplicates": policy}))
    first = desk.pipeline.handle(desk.drop("a.pdf", b"invoice 0.99").id)
    second = desk.pipeline.handle(desk.drop("b.pdf", b"invoice 0.99").id)
    if policy == "review":
        entry = desk.store.review.entry_for_document(second.id)
        assert entry.document.duplicate_of == first.id
    else:
        sidecar = desk.path(second).with_name("b.pdf.json")
        assert json.loads(sidecar.read_text())["duplicate_of"] == first.id
    assert json.loads(desk.path(first).with_name("a.pdf.json").read_text())["duplicate_of"] is None
    desk.store.close()


def test_the_sidecar_of_one_of_two_looked_at_side_by_side_names_the_other(desk: Desk) -> None:
    one, other = (desk.drop(name, b"invoice 0.99") for name in ("a.pdf", "b.pdf"))

    def look_at_the_other(_: Path) -> None:
        desk.reader.before_answer = lambda _: None
        desk.pipeline.handle(one.id)

    desk.reader.before_answer = look_at_the_other
    desk.pipeline.handle(other.id)
    sidecar = desk.configuration.root(Place.REJECTED) / "b.pdf.json"
    assert json.loads(sidecar.read_text())["duplicate_of"] == one.id


@pytest.mark.parametrize("policy", ["skip", "review"])
@pytest.mark.parametrize("fate", ["deleted", "moved"])
@pytest.mark.parametrize("content", [b"invoice 0.99", b"claim 0.5", b"broken"])
def test_the_same_bytes_are_taken_again_when_the_first_file_is_gone(
    configuration: Configuration,
    clock: ManualClock,
    policy: str,
    fate: str,
    content: bytes,
) -> None:
    desk = Desk(configuration, clock, IntakeSettings.model_validate({"duplicates": policy}))
    first = desk.pipeline.handle(desk.drop("a.pdf", content).id)
    if fate == "deleted":
        desk.path(first).unlink()
    else:
        desk.path(first).rename(desk.path(first).with_name("renamed.pdf"))
    again = desk.pipeline.handle(desk.drop("b.pdf", content).id)
    assert (again.state, again.duplicate_of) == (first.state, None)
    assert again.verdict is not None
    assert first.verdict is not None
    assert again.verdict.reason.code is first.verdict.reason.code
    said = f"the same bytes came as document {first.id}, whose file is no longer where it was put"
    assert said in again.verdict.reason.text
    third = desk.pipeline.handle(desk.drop("c.pdf", content).id)
    assert third.duplicate_of == again.id
    desk.store.close()


def test_a_file_on_a_share_that_is_gone_is_not_taken_for_deleted(desk: Desk) -> None:
    first = desk.pipeline.handle(desk.drop("a.pdf", b"invoice 0.99").id)
    desk.path(first).unlink()

    def refuse() -> None:
        raise EnvironmentFaultError("nothing is mounted there", code=ReasonCode.STORAGE_GONE)

    pipeline = Pipeline(desk.reader, desk.mover, desk.configuration.settings, check_mounts=refuse)
    again = pipeline.handle(desk.drop("b.pdf", b"invoice 0.99").id)
    assert again.state is State.SPOOLED
    assert again.waiting is not None
    assert again.waiting.code is ReasonCode.STORAGE_GONE


def test_a_file_that_cannot_be_asked_for_is_not_taken_for_deleted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = desk.pipeline.handle(desk.drop("a.pdf", b"invoice 0.99").id)
    path = desk.path(first)
    real = Path.lstat

    def stale(self: Path) -> os.stat_result:
        if self == path:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        return real(self)

    monkeypatch.setattr(Path, "lstat", stale)
    again = desk.pipeline.handle(desk.drop("b.pdf", b"invoice 0.99").id)
    assert again.waiting is not None
    assert again.waiting.code is ReasonCode.STORAGE_GONE


def test_a_first_document_that_somebody_moves_just_now_is_not_taken_for_deleted(
    desk: Desk,
) -> None:
    first = desk.pipeline.handle(desk.drop("a.pdf", b"claim 0.5").id)
    destination = Destination(Place.SORTED, "claim/a.pdf", State.SORTED)
    desk.store.moves.plan(first.id, destination, actor="anna")
    desk.path(first).rename(desk.configuration.root(Place.SORTED) / "on-its-way.pdf")
    again = desk.pipeline.handle(desk.drop("b.pdf", b"claim 0.5").id)
    assert again.duplicate_of == first.id


@pytest.mark.parametrize(("policy", "state"), [("keep", State.SORTED), ("review", State.REVIEW)])
def test_duplicates_follow_the_policy(
    configuration: Configuration, clock: ManualClock, policy: str, state: State
) -> None:
    desk = Desk(configuration, clock, IntakeSettings.model_validate({"duplicates": policy}))
    desk.pipeline.handle(desk.drop("a.pdf", b"invoice 0.99").id)
    assert desk.pipeline.handle(desk.drop("b.pdf", b"invoice 0.99").id).state is state
    desk.store.close()


def test_two_documents_of_one_name_do_not_replace_each_other(desk: Desk) -> None:
    one = desk.pipeline.handle(desk.drop("a.pdf", b"invoice 0.99").id)
    two = desk.pipeline.handle(desk.drop("a.pdf", b"invoice 0.98").id)
    assert Path(one.path).name == "a.pdf"
    assert Path(two.path).name == "a-2.pdf"
    assert desk.path(one).read_bytes() != desk.path(two).read_bytes()


def test_a_file_that_is_written_on_after_the_claim_rests_again_and_is_looked_at_anew(
    desk: Desk,
) -> None:
    document = desk.drop("a.pdf", b"invoice 0.99")

    def write_on(path: Path) -> None:
        path.write_bytes(b"letter 0.97 and more")
        desk.reader.before_answer = lambda _: None

    desk.reader.before_answer = write_on
    waiting = desk.pipeline.handle(document.id)
    assert waiting.state is State.SPOOLED
    assert waiting.waiting is not None
    assert waiting.waiting.code is ReasonCode.CHANGED
    assert desk.store.documents.due(10, desk.clock.now()) == []

    desk.clock.advance(60)
    assert [due.id for due in desk.store.documents.due(10, desk.clock.now())] == [document.id]
    done = desk.pipeline.handle(document.id)
    assert done.verdict is not None
    assert done.verdict.label == "letter"
    assert desk.path(done).read_bytes() == b"letter 0.97 and more"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (EnvironmentFaultError("gone"), ReasonCode.STORAGE_GONE),
        (DependencyError("no poppler"), ReasonCode.PROGRAM_MISSING),
        (OSError(28, "No space left on device"), ReasonCode.DISK_FULL),
    ],
)
def test_failing_surroundings_let_a_document_wait_longer_each_time_and_never_reject_it(
    desk: Desk, error: Exception, code: ReasonCode
) -> None:
    document = desk.drop("a.pdf", b"invoice 0.99")

    def fail(_: Path) -> None:
        raise error

    desk.reader.before_answer = fail
    waits = []
    for _ in range(3):
        waiting = desk.pipeline.handle(document.id)
        assert waiting.state is State.SPOOLED
        assert waiting.waiting is not None
        assert waiting.waiting.code is code
        assert waiting.next_try_at is not None
        waits.append((waiting.next_try_at - desk.clock.now()).total_seconds())
    assert waits == sorted(set(waits))

    desk.reader.before_answer = lambda _: None
    assert desk.pipeline.handle(document.id).state is State.SORTED


def test_our_own_failure_is_tried_again_and_then_given_to_a_person(desk: Desk) -> None:
    document = desk.drop("a.pdf", b"invoice 0.99")
    states = [desk.pipeline.give_up(document.id, ValueError("oops")).state for _ in range(5)]
    assert states == [State.SPOOLED] * 4 + [State.REVIEW]
    last = desk.store.documents.get(document.id)
    assert last.verdict is not None
    assert last.verdict.kind is VerdictKind.REVIEW
    assert "oops" in last.verdict.reason.text


def test_handling_a_finished_document_again_changes_nothing(desk: Desk) -> None:
    done = desk.pipeline.handle(desk.drop("a.pdf", b"invoice 0.99").id)
    assert desk.pipeline.handle(done.id) == done


class Gate:
    """Lets documents pass one at a time; each ends as a claim that came to nothing."""

    def __init__(self) -> None:
        self.passes = threading.Semaphore(0)

    def claim(self) -> Document | None:
        assert self.passes.acquire(timeout=30)
        return None


def test_more_is_asked_for_when_no_more_documents_are_left_than_threads(desk: Desk) -> None:
    gate, left, one_left = Gate(), [], threading.Event()

    def wake() -> None:
        left.append(workers.busy)
        one_left.set()

    workers = Workers(desk.pipeline, 1, wake, desk.clock)
    taken = [workers.submit(number, gate.claim) for number in range(8)]
    assert taken == [True] * 5 + [False] * 3
    assert workers.capacity == 0
    gate.passes.release(4)
    assert one_left.wait(30)
    assert left == [1]
    assert workers.capacity == 4
    gate.passes.release()
    workers.drain()
    assert left == [1, 0]


def test_a_failure_is_told_at_once(desk: Desk) -> None:
    gate, told = Gate(), threading.Event()
    workers = Workers(desk.pipeline, 1, told.set, desk.clock)

    def fail() -> Document | None:
        raise OSError("the disk is gone")

    workers.submit(1, fail)
    for number in range(2, 6):
        workers.submit(number, gate.claim)
    assert told.wait(30)
    assert isinstance(workers.take_trouble(), OSError)
    gate.passes.release(4)
    workers.drain()


def test_a_document_is_taken_through(desk: Desk) -> None:
    document = desk.drop("a.pdf", b"invoice 0.99")
    workers = Workers(desk.pipeline, 1, lambda: None, desk.clock)
    assert workers.submit(document.id)
    workers.drain()
    assert desk.store.documents.get(document.id).state is not State.SPOOLED
    assert workers.done == 1


def test_a_document_that_waits_for_a_thread_is_not_counted_as_stuck(desk: Desk) -> None:
    gate, begun = Gate(), threading.Event()

    def claim() -> Document | None:
        begun.set()
        return gate.claim()

    workers = Workers(desk.pipeline, 1, lambda: None, desk.clock)
    workers.submit(1, claim)
    assert begun.wait(30)
    workers.submit(2, gate.claim)
    desk.clock.advance(7)
    assert workers.longest() == 7
    begun.clear()
    workers.submit(3, claim)
    gate.passes.release(2)
    assert begun.wait(30)
    assert workers.longest() == 0
    gate.passes.release()
    workers.drain()


@pytest.mark.parametrize("readers", [1, 2, 7, 64])
def test_no_document_waits_for_more_rounds_of_reading_than_the_daemon_reckons_with(
    readers: int,
) -> None:
    threads = threads_for(readers)
    assert threads > readers
    assert -(-threads // readers) <= ROUNDS
