import datetime as dt
from dataclasses import replace

import pytest

from docsorter.clock import ManualClock
from docsorter.documents import (
    MoveState,
    PagePrediction,
    PageRole,
    Place,
    Reason,
    ReasonCode,
    State,
    Tone,
    Verdict,
    VerdictKind,
    WordsRead,
)
from docsorter.errors import ConflictError, NotFoundError
from docsorter.store import (
    Arrival,
    Destination,
    DocumentFilter,
    Findings,
    ReviewFilter,
    Store,
    conversion,
)
from docsorter.store.tables import PredictionRow
from tests.store.office import Office

pytestmark = pytest.mark.any_database

NOW = ManualClock().now()
FULL = Reason(ReasonCode.DISK_FULL, "the disk is full")
MOMENT = dt.timedelta(seconds=60)
TONE = Tone("deu", -0.5, -0.8, -0.2, 9, (4, 0, 5), (("Ärger", -1.0),), (("gut", 1.0),), mixed=False)


def test_a_claim_gets_a_number_and_a_planned_move_to_a_tame_name(store: Store) -> None:
    arrival = Arrival("Rechnung.PDF", "scanner", "scanner/Rechnung.PDF", 5, 7)
    document, move = store.documents.plan_claim(arrival, actor="daemon")
    assert (document.state, document.place, document.path) == (
        State.CLAIMING,
        Place.INBOX,
        "scanner/Rechnung.PDF",
    )
    assert (move.to_place, move.to_path, move.next_state) == (
        Place.SPOOL,
        f"{document.id}.pdf",
        State.SPOOLED,
    )
    assert move.state is MoveState.PLANNED
    assert store.moves.planned() == [move] == store.moves.of_document(document.id)
    assert [event.kind for event in store.documents.events()] == ["claim_planned"]


@pytest.mark.parametrize("name", ["noend", "x.tar!gz", "x.abcdefghi", ".pdf", "x.p\udcff"])
def test_an_odd_suffix_does_not_reach_the_spool(store: Store, name: str) -> None:
    document, move = store.documents.plan_claim(Arrival(name, "", name, 1, 1), actor="daemon")
    assert move.to_path == str(document.id)


@pytest.mark.parametrize(
    "name",
    ["a\udcff\udc80.pdf", "nul\x00.pdf", "\U0010fffdud800\U0010fffd.pdf", "mö\nü.pdf", "-'\""],
)
def test_names_that_no_database_likes_come_back_unchanged(store: Store, name: str) -> None:
    document, move = store.documents.plan_claim(Arrival(name, name, name, 1, 1), actor="daemon")
    kept = store.documents.get(document.id)
    assert (kept.name, kept.source, kept.path) == (name, name, name)
    assert store.moves.get(move.id).from_path == name


def test_the_same_inbox_path_is_not_claimed_twice_at_once(store: Store) -> None:
    first, move = store.documents.plan_claim(Arrival("a.pdf", "", "a.pdf", 1, 1), actor="daemon")
    with pytest.raises(ConflictError, match="being claimed"):
        store.documents.plan_claim(Arrival("a.pdf", "", "a.pdf", 2, 2), actor="daemon")
    store.moves.finish(move.id, actor="daemon", event="claimed")
    again, _ = store.documents.plan_claim(Arrival("a.pdf", "", "a.pdf", 2, 2), actor="daemon")
    assert again.id > first.id
    assert store.documents.counts().total == 2


def test_the_earliest_document_with_the_same_bytes_is_found(store: Store, office: Office) -> None:
    first, second, third = office.sort(), office.sort(), office.drop()
    for document in (first, second, third):
        store.documents.set_hash(document.id, sha256="f" * 64, size=9, mtime_ns=3)
    found = store.documents.earlier_with_hash("f" * 64, third.id)
    assert found is not None
    assert (found.id, found.size, found.mtime_ns) == (first.id, 9, 3)
    assert store.documents.earlier_with_hash("e" * 64, third.id) is None
    store.upkeep.forget(first.id, actor="anna")
    found = store.documents.earlier_with_hash("f" * 64, third.id)
    assert found is not None
    assert found.id == second.id


def test_a_later_document_with_the_same_bytes_counts_once_it_has_its_verdict(
    store: Store, office: Office
) -> None:
    first, second = office.drop(), office.drop()
    for document in (first, second):
        store.documents.set_hash(document.id, sha256="f" * 64, size=9, mtime_ns=3)
    assert store.documents.earlier_with_hash("f" * 64, first.id) is None
    verdict = Verdict(VerdictKind.SORT, Reason(ReasonCode.SURE, "sure"), "invoice", 0.99)
    destination = Destination(Place.SORTED, "invoice/b.pdf", State.SORTED)
    store.moves.decide_and_plan(second.id, verdict, destination)
    found = store.documents.earlier_with_hash("f" * 64, first.id)
    assert found is not None
    assert found.id == second.id


def test_a_rejected_duplicate_and_a_withdrawn_document_are_no_earlier_copy(
    store: Store, office: Office
) -> None:
    duplicate = office.drop()
    verdict = Verdict(VerdictKind.REJECT, Reason(ReasonCode.DUPLICATE, "as document 0"))
    move = store.moves.decide_and_plan(
        duplicate.id, verdict, Destination(Place.REJECTED, "d.pdf", State.REJECTED)
    )
    store.moves.finish(move.id, actor="daemon", event="rejected", sha256="e" * 64)
    gone, move = store.documents.plan_claim(Arrival("b.pdf", "", "b.pdf", 1, 1), actor="daemon")
    store.documents.set_hash(gone.id, sha256="e" * 64, size=1, mtime_ns=1)
    store.moves.abandon(move.id, actor="daemon", reason="taken away", withdraw=True)
    last = office.drop()
    assert store.documents.earlier_with_hash("e" * 64, last.id) is None


def test_a_failed_try_waits_for_its_time_and_counts(
    store: Store, office: Office, clock: ManualClock
) -> None:
    document = office.drop()
    assert store.documents.next_due_time() is None
    waiting = store.documents.defer(document.id, FULL, clock.now() + MOMENT)
    assert (waiting.attempts, waiting.waiting) == (1, FULL)
    assert store.documents.due(10, clock.now()) == []
    assert store.documents.next_due_time() == clock.now() + MOMENT
    clock.advance(60)
    assert [found.id for found in store.documents.due(10, clock.now())] == [document.id]
    assert store.documents.events(document_id=document.id)[-1].detail["attempts"] == 1
    store.documents.resume(document.id)
    resumed = store.documents.get(document.id)
    assert (resumed.attempts, resumed.next_try_at, resumed.waiting) == (1, None, None)


def test_due_documents_come_oldest_first_and_not_those_on_the_move(
    store: Store, office: Office, clock: ManualClock
) -> None:
    documents = [office.drop() for _ in range(5)]
    store.documents.defer(documents[0].id, FULL, clock.now())
    store.documents.defer(documents[1].id, FULL, clock.now() + MOMENT)
    store.moves.plan(documents[2].id, Destination(Place.SORTED, "x", State.SORTED), actor="daemon")
    due = [found.id for found in store.documents.due(10, clock.now())]
    assert due == [documents[0].id, documents[3].id, documents[4].id]
    assert [found.id for found in store.documents.due(1, clock.now())] == [documents[0].id]


def test_a_prediction_of_before_sample_pages_were_kept_comes_back() -> None:
    row = PredictionRow(
        model="starter-1",
        labels=["claim", "letter"],
        probabilities=[0.25, 0.75],
        novelty=3.0,
        pages=[{"probabilities": [0.25, 0.75], "novelty": 3.0}],
    )
    assert conversion.prediction(row).pages == (PagePrediction((0.25, 0.75), 3.0),)


def test_what_is_said_of_single_pages_comes_back(store: Store, office: Office) -> None:
    made = office.prediction("invoice", 0.9)
    (page,) = made.pages
    told = replace(
        made,
        pages=(
            replace(page, number=1, first=0.75, turned=90),
            replace(page, number=4, role=PageRole.UNLIKE),
            replace(page, number=6, role=PageRole.BEGINS, first=0.99),
        ),
        blank=(0, 2, 5),
        undrawable={3: "page 4 cannot be drawn"},
        tone=TONE,
    )
    document = office.drop()
    store.documents.record_prediction(document.id, Findings(told, 7))
    found = store.documents.prediction(document.id)
    assert found == told
    assert found.cut_before == (6,)


def test_what_words_added_comes_back_in_the_labels_of_today(store: Store, office: Office) -> None:
    made = office.prediction("invoice", 0.9)
    shares = made.probabilities
    told = replace(made, read=WordsRead("ocr", 2, 31, shares, shares[::-1]))
    document = office.drop()
    store.documents.record_prediction(document.id, Findings(told, 7))
    found = store.documents.prediction(document.id)
    assert found == told
    assert found.read is not None
    merged = found.renamed({"invoice": made.labels[1]}).read
    assert merged is not None
    assert sum(merged.picture) == pytest.approx(1)
    assert len(merged.words) == len(made.labels) - 1


def test_the_queue_is_searched_by_the_tone_that_was_heard(store: Store, office: Office) -> None:
    bad, good, silent = (office.review() for _ in range(3))
    for document, score in ((bad, -0.5), (good, 0.5)):
        tone = replace(TONE, score=score, low=score, high=score, negative=(("%", score),))
        made = replace(office.prediction("claim", 0.6), tone=tone)
        store.documents.record_prediction(document.id, Findings(made))

    def waiting(tone: str | None) -> list[int]:
        found = store.review.entries(filter=ReviewFilter(tone=tone))
        return [entry.document.id for entry in found]

    assert waiting("negative") == [bad.id]
    assert waiting("positive") == [good.id]
    assert waiting("mixed") == []
    assert waiting(None) == [bad.id, good.id, silent.id]


def test_a_prediction_comes_back_number_for_number(store: Store, office: Office) -> None:
    document = office.drop()
    assert store.documents.prediction(document.id) is None
    made = office.prediction("invoice", 0.123456789012345678)
    noted = store.documents.record_prediction(document.id, Findings(made, 3, "image/tiff", "Xerox"))
    assert store.documents.prediction(document.id) == made
    assert (noted.model, noted.pages) == ("starter-1", 3)
    later = office.prediction("claim", 0.9)
    store.documents.record_prediction(document.id, Findings(later))
    assert store.documents.prediction(document.id) == later
    assert store.documents.get(document.id).pages == 3


def test_history_lists_newest_first_page_by_page(store: Store, office: Office) -> None:
    made = [office.sort().id for _ in range(5)]
    first = store.documents.find(limit=2)
    second = store.documents.find(limit=2, before_id=first[-1].id)
    assert [found.id for found in first + second] == made[::-1][:4]


def test_history_filters_by_every_condition(
    store: Store, office: Office, clock: ManualClock
) -> None:
    old = office.sort("invoice", source="hall")
    clock.advance(3600)
    new = office.sort("letter", name="100%_Müller.pdf")
    office.review()

    def found(wanted: DocumentFilter) -> list[int]:
        return [one.id for one in store.documents.find(wanted)]

    assert found(DocumentFilter(state=State.SORTED)) == [new.id, old.id]
    assert found(DocumentFilter(state=State.SORTED, label="invoice")) == [old.id]
    assert found(DocumentFilter(since=clock.now(), state=State.SORTED)) == [new.id]
    assert found(DocumentFilter(since=clock.now() + MOMENT)) == []
    assert found(DocumentFilter(source="hall")) == [old.id]
    assert found(DocumentFilter(text="MüLLER")) == [new.id]
    assert found(DocumentFilter(text="0%_")) == [new.id]
    assert found(DocumentFilter(text="%nothing")) == []


def test_counts_tell_machines_from_people(store: Store, office: Office) -> None:
    office.sort("invoice")
    office.sort("letter")
    office.answer(office.review(), "letter")
    office.answer(office.review(), None)
    office.review()
    counts = store.documents.counts()
    assert counts.labels == {"invoice": 1, "letter": 2}
    assert (counts.sorted_alone, counts.sorted_by_people) == (2, 1)
    assert (counts.states[State.REJECTED], counts.states[State.REVIEW]) == (1, 1)
    assert counts.states[State.CLAIMING] == 0
    assert counts.total == 5
    assert store.upkeep.integrity_check() == []


def test_an_unknown_document_is_not_found(store: Store) -> None:
    with pytest.raises(NotFoundError, match="no document 77"):
        store.documents.get(77)
    with pytest.raises(NotFoundError):
        store.moves.plan(77, Destination(Place.SORTED, "x", State.SORTED), actor="daemon")


def test_a_time_without_zone_is_refused_and_leaves_nothing(store: Store, office: Office) -> None:
    document = office.drop()
    before = len(store.documents.events())
    with pytest.raises(Exception, match="without a time zone"):
        store.documents.defer(document.id, FULL, dt.datetime(2026, 1, 1))  # noqa: DTZ001
    assert store.documents.get(document.id).attempts == 0
    assert len(store.documents.events()) == before


def test_other_time_zones_are_stored_as_utc(store: Store, office: Office) -> None:
    document = office.drop()
    east = dt.datetime(2026, 6, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    kept = store.documents.defer(document.id, FULL, east)
    read = store.documents.get(document.id).next_try_at
    assert read is not None
    assert read == east == kept.next_try_at
    assert read.tzinfo is dt.UTC


def test_forgetting_wipes_content_and_keeps_the_row_and_its_log(
    store: Store, office: Office
) -> None:
    document = office.sort(name="secret.pdf")
    office.drop()
    store.upkeep.forget(document.id, actor="anna")
    kept = store.documents.get(document.id)
    assert (kept.name, kept.path, kept.sha256) == ("(forgotten)", "", None)
    assert store.documents.prediction(document.id) is None
    assert {move.to_path for move in store.moves.of_document(document.id)} == {""}
    assert store.documents.events(document_id=document.id)[-1].kind == "forgotten"
    assert store.upkeep.integrity_check() == []


def test_a_document_on_its_way_is_not_forgotten(store: Store, office: Office) -> None:
    document = office.drop()
    store.moves.plan(document.id, office.back(document), actor="daemon")
    with pytest.raises(ConflictError, match="on its way"):
        store.upkeep.forget(document.id, actor="anna")


def test_nothing_new_is_learned_of_a_forgotten_document(store: Store, office: Office) -> None:
    document = office.drop()
    store.upkeep.forget(document.id, actor="anna")
    assert store.documents.get(document.id).state is State.WITHDRAWN
    for learn in (
        lambda: store.documents.set_hash(document.id, sha256="0" * 64, size=1, mtime_ns=1),
        lambda: store.documents.defer(document.id, FULL, NOW),
        lambda: store.documents.record_prediction(document.id, Findings()),
        lambda: store.moves.plan(document.id, office.back(document), actor="daemon"),
    ):
        with pytest.raises(ConflictError, match="is forgotten"):
            learn()


def test_a_forgotten_review_document_waits_for_nobody(store: Store, office: Office) -> None:
    document = office.review()
    store.upkeep.forget(document.id, actor="anna")
    assert store.review.entries() == []
    assert store.documents.get(document.id).state is State.WITHDRAWN
    assert store.upkeep.integrity_check() == []
