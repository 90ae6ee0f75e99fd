"""Every step that changes disk or store, by name, so that tests can kill there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum

Hook = Callable[[str], None]
"""Called with "STEP:before" and "STEP:after"."""


class FaultPoint(StrEnum):
    """The steps of a move, in the order in which they come."""

    CLAIM_PRIVATE = "claim-private"  # the inbox name becomes a private one in the inbox's mount
    FOLDER = "folder"  # the target folder is made
    SIDECAR_WRITTEN = "sidecar-written"  # whole, under a private name
    PERMISSIONS = "permissions"  # of the document, before it gets its final name
    COPY = "copy"  # whole and verified, under a private name in the target folder
    RECORD = "record"  # a note that a copy or a placeholder is about to get the final name
    RENAME = "rename"  # the atomic way to a final name
    LINK = "link"  # without RENAME_NOREPLACE
    PLACEHOLDER = "placeholder"  # without hard links
    REPLACE_PLACEHOLDER = "replace-placeholder"
    TARGET_SYNC = "target-sync"  # the final name is on the disk
    COLLISION_CLEARED = "collision-cleared"  # our sidecar at a name that turned out to be taken
    REPLAN = "replan"  # the store knows the new name
    SOURCE_REMOVED = "source-removed"
    OLD_SIDECAR_REMOVED = "old-sidecar-removed"
    RECORD_REMOVED = "record-removed"
    COMMIT = "commit"  # the store knows the new place


class PlanPoint(StrEnum):
    """The steps around a move: what is written down before it, and what gives it up."""

    CLAIM_PLANNED = "claim-planned"  # a complete file in the inbox has its number and its move
    VERDICT_PLANNED = "verdict-planned"  # digest and verdict, and the move that follows
    PUT_OFF = "put-off"  # the document waits, with its reason and its next try
    ANSWER_PLANNED = "answer-planned"  # what a person said, and the move that follows from it
    UNDO_PLANNED = "undo-planned"  # the answer does not stand any more, and the move back
    TAKEN_BACK = "taken-back"  # the bytes of a move that is given up are where they were
    ABANDONED = "abandoned"  # the store knows that it was given up
    RETURNED = "returned"  # a file whose claim nobody knows is in the inbox again


def ignore(_: str) -> None:
    """Do nothing; the hook outside of tests."""


class Steps:
    """Announces steps to a hook.

    Args:
        hook: Called before and after each step.
    """

    def __init__(self, hook: Hook = ignore) -> None:
        self._hook = hook

    @contextmanager
    def step(self, point: FaultPoint | PlanPoint) -> Iterator[None]:
        """Surround one step; the "after" call comes only when it succeeded."""
        self._hook(f"{point}:before")
        yield
        self._hook(f"{point}:after")
