"""A desk whose autonomy is earned, and a reviewer who knows the truth."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from docsorter.clock import ManualClock
from docsorter.configuration import Configuration, load
from docsorter.decide.autonomy import make_plan
from docsorter.deliver.mover import Mover
from docsorter.deliver.transfer import Hook
from docsorter.documents import Document, Place
from docsorter.filesystem import Disk
from docsorter.service.engine import Inspection
from docsorter.service.promise.controller import AutonomyController
from docsorter.service.promise.evidence import CARRIED, PromiseState, first_change, policy_of
from docsorter.service.promise.report import PromiseReader
from docsorter.service.review.service import ReviewService
from docsorter.service.upkeep.verify import Verifier
from docsorter.store import ChangeReason
from tests.service.desk import Desk, WordReader

QUICK = {
    "decide.autonomy": "earned",
    "promise.target_error": 0.1,
    "promise.confidence": 0.5,
    "promise.jump": 0.9,
    "promise.pilot_documents": 3,
    "promise.miss_rate": 0.0,
    "promise.double": 0.0,
    "promise.days_to_alarm": 0.01,  # so soon that everything is drawn
}
"""So little is promised that a dozen documents earn it."""


class KeyedReader(WordReader):
    """Sees like `WordReader`, by a rule that evidence belongs to."""

    def __init__(self, rule_key: str) -> None:
        super().__init__()
        self.rule_key = rule_key

    def inspect(self, path: Path, name: str) -> Inspection:
        return replace(super().inspect(path, name), rule_key=self.rule_key, statement="uncertified")


class EarningDesk(Desk):
    """Pushes documents through the pipeline and answers for people.

    Args:
        configuration: The workspace.
        clock: Stands still until it is moved.
        flags: Settings beyond `QUICK`.
        chance: What the draws are made with; without one nothing below a share of 1 is drawn.
    """

    def __init__(
        self,
        configuration: Configuration,
        clock: ManualClock,
        flags: Mapping[str, object] | None = None,
        chance: Callable[[], float] = lambda: 0.999,
    ) -> None:
        super().__init__(load(configuration.workspace, {**QUICK, **(flags or {})}), clock)
        self.service = ReviewService(self.configuration, self.store, self.mover)
        self.rule = PromiseReader(self.configuration, self.store).rule_key
        self.reader: WordReader = KeyedReader(self.rule)
        self._number = 0
        self.restart(chance)

    def restart(self, chance: Callable[[], float] = lambda: 0.999) -> None:
        """Begin as a new daemon would, with nothing in its memory."""
        settings = self.configuration.settings
        self.earning = AutonomyController(
            self.store, settings.decide, settings.promise, self.clock, chance
        )
        self.pipeline = self.make_pipeline(self.earning)

    def sees(self, label: str = "invoice", confidence: float = 0.99) -> Document:
        """Let a document arrive that the model takes for a label."""
        self._number += 1
        content = f"{label} {confidence} {self._number}".encode()
        return self.pipeline.handle(self.drop(f"scan-{self._number}.pdf", content).id)

    def says(
        self, document: Document, label: str | None = "invoice", reviewer: str = "anna"
    ) -> Document:
        """Let a person answer, and the daemon notice it."""
        done = self.service.answer(document.id, label, reviewer=reviewer, uid=1000)
        self.clock.advance(1)
        self.earning.tick()
        return done

    def grant(self, threshold: float = 0.9) -> None:
        """Let a threshold be in use as if it had been earned before; everything is still drawn."""
        policy = policy_of(self.configuration.settings.promise)
        plan = make_plan(np.array([0.5, threshold, 0.99]), policy)
        begun = first_change("test-1", self.rule, plan, after=0)
        detail = {**begun.detail, CARRIED: True}
        moved = replace(begun, threshold=threshold, checked=30, upper_bound=0.09, detail=detail)
        self.store.checks.add_promise(replace(moved, why=ChangeReason.CERTIFIED), actor="test")

    def crashing(self, at: Hook) -> Mover:
        """Return a mover that announces its steps."""
        roots = {place: self.configuration.root(place) for place in Place}
        return Mover(self.store, Disk(), roots, self.configuration.settings, self.clock, at=at)

    def troubles(self) -> list[str]:
        """Return what `verify` finds."""
        verifier = Verifier(self.configuration, self.store, clock=self.clock)
        return [finding.text for finding in verifier.verify().findings]

    def earn(self, most: int = 60) -> int:
        """Answer rightly until something is certified; return how many answers that took."""
        for number in range(1, most + 1):
            self.says(self.sees())
            if self.position.threshold is not None:
                return number
        raise AssertionError(f"nothing was certified by {most} answers")

    @property
    def position(self) -> PromiseState:
        """Where the evidence stands for the daemon."""
        return self.earning.state(self.rule, "test-1")
