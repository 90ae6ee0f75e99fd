"""Taking up again what a crash interrupted: every planned move is replayed against the disk."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from docsorter.deliver.mover import Mover
from docsorter.deliver.transfer import FileChangedError, FileGoneError, stray_claims
from docsorter.documents import Document, Move, MoveState, Place, Reason, ReasonCode
from docsorter.errors import ConflictError, EnvironmentFaultError
from docsorter.filesystem import environment_reason
from docsorter.store import Store

_REST = dt.timedelta(seconds=15)  # a file that changed is left to rest
_FIRST_WAIT, _LONGEST_WAIT = 5.0, 600.0  # seconds; while a disk or a share fails
_AGAIN = dt.timedelta(minutes=5)  # what is missing may be on a share that comes back


@dataclass(slots=True)
class RecoveryReport:
    """What recovery found; document ids.

    Attributes:
        completed: Moves that were finished.
        withdrawn: Files that somebody took out of the inbox before they were claimed.
        changed: Files that changed; they are read again.
        missing: Documents that are nowhere; each has an event and waits, should it come back.
        waiting: Moves that a disk or a share did not allow; each has its next try.
        returned: Names of files without a claim that were put back into the inbox.
        kept: Names of such files that could not be put back; they are found again next time.
    """

    completed: list[int] = field(default_factory=list)
    withdrawn: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def recover(
    store: Store, mover: Mover, *, moves: Iterable[Move] | None = None, actor: str = "daemon"
) -> RecoveryReport:
    """Finish, give up or put off planned moves; may be repeated at any time.

    Args:
        store: Knows the moves.
        mover: Carries them out.
        moves: Which ones; without it all, and then strays in the inbox's private folder as well.
        actor: For the log.

    Returns:
        What was found. A folder that fails for one document does not keep others waiting.

    Raises:
        StoreError: The database fails.
    """
    report = RecoveryReport()
    for move in store.moves.planned() if moves is None else moves:
        _replay(store, mover, move, actor, report)
    if moves is None:
        _return_strays(store, mover, report)
    return report


def _replay(store: Store, mover: Mover, move: Move, actor: str, report: RecoveryReport) -> None:
    number = move.document_id
    before = store.documents.get(number)
    is_claim = move.from_place is Place.INBOX
    try:
        after = mover.complete(move, actor=actor, detail={"recovered": True})
    except FileGoneError as error:
        if is_claim:
            store.moves.abandon(move.id, actor=actor, reason="withdrawn", withdraw=True)
            report.withdrawn.append(number)
        else:
            _mark_missing(mover, before, actor, error)
            report.missing.append(number)
    except FileChangedError as error:
        mover.abandon(move, actor=actor, reason="changed")
        if not is_claim:
            _put_off(mover, number, Reason(ReasonCode.CHANGED, error.message), _REST)
        report.changed.append(number)
    except ConflictError:
        return  # whoever holds it was faster; nothing is left to do
    except EnvironmentFaultError as error:
        if store.moves.get(move.id).state is MoveState.PLANNED:
            seconds = min(_FIRST_WAIT * 2**before.attempts, _LONGEST_WAIT)
            _put_off(mover, number, _why(error), dt.timedelta(seconds=seconds))
            report.waiting.append(number)
    else:
        report.completed.append(number)
        if is_claim and (before.size, before.mtime_ns) != (after.size, after.mtime_ns):
            reason = Reason(ReasonCode.CHANGED, f"{after.name} was written to after its claim")
            _put_off(mover, number, reason, _REST)


def _mark_missing(mover: Mover, document: Document, actor: str, error: FileGoneError) -> None:
    """Say it once in the log, and keep looking: a share may come back."""
    if document.waiting is None or document.waiting.code is not ReasonCode.MISSING:
        detail: dict[str, object] = {"place": document.place.value}
        mover.store.documents.add_event(
            "missing", actor=actor, document_id=document.id, detail=detail
        )
    _put_off(mover, document.id, Reason(ReasonCode.MISSING, error.message), _AGAIN)


def _put_off(mover: Mover, number: int, reason: Reason, delay: dt.timedelta) -> None:
    mover.store.documents.defer(number, reason, mover.clock.now() + delay)


def _why(error: EnvironmentFaultError) -> Reason:
    cause = error.__cause__
    if isinstance(cause, OSError):
        return environment_reason(cause)
    return Reason(ReasonCode(error.code or ReasonCode.STORAGE_GONE), error.message)


def _return_strays(store: Store, mover: Mover, report: RecoveryReport) -> None:
    """Give back what lies in the inbox's private folder for a claim that nobody knows.

    That happens when the database was replaced by a backup in the middle of a claim.
    """
    # Looked for first, since a claim is planned before its file gets there.
    found = stray_claims(mover.roots[Place.INBOX])
    planned = {move.id for move in store.moves.planned()}
    for path, (number, name) in found.items():
        if number not in planned:
            try:
                report.returned.append(mover.give_back(path, name).name)
            except EnvironmentFaultError:
                report.kept.append(path.name)
