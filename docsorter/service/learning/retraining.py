"""`docsorter retrain`, step by step: freeze, look for doubts, teach, judge, promote."""

import dataclasses
import datetime as dt
import os
from collections.abc import Collection
from typing import Any, Final

from docsorter.clock import Clock
from docsorter.configuration import Configuration
from docsorter.decide.gate import GateVerdict
from docsorter.errors import ConflictError
from docsorter.model.bundle import CARD
from docsorter.model.card import ModelCard, read_card
from docsorter.model.promotion import PromotionFile
from docsorter.model.registry import InUse, ModelRegistry
from docsorter.service.engine import load_model
from docsorter.service.learning.candidates import Candidate, Candidates, Taught
from docsorter.service.learning.judging import Judge, Judged, Progress
from docsorter.service.learning.manifest import Manifest, stamp
from docsorter.service.learning.snapshot import Wanted, take_snapshot
from docsorter.service.learning.snapshot_folders import Snapshots, next_name
from docsorter.service.learning.trainer import Trainer
from docsorter.service.learning.unlearned import Unlearned, unlearned
from docsorter.service.model_changes import Changed
from docsorter.service.promoting import Person, Promoter
from docsorter.service.rehearsing import rehearsed_since
from docsorter.store import Store

_BY_HAND: Final = "put to use by hand"


class Retraining:
    """The steps of a retraining; each may be repeated, and none leaves anything half done.

    Args:
        configuration: The workspace.
        store: Its database.
        clock: Dates what is written.
        trainer: Starts the process that learns.
    """

    def __init__(
        self, configuration: Configuration, store: Store, clock: Clock, trainer: Trainer
    ) -> None:
        self._configuration = configuration
        self._store = store
        self._clock = clock
        self._trainer = trainer
        self.snapshots = Snapshots(configuration.state)
        self.candidates = Candidates(self.snapshots)
        self._registry = ModelRegistry(configuration.state / "models")

    @property
    def in_use(self) -> InUse:
        """The bundle that decides.

        Raises:
            ModelError: It is gone.
        """
        return self._registry.in_use(self._configuration.settings.model.bundle)

    def card(self, name: str = "") -> ModelCard:
        """Return the card of a bundle, "" for the one in use."""
        path = self._registry.resolve(name) if name else self.in_use.path
        return read_card(path / CARD)

    def unlearned(self) -> Unlearned:
        """Count what the model in use has not learned yet."""
        return unlearned(self._store, self.card().name)

    def waiting(self) -> Candidate | None:
        """Return the candidate that waits; one that was put to use by hand waits no more."""
        candidate = self.candidates.waiting()
        if candidate is None:
            return None
        if self.in_use.name == candidate.name:
            self.candidates.settle(candidate, "promoted", self._clock.now(), _BY_HAND)
            return None
        known = {bundle.name for bundle in self._registry.list()}
        if candidate.name not in known:
            self.candidates.settle(candidate, "refused", self._clock.now(), "it was removed")
            return None
        return candidate

    def unfinished(self) -> Manifest | None:
        """Return the newest snapshot that nothing was taught from yet."""
        done = {candidate.name for candidate in self.candidates.all()}
        names = [name for name in self.snapshots.names() if name not in done]
        return self.snapshots.read(names[-1]) if names else None

    def drop_unfinished(self) -> None:
        """Give up a snapshot that was not taught from."""
        manifest = self.unfinished()
        if manifest is not None:
            self._store.drop_learned(manifest.name)
            self.snapshots.remove(manifest.name)

    def freeze(
        self,
        progress: Progress,
        *,
        confirmed: Collection[int] = (),
        hold_back: int = 0,
        seed: int = 0,
    ) -> Manifest:
        """Take a snapshot of all answered documents.

        Args:
            progress: Is told how far it is.
            confirmed: Documents to learn from whatever speaks against them.
            hold_back: Leave so many of the newest checks to judge by, and with them every answer
                given since; 0 waits for later ones.
            seed: Of the training.

        Raises:
            UsageError: Nobody answered anything.
            EnvironmentFaultError: The state folder is full or cannot be written.
        """
        used, card = self.in_use, self.card()
        names = {bundle.name for bundle in self._registry.list()}
        taken = names | self._store.taught_models() | set(self.snapshots.names())
        now = stamp(self._clock.now())
        wanted = Wanted(
            name=next_name(taken),
            base=used.name,
            base_model=card.name,
            labels=card.labels,
            now=now,
            until=self._held_back(hold_back, card.name) or self._clock.now(),
            confirmed=frozenset(confirmed),
            sure_of_another=self._configuration.settings.learning.sure_of_another,
            seed=seed,
        )
        return take_snapshot(self._configuration, self._store, wanted, progress)

    def inspect(self, manifest: Manifest, progress: Progress) -> Manifest:
        """Look for near-duplicates under two labels and for wrong labels; they are left out.

        Raises:
            DocsorterError: What the training process says.
        """
        self._trainer.run("inspect", manifest.name, progress)
        return self.snapshots.read(manifest.name)

    def teach(self, manifest: Manifest, progress: Progress) -> Taught:
        """Train on an inspected snapshot; who learned from what is written down before.

        Raises:
            DocsorterError: What the training process says; say it again and it goes on.
        """
        labels = {one.document: one.label for one in manifest.taught}
        self._store.note_learned(manifest.name, labels, base=manifest.base_model)
        result: dict[str, Any] = {"lines": [], "outcome": {}}
        if not (self._configuration.state / "models" / manifest.name / CARD).is_file():
            result = self._trainer.run("teach", manifest.name, progress)
        candidate = Candidate(
            name=manifest.name,
            model=self.card(manifest.name).name,
            trained_at=stamp(self._clock.now()),
            after=manifest.until,
        )
        self.candidates.supersede(self._clock.now(), {one.name for one in self._registry.list()})
        self.candidates.write(candidate)
        lines = tuple((str(name), str(text)) for name, text in result["lines"])
        return Taught(candidate, lines, result["outcome"])

    def judge(self, candidate: Candidate, progress: Progress) -> Judged:
        """Compare a candidate with the model in use; one that fails is refused for good.

        Raises:
            ModelError: A bundle is missing, damaged, or answers its golden pages differently.
            SettingsError: The settings do not fit it.
        """
        workers = self._configuration.settings.service.workers or os.cpu_count() or 1
        judge = Judge(self._configuration, self._store, self.candidates, workers)
        old = load_model(self._configuration, self._configuration.settings.model.bundle)
        judged = judge.judge(
            candidate, old, load_model(self._configuration, candidate.name), progress
        )
        why = (
            judged.gate.why if judged.gate.verdict is GateVerdict.FAILED else self._given_up(judged)
        )
        if why:
            now = self._clock.now()
            settled = self.candidates.settle(judged.candidate, "refused", now, why)
            judged = dataclasses.replace(judged, candidate=settled)
        return judged

    def _given_up(self, judged: Judged) -> str:
        """Say why a candidate has rehearsed in vain; "" while it has not."""
        since = rehearsed_since(self._store, judged.candidate.name)
        days = self._configuration.settings.learning.rehearsal_days
        passed = judged.gate.verdict is GateVerdict.PASSED
        takes = judged.taking_over
        if takes is None or since is None or (passed and takes.holds):
            return ""
        if self._clock.now() - since < dt.timedelta(days=days):
            return ""
        return f"given up after {days:g} days: {takes.why if passed else judged.gate.why}"

    def too_soon(self) -> dt.datetime | None:
        """Return when the next promotion may happen by itself; None for now."""
        acts = PromotionFile(self._configuration.state / "models").read().acts
        if not acts:
            return None
        days = self._configuration.settings.learning.days_between
        next_time = acts[-1].at + dt.timedelta(days=days)
        return next_time if next_time > self._clock.now() else None

    def promote(self, judged: Judged, person: Person) -> Changed:
        """Put a candidate to use that passed its gate.

        Raises:
            ConflictError: It did not pass, or automation that was earned would be lost.
            ModelError: It cannot be used.
            UsageError: The settings pin a model.
        """
        hindered = "" if judged.gate.verdict is GateVerdict.PASSED else judged.gate.why
        if not hindered and judged.taking_over is not None and not judged.taking_over.holds:
            hindered = judged.taking_over.why
        if hindered:
            raise ConflictError(
                f"{judged.candidate.name} is not put to use: {hindered}",
                remedy="wait for more checks; or, knowing that nothing is shown, "
                f"docsorter model promote {judged.candidate.name}",
            )
        promoter = Promoter(self._configuration, self._store, self._clock)
        # Before it is used: the first document that it decides meets its evidence. Where the
        # promotion fails they wait under its rule, and the next try adds what is new.
        self._store.take_along(
            judged.rule_key, judged.candidate.model, judged.shadows, actor=person.name
        )
        return promoter.promote(judged.candidate.name, person, reason=judged.gate.why)

    def _held_back(self, wanted: int, model: str) -> dt.datetime | None:
        """Return when the oldest of the newest checks was drawn that may still judge somebody."""
        if not wanted:
            return None
        checks = self._store.later_checks([model], limit=wanted)
        used = self.candidates.judged_until()
        fresh = [check for check in checks if used is None or check.settled_at > used]
        return min((check.drawn_at for check in fresh), default=None)
