import json
from pathlib import Path

import pytest

from docsorter.clock import ManualClock
from docsorter.configuration import Configuration
from docsorter.documents import Place, ReasonCode, State, VerdictKind
from docsorter.errors import DependencyError, EnvironmentFaultError
from docsorter.settings import IntakeSettings
from tests.service.desk import Desk


def test_a_sure_document_is_sorted_under_its_label_with_a_sidecar(desk: Desk) -> None:
    document = desk.pipeline.handle(desk.drop("a.pdf", b"invoice 0.99").id)

    assert document.state is State.SORTED
    assert desk.path(document).read_bytes() == b"invoice 0.99"
    assert document.path.startswith("invoice/")
    sidecar = json.loads(desk.path(document).with_name("a.pdf.json").read_text())
    assert sidecar["verdict"]["label"] == "invoice"
    assert sidecar["statement"] == "a statement"
    assert desk.files(Place.SPOOL) == desk.files(Place.INBOX) == []


def test_an_unsure_document_waits_for_a_person_without_a_sidecar(desk: Desk) -> None:
    document = desk.pipeline.handle(desk.drop("a.pdf", b"claim 0.5").id)

    assert document.state is State.REVIEW
    assert desk.files(Place.REVIEW) == ["a.pdf"]
    entry = desk.store.review.entry_for_document(document.id)
    assert entry.prediction is not None
    assert entry.prediction.label == "claim"


def test_a_broken_document_is_rejected_with_reason_and_remedy(desk: Desk) -> None:
    document = desk.pipeline.handle(desk.drop("a.pdf", b"broken").id)

    assert document.state is State.REJECTED
    assert document.verdict is not None
    assert document.verdict.reason.code is ReasonCode.DAMAGED
    assert "scan it again" in document.verdict.reason.text
    assert desk.files(Place.REJECTED) == ["a.pdf", "a.pdf.json"]


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
    assert "was looked at first" in late.verdict.reason.text


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
