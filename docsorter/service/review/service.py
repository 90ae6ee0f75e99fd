"""What people do to documents: answer, skip, undo. The file moves at once; no model runs."""

import dataclasses
import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from docsorter.clock import Clock, SystemClock
from docsorter.configuration import Configuration
from docsorter.deliver.mover import Mover
from docsorter.deliver.names import destination_of, review_destination
from docsorter.deliver.transfer import FileChangedError, FileGoneError, PlanPoint
from docsorter.documents import (
    Answer,
    Document,
    Move,
    Prediction,
    Purpose,
    Reason,
    ReasonCode,
    ReviewEntry,
    State,
    Verdict,
    VerdictKind,
)
from docsorter.errors import ConflictError, DocsorterError, EnvironmentFaultError, NotFoundError
from docsorter.filesystem import Disk, environment_reason
from docsorter.model.bundle import CARD
from docsorter.model.card import ModelCard, read_card
from docsorter.model.registry import ModelRegistry
from docsorter.review.choices import check_label
from docsorter.service.daemon.assembly import open_mover
from docsorter.service.engine import card_statement, words_rule
from docsorter.service.learning.candidates import Candidate, Candidates, candidate_line
from docsorter.service.learning.snapshots import (
    Snapshots,
    UntrainedAnswers,
    count_untrained_answers,
)
from docsorter.service.promise.drift import DriftReport, read_report
from docsorter.service.promise.report import PromiseReader
from docsorter.service.promise.scanner_hold import ScannerHold
from docsorter.service.workspace.layout import open_workspace_store
from docsorter.service.workspace.roots import MountMemory, check_roots
from docsorter.store import Check, CheckResult, Correction, Destination, Manner, Store

_SHOWN = 3
_PLAIN = Manner()


class ReviewService:
    """A workspace that is open for people; works with and without a running daemon.

    Args:
        configuration: The workspace.
        store: Its database; closed with the service.
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
        self.store = store
        self.mover = mover
        self.configuration = configuration
        self._chance = chance

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
            new_label: Allow a label that the model does not know.
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
            label = self.store.documents.label_names().get(label, label)
        if label is not None and (check is None or check.draw.label != label):
            self.check_label(label, new=new_label)
        if check is not None:
            return CheckAnswers(self).answer(
                check,
                label,
                reviewer=reviewer,
                uid=uid,
                token=token,
                manner=self._drawn(manner, blind=True),
            )
        entry = self._entry(document_id)
        if entry.purpose is Purpose.SECOND:
            return self._answer_second(
                entry, label, token=token, reviewer=reviewer, uid=uid, manner=manner
            )
        destination = self._answered(entry, label, reviewer, why)
        with self.mover.step(PlanPoint.ANSWER_PLANNED):
            _, move = self.store.review.plan_answer(
                entry.id,
                destination,
                label=label,
                token=token,
                reviewer=reviewer,
                uid=uid,
                manner=self._drawn(manner, blind=entry.blind),
            )
        return self.carry(move, reviewer)

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
        entry = self.store.review.entry_for_document(document_id)
        lease = self.store.review.lease(entry.id, owner=reviewer, seconds=settings.lease_seconds)
        return self.store.review.skip(entry.id, lease.token, seconds=settings.skip_seconds)

    def undo(self, document_id: int, *, reviewer: str, uid: int) -> Document:
        """Take the last answer on a document back; the file returns to the review folder.

        A person's own second opinion is taken back alone, and asked for again.

        Raises:
            NotFoundError: Nobody answered it.
            ConflictError: The file was moved or changed by hand since.
        """
        document = self.store.documents.get(document_id)
        last = self.store.review.last_standing_answer(document_id)
        if last is not None and last.purpose is Purpose.CHECK:
            return CheckAnswers(self).undo(last, reviewer=reviewer, uid=uid)
        own = last is not None and last.reviewer == reviewer
        if last is not None and last.purpose is Purpose.SECOND and (own or self._of_check(last)):
            return self._undo_second(last, reviewer=reviewer, uid=uid)
        if not self.path_of(document).is_file():
            raise ConflictError(
                f"document {document_id} is no longer at {self.path_of(document)}",
                remedy="put the file back there, then undo again",
            )
        with self.mover.step(PlanPoint.UNDO_PLANNED):
            _, move = self.store.review.undo_answer(
                document_id, review_destination(document), reviewer=reviewer, uid=uid
            )
        return self.carry(move, reviewer)

    def _of_check(self, second: Answer) -> bool:
        """Say whether a second opinion is one of a document that was sorted with no person."""
        before = [
            one.purpose
            for one in self.store.review.answers(second.document_id)
            if one.id < second.id and one.undone_at is None and one.purpose is not Purpose.SECOND
        ]
        return bool(before) and before[-1] is Purpose.CHECK

    def carry(self, move: Move, actor: str) -> Document:
        """Carry out a planned move, or take it back when the file is not what it was.

        Raises:
            ConflictError: The file was moved or changed by hand.
            EnvironmentFaultError: It cannot be put there just now; it is where it was.
        """
        try:
            return self.mover.complete(move, actor=actor)
        except FileGoneError:
            self.mover.abandon(move, actor=actor, reason=ReasonCode.MISSING)
            raise
        except FileChangedError:
            self.mover.abandon(move, actor=actor, reason=ReasonCode.CHANGED)
            raise
        except EnvironmentFaultError as fault:
            raise self._taken_back(move, actor, fault) from fault

    def _taken_back(
        self, move: Move, actor: str, fault: EnvironmentFaultError
    ) -> EnvironmentFaultError:
        """Leave a document with the person who was told that it cannot be put there."""
        cause = fault.__cause__
        code = environment_reason(cause).code if isinstance(cause, OSError) else ReasonCode.BUSY
        try:
            self.mover.abandon(move, actor=actor, reason=code)
        except (ConflictError, EnvironmentFaultError):
            return fault  # the bytes are under way: recovery finishes what was said
        return EnvironmentFaultError(
            f"document {move.document_id} stays where it was: {fault.message}",
            remedy=f"mend that, then try again; {move.to_place} is where it was to go",
            code=code,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.store.close()

    def now(self) -> dt.datetime:
        """Return the time by the clock of the mover."""
        return self.mover.clock.now()

    @property
    def card(self) -> ModelCard:
        """The card of the model in use, read again each time: it may change while people work."""
        registry = ModelRegistry(self.configuration.state / "models")
        return read_card(registry.resolve(self.configuration.settings.model.bundle) / CARD)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the model in use, as they are called today."""
        names = self.store.documents.label_names()
        return tuple(dict.fromkeys(names.get(label, label) for label in self.card.labels))

    @property
    def overdue(self) -> dt.timedelta | None:
        """What has waited so long comes first; None knows no limit."""
        hours = self.configuration.settings.review.age_limit_hours
        return dt.timedelta(hours=hours) if hours else None

    def check_label(self, label: str, *, new: bool) -> None:
        """Refuse a label that an answer may not give.

        Raises:
            UsageError: Neither the model nor anybody before knows it and no new one is meant, or
                it cannot be a label.
        """
        known = self.labels
        if label not in known:  # what people made is asked for only then
            made = sorted(set(self.store.documents.counts().labels) - {*known, ""})
            check_label(label, (*known, *made), new=new)

    def is_blind(self, document_id: int) -> bool:
        """Say whether a document waits for an answer that must not be led, nor be told."""
        try:
            return self.store.review.entry_for_document(document_id).blind
        except NotFoundError:
            return False

    def statement(self) -> str:
        """Return what the promise of the model in use is worth here."""
        if self.configuration.settings.decide.autonomy == "starter":
            return self._card_statement()
        return (
            PromiseReader(self.configuration, self.store)
            .state()
            .summary(self.configuration.settings.promise)
        )

    def _card_statement(self) -> str:
        words = words_rule(self.card.rule().words, self.configuration.settings.words)
        return card_statement(self.card, words)

    def brief_statement(self) -> str:
        """Return the same for a sidecar, in no more time with much evidence than with little."""
        if self.configuration.settings.decide.autonomy == "starter":
            return self._card_statement()
        return PromiseReader(self.configuration, self.store).brief()

    def path_of(self, document: Document) -> Path:
        """Return where the bytes of a document are."""
        return self.configuration.root(document.place) / document.path

    def write_preview(self, document: Document, target: Path) -> None:
        """Write a picture of the page that the label is on as PNG, read in the same sandbox.

        Raises:
            ConflictError: The target exists.
            DocumentError: The document cannot be read.
        """
        from docsorter.pages.reader import PageReader  # noqa: PLC0415 -- needed here alone

        if target.exists():
            raise ConflictError(f"{target} exists", remedy="name a file that does not exist")
        prediction = self.store.documents.prediction(document.id)
        page = 0 if prediction is None else prediction.pages[0].number
        with PageReader(self.configuration.settings.pages, size=299, concurrency=1) as reader:
            data = reader.preview(self.path_of(document), page, 1000)
        Disk().write_durably(target, data)

    def _answer_second(
        self,
        entry: ReviewEntry,
        label: str | None,
        *,
        token: str | None,
        reviewer: str,
        uid: int,
        manner: Manner,
    ) -> Document:
        """Take a second opinion; the document waits again when it disagrees."""
        with self.mover.step(PlanPoint.ANSWER_PLANNED):
            _, move = self.store.review.answer_second(
                entry.id,
                review_destination(entry.document),
                label=label,
                token=token,
                reviewer=reviewer,
                uid=uid,
                manner=manner,
            )
        return self._moved(entry.document.id, move, reviewer)

    def _undo_second(self, answer: Answer, *, reviewer: str, uid: int) -> Document:
        """Take a second opinion back; what it moved returns to where the first answer put it."""
        to = self.store.review.origin_of(answer)
        with self.mover.step(PlanPoint.UNDO_PLANNED):
            _, move = self.store.review.undo_second(
                answer.document_id, to, reviewer=reviewer, uid=uid
            )
        return self._moved(answer.document_id, move, reviewer)

    def _moved(self, document_id: int, move: Move | None, reviewer: str) -> Document:
        return self.store.documents.get(document_id) if move is None else self.carry(move, reviewer)

    def _check(self, document_id: int) -> Check | None:
        """Return the open check of a document that lies where it was put; None for all others."""
        state = self.store.documents.get(document_id).state
        is_put = state in {State.SORTED, State.REJECTED}
        return self.store.checks.open_check(document_id) if is_put else None

    def _entry(self, document_id: int) -> ReviewEntry:
        try:
            return self.store.review.entry_for_document(document_id)
        except NotFoundError:
            state = self.store.documents.get(document_id).state
            raise NotFoundError(
                f"document {document_id} does not wait for a person: it is {state}",
                remedy=f"docsorter explain {document_id} says why",
            ) from None

    def _answered(
        self, entry: ReviewEntry, label: str | None, reviewer: str, why: str
    ) -> Destination:
        if label is None:
            said = f"{reviewer} refused it: {why}" if why else f"{reviewer} refused it"
            verdict = Verdict(VerdictKind.REJECT, Reason(ReasonCode.REJECTED_BY_PERSON, said))
        else:
            reason = Reason(ReasonCode.ANSWERED, f"{reviewer} says it is {label}")
            verdict = Verdict(VerdictKind.SORT, reason, label)
        return self.destination(entry.document, verdict, entry.prediction, reviewer)

    def destination(
        self, document: Document, verdict: Verdict, prediction: Prediction | None, reviewer: str
    ) -> Destination:
        """Return where a verdict of a person sends a document."""
        return destination_of(
            document,
            verdict,
            prediction,
            self.configuration.settings.deliver,
            statement=self.brief_statement(),
            answered_by=reviewer,
        )


def open_review_service(configuration: Configuration, clock: Clock | None = None) -> ReviewService:
    """Open a workspace for people; starts no model.

    Raises:
        StoreError: The database is missing, older or newer, locked or damaged.
    """
    clock = clock or SystemClock()
    store = open_workspace_store(configuration, clock)
    return ReviewService(configuration, store, open_mover(configuration, store, clock))


class CheckAnswers:
    """What people say of documents that lie sorted already.

    The first answer settles a check when it agrees with the model, and changes nothing else. When
    it does not, a second answer decides, by somebody else if there is one. A document moves only
    when both agree on another place; when they agree on nothing, it goes before a person.
    """

    def __init__(self, service: ReviewService) -> None:
        self._service = service
        self._configuration = service.configuration
        self._store = service.store
        self._mover = service.mover

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

        Raises:
            ConflictError: Somebody else was faster, or the file was moved by hand: then the check
                is void, and nothing else has changed.
            EnvironmentFaultError: A folder is gone, or the file cannot be put where it belongs.
        """
        document = self._store.documents.get(check.document_id)
        self._refuse_moved(document, reviewer)
        correction = self._correction(document, check, label, reviewer)
        with self._mover.step(PlanPoint.ANSWER_PLANNED):
            done = self._store.checks.answer(
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
        document = self._store.documents.get(answer.document_id)
        back = self._store.review.origin_of(answer)
        path = self._service.path_of(document)
        if back is not None and not path.is_file():
            raise ConflictError(
                f"document {document.id} is no longer at {path}",
                remedy="put the file back there, then undo again",
            )
        with self._mover.step(PlanPoint.UNDO_PLANNED):
            done = self._store.checks.undo_answer(document.id, back, reviewer=reviewer, uid=uid)
        return self._finish(done, reviewer)

    def _finish(self, done: CheckResult, reviewer: str) -> Document:
        if done.move is None:
            return self._store.documents.get(done.answer.document_id)
        return self._service.carry(done.move, reviewer)

    def _refuse_moved(self, document: Document, reviewer: str) -> None:
        path = self._service.path_of(document)
        if path.is_file():
            return
        check_roots(self._configuration)  # a share that is gone is nobody's doing
        MountMemory(self._configuration).check()
        self._store.checks.void(document.id, actor=reviewer, reason="moved by hand")
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
        prediction = self._store.documents.prediction(document.id)
        destination = self._service.destination(document, decided, prediction, reviewer)
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


@dataclass(frozen=True, slots=True)
class Notices:
    """What `status` says beside the counts: what waits, what changed, what is not learned yet.

    `unlearned` is None when the model in use cannot be asked; `held_scanners` are new scanners
    whose documents go to people, with how many of their checks were right.
    """

    unlearned: UntrainedAnswers | None
    candidate: Candidate | None
    drift: DriftReport | None
    held_scanners: dict[str, int]

    def as_json(self) -> dict[str, object]:
        """Return the same as plain values."""
        return {
            "unlearned": self.unlearned,
            "candidate": self.candidate.model_dump(mode="json") if self.candidate else None,
            "drift": self.drift.model_dump(mode="json") if self.drift else None,
            "probation": self.held_scanners,
        }

    def lines(self) -> list[str]:
        """Return the lines that a person reads; nothing noticed, nothing said."""
        found = []
        if self.unlearned is not None and self.unlearned.corrections:
            found.append(f"learning  {self.unlearned.sentence()}")
        if self.candidate is not None:
            found.append(f"candidate {candidate_line(self.candidate)}: docsorter retrain")
        if self.drift is not None:
            texts = [finding.text for finding in self.drift.findings]
            texts += [f"new scanner: {one.scanner}" for one in self.drift.scanners]
            found += [f"DRIFT     {text}" for text in texts[:_SHOWN]]
            if len(texts) > _SHOWN:
                found.append(f"          and {len(texts) - _SHOWN} more: docsorter drift")
        found += [
            f"SCANNER   {name} is new and held for people: {right} checks right so far"
            for name, right in self.held_scanners.items()
        ]
        return found


def notices_of(configuration: Configuration, service: ReviewService) -> Notices:
    """Gather what was noticed; asks for nothing that takes long."""
    settings, store = configuration.settings, service.store
    try:
        found = count_untrained_answers(store, service.card.name)
        candidate = Candidates(Snapshots(configuration.state)).waiting()
    except DocsorterError:
        found, candidate = None, None
    hold = ScannerHold(configuration.state, store, settings.drift.probation_checks)
    return Notices(found, candidate, read_report(configuration.state), hold.held())
