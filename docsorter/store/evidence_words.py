"""What the store says of blind checks and of the promise that rests on them."""

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum

from docsorter.documents import Answer, CheckOutcome, Move


@dataclass(frozen=True, slots=True)
class Draw:
    """A document that was drawn for a blind answer, before it is written down.

    Attributes:
        rule: Key of the sort rule that it was drawn under.
        model: Name of the model.
        label: The label that the model gives it.
        score: What the threshold applies to: the probability of that label, 0-1.
        inclusion: With which probability such a document was drawn, (0, 1].
    """

    rule: str
    model: str
    label: str
    score: float
    inclusion: float


@dataclass(frozen=True, slots=True)
class Check:
    """One drawn document and what people said of it.

    Attributes:
        id: Number of the check.
        document_id: The document.
        drawn_at: When it was drawn.
        draw: What was drawn, and by which rule.
        source: Inbox sub-folder it came in.
        first: The first blind answer that stands.
        second: The second look, after a disagreement.
        outcome: right, wrong or void; None while it is open.
        settled_at: When that was settled.
    """

    id: int
    document_id: int
    drawn_at: dt.datetime
    draw: Draw
    source: str
    first: Answer | None = None
    second: Answer | None = None
    outcome: CheckOutcome | None = None
    settled_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What an answer to a check came to.

    Attributes:
        answer: The answer.
        check: The check after it; still open when a second look is asked for.
        move: What carries a confirmed error to the right folder; None where nothing moves.
    """

    answer: Answer
    check: Check
    move: Move | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Settled checks of one rule, in the order of settling; voided ones are left out.

    Attributes:
        ids: Numbers of the checks.
        documents: Numbers of the documents.
        scores: 0-1.
        wrong: The label was wrong.
        inclusion: (0, 1].
    """

    ids: tuple[int, ...]
    documents: tuple[int, ...]
    scores: tuple[float, ...]
    wrong: tuple[bool, ...]
    inclusion: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """Checks of one rule in numbers.

    Attributes:
        open: Not settled.
        right: Settled, the model was right.
        wrong: Settled, the model was wrong.
        void: No evidence.
        last_id: Number of the last one drawn, 0 without any.
        settled_at: When the last one was settled.
    """

    open: int = 0
    right: int = 0
    wrong: int = 0
    void: int = 0
    last_id: int = 0
    settled_at: dt.datetime | None = None


class Why(StrEnum):
    """Why the threshold in use changed."""

    CERTIFIED = "certified"  # the evidence allows it
    ALARM = "alarm"  # the evidence speaks against the threshold that was in use
    WITHDRAWN = "withdrawn"  # answers that it rested on were taken back
    NEW_RULE = "new_rule"  # another model, other policies or another target: new evidence


@dataclass(frozen=True, slots=True)
class PromiseMove:
    """One change of the threshold in use.

    Attributes:
        model: Name of the model.
        rule: Key of the sort rule.
        threshold: In use from then on; None sorts nothing alone.
        target: Error rate that is promised.
        confidence: Confidence level of the promise.
        checked: Checks above the threshold that it rests on.
        errors: Errors among them.
        upper_bound: Of the error above the threshold, valid at any time.
        why: Why it changed.
        last_check_id: The last settled check that was looked at; None without any.
        detail: More facts; `evidence_after` is the number of the last check that does not count
            any more.
        id: Number of the change; 0 before it is written down.
        at: When.
    """

    model: str
    rule: str
    threshold: float | None
    target: float
    confidence: float
    checked: int
    errors: int
    upper_bound: float
    why: Why
    last_check_id: int | None = None
    detail: dict[str, object] = field(default_factory=dict)
    id: int = 0
    at: dt.datetime | None = None
