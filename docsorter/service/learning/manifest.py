"""What a snapshot holds: which documents, under which label, by whose answer."""

import datetime as dt
from collections import Counter
from enum import StrEnum
from typing import Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict


class Why(StrEnum):
    """Why an answered document is not learned from."""

    CONFLICT = "conflict"  # the same page stands under two labels
    DISPUTED = "disputed"  # two people said two things
    SUSPICIOUS = "suspicious"  # everything but the answer speaks for another label
    MISSING = "missing"  # its file is no longer where it was put
    CHANGED = "changed"  # its file is not the one that was answered
    TOO_FEW = "too_few"  # a new label that has too few documents yet
    UNREADABLE = "unreadable"  # the page reader refuses it


ASKED: Final = (Why.CONFLICT, Why.DISPUTED, Why.SUSPICIOUS)
"""What a person may confirm, so that it is learned from all the same; listed first."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Taught(_Part):
    """A document that is learned from.

    Attributes:
        document: Its number.
        answer: Number of the answer that says what it is.
        label: What it is.
        sha256: Of its bytes.
        file: Relative to the snapshot, e.g. "documents/claim/17.pdf".
        kept: Whether the file is a second name of the sorted one, or a copy.
        confirmed: A person confirmed it, or two people agree: it is not doubted any more.
    """

    document: int
    answer: int
    label: str
    sha256: str
    file: str
    kept: Literal["link", "copy"]
    confirmed: bool = False


class LeftOut(_Part):
    """An answered document that is not learned from.

    Attributes:
        document: Its number.
        answer: Number of the answer.
        label: What the answer says.
        why: The kind of reason.
        text: The reason in words, without names of files.
        others: Documents that it contradicts.
    """

    document: int
    answer: int
    label: str
    why: Why
    text: str
    others: tuple[int, ...] = ()


class Manifest(_Part):
    """One frozen snapshot of answered documents.

    Attributes:
        name: Of the snapshot, and of the model that learns from it.
        base: Bundle it starts from.
        base_model: Name on the card of that bundle.
        taken_at: When.
        until: Only answers given before were looked at; checks drawn later judge the model.
        seed: Of the training.
        taught: What is learned from, by document.
        left_out: What is not, what a person may confirm first.
        inspected: Near-duplicates and wrong labels were looked for.
        generated: Generated documents added by label, for labels with too few answers.
    """

    name: str
    base: str
    base_model: str
    taken_at: AwareDatetime
    until: AwareDatetime
    seed: int = 0
    taught: tuple[Taught, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    inspected: bool = False
    generated: dict[str, int] = {}

    @property
    def counts(self) -> dict[str, int]:
        """Documents to learn from by label."""
        return dict(sorted(Counter(one.label for one in self.taught).items()))

    @property
    def documents(self) -> frozenset[int]:
        """Numbers of all documents that are named in it."""
        taught = {one.document for one in self.taught}
        return frozenset(taught | {one.document for one in self.left_out})

    @property
    def asked(self) -> tuple[LeftOut, ...]:
        """What a person may confirm."""
        return tuple(one for one in self.left_out if one.why in ASKED)

    def without(self, left: "tuple[LeftOut, ...]") -> "Manifest":
        """Return the same with documents left out; those that may be confirmed come first."""
        gone = {one.document for one in left}
        every = sorted((*self.left_out, *left), key=lambda one: (one.why not in ASKED, one.why))
        return self.model_copy(
            update={
                "taught": tuple(one for one in self.taught if one.document not in gone),
                "left_out": tuple(every),
            }
        )


def stamp(time: dt.datetime) -> dt.datetime:
    """Return a time to the second, in UTC, as a card carries it."""
    return time.astimezone(dt.UTC).replace(microsecond=0)
