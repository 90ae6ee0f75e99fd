"""The gate: candidate and model in use are compared on the same checked documents.

While it waited, documents of every kind were drawn with one chance, so that they stand for all that
arrive. What the model in use sorts alone of them is known from its threshold; what the candidate
would sort follows from the threshold that its own evidence certifies, reckoned here exactly as it
will be once the candidate is in use.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from docsorter.configuration import Configuration
from docsorter.decide.autonomy import MissRate, make_plan
from docsorter.decide.certification import CheckedScores, certify
from docsorter.decide.gate import GateEvaluation, GatePlan, PairedChecks, evaluate_candidate
from docsorter.decide.policy import is_eligible, score_of
from docsorter.documents import Document, PageSet
from docsorter.errors import DocumentError, EnvironmentFaultError
from docsorter.filesystem import Disk
from docsorter.pages.reader import PageReader
from docsorter.service.engine import LoadedModel, open_reader, words_reader
from docsorter.service.learning.candidates import (
    Candidate,
    Candidates,
    Opinion,
    Opinions,
    shadow_evaluation_start,
)
from docsorter.service.promise.evidence import miss_rate, policy_of, read_promise_state, replanned
from docsorter.service.workspace.process import Progress
from docsorter.settings import PromiseSettings
from docsorter.store import HeldOutCheck, ShadowCandidate, ShadowPrediction, Store

Floats = NDArray[np.float64]
_STAGE: Final = "comparing both models on checked documents"


@dataclass(frozen=True, slots=True, eq=False)
class ShadowSample:
    """The documents that were drawn while a candidate waited, in the order of drawing.

    Attributes:
        old: (n,) what the threshold of the model in use applies to, 0-1; NaN where it could sort
            the document at no threshold.
        new: (n,) the same of the candidate.
        wrong: (n,) whether people have not said what the candidate says.
        pending: (n,) whether nobody has answered yet; counts as wrong.
        inclusion: (n,) probability with which each was drawn, (0, 1].
    """

    old: Floats
    new: Floats
    wrong: NDArray[np.bool_]
    pending: NDArray[np.bool_]
    inclusion: Floats


@dataclass(frozen=True, slots=True)
class AutomationForecast:
    """The share of documents that is sorted alone, now and with the candidate.

    Attributes:
        drawn: Documents that say so.
        before: Share of all documents that the model in use sorts alone, 0-1.
        after: The same of the candidate, by its own evidence so far.
    """

    drawn: int
    before: float
    after: float

    @property
    def holds(self) -> bool:
        """Whether the candidate has earned something, and nothing that was earned is lost.

        Without a certificate of its own it waits even where the model in use has none: both gather
        evidence meanwhile, and that of the model in use would be given up.
        """
        return self.after > 0 and self.after >= self.before

    @property
    def why(self) -> str:
        """The same in words."""
        would = f"by its own checks it would sort {self.after:.1%} alone"
        if not self.drawn:
            would = "no document was drawn for it yet"
        return f"{would}, the model in use {self.before:.1%}"


@dataclass(frozen=True, slots=True)
class GateResult:
    """What the gate says of a candidate.

    Attributes:
        in_use: Name of the bundle it is compared with.
        unusable: Checks whose file cannot be read (moved by hand, changed).
        shadows: What it says of documents that it may take along as evidence of its own, and could
            sort alone; in the order of drawing.
        forecast: What would become of automation; None where none was earned.
    """

    candidate: Candidate
    in_use: str
    gate: GateEvaluation
    unusable: int
    rule_key: str = ""
    shadows: tuple[ShadowPrediction, ...] = ()
    forecast: AutomationForecast | None = None


class CandidateEvaluator:
    """Compares a candidate with the model in use."""

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

    def evaluate(
        self, candidate: Candidate, old: LoadedModel, new: LoadedModel, progress: Progress
    ) -> GateResult:
        """Inspect every check since with both models, and put the result to the gate."""
        checks = self._store.learning.held_out_checks(
            [old.card.name, new.card.name], after=candidate.after
        )
        drawn: list[ShadowCandidate] = []
        since = shadow_evaluation_start(self._store, candidate.name)
        if since is not None:
            least = self._configuration.settings.promise.rehearsal
            drawn = self._store.checks.shadow_candidates(new.card.name, after=since, least=least)
        every = [*(one.document for one in checks), *(one.document for one in drawn)]
        documents = {document.id: document for document in every}
        seen = self._opinions(candidate.name, documents, (old, new), progress)
        names = self._store.documents.label_names()
        said = {
            number: {mark: names.get(label, label) for mark, label in opinion.labels.items()}
            for number, opinion in seen.items()
        }
        usable = [check for check in checks if check.document.id in said]
        asked = self._configuration.settings.learning
        gate = evaluate_candidate(
            PairedChecks(
                tuple(check.truth for check in usable),
                _wrong(usable, said, old.fingerprint),
                _wrong(usable, said, new.fingerprint),
                np.array([check.inclusion for check in usable], np.float64),
            ),
            GatePlan(asked.margin, asked.confidence, asked.label_margin),
        )
        until = max((check.settled_at for check in usable), default=candidate.judged_until)
        known = candidate.model_copy(update={"judged_until": until, "why": gate.why})
        self._candidates.write(known)
        shadows = tuple(
            ShadowPrediction(one.check_id, said[one.document.id][new.fingerprint], score)
            for one in drawn
            if one.document.id in seen
            and (score := seen[one.document.id].scores[new.rule_key]) is not None
        )
        unusable = len(checks) - len(usable)
        forecast = self._forecast(drawn, seen, said, old, new)
        return GateResult(known, old.name, gate, unusable, new.rule_key, shadows, forecast)

    def _forecast(
        self,
        drawn: Sequence[ShadowCandidate],
        seen: Mapping[int, Opinion],
        said: Mapping[int, Mapping[str, str]],
        old: LoadedModel,
        new: LoadedModel,
    ) -> AutomationForecast | None:
        settings = self._configuration.settings
        if settings.decide.autonomy != "earned":
            return None
        sample = shadow_sample(
            [
                (
                    opinion.scores[old.rule_key],
                    opinion.scores[new.rule_key],
                    said[one.document.id][new.fingerprint],
                    one.answered,
                    one.inclusion,
                )
                for one in drawn
                if (opinion := seen.get(one.document.id)) is not None
            ]
        )
        in_use = read_promise_state(
            self._store, old.rule_key, settings.promise.pilot_documents
        ).threshold
        misses = miss_rate(self._store, settings.promise)
        least = settings.decide.threshold or 0.0
        return forecast_automation(sample, in_use, settings.promise, misses, least=least)

    def _opinions(
        self,
        name: str,
        documents: Mapping[int, Document],
        models: tuple[LoadedModel, LoadedModel],
        progress: Progress,
    ) -> dict[int, Opinion]:
        """Return what both models predict for each document, inspecting only what is new."""
        said = dict(self._candidates.opinions(name).documents)
        old, new = models

        def is_known(number: int) -> bool:
            opinion = said.get(number, Opinion())
            marks, keys = {old.fingerprint, new.fingerprint}, {old.rule_key, new.rule_key}
            return marks <= opinion.labels.keys() and keys <= opinion.scores.keys()

        todo = [document for number, document in documents.items() if not is_known(number)]
        settings = self._configuration.settings
        sizes = {model.card.input.size for model in models}
        readers = {size: open_reader(settings, size, self._workers) for size in sizes}
        try:
            with ThreadPoolExecutor(max(1, self._workers)) as pool:
                answers = pool.map(lambda one: self._opinion(one, models, readers), todo)
                for done, (document, opinion) in enumerate(zip(todo, answers, strict=True), 1):
                    if opinion is not None:
                        before = said.get(document.id, Opinion())
                        said[document.id] = Opinion(
                            labels=before.labels | opinion.labels,
                            scores=before.scores | opinion.scores,
                        )
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
            size = model.card.input.size
            inspection = model.inspect(read[size], words_reader(readers[size], path))
            labels[model.fingerprint] = inspection.prediction.label
            may = is_eligible(inspection.verdict)
            scores[model.rule_key] = score_of(inspection.prediction, model.rule) if may else None
        return Opinion(labels=labels, scores=scores)


def _wrong(
    checks: list[HeldOutCheck], said: Mapping[int, Mapping[str, str]], mark: str
) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    return np.array([said[c.document.id][mark] != c.truth for c in checks], np.bool_)


def shadow_sample(
    rows: Sequence[tuple[float | None, float | None, str, str | None, float]],
) -> ShadowSample:
    """Gather what was drawn.

    Args:
        rows: Score by the model in use and by the candidate, the candidate's label, what people
            said last (None: nobody yet; "" for no label), and the probability of the draw.
    """
    columns = list(zip(*rows, strict=True)) or [()] * 5
    old, new, labels, said, inclusion = columns
    return ShadowSample(
        np.array([np.nan if score is None else score for score in old], np.float64),
        np.array([np.nan if score is None else score for score in new], np.float64),
        np.array([a != b for a, b in zip(labels, said, strict=True)], np.bool_),
        np.array([one is None for one in said], np.bool_),
        np.array(inclusion, np.float64),
    )


def forecast_automation(
    sample: ShadowSample,
    in_use: float | None,
    promise: PromiseSettings,
    misses: MissRate,
    *,
    least: float = 0.0,
) -> AutomationForecast:
    """Return what share would be sorted alone if the candidate took over now.

    Args:
        sample: What was drawn.
        in_use: Threshold of the model in use; None sorts nothing alone.
        promise: What is promised.
        misses: At most which share of the mistakes people miss.
        least: Threshold that the settings ask for in any case, 0-1.
    """
    before = None if in_use is None else max(in_use, least)
    certified = _certified(sample, promise, misses)
    after = None if certified is None else max(certified, least)
    return AutomationForecast(
        len(sample.old),
        _share(sample.old, sample.inclusion, before),
        _share(sample.new, sample.inclusion, after),
    )


def _certified(sample: ShadowSample, promise: PromiseSettings, misses: MissRate) -> float | None:
    """Return the threshold that the candidate's checks certify after its pilot."""
    could = np.flatnonzero(~np.isnan(sample.new))
    pilot, rest = np.split(could, [promise.pilot_documents])
    if len(pilot) < promise.pilot_documents:
        return None
    grid = make_plan(sample.new[pilot], policy_of(promise))
    checks = CheckedScores(
        sample.new[rest],
        sample.wrong[rest] | sample.pending[rest],
        sample.inclusion[rest],
        pending=sample.pending[rest],
    )
    return certify(checks, replanned(grid, promise, misses), in_use=None).threshold


def _share(scores: Floats, inclusion: Floats, threshold: float | None) -> float:
    """Return the share of all documents above a threshold (Hajek 1971)."""
    if threshold is None or not len(scores):
        return 0.0
    weights = 1 / inclusion
    return float(weights[np.nan_to_num(scores, nan=-1.0) >= threshold].sum() / weights.sum())
