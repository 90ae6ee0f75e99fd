"""What happens to one document between the spool and its folder."""

import dataclasses
import datetime as dt
import logging
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from docsorter.clock import Clock
from docsorter.configuration import Configuration
from docsorter.deliver.job import FileChangedError, PlanPoint
from docsorter.deliver.mover import Mover
from docsorter.deliver.names import rejected_path, review_path
from docsorter.deliver.sidecar import sidecar_text
from docsorter.deliver.template import parse_template, render
from docsorter.documents import (
    Document,
    Move,
    Place,
    Prediction,
    Reason,
    ReasonCode,
    State,
    Verdict,
    VerdictKind,
)
from docsorter.errors import (
    ConflictError,
    DependencyError,
    DocsorterError,
    DocumentError,
    EnvironmentFaultError,
    ModelError,
    StoreError,
)
from docsorter.filesystem import Disk, environment_reason, is_being_written
from docsorter.pages.protocol import ReaderKilledError
from docsorter.service.engine import Inspection, Inspector
from docsorter.service.promise.controller import AutonomyController, Decision
from docsorter.service.promise.scanner_hold import ScannerHold
from docsorter.service.workspace.process import LOGGER
from docsorter.settings import IntakeSettings
from docsorter.store import Destination, Digest, Findings, Store


class Destinations:
    """Turns verdicts into destinations.

    Args:
        configuration: Holds the template and whether sidecars are written.
        statement: What a sidecar says of the model's promise where `of` is given nothing.

    Raises:
        SettingsError: The destination template cannot be used.
    """

    def __init__(self, configuration: Configuration, statement: str = "") -> None:
        self._template = parse_template(configuration.settings.deliver.template)
        self._sidecar = configuration.settings.deliver.sidecar
        self._statement = statement

    def of(
        self,
        document: Document,
        verdict: Verdict,
        prediction: Prediction | None,
        *,
        answered_by: str | None = None,
        received: dt.datetime | None = None,
        statement: str = "",
    ) -> Destination:
        """Return where a document goes; the mover numbers names that are taken.

        A rejected file always gets its sidecar, since that is where its reason stands; in the
        review folder there is none, since the store answers for what waits there.
        """
        if verdict.kind is VerdictKind.REVIEW:
            return Destination(Place.REVIEW, review_path(document), State.REVIEW)
        text = sidecar_text(
            document,
            verdict,
            prediction,
            statement=statement or self._statement,
            answered_by=answered_by,
        )
        if verdict.kind is VerdictKind.REJECT:
            return Destination(Place.REJECTED, rejected_path(document), State.REJECTED, text)
        assert verdict.label is not None, "a document is sorted to a label"
        path = render(self._template, document, verdict.label, received)
        return Destination(Place.SORTED, str(path), State.SORTED, text if self._sidecar else None)


STILL_OPEN: Final = Reason(
    ReasonCode.BUSY, "its writer still has it open, though it rested; it waits for that"
)
STILL_WRITTEN: Final = Reason(
    ReasonCode.CHANGED, "the file was still being written; it rests again"
)


def duplicate(document: Document, earlier: Document, *, skips: bool) -> Verdict:
    """Return the verdict on a document with the same bytes as another one.

    Args:
        document: The one in question.
        earlier: The one that was kept.
        skips: Whether duplicates are rejected rather than shown to a person.
    """
    first = "came earlier" if earlier.id < document.id else "was looked at first"
    # By its number alone: the log keeps this for ever, and names may be forgotten.
    text = f"the same bytes as document {earlier.id}, which {first}"
    kind = VerdictKind.REJECT if skips else VerdictKind.REVIEW
    return Verdict(kind, Reason(ReasonCode.DUPLICATE, text))


def unreadable(error: DocumentError) -> Verdict:
    """Return the verdict on a document that cannot be read."""
    text = f"{error.message}; {error.remedy}" if error.remedy else error.message
    return Verdict(VerdictKind.REJECT, Reason(ReasonCode(error.code), text))


def broken_model(error: ModelError) -> Verdict:
    """Return the verdict on a document of which the model said nothing that can be used."""
    return Verdict(VerdictKind.REVIEW, Reason(ReasonCode.INTERNAL, error.message))


def our_fault(error: Exception) -> Reason:
    """Return the reason for our own code having failed on a document."""
    return Reason(ReasonCode.INTERNAL, f"docsorter failed: {type(error).__name__}: {error}")


def kills_its_reader(tries: int) -> Verdict:
    """Return the verdict on a document whose reader the machine killed every time."""
    reason = Reason(
        ReasonCode.MEMORY_LIMIT,
        f"the machine killed its reader {tries} times for want of memory; "
        "scan at a lower resolution, or give the machine more memory",
    )
    return Verdict(VerdictKind.REJECT, reason)


_LOG = logging.getLogger(LOGGER)


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause of the whole daemon.

    Attributes:
        reason: Why.
        remedy: What an administrator can do, "" when nothing.
    """

    reason: Reason
    remedy: str = ""


def fault_reason(error: EnvironmentFaultError) -> Reason:
    """Say which of the surroundings failed: by its code, else by the system's answer."""
    if error.code:
        return Reason(ReasonCode(error.code), error.message)
    cause = error.__cause__
    if isinstance(cause, OSError):
        return environment_reason(cause)
    return Reason(ReasonCode.STORAGE_GONE, error.message)


def pause_of(error: DocsorterError | OSError) -> Pause:
    """Return the pause that an error of the surroundings or of the database calls for."""
    if isinstance(error, OSError):
        return Pause(environment_reason(error), "it goes on by itself once that is mended")
    if isinstance(error, EnvironmentFaultError):
        return Pause(Reason(fault_reason(error).code, error.message), error.remedy)
    code = ReasonCode.DATABASE if isinstance(error, StoreError) else ReasonCode.INTERNAL
    return Pause(Reason(code, error.message), error.remedy)


class Pauses:
    """Remembers the pause that is on, and says once when it begins and when it ends."""

    def __init__(self) -> None:
        self.now: Pause | None = None

    def begin(self, pause: Pause) -> None:
        """Pause; another reason than before is said as well."""
        if self.now is None or self.now.reason.code is not pause.reason.code:
            _LOG.error("paused, nothing is lost: %s; %s", pause.reason.text, pause.remedy)
        self.now = pause

    def end(self) -> None:
        """Go on."""
        if self.now is not None:
            _LOG.info("works again")
        self.now = None


_FIRST_WAIT = 5.0
_LONGEST_WAIT = 600.0
_TRIES_BEFORE_A_PERSON = 5
ACTOR = "daemon"


class Pipeline:
    """Looks at spooled documents and delivers them; safe to use from several threads.

    Args:
        store: Where every step is written down, before and after.
        engine: From a file to a verdict.
        mover: Moves bytes between the places.
        destinations: Where a verdict leads.
        intake: Duplicates policy and rest time.
        spool: Root of the spool.
        disk: Digests.
        clock: For the next try.
        earning: What the evidence allows; None sorts by the model's card alone.
        probation: Holds documents of new scanners back once autonomy was earned.
    """

    def __init__(  # noqa: PLR0913 -- the one place where these meet
        self,
        *,
        store: Store,
        engine: Inspector,
        mover: Mover,
        destinations: Destinations,
        intake: IntakeSettings,
        spool: Path,
        disk: Disk,
        clock: Clock,
        earning: AutonomyController | None = None,
        probation: ScannerHold | None = None,
    ) -> None:
        self._store = store
        self._earning = earning
        self._probation = probation
        self._engine = engine
        self._mover = mover
        self._destinations = destinations
        self._intake = intake
        self._spool = spool
        self._disk = disk
        self._clock = clock
        # Of the same bytes, looked at side by side, one is kept: who decides first.
        self._deciding = threading.Lock()

    def handle(self, document_id: int) -> Document:
        """Take a spooled document as far as it goes now; whatever fails is a row, not a crash.

        Returns:
            The document: sorted, in review, rejected, or still spooled with its next try.
        """
        return self.handle_claimed(self._store.documents.get(document_id))

    def handle_claimed(self, document: Document) -> Document:
        """Do the same with a document as the store has it at this moment."""
        if document.state is not State.SPOOLED:
            return document
        try:
            return self._attempt(document)
        except ConflictError as error:  # answered, moved or forgotten meanwhile
            _LOG.info("document %d: %s", document.id, error)
            return self._store.documents.get(document.id)

    def _attempt(self, document: Document) -> Document:
        try:
            return self._handle(document)
        except DependencyError as error:
            return self._wait(document, Reason(ReasonCode.PROGRAM_MISSING, str(error)))
        except EnvironmentFaultError as error:
            return self._hindered(document, error)
        except OSError as error:
            return self._wait(document, environment_reason(error))

    def give_up(self, document_id: int, error: Exception) -> Document:
        """Write down that our own code failed on a document; after some tries a person gets it."""
        document = self._store.documents.get(document_id)
        if document.state is not State.SPOOLED:
            return document
        reason = our_fault(error)
        if document.attempts + 1 < _TRIES_BEFORE_A_PERSON:
            return self._wait(document, reason)
        return self._deliver(document, Verdict(VerdictKind.REVIEW, reason), Findings())

    def _handle(self, document: Document) -> Document:
        path = self._spool / document.path
        if is_being_written(path):
            return self._wait(document, STILL_OPEN, self._intake.slow_rest_seconds)
        document = self._hashed(document, path)
        earlier = self._earlier(document)
        if earlier is not None:
            findings = Findings(duplicate_of=earlier.id)
            return self._deliver(document, self._duplicate_verdict(document, earlier), findings)
        judged: Decision | None = None
        try:
            inspection = self._engine.inspect(path, document.name)
        except DocumentError as error:
            verdict, findings = unreadable(error), Findings()
        except ModelError as error:
            verdict, findings = broken_model(error), Findings()
        else:
            judged = self._judge(document, inspection)
            verdict, findings = judged.verdict, inspection.findings
        if self._changed(document, path):
            return self._wait(document, STILL_WRITTEN, self._intake.slow_rest_seconds)
        return self._deliver(document, verdict, findings, judged)

    def _judge(self, document: Document, inspection: Inspection) -> Decision:
        if self._earning is None:
            return Decision(inspection.verdict, None, inspection.statement)
        judged = self._earning.decide(inspection)
        if self._probation is None or not self._earning.is_earned:
            return judged
        return self._probation.apply(document, inspection, judged)

    def _hashed(self, document: Document, path: Path) -> Document:
        """Return the document with the digest of its bytes, which the store learns in the end."""
        status = path.stat(follow_symlinks=False)
        if document.sha256 is not None and _same(document, status):
            return document
        digest = self._disk.sha256(path)
        return dataclasses.replace(
            document, sha256=digest, size=status.st_size, mtime_ns=status.st_mtime_ns
        )

    def _hindered(self, document: Document, error: EnvironmentFaultError) -> Document:
        """Wait for the surroundings; a reader killed again and again is laid to the document."""
        killed = isinstance(error, ReaderKilledError)
        if not killed or document.attempts + 1 < _TRIES_BEFORE_A_PERSON:
            return self._wait(document, fault_reason(error))
        verdict = kills_its_reader(_TRIES_BEFORE_A_PERSON)
        return self._deliver(document, verdict, Findings())

    def _changed(self, document: Document, path: Path) -> bool:
        """Whether a writer that kept the file open through the claim went on writing.

        What leaves size and time as they were is seen by the digest right before the move.
        """
        written = bool(is_being_written(path))
        return written or not _same(document, path.stat(follow_symlinks=False))

    def _earlier(self, document: Document) -> Document | None:
        if self._intake.duplicates == "keep" or document.sha256 is None:
            return None
        return self._store.documents.earlier_with_hash(document.sha256, document.id)

    def _duplicate_verdict(self, document: Document, earlier: Document) -> Verdict:
        return duplicate(document, earlier, skips=self._intake.duplicates == "skip")

    def _deliver(
        self,
        document: Document,
        verdict: Verdict,
        findings: Findings,
        judged: Decision | None = None,
    ) -> Document:
        with self._deciding:
            move = self._plan(document, verdict, findings, judged)
        try:
            return self._mover.complete(move, actor=ACTOR)
        except FileChangedError:
            document = self._mover.abandon(move, actor=ACTOR, reason=ReasonCode.CHANGED)
            return self._wait(document, STILL_WRITTEN, self._intake.slow_rest_seconds)

    def _plan(
        self,
        document: Document,
        verdict: Verdict,
        findings: Findings,
        judged: Decision | None,
    ) -> Move:
        """Write the verdict down, unless the same bytes were kept while this one was looked at."""
        twin = None if findings.duplicate_of is not None else self._earlier(document)
        if twin is not None:
            verdict = self._duplicate_verdict(document, twin)
            findings, judged = dataclasses.replace(findings, duplicate_of=twin.id), None
        statement = "" if judged is None else judged.statement
        destination = self._destinations.of(
            document, verdict, findings.prediction, statement=statement
        )
        if document.sha256 is not None:
            digest = Digest(document.sha256, document.size, document.mtime_ns)
            findings = dataclasses.replace(findings, digest=digest)
        with self._mover.step(PlanPoint.VERDICT_PLANNED):
            return self._store.moves.decide_and_plan(
                document.id,
                verdict,
                destination,
                findings,
                drawn=None if judged is None else judged.drawn,
                promise="" if judged is None else judged.promise,
            )

    def _wait(self, document: Document, reason: Reason, seconds: float | None = None) -> Document:
        if seconds is None:
            seconds = min(_FIRST_WAIT * 2**document.attempts, _LONGEST_WAIT)
        next_try = self._clock.now() + dt.timedelta(seconds=seconds)
        # Its words may hold a name or what a parser read; docsorter explain shows them.
        _LOG.warning("document %d waits %.0f s: %s", document.id, seconds, reason.code)
        with self._mover.step(PlanPoint.PUT_OFF):
            return self._store.documents.defer(document.id, reason, next_try)


def _same(document: Document, status: os.stat_result) -> bool:
    return (document.size, document.mtime_ns) == (status.st_size, status.st_mtime_ns)
