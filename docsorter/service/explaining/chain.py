"""The chain of reasons for one document, as what the store knows of it, in order."""

import datetime as dt
from dataclasses import dataclass

from docsorter.configuration import Configuration
from docsorter.documents import Answer, Document, Event, Prediction
from docsorter.service.acts import Acts
from docsorter.service.learning.unlearned import Unlearned, unlearned
from docsorter.store import Check, PromiseMove, Store

_HISTORY = 1000  # changes of the threshold that are looked through


@dataclass(frozen=True, slots=True)
class Learned:
    """A model that learned from the document.

    Attributes:
        model: Name on its card.
        label: As what.
        at: When that was written down, before it was trained.
    """

    model: str
    label: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Chain:
    """All that explains where a document is.

    Attributes:
        document: The document.
        file: Where its bytes are.
        blind: It waits for an answer that must not be led: nothing of the model is told.
        prediction: What the model saw.
        policy: Of the most probable label: auto, review or never; "" when nothing was seen.
        novelty_limit: Above it nothing is sorted alone, percent; None when the model is gone.
        promise: The change of the threshold that was in force when it was decided.
        statement: What the promise of the model in use is worth now.
        answers: What people said, the oldest first.
        checks: Whether chance drew it for a blind answer, and what came of it.
        learned: Which models learned from it.
        unlearned: What the model in use has not learned yet; of all documents.
        events: The log.
    """

    document: Document
    file: str
    blind: bool
    prediction: Prediction | None
    policy: str
    novelty_limit: float | None
    promise: PromiseMove | None
    statement: str
    answers: tuple[Answer, ...]
    checks: tuple[Check, ...]
    learned: tuple[Learned, ...]
    unlearned: Unlearned
    events: tuple[Event, ...]


def chain(configuration: Configuration, acts: Acts, document_id: int) -> Chain:
    """Gather what explains where a document is.

    Args:
        configuration: The workspace.
        acts: Open on it.
        document_id: The document.

    Raises:
        NotFoundError: There is none of that number.
        ModelError: The model in use is gone.
    """
    store, card = acts.store, acts.card
    document = store.document(document_id)
    blind = acts.is_blind(document_id)
    prediction = None if blind else store.prediction(document_id)
    policy, limit = "", None
    if prediction is not None:
        policies = {**card.policies, **configuration.settings.decide.policies}
        policy = policies.get(prediction.label, "auto") if prediction.label in card.labels else ""
        limit = card.novelty_limit if prediction.model == card.name else None
    return Chain(
        document=document,
        file=str(acts.path_of(document)),
        blind=blind,
        prediction=prediction,
        policy=policy,
        novelty_limit=limit,
        promise=None if blind else _promise(store, document),
        statement=acts.statement(),
        answers=() if blind else tuple(store.answers(document_id)),
        checks=() if blind else tuple(store.checks(document_id)),
        learned=tuple(Learned(*one) for one in store.learned_by(document_id)),
        unlearned=unlearned(store, card.name),
        events=() if blind else tuple(store.events(document_id=document_id)),
    )


def _promise(store: Store, document: Document) -> PromiseMove | None:
    """Return what the threshold rested on when the document was decided."""
    decided = _decided_at(store, document)
    if decided is None or document.model is None:
        return None
    found = [
        move
        for move in store.promises(limit=_HISTORY)
        if move.model == document.model and move.at is not None and move.at <= decided
    ]
    return found[-1] if found else None


def _decided_at(store: Store, document: Document) -> dt.datetime | None:
    """Return when the model decided, which an answer later writes over."""
    events = store.events(document_id=document.id)
    verdicts = [event.at for event in events if event.kind == "verdict"]
    return verdicts[-1] if verdicts else document.decided_at
