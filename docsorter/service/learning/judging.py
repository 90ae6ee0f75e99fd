"""Candidate and model in use look at the same checked documents; the gate says what that shows."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np

from docsorter.configuration import Configuration
from docsorter.decide.gate import Gate, GatePlan, PairedChecks, judge_candidate
from docsorter.disk import Disk
from docsorter.documents import PageSet
from docsorter.errors import DocumentError, EnvironmentFaultError
from docsorter.pages.reader import PageReader
from docsorter.service.engine import LoadedModel
from docsorter.service.learning.candidates import Candidate, Candidates, Opinion, Opinions
from docsorter.settings import LearningSettings
from docsorter.store import Store
from docsorter.store.learning import LaterCheck

Progress = Callable[[str, int, int], None]
_STAGE: Final = "both models look at checked documents"


@dataclass(frozen=True, slots=True)
class Judged:
    """How a candidate stands.

    Attributes:
        candidate: Which.
        in_use: Name of the bundle it is compared with.
        gate: What the checks show.
        unusable: Checks whose file cannot be looked at (moved by hand, changed).
    """

    candidate: Candidate
    in_use: str
    gate: Gate
    unusable: int


def gate_plan(settings: LearningSettings) -> GatePlan:
    """Return what the settings ask of a candidate."""
    return GatePlan(settings.margin, settings.confidence, settings.label_margin)


class Judge:
    """Compares a candidate with the model in use.

    Args:
        configuration: The workspace.
        store: Has the checks.
        candidates: Keep what was said.
        workers: Documents read side by side.
    """

    def __init__(
        self,
        configuration: Configuration,
        store: Store,
        candidates: Candidates,
        workers: int,
        disk: Disk | None = None,
    ) -> None:
        self._configuration = configuration
        self._store = store
        self._candidates = candidates
        self._workers = workers
        self._disk = disk or Disk()

    def judge(
        self, candidate: Candidate, old: LoadedModel, new: LoadedModel, progress: Progress
    ) -> Judged:
        """Let both models look at every check since, and ask the gate.

        Args:
            candidate: Who is judged; it is written down how far.
            old: The model in use.
            new: The candidate, loaded: its golden pages answered as they should.
            progress: Is told how far it is.

        Raises:
            ModelError: A model answered with something that is no probability.
            EnvironmentFaultError: The state folder cannot be written.
        """
        checks = self._store.later_checks([old.card.name, new.card.name], after=candidate.after)
        said = self._look(candidate.name, checks, (old, new), progress)
        usable = [check for check in checks if check.document.id in said]
        gate = judge_candidate(
            PairedChecks(
                tuple(check.truth for check in usable),
                _wrong(usable, said, old.fingerprint),
                _wrong(usable, said, new.fingerprint),
                np.array([check.inclusion for check in usable], np.float64),
            ),
            gate_plan(self._configuration.settings.learning),
        )
        until = max((check.settled_at for check in usable), default=candidate.judged_until)
        known = candidate.model_copy(update={"judged_until": until, "why": gate.why})
        self._candidates.write(known)
        return Judged(known, old.name, gate, len(checks) - len(usable))

    def _look(
        self,
        name: str,
        checks: list[LaterCheck],
        models: tuple[LoadedModel, LoadedModel],
        progress: Progress,
    ) -> dict[int, dict[str, str]]:
        """Return the label that each model gives each document, looking only at what is new."""
        known = self._candidates.opinions(name).documents
        said = {number: dict(opinion.labels) for number, opinion in known.items()}
        marks = {model.fingerprint for model in models}
        todo = [check for check in checks if not marks <= said.get(check.document.id, {}).keys()]
        sizes = {model.card.input.size for model in models}
        settings = self._configuration.settings.pages
        readers = {s: PageReader(settings, size=s, concurrency=self._workers) for s in sizes}
        try:
            with ThreadPoolExecutor(max(1, self._workers)) as pool:
                answers = pool.map(lambda check: self._labels(check, models, readers), todo)
                for done, (check, labels) in enumerate(zip(todo, answers, strict=True), 1):
                    if labels is not None:
                        said.setdefault(check.document.id, {}).update(labels)
                    progress(_STAGE, done, len(todo))
        finally:
            for reader in readers.values():
                reader.close()
        wanted = {check.document.id for check in checks}
        said = {n: labels for n, labels in said.items() if n in wanted and marks <= labels.keys()}
        if todo:
            kept = Opinions(documents={n: Opinion(labels=labels) for n, labels in said.items()})
            self._candidates.keep_opinions(name, kept)
        return said

    def _labels(
        self,
        check: LaterCheck,
        models: tuple[LoadedModel, LoadedModel],
        readers: Mapping[int, PageReader],
    ) -> dict[str, str] | None:
        document = check.document
        path = self._configuration.root(document.place) / document.path
        try:
            if self._disk.sha256(path) != document.sha256:
                return None
            read: dict[int, PageSet] = {
                size: reader.read(path, name=document.name) for size, reader in readers.items()
            }
        except (OSError, DocumentError, EnvironmentFaultError):
            return None
        return {
            model.fingerprint: model.judge(read[model.card.input.size]).prediction.label
            for model in models
        }


def _wrong(
    checks: list[LaterCheck], said: Mapping[int, Mapping[str, str]], mark: str
) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    return np.array([said[c.document.id][mark] != c.truth for c in checks], np.bool_)
