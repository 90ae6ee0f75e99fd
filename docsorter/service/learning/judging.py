"""Candidate and model in use look at the same checked documents; the gate says what that shows."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np

from docsorter.configuration import Configuration
from docsorter.decide.gate import Gate, GatePlan, PairedChecks, judge_candidate
from docsorter.decide.policy import is_eligible, score_of
from docsorter.disk import Disk
from docsorter.documents import Document, PageSet
from docsorter.errors import DocumentError, EnvironmentFaultError
from docsorter.pages.reader import PageReader
from docsorter.service.engine import LoadedModel
from docsorter.service.evidence import missed
from docsorter.service.learning.candidates import Candidate, Candidates, Opinion, Opinions
from docsorter.service.learning.taking_over import TakingOver, heard_of, taking_over
from docsorter.service.position import read
from docsorter.service.rehearsing import rehearsed_since
from docsorter.settings import LearningSettings
from docsorter.store import Store
from docsorter.store.later_checks import LaterCheck
from docsorter.store.rehearsals import Rehearsed, Shadow

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
        rule_key: Of the candidate's sort rule.
        shadows: What it says of documents that it may take along as evidence of its own, and could
            sort alone; in the order of drawing.
        taking_over: What would become of automation; None where none was earned.
    """

    candidate: Candidate
    in_use: str
    gate: Gate
    unusable: int
    rule_key: str = ""
    shadows: tuple[Shadow, ...] = ()
    taking_over: TakingOver | None = None


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
        drawn: list[Rehearsed] = []
        since = rehearsed_since(self._store, candidate.name)
        if since is not None:
            least = self._configuration.settings.promise.rehearsal
            drawn = self._store.rehearsed(new.card.name, after=since, least=least)
        every = [*(one.document for one in checks), *(one.document for one in drawn)]
        documents = {document.id: document for document in every}
        seen = self._look(candidate.name, documents, (old, new), progress)
        said = {number: opinion.labels for number, opinion in seen.items()}
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
        shadows = tuple(
            Shadow(one.check_id, said[one.document.id][new.fingerprint], score)
            for one in drawn
            if one.document.id in seen
            and (score := seen[one.document.id].scores[new.rule_key]) is not None
        )
        unusable = len(checks) - len(usable)
        takes = self._taking_over(drawn, seen, old, new)
        return Judged(known, old.name, gate, unusable, new.rule_key, shadows, takes)

    def _taking_over(
        self,
        drawn: Sequence[Rehearsed],
        seen: Mapping[int, Opinion],
        old: LoadedModel,
        new: LoadedModel,
    ) -> TakingOver | None:
        settings = self._configuration.settings
        if settings.decide.autonomy != "earned":
            return None
        heard = heard_of(
            [
                (
                    opinion.scores[old.rule_key],
                    opinion.scores[new.rule_key],
                    opinion.labels[new.fingerprint],
                    one.said,
                    one.inclusion,
                )
                for one in drawn
                if (opinion := seen.get(one.document.id)) is not None
            ]
        )
        in_use = read(self._store, old.rule_key, settings.promise.pilot_documents).threshold
        misses = missed(self._store, settings.promise)
        least = settings.decide.threshold or 0.0
        return taking_over(heard, in_use, settings.promise, misses, least=least)

    def _look(
        self,
        name: str,
        documents: Mapping[int, Document],
        models: tuple[LoadedModel, LoadedModel],
        progress: Progress,
    ) -> dict[int, Opinion]:
        """Return what both models say of each document, looking only at what is new."""
        said = dict(self._candidates.opinions(name).documents)
        old, new = models

        def is_known(number: int) -> bool:
            opinion = said.get(number, Opinion())
            marks, keys = {old.fingerprint, new.fingerprint}, {old.rule_key, new.rule_key}
            return marks <= opinion.labels.keys() and keys <= opinion.scores.keys()

        todo = [document for number, document in documents.items() if not is_known(number)]
        settings = self._configuration.settings.pages
        sizes = {model.card.input.size for model in models}
        readers = {s: PageReader(settings, size=s, concurrency=self._workers) for s in sizes}
        try:
            with ThreadPoolExecutor(max(1, self._workers)) as pool:
                answers = pool.map(lambda one: self._opinion(one, models, readers), todo)
                for done, (document, opinion) in enumerate(zip(todo, answers, strict=True), 1):
                    if opinion is not None:
                        said[document.id] = _joined(said.get(document.id, Opinion()), opinion)
                    progress(_STAGE, done, len(todo))
        finally:
            for reader in readers.values():
                reader.close()
        kept = {number: said[number] for number in documents if is_known(number)}
        if todo:
            self._candidates.keep_opinions(name, Opinions(documents=kept))
        return kept

    def _opinion(
        self,
        document: Document,
        models: tuple[LoadedModel, LoadedModel],
        readers: Mapping[int, PageReader],
    ) -> Opinion | None:
        path = self._configuration.root(document.place) / document.path
        try:
            if self._disk.sha256(path) != document.sha256:
                return None
            read: dict[int, PageSet] = {
                size: reader.read(path, name=document.name) for size, reader in readers.items()
            }
        except (OSError, DocumentError, EnvironmentFaultError):
            return None
        labels: dict[str, str] = {}
        scores: dict[str, float | None] = {}
        for model in models:
            sight = model.judge(read[model.card.input.size])
            labels[model.fingerprint] = sight.prediction.label
            may = is_eligible(sight.verdict)
            scores[model.rule_key] = score_of(sight.prediction, model.rule) if may else None
        return Opinion(labels=labels, scores=scores)


def _joined(before: Opinion, after: Opinion) -> Opinion:
    labels, scores = before.labels | after.labels, before.scores | after.scores
    return Opinion(labels=labels, scores=scores)


def _wrong(
    checks: list[LaterCheck], said: Mapping[int, Mapping[str, str]], mark: str
) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    return np.array([said[c.document.id][mark] != c.truth for c in checks], np.bool_)
