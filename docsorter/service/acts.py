"""What people do to documents: answer, skip, undo, look. Each act moves the file at once."""

import dataclasses
import random
from collections.abc import Callable

from docsorter.clock import Clock, SystemClock
from docsorter.configuration import Configuration
from docsorter.deliver.faults import PlanPoint
from docsorter.deliver.mover import Mover
from docsorter.deliver.places import review_path
from docsorter.documents import (
    Answer,
    Document,
    Move,
    Place,
    Purpose,
    Reason,
    ReasonCode,
    ReviewEntry,
    State,
    Verdict,
    VerdictKind,
)
from docsorter.errors import ConflictError, NotFoundError
from docsorter.review.labels import check_label
from docsorter.service.assembly import open_mover
from docsorter.service.carrying import Carrier
from docsorter.service.checking import Checking
from docsorter.service.destinations import Destinations
from docsorter.service.migration import open_workspace_store
from docsorter.service.second_opinion import SecondOpinion
from docsorter.service.workplace import Workplace
from docsorter.store import Check, Destination, Manner, Store

_PLAIN = Manner()


class Acts(Workplace):
    """The acts on one workspace; works with and without a running daemon.

    Args:
        configuration: The workspace.
        store: Its database; closed with the acts.
        mover: Moves bytes between the places.
        chance: Returns numbers in [0, 1); decides which answers are asked again.
    """

    def __init__(
        self,
        configuration: Configuration,
        store: Store,
        mover: Mover,
        chance: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(configuration, store, mover)
        self._chance = chance
        self._carry = Carrier(mover).carry
        self._second = SecondOpinion(store, mover, self._carry)

    def answer(  # noqa: PLR0913 -- the one way to answer, whatever the answer is for
        self,
        document_id: int,
        label: str | None,
        *,
        reviewer: str,
        uid: int,
        new_label: bool = False,
        token: str | None = None,
        why: str = "",
        manner: Manner = _PLAIN,
    ) -> Document:
        """Take what a person says of a document; one that waits is delivered where it belongs.

        A second opinion moves nothing unless it disagrees; then the document waits again.

        Args:
            document_id: The document.
            label: What it is; None to reject it.
            reviewer: Unix name of the person.
            uid: Unix number of the person.
            new_label: Allow a label that the model was not taught.
            token: Of the lease under which it was looked at; None when it was not held.
            why: Why it is rejected, in the person's words; stands in the sidecar.
            manner: How the answer was given; whether it is asked again is drawn here.

        Raises:
            NotFoundError: It does not wait for a person.
            UsageError: There is no such label.
            ConflictError: Somebody else was faster, or the file was moved by hand.
            EnvironmentFaultError: It cannot be put there just now; it waits where it was.
        """
        check = self._check(document_id)
        if label is not None:
            known = () if check is None else (check.draw.label,)
            check_label(label, (*self.card.labels, *known), new=new_label)
        if check is not None:
            return self._checking.answer(
                check,
                label,
                reviewer=reviewer,
                uid=uid,
                token=token,
                manner=self._drawn(manner, blind=True),
            )
        entry = self._entry(document_id)
        if entry.purpose is Purpose.SECOND:
            return self._second.answer(
                entry, label, token=token, reviewer=reviewer, uid=uid, manner=manner
            )
        destination = self._answered(entry, label, reviewer, why)
        with self.mover.step(PlanPoint.ANSWER_PLANNED):
            _, move = self.store.plan_answer(
                entry.id,
                destination,
                label=label,
                token=token,
                reviewer=reviewer,
                uid=uid,
                manner=self._drawn(manner, blind=entry.blind),
            )
        return self._carry(move, reviewer)

    def _drawn(self, manner: Manner, *, blind: bool) -> Manner:
        """Draw whether an answer is asked again; for people's own error where it is a check."""
        settings = self.configuration.settings
        share = max(settings.review.double, settings.promise.double if blind else 0.0)
        return dataclasses.replace(manner, ask_again=self._chance() < share)

    def skip(self, document_id: int, *, reviewer: str) -> ReviewEntry:
        """Put a waiting document back to the end of the queue; so with one to be checked.

        Raises:
            NotFoundError: It does not wait for a person.
            ConflictError: Somebody else holds it.
        """
        settings = self.configuration.settings.review
        entry = self.store.entry_for_document(document_id)
        lease = self.store.lease(entry.id, owner=reviewer, seconds=settings.lease_seconds)
        return self.store.skip(entry.id, lease.token, seconds=settings.skip_seconds)

    def undo(self, document_id: int, *, reviewer: str, uid: int) -> Document:
        """Take the last answer on a document back; the file returns to the review folder.

        A person's own second opinion is taken back alone, and asked for again.

        Raises:
            NotFoundError: Nobody answered it.
            ConflictError: The file was moved or changed by hand since.
        """
        document = self.store.document(document_id)
        last = self.store.last_standing_answer(document_id)
        if last is not None and last.purpose is Purpose.CHECK:
            return self._checking.undo(last, reviewer=reviewer, uid=uid)
        own = last is not None and last.reviewer == reviewer
        if last is not None and last.purpose is Purpose.SECOND and (own or self._of_check(last)):
            return self._second.undo(last, reviewer=reviewer, uid=uid)
        if not self.path_of(document).is_file():
            raise ConflictError(
                f"document {document_id} is no longer at {self.path_of(document)}",
                remedy="put the file back there, then undo again",
            )
        destination = Destination(Place.REVIEW, review_path(document), State.REVIEW)
        with self.mover.step(PlanPoint.UNDO_PLANNED):
            _, move = self.store.undo_answer(document_id, destination, reviewer=reviewer, uid=uid)
        return self._carry(move, reviewer)

    def _of_check(self, second: Answer) -> bool:
        """Say whether a second opinion is one of a document that was sorted with no person."""
        before = [
            one.purpose
            for one in self.store.answers(second.document_id)
            if one.id < second.id and one.undone_at is None and one.purpose is not Purpose.SECOND
        ]
        return bool(before) and before[-1] is Purpose.CHECK

    @property
    def _checking(self) -> Checking:
        return Checking(
            self.configuration, self.store, self.mover, self._carry, self.brief_statement
        )

    def _check(self, document_id: int) -> Check | None:
        """Return the open check of a document that lies where it was put; None for all others."""
        state = self.store.document(document_id).state
        is_put = state in {State.SORTED, State.REJECTED}
        return self.store.open_check(document_id) if is_put else None

    def _entry(self, document_id: int) -> ReviewEntry:
        try:
            return self.store.entry_for_document(document_id)
        except NotFoundError:
            state = self.store.document(document_id).state
            raise NotFoundError(
                f"document {document_id} does not wait for a person: it is {state}",
                remedy=f"docsorter explain {document_id} says why",
            ) from None

    def _answered(
        self, entry: ReviewEntry, label: str | None, reviewer: str, why: str
    ) -> Destination:
        destinations = Destinations(self.configuration, self.brief_statement())
        if label is None:
            said = f"{reviewer} refused it: {why}" if why else f"{reviewer} refused it"
            reason = Reason(ReasonCode.REJECTED_BY_PERSON, said)
            verdict = Verdict(VerdictKind.REJECT, reason)
        else:
            reason = Reason(ReasonCode.ANSWERED, f"{reviewer} says it is {label}")
            verdict = Verdict(VerdictKind.SORT, reason, label)
        return destinations.of(entry.document, verdict, entry.prediction, answered_by=reviewer)

    def carry(self, move: Move, actor: str) -> Document:
        """Carry out a planned act, or take it back; errors are those of `Carrier.carry`."""
        return self._carry(move, actor)


def open_acts(configuration: Configuration, clock: Clock | None = None) -> Acts:
    """Open a workspace for the acts of people; starts no model.

    Raises:
        StoreError: The database is missing, older or newer, locked or damaged.
    """
    clock = clock or SystemClock()
    store = open_workspace_store(configuration, clock)
    return Acts(configuration, store, open_mover(configuration, store, clock))
