"""`docsorter verify`: the store against the disk against the digests, and what can be repaired.

A daemon may run meanwhile: what looks wrong is looked at again before it is said, for rows are
written before files move.
"""

import dataclasses
import datetime as dt
import hashlib
import json
import os
import stat
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from docsorter.clock import Clock, SystemClock
from docsorter.configuration import Configuration
from docsorter.deliver.drop import drop_into
from docsorter.deliver.mover import Mover
from docsorter.deliver.names import safe_name
from docsorter.deliver.permissions import locate, permissions
from docsorter.deliver.recovery import recover
from docsorter.deliver.sidecar import SUFFIX, document_of, sidecar_path
from docsorter.deliver.transfer import OWN_PREFIX
from docsorter.documents import Document, Move, Place, Reason, ReasonCode, Verdict, VerdictKind
from docsorter.errors import ConflictError, DocsorterError, WorkspaceError
from docsorter.filesystem import Disk
from docsorter.service.upkeep.forget import Forgetting
from docsorter.service.workspace.process import Progress, silent
from docsorter.settings import Label
from docsorter.store import AdoptedFile, ExpectedFile, Store

WITH_FILES: Final = (Place.SPOOL, Place.REVIEW, Place.SORTED, Place.REJECTED)
_BATCH = 500
_ORPHANED_AFTER = dt.timedelta(seconds=60)
_EVERY = 200


class FindingKind(StrEnum):
    """The closed list."""

    DATABASE = "database"
    COUNTERS = "counters"
    NAMES = "names"
    MISSING = "missing"
    CHANGED = "changed"
    NOT_A_FILE = "not_a_file"
    SIDECAR = "sidecar"
    LONELY_SIDECAR = "lonely_sidecar"
    UNKNOWN_FILE = "unknown_file"
    OPEN_MOVE = "open_move"
    ENTRY = "entry"
    FORGETTING = "forgetting"
    REST = "rest"


@dataclass(frozen=True, slots=True)
class VerifyFinding:
    """One thing that is not as it should be.

    Attributes:
        document_id: Of which document; None for a file or for the database.
        place: Root of `path`.
        repaired: What was done about it; "" while it stands.
        remedy: What a person can do, "" when `--repair` does it.
    """

    trouble: FindingKind
    text: str
    document_id: int | None = None
    place: Place | None = None
    path: str = ""
    repaired: str = ""
    remedy: str = ""


@dataclass(slots=True)
class VerifyReport:
    """What a verification came to."""

    documents: int = 0
    files: int = 0
    findings: list[VerifyFinding] = field(default_factory=list)


class Verifier:
    """Compares store and disk."""

    def __init__(
        self,
        configuration: Configuration,
        store: Store,
        disk: Disk | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._configuration = configuration
        self._store = store
        self._disk = disk or Disk()
        self._clock = clock or SystemClock()
        self._known = array("Q")

    def verify(self, progress: Progress = silent) -> VerifyReport:
        """Check everything; takes as long as reading every document once.

        Raises:
            StoreError: The database cannot be read at all.
            OSError: A root cannot be read.
        """
        report = VerifyReport()
        progress("database", 0, 1)
        report.findings += self._database()
        progress("database", 1, 1)
        report.findings += self._documents(report, progress)
        report.findings += self._files(report, progress)
        return report

    def _database(self) -> Iterator[VerifyFinding]:
        for text in self._store.upkeep.integrity_check():
            trouble = _kind_of(text)
            restore = "stop the daemon, then: docsorter restore BACKUP"
            yield VerifyFinding(
                trouble, text, remedy=restore if trouble is FindingKind.DATABASE else ""
            )
        for number in self._store.upkeep.mismatched_entries():
            text = f"document {number}: its review entry does not fit its state"
            yield VerifyFinding(FindingKind.ENTRY, text, number)
        for number in self._store.upkeep.unfinished_forgets():
            text = f"document {number} was being forgotten when something stopped it"
            yield VerifyFinding(FindingKind.FORGETTING, text, number)
        for move in self._old_moves():
            text = f"document {move.document_id}: its move to {move.to_place} was never finished"
            yield VerifyFinding(FindingKind.OPEN_MOVE, text, move.document_id)

    def _old_moves(self) -> list[Move]:
        """Return planned moves that nobody carries out and nobody put off."""
        before = self._clock.now() - _ORPHANED_AFTER
        return [
            move
            for move in self._store.moves.planned(planned_before=before)
            if self._store.documents.get(move.document_id).next_try_at is None
        ]

    def _documents(self, report: VerifyReport, progress: Progress) -> Iterator[VerifyFinding]:
        total, after = self._store.documents.count(), 0
        known = set()
        while batch := self._store.upkeep.expected(after, _BATCH):
            for expected in batch:
                document = expected.document
                report.documents += 1
                if report.documents % _EVERY == 0:
                    progress("documents", report.documents, max(total, report.documents))
                known.add(_mark(document.place, document.path))
                found = None if expected.moving else self._check_document(expected)
                if found is not None:
                    # It may have been moved meanwhile: what a second check finds is reported.
                    again = self._store.upkeep.expected_now(document.id)
                    found = None
                    if again is not None and not again.moving:
                        found = self._check_document(again)
                if found is not None:
                    yield found
            after = batch[-1].document.id
        self._known = array("Q", sorted(known))
        progress("documents", report.documents, max(report.documents, 1))

    def _check_document(self, expected: ExpectedFile) -> VerifyFinding | None:
        document = expected.document
        number, place = document.id, document.place
        shown = f"{place}/{document.path}"

        def found(kind: FindingKind, text: str, remedy: str = "") -> VerifyFinding:
            text = f"document {number} {text}"
            return VerifyFinding(kind, text, number, place, document.path, remedy=remedy)

        try:
            path = locate(self._configuration.root(place), document.path)
            status = path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            remedy = "put it back there, or forget it if it is gone on purpose"
            return found(FindingKind.MISSING, f"is not where it was put: {shown}", remedy)
        except WorkspaceError as error:
            text = f"document {number}: {error.message}"
            return VerifyFinding(FindingKind.DATABASE, text, number)
        if not stat.S_ISREG(status.st_mode):
            text = f"is a link or a folder now: {shown}"
            return found(FindingKind.NOT_A_FILE, text, "put the file back")
        if document.sha256 is not None and not (
            status.st_size == document.size and self._disk.sha256(path) == document.sha256
        ):
            remedy = "compare it with a copy; if it was changed on purpose, nothing is to be done"
            return found(FindingKind.CHANGED, f"has other bytes than before: {shown}", remedy)
        if expected.sidecar is not None and document_of(sidecar_path(path)) != number:
            return found(FindingKind.SIDECAR, f"has lost its sidecar: {shown}{SUFFIX}")
        return None

    def _files(self, report: VerifyReport, progress: Progress) -> Iterator[VerifyFinding]:
        for place in WITH_FILES:
            root = self._configuration.root(place)
            progress(f"files in {place}", 0, 1)
            for path in _walk(root):
                report.files += 1
                if report.files % _EVERY == 0:
                    progress(f"files in {place}", report.files, report.files)
                found = self._file(place, root, path)
                if found is not None:
                    yield found
            progress(f"files in {place}", 1, 1)

    def _file(self, place: Place, root: Path, path: Path) -> VerifyFinding | None:
        relative = path.relative_to(root).as_posix()
        if path.name.startswith(OWN_PREFIX):
            return self._rest(place, relative, path)
        if self._knows(place, relative):
            return None
        owner = document_of(path) if path.name.endswith(SUFFIX) else None
        if owner is not None and place in {Place.SORTED, Place.REJECTED}:
            if os.path.lexists(path.with_name(path.name.removesuffix(SUFFIX))):
                return None
            text = f"a sidecar without its document: {place}/{relative}"
            remedy = "the document was moved by hand; move the sidecar along, or delete it"
            return VerifyFinding(
                FindingKind.LONELY_SIDECAR, text, None, place, relative, remedy=remedy
            )
        if not os.path.lexists(path) or self._store.upkeep.knows_path(place, relative):
            return None  # it came or went meanwhile
        text = f"no document is known at {place}/{relative}"
        remedy = "put there by hand? then leave it, or drop it into the inbox to have it sorted"
        return VerifyFinding(FindingKind.UNKNOWN_FILE, text, None, place, relative, remedy=remedy)

    def _rest(self, place: Place, relative: str, path: Path) -> VerifyFinding | None:
        number = path.name.removeprefix(OWN_PREFIX).partition(".")[0]
        planned = {str(move.id) for move in self._store.moves.planned()}
        if number in planned or not os.path.lexists(path):
            return None
        text = f"a leftover of a move that is over: {place}/{relative}"
        remedy = "it is a second copy of a document; delete it once verify finds nothing missing"
        return VerifyFinding(FindingKind.REST, text, None, place, relative, remedy=remedy)

    def _knows(self, place: Place, relative: str) -> bool:
        mark = _mark(place, relative)
        index = bisect_left(self._known, mark)
        return index < len(self._known) and self._known[index] == mark


def _mark(place: Place, path: str) -> int:
    """Return 64 bits of a digest: a million paths fit into 8 MB, and never two are the same."""
    data = f"{place.value}/{path}".encode("utf-8", "surrogateescape")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big")


def _walk(root: Path) -> Iterator[Path]:
    """Yield every regular file under a root, following no link; hidden ones of others are left."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            ours = name.startswith(OWN_PREFIX)
            if (ours or not name.startswith(".")) and path.is_file() and not path.is_symlink():
                yield path


def _kind_of(text: str) -> FindingKind:
    """Tell damage that can be worked out anew from other damage of the database."""
    if text.startswith("counts "):
        return FindingKind.COUNTERS
    return FindingKind.NAMES if text.startswith("the index of names ") else FindingKind.DATABASE


class Repairer:
    """Repairs what verification found."""

    def __init__(
        self, configuration: Configuration, store: Store, mover: Mover, actor: str, clock: Clock
    ) -> None:
        self._configuration = configuration
        self._store = store
        self._mover = mover
        self._actor = actor
        self._disk = Disk()
        self._forgetting = Forgetting(configuration, store, self._disk, clock)

    def repair(self, findings: list[VerifyFinding]) -> list[VerifyFinding]:
        """Repair what can be; what cannot is returned as it was, with the reason if it failed.

        Files that are unknown and documents that are missing are brought together first.
        """
        unknown = {(f.place, f.path): f for f in findings if f.trouble is FindingKind.UNKNOWN_FILE}
        after = [self._reunite(f, unknown) for f in findings if f.trouble is FindingKind.MISSING]
        for finding in findings:
            is_file = finding.trouble is FindingKind.UNKNOWN_FILE
            reunited = is_file and (finding.place, finding.path) not in unknown
            if finding.trouble is not FindingKind.MISSING and not reunited:
                after.append(self._attempt(finding))
        return after

    def _attempt(self, finding: VerifyFinding) -> VerifyFinding:
        try:
            done = self._repaired(finding)
        except (DocsorterError, OSError) as error:
            return dataclasses.replace(finding, remedy=f"not repaired: {error}")
        return dataclasses.replace(finding, repaired=done) if done else finding

    def _repaired(self, finding: VerifyFinding) -> str:
        """Return what was done, "" for nothing."""
        number, done = finding.document_id, ""
        match finding.trouble:
            case FindingKind.COUNTERS:
                self._store.upkeep.recount(actor=self._actor)
                done = "counted anew"
            case FindingKind.NAMES:
                self._store.upkeep.rebuild_names()
                done = "indexed anew"
            case FindingKind.ENTRY if number is not None:
                self._store.upkeep.repair_entry(number, actor=self._actor)
                done = "the entry fits again"
            case FindingKind.FORGETTING:
                self._forgetting.resume()
                done = "forgotten completely"
            case FindingKind.OPEN_MOVE if number is not None:
                done = self._finish_move(number)
            case FindingKind.SIDECAR if number is not None:
                done = self._write_sidecar(number)
            case FindingKind.UNKNOWN_FILE if finding.place is not None:
                done = self._take_in(finding.place, finding.path)
            case FindingKind.LONELY_SIDECAR if finding.place is not None:
                file = self._configuration.root(finding.place) / finding.path
                done = "" if os.path.lexists(file) else "it went along with its document"
            case _:
                pass
        return done

    def _finish_move(self, number: int) -> str:
        move = self._store.moves.planned_for(number)
        if move is None:
            return "it was finished meanwhile"
        report = recover(self._store, self._mover, moves=[move], actor=self._actor)
        return "" if report.missing or report.waiting else "the move was taken up again"

    def _write_sidecar(self, number: int) -> str:
        expected = self._store.upkeep.expected_now(number)
        if expected is None or expected.sidecar is None:
            return ""
        document = expected.document
        sidecar = sidecar_path(self._configuration.root(document.place) / document.path)
        if os.path.lexists(sidecar):
            raise ConflictError(f"another file has its name: {sidecar}", remedy="move it away")
        allowed = permissions(self._configuration.settings)[document.place]
        self._disk.write_durably(sidecar, expected.sidecar.encode(), allowed.file_mode)
        self._event("sidecar_written", document)
        return "written anew from the database"

    def _take_in(self, place: Place, path: str) -> str:
        """Adopt what a sidecar describes; what was still to be done goes back to the inbox."""
        file = self._configuration.root(place) / path
        if place in {Place.SPOOL, Place.REVIEW}:
            inbox = self._configuration.root(Place.INBOX)
            name = f"recovered-{file.name}" if place is Place.SPOOL else file.name
            renamed = self._disk_name(file, name)
            dropped = drop_into(inbox, renamed, self._disk, copy=False)
            self._store.documents.add_event(
                "returned", actor=self._actor, detail={"from": place.value}
            )
            return f"put into the inbox as {dropped.name}"
        sidecar = sidecar_path(file)
        if document_of(sidecar) is None:
            return ""
        found = adoption(place, path, file, sidecar, self._disk)
        if found is None:
            return ""
        if place is Place.SORTED and self._store.documents.knows_bytes(found.sha256):
            return ""  # a copy that somebody made by hand
        document = self._store.documents.adopt(found, actor=self._actor)
        self._renumber(sidecar, document)
        return f"known again as document {document.id}"

    def _disk_name(self, file: Path, name: str) -> Path:
        """Give a file of the spool a name that says where it comes from, without replacing any."""
        if file.name == name:
            return file
        target = file.with_name(safe_name(name))
        if self._disk.rename_noreplace(file, target):
            self._disk.unlink(file)
        return target

    def _renumber(self, sidecar: Path, document: Document) -> None:
        """Write the new number into the sidecar of an adopted document; the old is another's."""
        expected = self._store.upkeep.expected_now(document.id)
        if expected is not None and expected.sidecar is not None:
            mode = permissions(self._configuration.settings)[document.place].file_mode
            self._disk.write_durably(sidecar, expected.sidecar.encode(), mode)

    def _reunite(
        self, missing: VerifyFinding, unknown: dict[tuple[Place | None, str], VerifyFinding]
    ) -> VerifyFinding:
        """Find a document that somebody renamed within its root, by its bytes."""
        if missing.document_id is None:
            return missing
        document = self._store.documents.get(missing.document_id)
        for place, path in list(unknown):
            if place is not document.place or document.sha256 is None:
                continue
            file = self._configuration.root(document.place) / path
            if not self._has_bytes(file, document):
                continue
            self._store.documents.relocate(document.id, path, actor=self._actor)
            del unknown[place, path]
            self._move_sidecar(document, file)
            return dataclasses.replace(missing, repaired=f"found again as {place}/{path}")
        return missing

    def _move_sidecar(self, document: Document, file: Path) -> None:
        old = sidecar_path(self._configuration.root(document.place) / document.path)
        new = file.with_name(file.name + SUFFIX)
        if document_of(old) == document.id and not os.path.lexists(new):
            if self._disk.rename_noreplace(old, new):
                self._disk.unlink(old)
            self._disk.sync_directory(new.parent)

    def _has_bytes(self, file: Path, document: Document) -> bool:
        try:
            return (
                file.lstat().st_size == document.size and self._disk.sha256(file) == document.sha256
            )
        except OSError:
            return False

    def _event(self, kind: str, document: Document) -> None:
        self._store.documents.add_event(kind, actor=self._actor, document_id=document.id)


def adoption(place: Place, path: str, file: Path, sidecar: Path, disk: Disk) -> AdoptedFile | None:
    """Read what a delivered file was; None when its sidecar does not describe these bytes."""
    text = sidecar.read_bytes()
    try:
        said = _Sidecar.model_validate_json(text)
        json.loads(text)
    except (ValidationError, ValueError):
        return None
    wanted = VerdictKind.SORT if place is Place.SORTED else VerdictKind.REJECT
    status = file.lstat()
    same = status.st_size == said.size and disk.sha256(file) == said.sha256
    if said.verdict.kind is not wanted or not same:
        return None
    verdict = said.verdict
    return AdoptedFile(
        place=place,
        path=path,
        name=said.name,
        source=said.source,
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        sha256=said.sha256,
        arrived_at=said.arrived_at.astimezone(dt.UTC),
        verdict=Verdict(
            verdict.kind,
            Reason(verdict.reason.code, verdict.reason.text),
            verdict.label,
            verdict.confidence,
            verdict.threshold,
        ),
        answered_by=said.answered_by,
        pages=said.pages,
        sidecar=text.decode("utf-8", "replace"),
    )


class _Reason(BaseModel):
    code: ReasonCode
    text: str = ""


class _Verdict(BaseModel):
    kind: VerdictKind
    reason: _Reason
    label: Label | None = None
    confidence: float | None = Field(default=None, ge=0, le=1)
    threshold: float | None = Field(default=None, ge=0, le=1)


class _Sidecar(BaseModel):
    """What is believed of a sidecar; anybody may have written to it."""

    model_config = ConfigDict(extra="ignore")

    docsorter: Literal[1]
    name: str = Field(min_length=1, max_length=1024)
    source: str = ""
    sha256: str
    size: int
    arrived_at: AwareDatetime
    verdict: _Verdict
    answered_by: str | None = None
    pages: int | None = None
