"""Is everything that was dropped in exactly one place, whole, and does the store say so?"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from docsorter.configuration import Configuration
from docsorter.deliver.mover import LOCK_FILE
from docsorter.deliver.sidecar import document_of, sidecar_path
from docsorter.deliver.transfer import OWN_PREFIX, PRIVATE
from docsorter.documents import Document, Place, ReasonCode, State, VerdictKind
from docsorter.errors import StoreError
from docsorter.model.registry import PromotionFile
from docsorter.service.workspace.layout import open_workspace_store
from docsorter.store import Store
from tests.torture.entries import misfits
from tests.torture.scene import Drops

_WHERE: Final = {
    State.SPOOLED: Place.SPOOL,
    State.SORTED: Place.SORTED,
    State.REVIEW: Place.REVIEW,
    State.REJECTED: Place.REJECTED,
}
_FINAL: Final = (Place.SORTED, Place.REVIEW, Place.REJECTED)
_MANY: Final = 1_000_000


class Fault(StrEnum):
    """What can be wrong with a workspace."""

    LOST = "lost"  # a drop is in no place
    DOUBLED = "doubled"  # a drop is in more places than it was dropped, or was kept twice
    HALF = "half file"  # something under a final name that is nobody's whole document
    DISAGREES = "store and disk disagree"
    SIDECAR = "sidecar"
    LEFTOVER = "leftover"  # our own working files that nothing will ever remove
    UNFINISHED = "unfinished"
    DATABASE = "database"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        fault: Its kind.
        text: What and where.
    """

    fault: Fault
    text: str

    def __str__(self) -> str:
        return f"{self.fault}: {self.text}"


def check_interrupted(configuration: Configuration, drops: Drops) -> list[Finding]:
    """Look at a workspace as a crash left it, without opening its database.

    Every drop must be whole somewhere, and what has a final name must be whole: a document, a
    sidecar, or an empty placeholder that a record beside it declares to be one.
    """
    files = dict(_files(configuration))
    found = {_digest(path) for path in files}
    findings = [
        Finding(Fault.LOST, f"{digest[:12]} is nowhere whole")
        for digest in drops.digests
        if digest not in found
    ]
    for path, place in files.items():
        if place in _FINAL and not _is_own(path) and not _is_whole(path, drops):
            findings.append(Finding(Fault.HALF, f"{path}, {path.stat().st_size} bytes"))
    return findings


def check_settled(
    configuration: Configuration, drops: Drops, *, finished: bool = True
) -> list[Finding]:
    """Look at a workspace whose daemon has stopped.

    Args:
        configuration: The workspace.
        drops: Everything that was dropped.
        finished: Whether nothing may be left in inbox and spool.
    """
    findings = []
    try:
        PromotionFile(configuration.state / "models").read()
        with open_workspace_store(configuration) as store:
            findings += [Finding(Fault.DATABASE, text) for text in store.upkeep.integrity_check()]
            documents = [
                d for d in store.documents.find(limit=_MANY) if d.state is not State.WITHDRAWN
            ]
            findings += _unfinished(store, documents) if finished else []
            findings += [Finding(Fault.DISAGREES, text) for text in misfits(store, documents)]
    except StoreError as error:
        return [Finding(Fault.DATABASE, str(error))]
    findings += _places(configuration, documents, finished=finished)
    findings += _counted(configuration, documents, drops, finished=finished)
    return findings


def _files(configuration: Configuration) -> Iterator[tuple[Path, Place]]:
    """Yield every file of the roots that may hold a document's bytes."""
    for place in Place:
        root = configuration.root(place)
        for path in root.rglob("*"):
            if path.is_file() and path.name not in {LOCK_FILE, ".promotion.lock"}:
                yield path, place


def _is_own(path: Path) -> bool:
    return path.name.startswith((OWN_PREFIX, "claim-")) or path.parent.name == PRIVATE


def _is_whole(path: Path, drops: Drops) -> bool:
    if _digest(path) in drops.digests or document_of(path) is not None:
        return True
    return path.stat().st_size == 0 and any(path.parent.glob(f"{OWN_PREFIX}*.record"))


def _unfinished(store: Store, documents: list[Document]) -> list[Finding]:
    moves = [f"the move of document {move.document_id}" for move in store.moves.planned()]
    between = [
        f"document {d.id} is {d.state}: {d.waiting.text if d.waiting else 'no reason'}"
        for d in documents
        if d.state in {State.CLAIMING, State.SPOOLED}
    ]
    return [Finding(Fault.UNFINISHED, text) for text in (*moves, *between)]


def _places(
    configuration: Configuration, documents: list[Document], *, finished: bool
) -> list[Finding]:
    """Compare each row with its file, and each file with its row."""
    findings, claimed = [], set()
    for document in documents:
        path = configuration.root(document.place) / document.path
        if document.state is State.CLAIMING:
            continue
        if path in claimed:
            findings.append(Finding(Fault.DISAGREES, f"two documents are at {path}"))
        claimed.add(path)
        if _WHERE[document.state] is not document.place:
            text = f"document {document.id} is {document.state} in {document.place}"
            findings.append(Finding(Fault.DISAGREES, text))
        if not path.is_file():
            findings.append(Finding(Fault.DISAGREES, f"document {document.id} is not at {path}"))
        elif document.sha256 not in {None, _digest(path)}:
            findings.append(Finding(Fault.DISAGREES, f"the bytes of {path} are others"))
        else:
            findings += _sidecar(document, path)
            claimed |= {sidecar_path(path)} if document.place in _FINAL else set()
    return [*findings, *_unclaimed(configuration, claimed, finished=finished)]


def _sidecar(document: Document, path: Path) -> list[Finding]:
    """Every sorted and every rejected document has its sidecar, one in review has none."""
    sidecar = sidecar_path(path)
    if document.state not in {State.SORTED, State.REJECTED}:
        return [Finding(Fault.SIDECAR, f"{sidecar} should not be")] if sidecar.exists() else []
    try:
        content = json.loads(sidecar.read_bytes())
        verdict = document.verdict
        expected = (document.id, document.sha256, None if verdict is None else verdict.label)
        is_right = expected == (content["id"], content["sha256"], content["verdict"]["label"])
    except (OSError, ValueError, KeyError, TypeError):
        return [Finding(Fault.SIDECAR, f"{sidecar} is missing or cannot be read")]
    return [] if is_right else [Finding(Fault.SIDECAR, f"{sidecar} belongs to something else")]


def _unclaimed(
    configuration: Configuration, claimed: set[Path], *, finished: bool
) -> Iterator[Finding]:
    for path, place in _files(configuration):
        if path in claimed or (place is Place.INBOX and not finished):
            continue
        if _is_own(path):
            yield Finding(Fault.LEFTOVER, f"{path}, {path.stat().st_size} bytes")
        elif place is Place.INBOX:
            yield Finding(Fault.UNFINISHED, f"{path} was not claimed")
        else:
            yield Finding(Fault.DISAGREES, f"no row knows {path}")


def _counted(
    configuration: Configuration, documents: list[Document], drops: Drops, *, finished: bool
) -> Iterator[Finding]:
    """Count the bytes of every drop, wherever they are, and how often each was kept."""
    copies: Counter[str] = Counter()
    for path, place in _files(configuration):
        digest = _digest(path)
        if digest in drops.digests:
            copies[digest] += 1
        elif place in _FINAL and not _is_own(path) and document_of(path) is None:
            yield Finding(Fault.HALF, f"{path}, {path.stat().st_size} bytes")
    for digest, number in drops.digests.items():
        if copies[digest] < number:
            text = f"{digest[:12]} was dropped {number} times and is there {copies[digest]} times"
            yield Finding(Fault.LOST, text)
        elif copies[digest] > number:
            text = f"{digest[:12]} was dropped {number} times and is there {copies[digest]} times"
            yield Finding(Fault.DOUBLED, text)
    yield from _kept(documents, drops if finished else Drops())


def _kept(documents: list[Document], drops: Drops) -> Iterator[Finding]:
    """Of the same bytes one is kept: not two, and not none, each being the other's duplicate."""
    kept = Counter(d.sha256 for d in documents if d.sha256 is not None and not _is_duplicate(d))
    for digest, number in kept.items():
        if number > 1:
            yield Finding(Fault.DOUBLED, f"{digest[:12]} was kept {number} times")
    for digest in drops.digests.keys() - kept.keys():
        yield Finding(Fault.LOST, f"{digest[:12]} was not kept, all that is left are duplicates")


def _is_duplicate(document: Document) -> bool:
    verdict = document.verdict
    return (
        verdict is not None
        and verdict.kind is VerdictKind.REJECT
        and verdict.reason.code is ReasonCode.DUPLICATE
    )


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
