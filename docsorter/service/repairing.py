"""`docsorter verify --repair`: only what cannot lose a byte; each act is a line in the log."""

import dataclasses
import os
from pathlib import Path

from docsorter.clock import Clock
from docsorter.configuration import Configuration
from docsorter.deliver.mover import Mover
from docsorter.deliver.names import safe_name
from docsorter.deliver.permissions import permissions
from docsorter.deliver.recovery import recover
from docsorter.deliver.sidecar import SUFFIX, document_of, sidecar_path
from docsorter.disk import Disk
from docsorter.documents import Document, Place
from docsorter.errors import ConflictError, DocsorterError
from docsorter.service.adopting import adoption
from docsorter.service.bring import bring_into
from docsorter.service.findings import Finding, Trouble
from docsorter.service.forgetting import Forgetting
from docsorter.store import Store


class Repairer:
    """Mends what verification found.

    Args:
        configuration: The workspace.
        store: Its database.
        mover: Finishes moves.
        actor: Who asked, for the log.
        clock: Dates what is forgotten.
    """

    def __init__(
        self, configuration: Configuration, store: Store, mover: Mover, actor: str, clock: Clock
    ) -> None:
        self._configuration = configuration
        self._store = store
        self._mover = mover
        self._actor = actor
        self._disk = Disk()
        self._forgetting = Forgetting(configuration, store, self._disk, clock)

    def repair(self, findings: list[Finding]) -> list[Finding]:
        """Mend what can be mended; what cannot is returned as it was, with the reason if it failed.

        Files that are unknown and documents that are missing are brought together first.
        """
        unknown = {(f.place, f.path): f for f in findings if f.trouble is Trouble.UNKNOWN_FILE}
        after = [self._reunite(f, unknown) for f in findings if f.trouble is Trouble.MISSING]
        for finding in findings:
            is_file = finding.trouble is Trouble.UNKNOWN_FILE
            reunited = is_file and (finding.place, finding.path) not in unknown
            if finding.trouble is not Trouble.MISSING and not reunited:
                after.append(self._attempt(finding))
        return after

    def _attempt(self, finding: Finding) -> Finding:
        try:
            done = self._mend(finding)
        except (DocsorterError, OSError) as error:
            return dataclasses.replace(finding, remedy=f"not repaired: {error}")
        return dataclasses.replace(finding, repaired=done) if done else finding

    def _mend(self, finding: Finding) -> str:
        """Return what was done, "" for nothing."""
        number, done = finding.document_id, ""
        match finding.trouble:
            case Trouble.COUNTERS:
                self._store.recount(actor=self._actor)
                done = "counted anew"
            case Trouble.NAMES:
                self._store.rebuild_names()
                done = "indexed anew"
            case Trouble.ENTRY if number is not None:
                self._store.mend_entry(number, actor=self._actor)
                done = "the entry fits again"
            case Trouble.FORGETTING:
                self._forgetting.resume()
                done = "forgotten completely"
            case Trouble.OPEN_MOVE if number is not None:
                done = self._finish_move(number)
            case Trouble.SIDECAR if number is not None:
                done = self._write_sidecar(number)
            case Trouble.UNKNOWN_FILE if finding.place is not None:
                done = self._take_in(finding.place, finding.path)
            case Trouble.LONELY_SIDECAR if finding.place is not None:
                file = self._configuration.root(finding.place) / finding.path
                done = "" if os.path.lexists(file) else "it went along with its document"
            case _:
                pass
        return done

    def _finish_move(self, number: int) -> str:
        move = self._store.planned_move(number)
        if move is None:
            return "it was finished meanwhile"
        report = recover(self._store, self._mover, moves=[move], actor=self._actor)
        return "" if report.missing or report.waiting else "the move was taken up again"

    def _write_sidecar(self, number: int) -> str:
        expected = self._store.expected_now(number)
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
        """Adopt what a sidecar speaks for; what was still to be done goes back to the inbox."""
        file = self._configuration.root(place) / path
        if place in {Place.SPOOL, Place.REVIEW}:
            inbox = self._configuration.root(Place.INBOX)
            name = f"recovered-{file.name}" if place is Place.SPOOL else file.name
            renamed = self._disk_name(file, name)
            brought = bring_into(inbox, renamed, self._disk, copy=False)
            self._store.add_event("returned", actor=self._actor, detail={"from": place.value})
            return f"put into the inbox as {brought.name}"
        sidecar = sidecar_path(file)
        if document_of(sidecar) is None:
            return ""
        found = adoption(place, path, file, sidecar, self._disk)
        if found is None:
            return ""
        if place is Place.SORTED and self._store.knows_bytes(found.sha256):
            return ""  # a copy that somebody made by hand
        document = self._store.adopt(found, actor=self._actor)
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
        expected = self._store.expected_now(document.id)
        if expected is not None and expected.sidecar is not None:
            mode = permissions(self._configuration.settings)[document.place].file_mode
            self._disk.write_durably(sidecar, expected.sidecar.encode(), mode)

    def _reunite(
        self, missing: Finding, unknown: dict[tuple[Place | None, str], Finding]
    ) -> Finding:
        """Find a document that somebody renamed within its root, by its bytes."""
        if missing.document_id is None:
            return missing
        document = self._store.document(missing.document_id)
        for place, path in list(unknown):
            if place is not document.place or document.sha256 is None:
                continue
            file = self._configuration.root(document.place) / path
            if not self._is(file, document):
                continue
            self._store.relocate(document.id, path, actor=self._actor)
            del unknown[place, path]
            self._bring_sidecar(document, file)
            return dataclasses.replace(missing, repaired=f"found again as {place}/{path}")
        return missing

    def _bring_sidecar(self, document: Document, file: Path) -> None:
        old = sidecar_path(self._configuration.root(document.place) / document.path)
        new = file.with_name(file.name + SUFFIX)
        if document_of(old) == document.id and not os.path.lexists(new):
            if self._disk.rename_noreplace(old, new):
                self._disk.unlink(old)
            self._disk.sync_directory(new.parent)

    def _is(self, file: Path, document: Document) -> bool:
        try:
            return (
                file.lstat().st_size == document.size and self._disk.sha256(file) == document.sha256
            )
        except OSError:
            return False

    def _event(self, kind: str, document: Document) -> None:
        self._store.add_event(kind, actor=self._actor, document_id=document.id)
