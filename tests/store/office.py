"""An office that takes documents through their way, as the daemon and the reviewers do."""

import itertools

from docsorter.documents import (
    Document,
    Likeness,
    PagePrediction,
    Place,
    Prediction,
    Reason,
    ReasonCode,
    State,
    Verdict,
    VerdictKind,
)
from docsorter.store import Arrival, Destination, Findings, Store


class Office:
    """Takes documents through their way, as the daemon and the reviewers do."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._numbers = itertools.count(1)

    def drop(self, name: str = "", source: str = "") -> Document:
        name = name or f"scan-{next(self._numbers)}.pdf"
        arrival = Arrival(name, source, f"{source}/{name}".lstrip("/"), 1000, 1_700_000_000)
        document, move = self.store.documents.plan_claim(arrival, actor="daemon")
        assert document.state is State.CLAIMING
        return self.store.moves.finish(
            move.id, actor="daemon", event="claimed", sha256=f"{document.id:064x}"
        )

    def prediction(self, label: str, confidence: float) -> Prediction:
        shares = (confidence, 1 - confidence)
        other = "letter" if label != "letter" else "claim"
        page = PagePrediction(shares, 12.5, (Likeness("claim-cash", "claim", 0.75),))
        return Prediction("starter-1", (label, other), shares, 12.5, (page,))

    def sort(self, label: str = "invoice", confidence: float = 0.99, **drop: str) -> Document:
        document = self.drop(**drop)
        verdict = Verdict(VerdictKind.SORT, Reason(ReasonCode.SURE, "sure"), label, confidence, 0.9)
        move = self.store.moves.decide_and_plan(
            document.id,
            verdict,
            Destination(Place.SORTED, f"{label}/{document.id}.pdf", State.SORTED, "{}"),
            Findings(self.prediction(label, confidence), 1, "application/pdf", "ScanSnap"),
        )
        return self.store.moves.finish(move.id, actor="daemon", event="delivered")

    def review(
        self,
        label: str = "claim",
        confidence: float = 0.6,
        code: ReasonCode = ReasonCode.UNSURE,
        **drop: str,
    ) -> Document:
        document = self.drop(**drop)
        verdict = Verdict(VerdictKind.REVIEW, Reason(code, "unsure"), label, confidence, 0.9)
        move = self.store.moves.decide_and_plan(
            document.id,
            verdict,
            Destination(Place.REVIEW, f"{document.id}.pdf", State.REVIEW),
            Findings(self.prediction(label, confidence), 1),
        )
        return self.store.moves.finish(move.id, actor="daemon", event="delivered")

    def answer(self, document: Document, label: str | None, reviewer: str = "anna") -> Document:
        entry = self.store.review.entry_for_document(document.id)
        _, move = self.store.review.plan_answer(
            entry.id,
            self.answered_to(document, label),
            label=label,
            token=None,
            reviewer=reviewer,
            uid=1001,
        )
        return self.store.moves.finish(move.id, actor=reviewer, event="delivered")

    def plan_answer(self, entry_id: int, document: Document) -> None:
        """Let ben answer "claim" without a lease, and not move anything yet."""
        self.store.review.plan_answer(
            entry_id,
            self.answered_to(document, "claim"),
            label="claim",
            token=None,
            reviewer="ben",
            uid=2,
        )

    def answered_to(self, document: Document, label: str | None) -> Destination:
        if label is None:
            return Destination(Place.REJECTED, f"{document.id}.pdf", State.REJECTED)
        return Destination(Place.SORTED, f"{label}/{document.id}.pdf", State.SORTED, "{}")

    def back(self, document: Document) -> Destination:
        return Destination(Place.REVIEW, f"{document.id}.pdf", State.REVIEW)
