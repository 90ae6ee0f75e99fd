"""`docsorter verify`: the store against the disk against the digests; it changes nothing itself.

A daemon may run meanwhile: what looks wrong is looked at again before it is said, for rows are
written before files move.
"""

import datetime as dt
import hashlib
import os
import stat
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from docsorter.clock import Clock, SystemClock
from docsorter.configuration import Configuration
from docsorter.deliver.folders import locate
from docsorter.deliver.job import OWN_PREFIX
from docsorter.deliver.sidecar import SUFFIX, document_of, sidecar_path
from docsorter.disk import Disk
from docsorter.documents import Move, Place
from docsorter.errors import WorkspaceError
from docsorter.service.findings import Finding, Trouble
from docsorter.store import Store
from docsorter.store.audit_words import Expected

Progress = Callable[[str, int, int], None]
"""Told (stage, done, total)."""

WITH_FILES: Final = (Place.SPOOL, Place.REVIEW, Place.SORTED, Place.REJECTED)
_BATCH = 500
_ORPHANED_AFTER = dt.timedelta(seconds=60)
_EVERY = 200


@dataclass(slots=True)
class Report:
    """What a verification came to.

    Attributes:
        documents: Documents whose file was looked at.
        files: Files under the roots.
        findings: What is not as it should be.
    """

    documents: int = 0
    files: int = 0
    findings: list[Finding] = field(default_factory=list)


class Verifier:
    """Compares store and disk.

    Args:
        configuration: The workspace.
        store: Its database.
        disk: Digests.
        clock: Tells old moves from those under way.
    """

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

    def verify(self, progress: Progress = lambda *_: None) -> Report:
        """Look at everything; takes as long as reading every document once.

        Raises:
            StoreError: The database cannot be read at all.
            OSError: A root cannot be read.
        """
        report = Report()
        progress("database", 0, 1)
        report.findings += self._database()
        progress("database", 1, 1)
        report.findings += self._documents(report, progress)
        report.findings += self._files(report, progress)
        return report

    def _database(self) -> Iterator[Finding]:
        for text in self._store.integrity_check():
            trouble = _derived(text)
            restore = "stop the daemon, then: docsorter restore BACKUP"
            yield Finding(trouble, text, remedy=restore if trouble is Trouble.DATABASE else "")
        for number in self._store.strayed_entries():
            text = f"document {number}: its review entry does not fit its state"
            yield Finding(Trouble.ENTRY, text, number)
        for number in self._store.unfinished_forgets():
            text = f"document {number} was being forgotten when something stopped it"
            yield Finding(Trouble.FORGETTING, text, number)
        for move in self._old_moves():
            text = f"document {move.document_id}: its move to {move.to_place} was never finished"
            yield Finding(Trouble.OPEN_MOVE, text, move.document_id)

    def _old_moves(self) -> list[Move]:
        """Return planned moves that nobody carries out and nobody put off."""
        before = self._clock.now() - _ORPHANED_AFTER
        return [
            move
            for move in self._store.planned_moves(planned_before=before)
            if self._store.document(move.document_id).next_try_at is None
        ]

    def _documents(self, report: Report, progress: Progress) -> Iterator[Finding]:
        total, after = self._store.document_count(), 0
        known = set()
        while batch := self._store.expected(after, _BATCH):
            for expected in batch:
                document = expected.document
                report.documents += 1
                if report.documents % _EVERY == 0:
                    progress("documents", report.documents, max(total, report.documents))
                known.add(_mark(document.place, document.path))
                found = self._judge(expected)
                if found is not None:
                    # It may have been moved meanwhile: only what stands a second look is said.
                    again = self._store.expected_now(document.id)
                    found = None if again is None else self._judge(again)
                if found is not None:
                    yield found
            after = batch[-1].document.id
        self._known = array("Q", sorted(known))
        progress("documents", report.documents, max(report.documents, 1))

    def _judge(self, expected: Expected) -> Finding | None:
        if expected.moving:
            return None
        document = expected.document
        number, place = document.id, document.place
        shown = f"{place}/{document.path}"
        try:
            path = locate(self._configuration.root(place), document.path)
            status = path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            text = f"document {number} is not where it was put: {shown}"
            remedy = "put it back there, or forget it if it is gone on purpose"
            return Finding(Trouble.MISSING, text, number, place, document.path, remedy=remedy)
        except WorkspaceError as error:
            return Finding(Trouble.DATABASE, f"document {number}: {error.message}", number)
        if not stat.S_ISREG(status.st_mode):
            text = f"document {number} is a link or a folder now: {shown}"
            remedy = "put the file back"
            return Finding(Trouble.NOT_A_FILE, text, number, place, document.path, remedy=remedy)
        return self._judge_bytes(expected, path, status)

    def _judge_bytes(
        self, expected: Expected, path: Path, status: os.stat_result
    ) -> Finding | None:
        document = expected.document
        number, place = document.id, document.place
        if document.sha256 is not None and not self._is_same(path, status, expected):
            text = f"document {number} has other bytes than before: {place}/{document.path}"
            remedy = "compare it with a copy; if it was changed on purpose, nothing is to be done"
            return Finding(Trouble.CHANGED, text, number, place, document.path, remedy=remedy)
        if expected.sidecar is not None and document_of(sidecar_path(path)) != number:
            text = f"document {number} has lost its sidecar: {place}/{document.path}{SUFFIX}"
            return Finding(Trouble.SIDECAR, text, number, place, document.path)
        return None

    def _is_same(self, path: Path, status: os.stat_result, expected: Expected) -> bool:
        document = expected.document
        return status.st_size == document.size and self._disk.sha256(path) == document.sha256

    def _files(self, report: Report, progress: Progress) -> Iterator[Finding]:
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

    def _file(self, place: Place, root: Path, path: Path) -> Finding | None:
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
            return Finding(Trouble.LONELY_SIDECAR, text, None, place, relative, remedy=remedy)
        if not os.path.lexists(path) or self._store.knows_path(place, relative):
            return None  # it came or went while we were looking
        text = f"no document is known at {place}/{relative}"
        remedy = "put there by hand? then leave it, or drop it into the inbox to have it sorted"
        return Finding(Trouble.UNKNOWN_FILE, text, None, place, relative, remedy=remedy)

    def _rest(self, place: Place, relative: str, path: Path) -> Finding | None:
        number = path.name.removeprefix(OWN_PREFIX).partition(".")[0]
        planned = {str(move.id) for move in self._store.planned_moves()}
        if number in planned or not os.path.lexists(path):
            return None
        text = f"a leftover of a move that is over: {place}/{relative}"
        remedy = "it is a second copy of a document; delete it once verify finds nothing missing"
        return Finding(Trouble.REST, text, None, place, relative, remedy=remedy)

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


def _derived(text: str) -> Trouble:
    """Tell what can be worked out anew from a damage of the database."""
    if text.startswith("counts "):
        return Trouble.COUNTERS
    return Trouble.NAMES if text.startswith("the index of names ") else Trouble.DATABASE
