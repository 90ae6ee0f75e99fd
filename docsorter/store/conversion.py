"""Rows become the frozen records of docsorter.documents, and verdicts become columns."""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Text, cast

from docsorter.documents import (
    Answer,
    Document,
    Event,
    Likeness,
    Move,
    PagePrediction,
    PageRole,
    Prediction,
    Reason,
    ReasonCode,
    ReviewEntry,
    Tone,
    Verdict,
    VerdictKind,
    WordsRead,
)
from docsorter.store.tables import (
    AnswerRow,
    DocumentColumns,
    DocumentRow,
    EntryRow,
    EventRow,
    MoveColumns,
    MoveRow,
    PredictionRow,
)

_DECIDED: Final = (
    "label",
    "confidence",
    "threshold",
    "reason_text",
    "answered_by",
    "duplicate_of",
)
"""Columns of a decision that JSON keeps as they are."""


def document(row: DocumentRow | DocumentColumns) -> Document:
    """Return a document as the rooms know it."""
    return Document(
        id=row.id,
        name=row.name,
        source=row.source,
        state=row.state,
        place=row.place,
        path=row.path,
        size=row.size,
        mtime_ns=row.mtime_ns,
        arrived_at=row.arrived_at,
        sha256=row.sha256,
        decided_at=row.decided_at,
        finished_at=row.finished_at,
        verdict=verdict(row),
        model=row.model,
        pages=row.pages,
        attempts=row.attempts,
        next_try_at=row.next_try_at,
        waiting=None if row.waiting is None else Reason(row.waiting, row.waiting_text or ""),
        answered_by=row.answered_by,
        duplicate_of=row.duplicate_of,
    )


def verdict(row: DocumentRow | DocumentColumns) -> Verdict | None:
    """Return the last verdict of a document."""
    if row.verdict is None or row.reason is None:
        return None
    reason = Reason(row.reason, row.reason_text or "")
    return Verdict(row.verdict, reason, row.label, row.confidence, row.threshold)


def verdict_columns(verdict: Verdict, at: dt.datetime) -> dict[str, Any]:
    """Return the columns of a document that a verdict sets."""
    return {
        "verdict": verdict.kind,
        "label": verdict.label,
        "confidence": None if verdict.confidence is None else float(verdict.confidence),
        "threshold": None if verdict.threshold is None else float(verdict.threshold),
        "reason": verdict.reason.code,
        "reason_text": verdict.reason.text,
        "decided_at": at,
    }


def set_verdict(row: DocumentRow, verdict: Verdict, at: dt.datetime) -> None:
    """Write a verdict into the row of a document."""
    assign(row, verdict_columns(verdict, at))


def best_label(row: PredictionRow) -> tuple[float, str]:
    """Return the greatest probability of a prediction, and its label."""
    probability, label = max(zip(row.probabilities, row.labels, strict=True))
    return float(probability), label


def assign(row: DocumentRow, columns: dict[str, Any]) -> None:
    """Write columns into the row of a document."""
    for column, value in columns.items():
        setattr(row, column, value)


def decision(row: DocumentRow | DocumentColumns) -> dict[str, object]:
    """Return what was decided of a document so far, to be kept as JSON with a planned move."""
    return {
        "verdict": row.verdict,
        "reason": row.reason,
        "decided_at": None if row.decided_at is None else row.decided_at.isoformat(),
        **{column: getattr(row, column) for column in _DECIDED},
    }


def restore_decision(row: DocumentRow, before: dict[str, object]) -> None:
    """Undo what a plan decided, when its move is abandoned."""
    kind, reason, decided_at = before["verdict"], before["reason"], before["decided_at"]
    row.verdict = None if kind is None else VerdictKind(str(kind))
    row.reason = None if reason is None else ReasonCode(str(reason))
    row.decided_at = None if decided_at is None else dt.datetime.fromisoformat(str(decided_at))
    assign(row, {column: before[column] for column in _DECIDED})


def move(row: MoveRow | MoveColumns) -> Move:
    """Return a move as the rooms know it."""
    return Move(
        id=row.id,
        document_id=row.document_id,
        from_place=row.from_place,
        from_path=row.from_path,
        to_place=row.to_place,
        to_path=row.to_path,
        state=row.state,
        next_state=row.next_state,
        planned_at=row.planned_at,
        sidecar=row.sidecar,
    )


def prediction_values(document_id: int, made: Prediction, at: dt.datetime) -> dict[str, object]:
    """Return the columns of a new prediction; numbers become plain Python floats."""
    return {
        "document_id": document_id,
        "made_at": at,
        "model": made.model,
        "labels": list(made.labels),
        "probabilities": _floats(made.probabilities),
        "novelty": float(made.novelty),
        "pages": [
            *map(_page_values, made.pages),
            *({"number": number, "blank": True} for number in made.blank),
            *({"number": number, "undrawable": why} for number, why in made.undrawable.items()),
            *([] if made.read is None else [{"read": dataclasses.asdict(made.read)}]),
            *([] if made.tone is None else [{"tone": _tone_values(made.tone)}]),
        ],
    }


def _page_values(page: PagePrediction) -> dict[str, object]:
    return {
        "probabilities": _floats(page.probabilities),
        "novelty": float(page.novelty),
        "nearest": [[one.name, one.label, one.distance] for one in page.nearest],
        "number": page.number,
        "role": page.role.value,
        "first": page.first,
        "turned": page.turned,
    }


def _tone_values(tone: Tone) -> dict[str, object]:
    """Return it with its leaning, which the queue is searched by."""
    return {**dataclasses.asdict(tone), "leaning": tone.leaning}


def has_tone(leaning: str) -> ColumnElement[bool]:
    """Return the condition that the words of a prediction sound so."""
    return cast(PredictionRow.pages, Text).contains(f'"leaning": "{leaning}"', autoescape=True)


def prediction(row: PredictionRow) -> Prediction:
    """Return a prediction as the rooms know it."""
    return Prediction(
        model=row.model,
        labels=tuple(row.labels),
        probabilities=tuple(row.probabilities),
        novelty=row.novelty,
        pages=tuple(
            _page(page, place) for place, page in enumerate(row.pages) if "probabilities" in page
        ),
        blank=tuple(int(str(page["number"])) for page in row.pages if "blank" in page),
        undrawable={
            int(str(page["number"])): str(page["undrawable"])
            for page in row.pages
            if "undrawable" in page
        },
        read=next((_read(page["read"]) for page in row.pages if "read" in page), None),
        tone=next((_tone(page["tone"]) for page in row.pages if "tone" in page), None),
    )


def _read(stored: Any) -> WordsRead:  # noqa: ANN401 -- JSON
    shares = {name: tuple(stored[name]) for name in ("picture", "words")}
    return WordsRead(**{**stored, **shares})


def entry(
    row: EntryRow, of: DocumentRow, made: PredictionRow | None, names: Mapping[str, str]
) -> ReviewEntry:
    """Return a review entry with its document and what the model saw, in the labels of today."""
    shown = document(of)
    if names and shown.verdict is not None:  # its reason was written before
        shown = dataclasses.replace(shown, verdict=shown.verdict.renamed(names))
    return ReviewEntry(
        id=row.id,
        document=shown,
        prediction=None if made is None else prediction(made).renamed(names),
        created_at=row.created_at,
        skips=row.skips,
        lease_owner=row.lease_owner,
        lease_expires_at=row.lease_expires_at,
        purpose=row.purpose,
        blind=row.blind,
        not_for=row.not_for,
    )


def answer(row: AnswerRow) -> Answer:
    """Return an answer as the rooms know it."""
    return Answer(
        id=row.id,
        entry_id=row.entry_id,
        document_id=row.document_id,
        label=row.label,
        reviewer=row.reviewer,
        uid=row.uid,
        answered_at=row.answered_at,
        undone_at=row.undone_at,
        purpose=row.purpose,
        blind=row.blind,
        seconds=row.seconds,
        batch=row.batch,
        guess=row.guess,
    )


def event(row: EventRow) -> Event:
    """Return a line of the log."""
    return Event(row.id, row.at, row.kind, row.actor, row.document_id, dict(row.detail))


def _floats(values: Sequence[float]) -> list[float]:
    return [float(value) for value in values]


def _tone(stored: Any) -> Tone:  # noqa: ANN401 -- JSON
    names = (each.name for each in dataclasses.fields(Tone))
    return Tone(**{name: _tuples(stored[name]) for name in names if name in stored})


def _tuples(value: Any) -> Any:  # noqa: ANN401 -- JSON
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _page(stored: dict[str, Any], place: int) -> PagePrediction:
    """Return a page of a prediction; what follows novelty is not in every older row."""
    return PagePrediction(
        tuple(stored["probabilities"]),
        stored["novelty"],
        tuple(Likeness(*one) for one in stored.get("nearest", [])),
        stored.get("number", place),
        PageRole(stored.get("role", PageRole.PART)),
        stored.get("first"),
        stored.get("turned", 0),
    )
