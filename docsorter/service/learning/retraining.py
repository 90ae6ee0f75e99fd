"""`docsorter retrain`, step by step: snapshot, doubts, training in a child, gate, promotion."""

import contextlib
import dataclasses
import datetime as dt
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Collection, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, Final, Literal

from docsorter import errors
from docsorter.clock import Clock
from docsorter.configuration import Configuration
from docsorter.decide.gate import GateVerdict
from docsorter.errors import ConflictError, DocsorterError, EnvironmentFaultError, missing_extra
from docsorter.model.bundle import CARD
from docsorter.model.card import ModelCard, read_card
from docsorter.model.registry import InUse, ModelRegistry, PromotionFile
from docsorter.resources import usable_cores
from docsorter.service.engine import load_model
from docsorter.service.learning.candidates import (
    Candidate,
    Candidates,
    TrainedCandidate,
    shadow_evaluation_start,
)
from docsorter.service.learning.gate import CandidateEvaluator, GateResult
from docsorter.service.learning.promoting import ModelChange, Person, Promoter
from docsorter.service.learning.snapshots import (
    SnapshotManifest,
    SnapshotRequest,
    Snapshots,
    UntrainedAnswers,
    count_untrained_answers,
    next_name,
    stamp,
    take_snapshot,
)
from docsorter.service.workspace.process import Progress
from docsorter.store import Store

LOG: Final = "training.log"
_LIBRARIES: Final = ("tensorflow", "keras", "sklearn", "cleanlab")
_COMMAND: Final = (sys.executable, "-m", "docsorter.training.retrain_child")
_PATIENCE: Final = 30.0  # seconds between asking a process to end and ending it
_LAST_LINES: Final = 3
_BY_HAND: Final = "put to use by hand"


def require_extra() -> None:
    """Refuse at once when training is not possible here."""
    missing = [name for name in _LIBRARIES if find_spec(name) is None]
    if missing:
        elsewhere = "; or on another machine: docsorter train, then here: docsorter model add"
        raise missing_extra("training", ", ".join(missing), elsewhere)


class TrainingProcess:
    """Runs one task at a time in a process group of its own, at the lowest priority.

    Args:
        command: What to start; it speaks the lines of `docsorter.training.retrain_child`.
    """

    def __init__(self, configuration: Configuration, command: Sequence[str] = _COMMAND) -> None:
        self._configuration = configuration
        self._command = tuple(command)

    def run(
        self, task: Literal["inspect", "teach"], name: str, progress: Progress
    ) -> dict[str, Any]:
        """Do a task on a snapshot to its end.

        An interrupt of this process ends that one as well; so does its death. What was done so far
        is kept, and the same call goes on there.

        Returns:
            What it answered.

        Raises:
            DocsorterError: What it raised.
            EnvironmentFaultError: It was killed, or ran longer than it may.
        """
        settings = self._configuration.settings
        orders = {
            "task": task,
            "name": name,
            "state": str(self._configuration.state),
            "pages": settings.pages.model_dump(mode="json"),
            "threads": settings.learning.threads,
        }
        log = self._configuration.state / "learning" / name / LOG
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        with (
            os.fdopen(os.open(log, flags, 0o600), "ab") as chatter,
            subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=chatter,
                text=True,
                start_new_session=True,
            ) as process,
        ):
            late = threading.Event()
            timer = threading.Timer(settings.learning.hours * 3600, _stop, (process, late))
            timer.start()
            try:
                answer = _listen(process, json.dumps(orders), progress)
            finally:
                timer.cancel()
                _end(process)
        return _result(answer, process.returncode, log, late=late.is_set())


def _listen(
    process: "subprocess.Popen[str]", orders: str, progress: Progress
) -> dict[str, Any] | None:
    """Return the last line, which is no progress; None when there is none."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(orders + "\n")
        process.stdin.flush()  # and it stays open: the process ends with it
    except BrokenPipeError:
        return None
    return _last(process.stdout, progress)


def _last(lines: IO[str], progress: Progress) -> dict[str, Any] | None:
    for line in lines:
        said: dict[str, Any] = json.loads(line)
        if "stage" not in said:
            return said
        progress(said["stage"], said["done"], said["total"])
    return None


def _stop(process: "subprocess.Popen[str]", late: threading.Event) -> None:
    late.set()
    _signal(process, signal.SIGTERM)


def _end(process: "subprocess.Popen[str]") -> None:
    """End the group, first politely; a process that is done is only waited for."""
    if process.stdin is not None and not process.stdin.closed:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        _signal(process, signal.SIGKILL)
        process.wait()


def _signal(process: "subprocess.Popen[str]", number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def _result(answer: dict[str, Any] | None, code: int, log: Path, *, late: bool) -> dict[str, Any]:
    again = "give the same command again: it continues where it was"
    if late:
        raise EnvironmentFaultError(
            "the training ran longer than learning.hours allows",
            remedy=f"raise learning.hours, then {again}",
        )
    if answer is None:
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        raise EnvironmentFaultError(
            f"the training process {how} without an answer: {_last_words(log)}",
            remedy=f"look into {log}; is there enough memory? Then {again}",
        )
    if "error" in answer:
        told = answer["error"]
        kind = getattr(errors, str(told["kind"]), DocsorterError)
        raise kind(told["message"], remedy=told["remedy"])
    found: dict[str, Any] = answer["result"]
    return found


def _last_words(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return " / ".join(line.strip() for line in lines[-_LAST_LINES:]) or "it said nothing"


class Retraining:
    """The steps of a retraining; each may be repeated, and none leaves anything half done."""

    def __init__(
        self, configuration: Configuration, store: Store, clock: Clock, trainer: TrainingProcess
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
        """The bundle that decides."""
        return self._registry.in_use(self._configuration.settings.model.bundle)

    def card(self, name: str = "") -> ModelCard:
        """Return the card of a bundle, "" for the one in use."""
        path = self._registry.resolve(name) if name else self.in_use.path
        return read_card(path / CARD)

    def untrained_answers(self) -> UntrainedAnswers:
        """Count what the model in use has not learned yet."""
        return count_untrained_answers(self._store, self.card().name)

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

    def unfinished(self) -> SnapshotManifest | None:
        """Return the newest snapshot that no model was trained on yet."""
        done = {candidate.name for candidate in self.candidates.all()}
        names = [name for name in self.snapshots.names() if name not in done]
        return self.snapshots.read(names[-1]) if names else None

    def drop_unfinished(self) -> None:
        """Remove a snapshot that no model was trained on."""
        manifest = self.unfinished()
        if manifest is not None:
            self._store.learning.drop_learned(manifest.name)
            self.snapshots.remove(manifest.name)

    def take_snapshot(
        self,
        progress: Progress,
        *,
        confirmed: Collection[int] = (),
        hold_back: int = 0,
        seed: int = 0,
    ) -> SnapshotManifest:
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
        taken = names | self._store.learning.trained_models() | set(self.snapshots.names())
        now = stamp(self._clock.now())
        renamed = self._store.documents.label_names()
        wanted = SnapshotRequest(
            name=next_name(taken),
            base=used.name,
            base_model=card.name,
            labels=tuple(dict.fromkeys(renamed.get(label, label) for label in card.labels)),
            now=now,
            until=self._held_back(hold_back, card.name) or self._clock.now(),
            confirmed=frozenset(confirmed),
            sure_of_another=self._configuration.settings.learning.sure_of_another,
            seed=seed,
            renamed=renamed,
        )
        return take_snapshot(self._configuration, self._store, wanted, progress)

    def find_doubts(self, manifest: SnapshotManifest, progress: Progress) -> SnapshotManifest:
        """Look for near-duplicates under two labels and for wrong labels; they are left out."""
        self._trainer.run("inspect", manifest.name, progress)
        return self.snapshots.read(manifest.name)

    def train(self, manifest: SnapshotManifest, progress: Progress) -> TrainedCandidate:
        """Train on an inspected snapshot; who learned from what is written down before.

        Raises:
            DocsorterError: What the training process says; say it again and it goes on.
        """
        names = self._store.documents.label_names()
        labels = {one.document: names.get(one.label, one.label) for one in manifest.taught}
        self._store.learning.record_learned(manifest.name, labels, base=manifest.base_model)
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
        return TrainedCandidate(candidate, lines, result["outcome"])

    def evaluate(self, candidate: Candidate, progress: Progress) -> GateResult:
        """Compare a candidate with the model in use; one that fails is refused for good."""
        workers = self._configuration.settings.service.workers or usable_cores()
        evaluator = CandidateEvaluator(self._configuration, self._store, self.candidates, workers)
        old = load_model(self._configuration, self._configuration.settings.model.bundle)
        judged = evaluator.evaluate(
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

    def _given_up(self, judged: GateResult) -> str:
        """Say why a candidate is given up after its shadow evaluation; "" while it is not."""
        since = shadow_evaluation_start(self._store, judged.candidate.name)
        days = self._configuration.settings.learning.rehearsal_days
        passed = judged.gate.verdict is GateVerdict.PASSED
        forecast = judged.forecast
        if forecast is None or since is None or (passed and forecast.holds):
            return ""
        if self._clock.now() - since < dt.timedelta(days=days):
            return ""
        return f"given up after {days:g} days: {forecast.why if passed else judged.gate.why}"

    def too_soon(self) -> dt.datetime | None:
        """Return when the next promotion may happen by itself; None for now."""
        acts = PromotionFile(self._configuration.state / "models").read().acts
        if not acts:
            return None
        days = self._configuration.settings.learning.days_between
        next_time = acts[-1].at + dt.timedelta(days=days)
        return next_time if next_time > self._clock.now() else None

    def promote(self, judged: GateResult, person: Person) -> ModelChange:
        """Put a candidate to use that passed its gate."""
        hindered = "" if judged.gate.verdict is GateVerdict.PASSED else judged.gate.why
        if not hindered and judged.forecast is not None and not judged.forecast.holds:
            hindered = judged.forecast.why
        if hindered:
            raise ConflictError(
                f"{judged.candidate.name} is not put to use: {hindered}",
                remedy="wait for more checks; or, knowing that nothing is shown, "
                f"docsorter model promote {judged.candidate.name}",
            )
        promoter = Promoter(self._configuration, self._store, self._clock)
        # Before it is used: the first document that it decides meets its evidence. Where the
        # promotion fails they wait under its rule, and the next try adds what is new.
        self._store.checks.add_shadows(
            judged.rule_key, judged.candidate.model, judged.shadows, actor=person.name
        )
        return promoter.promote(judged.candidate.name, person, reason=judged.gate.why)

    def _held_back(self, wanted: int, model: str) -> dt.datetime | None:
        """Return when the oldest of the newest checks was drawn that may evaluate a candidate."""
        if not wanted:
            return None
        checks = self._store.learning.held_out_checks([model], limit=wanted)
        used = self.candidates.judged_until()
        fresh = [check for check in checks if used is None or check.settled_at > used]
        return min((check.drawn_at for check in fresh), default=None)
