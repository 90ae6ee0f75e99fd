"""Answers to blind checks: what they settle, and how a confirmed error gets to the right folder."""

from collections.abc import Callable

from docsorter.configuration import Configuration
from docsorter.deliver.faults import PlanPoint
from docsorter.deliver.mover import Mover
from docsorter.documents import (
    Answer,
    Document,
    Move,
    Reason,
    ReasonCode,
    State,
    Verdict,
    VerdictKind,
)
from docsorter.errors import ConflictError
from docsorter.service.destinations import Destinations
from docsorter.service.roots import MountMemory, check_roots
from docsorter.store import Check, Checked, Correction, Manner, Store

_PLAIN = Manner()

Carry = Callable[[Move, str], Document]


class Checking:
    """What people say of documents that lie sorted already.

    The first answer settles a check when it agrees with the model, and changes nothing else. When
    it does not, a second look decides, by somebody else if there is one. A document moves only when
    both looks agree on another place; when they agree on nothing, it goes before a person.

    Args:
        configuration: The workspace.
        store: Its database.
        mover: Announces steps.
        carry: Carries out a planned move, or takes it back.
        statement: What the sidecar says of the promise.
    """

    def __init__(
        self,
        configuration: Configuration,
        store: Store,
        mover: Mover,
        carry: Carry,
        statement: Callable[[], str],
    ) -> None:
        self._configuration = configuration
        self._store = store
        self._mover = mover
        self._carry = carry
        self._statement = statement

    def answer(
        self,
        check: Check,
        label: str | None,
        *,
        reviewer: str,
        uid: int,
        token: str | None = None,
        manner: Manner = _PLAIN,
    ) -> Document:
        """Write an answer down, and move the file when it confirms an error.

        Args:
            check: The open check.
            label: What it is; None for none of the labels.
            reviewer: Unix user name.
            uid: Unix user id.
            token: Of the lease.
            manner: How it was given.

        Raises:
            ConflictError: Somebody else was faster, or the file was moved by hand: then the check
                is void, and nothing else has changed.
            EnvironmentFaultError: A folder is gone, or the file cannot be put where it belongs.
        """
        document = self._store.document(check.document_id)
        self._refuse_moved(document, reviewer)
        correction = self._correction(document, check, label, reviewer)
        with self._mover.step(PlanPoint.ANSWER_PLANNED):
            done = self._store.answer_check(
                check,
                correction,
                label=label,
                token=token,
                reviewer=reviewer,
                uid=uid,
                manner=manner,
            )
        return self._finish(done, reviewer)

    def undo(self, answer: Answer, *, reviewer: str, uid: int) -> Document:
        """Take the last answer to a check back; a file that it moved returns.

        Raises:
            ConflictError: The file was moved or changed by hand since.
        """
        document = self._store.document(answer.document_id)
        back = self._store.way_back(answer)
        path = self._configuration.root(document.place) / document.path
        if back is not None and not path.is_file():
            raise ConflictError(
                f"document {document.id} is no longer at {path}",
                remedy="put the file back there, then undo again",
            )
        with self._mover.step(PlanPoint.UNDO_PLANNED):
            done = self._store.undo_check_answer(document.id, back, reviewer=reviewer, uid=uid)
        return self._finish(done, reviewer)

    def _finish(self, done: Checked, reviewer: str) -> Document:
        if done.move is None:
            return self._store.document(done.answer.document_id)
        return self._carry(done.move, reviewer)

    def _refuse_moved(self, document: Document, reviewer: str) -> None:
        path = self._configuration.root(document.place) / document.path
        if path.is_file():
            return
        check_roots(self._configuration)  # a share that is gone is nobody's doing
        MountMemory(self._configuration).check()
        self._store.void_check(document.id, actor=reviewer, reason="moved by hand")
        raise ConflictError(
            f"document {document.id} was moved by hand: it is no longer at {path}",
            remedy="its check is void and nothing else has changed; take the next document",
        )

    def _correction(
        self, document: Document, check: Check, label: str | None, reviewer: str
    ) -> Correction | None:
        """Return where a document goes after an answer; None when it stays where it is."""
        is_rejected = document.state is State.REJECTED
        verdict = document.verdict
        here = None if is_rejected or verdict is None else verdict.label
        if check.first is None or label == here:
            return None
        if label == check.first.label:
            decided = _confirmed(check, label, check.first.reviewer, reviewer)
        else:
            decided = _disagreed(check, label, check.first, reviewer)
        destinations = Destinations(self._configuration, self._statement())
        prediction = self._store.prediction(document.id)
        destination = destinations.of(document, decided, prediction, answered_by=reviewer)
        return Correction(destination, decided)


def _confirmed(check: Check, label: str | None, first: str, second: str) -> Verdict:
    who = f"{first} says twice" if first == second else f"{first} and {second} say"
    if label is None:
        reason = Reason(
            ReasonCode.REJECTED_BY_PERSON, f"{who} that it is none of the labels, blind"
        )
        return Verdict(VerdictKind.REJECT, reason)
    text = f"{who} that it is {label} and not {check.draw.label}, blind"
    return Verdict(VerdictKind.SORT, Reason(ReasonCode.ANSWERED, text), label)


def _disagreed(check: Check, label: str | None, first: Answer, reviewer: str) -> Verdict:
    text = (
        f"{first.reviewer} says it is {first.label or 'none of the labels'}, "
        f"{reviewer} says it is {label or 'none of the labels'}"
    )
    reason = Reason(ReasonCode.REVIEWERS_DISAGREE, text)
    return Verdict(VerdictKind.REVIEW, reason, check.draw.label, check.draw.score)
