import pytest

from docsorter.clock import ManualClock
from docsorter.documents import CheckOutcome, Document
from docsorter.store import Store
from docsorter.store.tables import CheckRow
from tests.store.office import Office

pytestmark = pytest.mark.any_database


def settle(
    store: Store, document: Document, outcome: CheckOutcome | None, inclusion: float = 0.5
) -> None:
    """Write a settled check, as the drawing and the reviewers do."""
    now = store.documents._clock.now()
    with store.database.write() as session:
        session.add(
            CheckRow(
                document_id=document.id, drawn_at=now, model="starter-1", rule="r", source="",
                label="invoice", score=0.99, inclusion=inclusion, outcome=outcome,
                settled_at=now if outcome else None,
            )
        )  # fmt: skip


def test_what_people_said_is_a_lesson_and_what_the_model_sorted_alone_is_not(
    store: Store, office: Office
) -> None:
    office.sort()
    answered = office.answer(office.review("claim", 0.6), "invoice")
    refused = office.review("claim", 0.6)
    office.answer(refused, None)
    (lesson,) = store.learning.answered_documents()
    assert (lesson.document.id, lesson.label, lesson.guess) == (answered.id, "invoice", "claim")
    assert (lesson.predicted, lesson.doubt, lesson.disputed) == ("claim", 0.6, False)


def test_an_answer_taken_back_teaches_nothing(store: Store, office: Office) -> None:
    document = office.answer(office.review(), "invoice")
    _, move = store.review.undo_answer(document.id, office.back(document), reviewer="anna", uid=1)
    store.moves.finish(move.id, actor="anna", event="delivered")
    assert store.learning.answered_documents() == []
    assert store.learning.count_unlearned("starter-1", corrections=False) == 0


def test_lessons_come_in_pages_and_up_to_a_time(
    store: Store, office: Office, clock: ManualClock
) -> None:
    first = office.answer(office.review(), "claim")
    clock.advance(60)
    then = clock.now()
    second = office.answer(office.review(), "letter")
    assert [one.document.id for one in store.learning.answered_documents()] == [first.id, second.id]
    assert [one.document.id for one in store.learning.answered_documents(after_id=first.id)] == [
        second.id
    ]
    assert [one.document.id for one in store.learning.answered_documents(until=then)] == [first.id]


def test_a_correction_counts_until_a_model_learned_it(store: Store, office: Office) -> None:
    corrected = office.answer(office.review("claim"), "invoice")
    agreed = office.answer(office.review("claim"), "claim")
    assert store.learning.count_unlearned("ours-1", corrections=True) == 1
    assert store.learning.count_unlearned("ours-1", corrections=False) == 2
    store.learning.record_learned("ours-1", {corrected.id: "invoice"})
    assert store.learning.count_unlearned("ours-1", corrections=True) == 0
    assert store.learning.count_unlearned("ours-1", corrections=False) == 1
    assert store.learning.count_unlearned("starter-1", corrections=True) == 1
    # the label was changed since: what the model learned of it is no longer what stands
    store.learning.record_learned("ours-1", {corrected.id: "letter", agreed.id: "claim"})
    assert store.learning.count_unlearned("ours-1", corrections=True) == 1


def test_a_model_knows_what_the_model_it_started_from_had_learned(
    store: Store, office: Office
) -> None:
    first = office.answer(office.review(), "invoice")
    second = office.answer(office.review(), "letter")
    store.learning.record_learned("ours-1", {first.id: "invoice"})
    store.learning.record_learned("ours-2", {second.id: "letter"}, base="ours-1")
    assert [model for model, _, _ in store.learning.learned_by(first.id)] == ["ours-1", "ours-2"]
    assert store.learning.trained_models() == {"ours-1", "ours-2"}
    store.learning.drop_learned("ours-2")
    assert [model for model, _, _ in store.learning.learned_by(first.id)] == ["ours-1"]


def test_only_settled_checks_that_no_model_learned_from_compare_models(
    store: Store, office: Office, clock: ManualClock
) -> None:
    learned, right, unsettled, void = (office.sort() for _ in range(4))
    settle(store, learned, CheckOutcome.RIGHT)
    store.learning.record_learned("ours-1", {learned.id: "invoice"})
    clock.advance(60)
    then = clock.now()
    settle(store, right, CheckOutcome.RIGHT, inclusion=0.25)
    settle(store, unsettled, None)
    settle(store, void, CheckOutcome.VOID)
    (check,) = store.learning.held_out_checks(["starter-1", "ours-1"])
    assert (check.document.id, check.truth, check.inclusion) == (right.id, "invoice", 0.25)
    assert [one.document.id for one in store.learning.held_out_checks(["starter-1"])] == [
        learned.id,
        right.id,
    ]
    assert [one.document.id for one in store.learning.held_out_checks([], after=then)] == [right.id]
    assert store.learning.held_out_checks([], limit=1)[0].document.id == right.id


@pytest.mark.parametrize("outcome", [CheckOutcome.RIGHT, CheckOutcome.WRONG])
def test_the_truth_of_a_check_is_where_the_document_lies_in_the_end(
    store: Store, office: Office, outcome: CheckOutcome
) -> None:
    document = office.answer(office.review("invoice"), "claim")
    settle(store, document, outcome)
    (check,) = store.learning.held_out_checks([])
    assert check.truth == ("invoice" if outcome is CheckOutcome.RIGHT else "claim")
