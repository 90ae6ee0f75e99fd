"""A desk whose documents people have answered."""

from docsorter.documents import Document, Place, State
from docsorter.store import Destination
from tests.service.desk import Desk


def answered(
    desk: Desk, content: bytes, label: str, name: str = "", reviewer: str = "anna"
) -> Document:
    """Drop a document that goes to a person, and answer it; the file really moves."""
    number = len(desk.store.documents.find(limit=10_000)) + 1
    document = desk.pipeline.handle(desk.drop(name or f"scan-{number}.pdf", content).id)
    assert document.state is State.REVIEW, document
    return answer(desk, document, label, reviewer)


def answer(desk: Desk, document: Document, label: str, reviewer: str = "anna") -> Document:
    entry = desk.store.review.entry_for_document(document.id)
    path = f"{label}/{document.name}"
    _, move = desk.store.review.plan_answer(
        entry.id,
        Destination(Place.SORTED, path, State.SORTED, "{}"),
        label=label,
        token=None,
        reviewer=reviewer,
        uid=1001,
    )
    return desk.mover.complete(move, actor=reviewer)
