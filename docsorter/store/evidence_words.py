"""What the store says of blind checks and of the promise that rests on them."""

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from docsorter.documents import Answer, CheckOutcome, Move, Verdict
from docsorter.store.words import Destination


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
class Correction:
    """Where a document goes after a second look, and why.

    Attributes:
        destination: sorted, rejected, or before a person.
        verdict: What is decided of it.
    """

    destination: Destination
    verdict: Verdict


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


class Evidence(NamedTuple):
    """One check as evidence.

    Attributes:
        check_id: Number of the check; they grow in the order of drawing.
        document_id: The document.
        score: 0-1.
        inclusion: (0, 1].
        outcome: right or wrong; None while it is open.
        first_answer_id: Number of the first answer that stands; None while nobody answered.
    """

    check_id: int
    document_id: int
    score: float
    inclusion: float
    outcome: CheckOutcome | None
    first_answer_id: int | None


class Mistake(NamedTuple):
    """A document that was sorted alone and found wrong by a check.

    Attributes:
        document_id: The document.
        score: That it was sorted with, 0-1.
        label: The wrong label.
        settled_at: When it was found out.
    """

    document_id: int
    score: float
    label: str
    settled_at: dt.datetime | None


class Drawn(NamedTuple):
    """One draw, whatever became of it.

    Attributes:
        check_id: Number of the check.
        at: When.
        score: 0-1.
        inclusion: (0, 1].
    """

    check_id: int
    at: dt.datetime
    score: float
    inclusion: float


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
    SAMPLING = "sampling"  # the threshold stays; more or less is drawn from now on
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
