"""Renames and merges in the store, on any database: one commit, and all of it comes back."""

import pytest

from docsorter.documents import Document, Place, State
from docsorter.errors import ConflictError
from docsorter.store import Destination, LabelChange, Store
from tests.store.office import Office

pytestmark = pytest.mark.any_database


def there(document: Document, label: str) -> Destination:
    return Destination(Place.SORTED, f"{label}/{document.id}.pdf", State.SORTED, None)


def follow(store: Store, change: LabelChange, *, back: bool = False) -> list[int]:
    moved = []
    found = store.labels.moved_by(change) if back else store.labels.sorted_under(change.old)
    for document in found:
        label, number = (change.old, -change.id) if back else (change.new, change.id)
        to = there(document, label)
        move = store.labels.plan(document, to, label, change=number, actor="ada")
        assert move is not None
        store.moves.finish(move.id, actor="ada", event="delivered")
        moved.append(document.id)
    return moved


def test_a_merge_rewrites_what_there_is_and_gives_it_back(store: Store, office: Office) -> None:
    alone, other = office.sort("claim"), office.sort("letter")
    answered, waits = office.review("claim"), office.review("claim")
    office.answer(answered, "claim")
    change = store.labels.begin("claim", "letter", merged=True, actor="ada")
    assert store.documents.label_names() == {"claim": "letter"}
    assert store.labels.waiting() == {"letter": 1}
    assert [answer.label for answer in store.review.answers(answered.id)] == ["letter"]
    assert follow(store, change) == [alone.id, answered.id]
    assert store.documents.counts().labels == {"letter": 3}
    undone = store.labels.take_back(change.id, actor="ada")
    assert store.documents.label_names() == {}
    assert follow(store, undone, back=True) == [alone.id, answered.id]
    assert follow(store, undone, back=True) == []
    assert store.documents.counts().labels == {"claim": 2, "letter": 1}
    assert store.labels.waiting() == {"claim": 1}
    assert [answer.label for answer in store.review.answers(answered.id)] == ["claim"]
    assert store.documents.get(other.id).path == other.path
    assert store.review.entry_for_document(waits.id).document.verdict.label == "claim"  # type: ignore[union-attr]
    assert store.upkeep.integrity_check() == []


def test_changes_are_taken_back_the_last_one_first(store: Store) -> None:
    first = store.labels.begin("a", "b", merged=False, actor="ada")
    second = store.labels.begin("b", "c", merged=False, actor="ada")
    assert store.documents.label_names() == {"a": "c", "b": "c"}
    with pytest.raises(ConflictError, match="before another change"):
        store.labels.take_back(first.id, actor="ada")
    store.labels.take_back(second.id, actor="ada")
    store.labels.take_back(first.id, actor="ada")
    assert store.documents.label_names() == {}


def test_a_document_that_changed_since_it_was_seen_is_not_planned(
    store: Store, office: Office
) -> None:
    seen = office.sort("claim")
    change = store.labels.begin("claim", "b", merged=False, actor="ada")
    assert follow(store, change) == [seen.id]
    with pytest.raises(ConflictError, match="changed meanwhile"):
        store.labels.plan(seen, there(seen, "b"), "b", change=change.id, actor="ada")
