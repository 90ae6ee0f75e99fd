"""Takes documents from the spool to their folders, several side by side."""

import dataclasses
import datetime as dt
import logging
import os
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

from docsorter.clock import Clock
from docsorter.decide.tone import Scores
from docsorter.deliver.mover import Mover
from docsorter.deliver.names import destination_of
from docsorter.deliver.transfer import FileChangedError, PlanPoint
from docsorter.documents import (
    REFUSED_FOR,
    Document,
    Move,
    PageWords,
    Place,
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
from docsorter.service.tone import wanted_lexicons, with_tone
from docsorter.service.workspace.process import LOGGER
from docsorter.settings import Settings
from docsorter.store import Digest, Findings

_LOG = logging.getLogger(LOGGER)
_FIRST_WAIT = 5.0
_LONGEST_WAIT = 600.0
_TRIES_BEFORE_A_PERSON = 5
_AHEAD = 4
"""Documents beyond the threads that may be handed out: so many, no thread waits for the next tick,
and one tick hands out several."""
ROUNDS = 3
"""Turns of the reader that a document waits for at most, its own included; see `threads_for`."""
ACTOR = "daemon"
_MOST_TEXT: Final = 100_000  # bytes
_AT_REST = frozenset({State.SORTED, State.REVIEW, State.REJECTED})
_STILL_OPEN: Final = Reason(
    ReasonCode.BUSY, "its writer still has it open, though it rested; it waits for that"
)
_STILL_WRITTEN: Final = Reason(
    ReasonCode.CHANGED, "the file was still being written; it rests again"
)


class Pipeline:
    """Inspects spooled documents, decides and delivers them; safe to use from several threads.

    Args:
        engine: From a file to a verdict.
        mover: Moves bytes between the places; its store has every step before and after.
        settings: Duplicates policy, rest time, and where a verdict leads.
        autonomy: What the evidence allows; None sorts by the model's card alone.
        scanner_hold: Holds documents of new scanners back once autonomy was earned.
        check_mounts: Raises EnvironmentFaultError when a root is not the folder it was, so that
            what is not found there is not taken for deleted.
    """

    def __init__(
        self,
        engine: Inspector,
        mover: Mover,
        settings: Settings,
        *,
        autonomy: AutonomyController | None = None,
        scanner_hold: ScannerHold | None = None,
        check_mounts: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine = engine
        self._mover = mover
        self._store = mover.store
        self._roots = mover.roots
        self._spool = mover.roots[Place.SPOOL]
        self._check_mounts = check_mounts
        self._disk = Disk()
        self._intake = settings.intake
        self._delivery = settings.deliver
        self._keeps_words = settings.words.keep
        self._lexicons = wanted_lexicons(settings.review)
        self._autonomy = autonomy
        self._scanner_hold = scanner_hold
        # Of the same bytes, inspected side by side, one is kept: who decides first.
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
        reason = _our_fault(error)
        if document.attempts + 1 < _TRIES_BEFORE_A_PERSON:
            return self._wait(document, reason)
        return self._deliver(document, Verdict(VerdictKind.REVIEW, reason), Findings())

    def _handle(self, document: Document) -> Document:
        path = self._spool / document.path
        if is_being_written(path):
            return self._wait(document, _STILL_OPEN, self._intake.slow_rest_seconds)
        document = self._hashed(document, path)
        kept, _ = self._earlier(document)
        if kept is not None:
            findings = Findings(duplicate_of=kept.id)
            return self._deliver(document, self._duplicate_verdict(document, kept), findings)
        decision: Decision | None = None
        try:
            inspection = self._engine.inspect(path, document.name)
        except DocumentError as error:
            verdict, findings = unreadable(error), Findings()
        except ModelError as error:
            verdict, findings = _broken_model(error), Findings()
        else:
            decision = self._decide(document, inspection)
            verdict = decision.verdict
            findings = findings_of(inspection, verdict, self._lexicons, keep=self._keeps_words)
        if self._changed(document, path):
            return self._wait(document, _STILL_WRITTEN, self._intake.slow_rest_seconds)
        return self._deliver(document, verdict, findings, decision)

    def _decide(self, document: Document, inspection: Inspection) -> Decision:
        if self._autonomy is None:
            return Decision(inspection.verdict, None, inspection.statement)
        decision = self._autonomy.decide(inspection)
        if self._scanner_hold is None or not self._autonomy.is_earned:
            return decision
        return self._scanner_hold.apply(document, inspection, decision)

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
        """Wait for a disk or a share; a reader killed again and again is laid to the document."""
        killed = isinstance(error, ReaderKilledError)
        if not killed or document.attempts + 1 < _TRIES_BEFORE_A_PERSON:
            return self._wait(document, fault_reason(error))
        verdict = _kills_its_reader(_TRIES_BEFORE_A_PERSON)
        return self._deliver(document, verdict, Findings())

    def _changed(self, document: Document, path: Path) -> bool:
        """Whether a writer that kept the file open through the claim went on writing.

        What leaves size and time as they were is seen by the digest right before the move.
        """
        written = bool(is_being_written(path))
        return written or not _same(document, path.stat(follow_symlinks=False))

    def _earlier(self, document: Document) -> tuple[Document | None, int | None]:
        """Look for the same bytes: the first document that still has them, and one that had them.

        Raises:
            OSError: It cannot be told now whether a document's file is there.
            EnvironmentFaultError: The same, since its root is not mounted.
        """
        gone: int | None = None
        if self._intake.duplicates == "keep" or document.sha256 is None:
            return None, gone
        find = self._store.documents.earlier_with_hash
        earlier = find(document.sha256, document.id)
        while earlier is not None and not self._is_there(earlier):
            gone = earlier.id
            earlier = find(document.sha256, document.id, after_id=earlier.id)
        return earlier, gone

    def _is_there(self, document: Document) -> bool:
        """Whether a document's file is where docsorter put it, or in our own hands."""
        path = self._roots[document.place] / document.path
        if document.state not in _AT_REST or _exists(path):
            return True
        self._check_mounts()
        # Somebody's answer may be moving it just now, or has moved it since it was looked up.
        moving = self._store.moves.planned_for(document.id) is not None
        return moving or self._store.documents.get(document.id) != document or _exists(path)

    def _duplicate_verdict(self, document: Document, earlier: Document) -> Verdict:
        return _duplicate(document, earlier, skips=self._intake.duplicates == "skip")

    def _deliver(
        self,
        document: Document,
        verdict: Verdict,
        findings: Findings,
        decision: Decision | None = None,
    ) -> Document:
        with self._deciding:
            move = self._plan(document, verdict, findings, decision)
        try:
            return self._mover.complete(move, actor=ACTOR)
        except FileChangedError:
            document = self._mover.abandon(move, actor=ACTOR, reason=ReasonCode.CHANGED)
            return self._wait(document, _STILL_WRITTEN, self._intake.slow_rest_seconds)

    def _plan(
        self,
        document: Document,
        verdict: Verdict,
        findings: Findings,
        decision: Decision | None,
    ) -> Move:
        """Write the verdict down, unless the same bytes were kept while this one was inspected."""
        if findings.duplicate_of is None:
            same, gone = self._earlier(document)
            if same is not None:
                verdict = self._duplicate_verdict(document, same)
                findings, decision = dataclasses.replace(findings, duplicate_of=same.id), None
            elif gone is not None:
                verdict = _once_more(verdict, gone)
        document = dataclasses.replace(  # for the sidecar, which is written before the findings are
            document,
            duplicate_of=findings.duplicate_of,
            pages=document.pages if findings.pages is None else findings.pages,
        )
        statement = "" if decision is None else decision.statement
        names = self._store.documents.label_names()  # the model may know a label by an older one
        verdict = verdict.renamed(names)
        drawn = None if decision is None else decision.drawn
        if drawn is not None:
            drawn = dataclasses.replace(drawn, label=names.get(drawn.label, drawn.label))
        seen = None if findings.prediction is None else findings.prediction.renamed(names)
        destination = destination_of(document, verdict, seen, self._delivery, statement=statement)
        if document.sha256 is not None:
            digest = Digest(document.sha256, document.size, document.mtime_ns)
            findings = dataclasses.replace(findings, digest=digest)
        with self._mover.step(PlanPoint.VERDICT_PLANNED):
            return self._store.moves.decide_and_plan(
                document.id,
                verdict,
                destination,
                findings,
                drawn=drawn,
                promise="" if decision is None else decision.promise,
            )

    def _wait(self, document: Document, reason: Reason, seconds: float | None = None) -> Document:
        if seconds is None:
            seconds = min(_FIRST_WAIT * 2**document.attempts, _LONGEST_WAIT)
        next_try = self._mover.clock.now() + dt.timedelta(seconds=seconds)
        # Its words may hold a name or what a parser read; docsorter explain shows them.
        _LOG.warning("document %d waits %.0f s: %s", document.id, seconds, reason.code)
        with self._mover.step(PlanPoint.PUT_OFF):
            return self._store.documents.defer(document.id, reason, next_try)


def _same(document: Document, status: os.stat_result) -> bool:
    return (document.size, document.mtime_ns) == (status.st_size, status.st_mtime_ns)


def threads_for(readers: int) -> int:
    """Return how many threads keep so many readers busy.

    While some documents are read, others are with the model or wait for the disk to be flushed;
    with a thread per reader the cores would idle meanwhile.

    Args:
        readers: Documents read at the same time, >= 1.
    """
    return (ROUNDS - 1) * readers + 1


class Workers:
    """Runs documents side by side; one that fails takes nothing else down with it.

    Args:
        pipeline: What each document goes through.
        count: Threads.
        wake: Called when the threads are about to run out of documents, or one failed.
        clock: To tell how long a document is being worked on.
    """

    def __init__(
        self, pipeline: Pipeline, count: int, wake: Callable[[], None], clock: Clock
    ) -> None:
        self._pipeline = pipeline
        self._wake = wake
        self._clock = clock
        self._count = count
        self._limit = count + _AHEAD
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="document")
        self._lock = threading.Lock()
        self._running: dict[int, float | None] = {}
        self.done = 0
        self._trouble: DocsorterError | OSError | None = None

    @property
    def busy(self) -> int:
        """Documents that were handed out and are not finished."""
        return len(self._running)

    @property
    def capacity(self) -> int:
        """How many more documents may be handed out now."""
        return max(0, self._limit - self.busy)

    def has(self, document_id: int) -> bool:
        """Say whether a document is handed out and not finished."""
        return document_id in self._running

    def longest(self) -> float:
        """Return for how many seconds the oldest unfinished document is being worked on."""
        with self._lock:
            begun = [since for since in self._running.values() if since is not None]
        oldest = min(begun, default=None)
        return 0.0 if oldest is None else self._clock.monotonic() - oldest

    def take_trouble(self) -> DocsorterError | OSError | None:
        """Return what the store answered when it could not be written to, once."""
        trouble, self._trouble = self._trouble, None
        return trouble

    def submit(self, document_id: int, claim: Callable[[], Document | None] | None = None) -> bool:
        """Hand out a document; return whether it was taken (not running already, and room)."""
        with self._lock:
            if document_id in self._running or not self.capacity:
                return False
            self._running[document_id] = None
        future = self._pool.submit(self._handle, document_id, claim)
        future.add_done_callback(lambda done: self._finished(document_id, done))
        return True

    def drain(self) -> None:
        """Wait for every document that was handed out; there are a few more than threads at most.

        None is cancelled: its claim may be written down already, and is better carried out than
        left to the recovery of the next start.
        """
        self._pool.shutdown(wait=True)

    def _handle(
        self, document_id: int, claim: Callable[[], Document | None] | None
    ) -> Document | None:
        with self._lock:
            self._running[document_id] = self._clock.monotonic()
        claimed = None if claim is None else claim()
        if claim is not None and claimed is None:
            return None
        try:
            if claimed is not None:
                return self._pipeline.handle_claimed(claimed)
            return self._pipeline.handle(document_id)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 -- see below
            # A watched folder is unattended: no single document may end it (OCRmyPDF#1715).
            _LOG.error("document %d failed: %s", document_id, _whereabouts(error))
            return self._pipeline.give_up(document_id, error)

    def _finished(self, document_id: int, future: "Future[Document | None]") -> None:
        with self._lock:
            self._running.pop(document_id, None)
        self._report(document_id, future)
        if self.busy <= self._count or self._trouble is not None:
            self._wake()

    def _report(self, document_id: int, future: "Future[Document | None]") -> None:
        error = future.exception()
        if error is not None:  # the store's or the disk's; the document is where its row says
            self._trouble = _as_trouble(error)
            _LOG.error("document %d: %s", document_id, error)
            return
        document = future.result()
        if document is None:
            return
        self.done += 1
        verdict = document.verdict
        if verdict is not None and document.waiting is None:
            _LOG.info("document %d %s: %s", document.id, document.state, verdict.reason.code)


def _duplicate(document: Document, earlier: Document, *, skips: bool) -> Verdict:
    """Return the verdict on a document with the same bytes as another one."""
    first = "came earlier" if earlier.id < document.id else "was inspected first"
    # By its number alone: the log keeps this for ever, and names may be forgotten.
    text = f"the same bytes as document {earlier.id}, which {first}"
    kind = VerdictKind.REJECT if skips else VerdictKind.REVIEW
    return Verdict(kind, Reason(ReasonCode.DUPLICATE, text))


def _once_more(verdict: Verdict, earlier: int) -> Verdict:
    """Return the verdict on a document that came before and is no longer where it was put."""
    text = f"the same bytes came as document {earlier}, whose file is no longer where it was put"
    reason = dataclasses.replace(verdict.reason, text=f"{verdict.reason.text}; {text}")
    return dataclasses.replace(verdict, reason=reason)


def _exists(path: Path) -> bool:
    """Whether a file has this name; an answer that may come of a share's failure is none."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def findings_of(
    inspection: Inspection, verdict: Verdict, lexicons: Mapping[str, Scores], *, keep: bool
) -> Findings:
    """Return what the store is to know of a document.

    Args:
        inspection: What was found in it.
        verdict: What is decided; how its words sound is told of what waits for a person.
        lexicons: By which that is told; none tells nothing.
        keep: Whether its words are kept to be searched.
    """
    findings = inspection.findings
    if keep:
        findings = dataclasses.replace(findings, text=searchable_text(inspection.words))
    if lexicons and verdict.kind is VerdictKind.REVIEW:
        findings = with_tone(findings, inspection.words, lexicons)
    return findings


def searchable_text(pages: Sequence[PageWords]) -> str:
    """Return the words of a document in reading order: as many as fit in 100 kB of UTF-8."""
    words = (word.text for page in pages for word in page.words)
    text = " ".join(words).encode(errors="replace")
    if len(text) > _MOST_TEXT:
        text = text[: _MOST_TEXT + 1].rpartition(b" ")[0]
    return text.decode()


def unreadable(error: DocumentError) -> Verdict:
    """Return the verdict on a document that cannot be read, or has nothing on it."""
    text = f"{error.message}; {error.remedy}" if error.remedy else error.message
    code = ReasonCode(error.code)
    kind = VerdictKind.REJECT if code in REFUSED_FOR else VerdictKind.REVIEW
    return Verdict(kind, Reason(code, text))


def _broken_model(error: ModelError) -> Verdict:
    """Return the verdict on a document of which the model said nothing that can be used."""
    return Verdict(VerdictKind.REVIEW, Reason(ReasonCode.INTERNAL, error.message))


def _our_fault(error: Exception) -> Reason:
    """Return the reason for our own code having failed on a document."""
    return Reason(ReasonCode.INTERNAL, f"docsorter failed: {type(error).__name__}: {error}")


def _kills_its_reader(tries: int) -> Verdict:
    """Return the verdict on a document whose reader the machine killed every time."""
    reason = Reason(
        ReasonCode.MEMORY_LIMIT,
        f"the machine killed its reader {tries} times for want of memory; "
        "scan at a lower resolution, or give the machine more memory",
    )
    return Verdict(VerdictKind.REJECT, reason)


def fault_reason(error: EnvironmentFaultError) -> Reason:
    """Say what failed around a document: by its code, else by the system's answer."""
    if error.code:
        return Reason(ReasonCode(error.code), error.message)
    cause = error.__cause__
    if isinstance(cause, OSError):
        return environment_reason(cause)
    return Reason(ReasonCode.STORAGE_GONE, error.message)


def _whereabouts(error: BaseException) -> str:
    """Say what went wrong and where, without its message, which may quote the document."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"{type(error).__name__}\n{frames}"


def _as_trouble(error: BaseException) -> DocsorterError | OSError:
    """Make anything a reason to pause; what is none of ours is a mistake of docsorter."""
    if isinstance(error, EnvironmentFaultError | StoreError | OSError):
        return error
    text = f"docsorter failed: {type(error).__name__}: {error}"
    return EnvironmentFaultError(text, remedy="report the line in the log", code="internal")
