"""What people decided is carried out at once, or taken back when that cannot be."""

from docsorter.deliver.errors import FileChangedError, FileGoneError
from docsorter.deliver.mover import Mover
from docsorter.disk import environment_reason
from docsorter.documents import Document, Move, ReasonCode
from docsorter.errors import ConflictError, EnvironmentFaultError


class Carrier:
    """Carries out the planned moves of people.

    Args:
        mover: Moves bytes between the places.
    """

    def __init__(self, mover: Mover) -> None:
        self._mover = mover

    def carry(self, move: Move, actor: str) -> Document:
        """Carry out a planned act, or take it back when the file is not what it was.

        Raises:
            ConflictError: The file was moved or changed by hand.
            EnvironmentFaultError: It cannot be put there just now; it is where it was.
        """
        try:
            return self._mover.complete(move, actor=actor)
        except FileGoneError:
            self._mover.abandon(move, actor=actor, reason=ReasonCode.MISSING)
            raise
        except FileChangedError:
            self._mover.abandon(move, actor=actor, reason=ReasonCode.CHANGED)
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
            self._mover.abandon(move, actor=actor, reason=code)
        except (ConflictError, EnvironmentFaultError):
            return fault  # the bytes are under way: recovery finishes what was said
        return EnvironmentFaultError(
            f"document {move.document_id} stays where it was: {fault.message}",
            remedy=f"mend that, then try again; {move.to_place} is where it was to go",
            code=code,
        )
