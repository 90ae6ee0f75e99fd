"""A fault that is staged, and what came of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """What docsorter does about a fault; docs/run/troubleshooting.md says which."""

    PAUSED = "paused, then went on"
    WAITED = "the document waited, then went on"
    REFUSED = "refused to start, with the remedy"
    CARRIED_ON = "carried on"
    REJECTED = "rejected with its reason"


@dataclass(frozen=True, slots=True)
class Scene:
    """One fault.

    Attributes:
        kind: What fails.
        where: Where it does, "" when that goes without saying.
        play: Stages it and checks that nothing is lost; raises AssertionError.
        mounts: Whether it takes a user namespace with mounts.
        unprivileged: Whether it means nothing to root.
    """

    kind: str
    where: str
    play: Callable[[Any], Outcome]
    mounts: bool
    unprivileged: bool

    @property
    def name(self) -> str:
        """Kind and place, as one line."""
        return f"{self.kind}: {self.where}" if self.where else self.kind


SCENES: list[Scene] = []


def scene(
    kind: str, *, mounts: bool = False, unprivileged: bool = False, each: Sequence[str] = ()
) -> Callable[[Callable[..., Outcome]], Callable[..., Outcome]]:
    """Add a scene, or one for each place."""

    def add(play: Callable[..., Outcome]) -> Callable[..., Outcome]:
        if not each:
            SCENES.append(Scene(kind, "", play, mounts, unprivileged))
        for where in each:
            act = _bound(play, where)
            SCENES.append(Scene(kind, str(where), act, mounts, unprivileged))
        return play

    return add


def _bound(play: Callable[..., Outcome], where: str) -> Callable[[Any], Outcome]:
    return lambda stage: play(stage, where)
