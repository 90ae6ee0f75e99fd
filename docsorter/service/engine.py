"""From a file to a verdict: pages, model and decision wired together, without moving anything."""

import dataclasses
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, Self

import numpy as np

from docsorter.clock import SystemClock
from docsorter.configuration import Configuration
from docsorter.decide.calibration import softmax
from docsorter.decide.novelty import NoveltyModel
from docsorter.decide.policy import decide, rule_key
from docsorter.decide.prediction import PageHeads, predict
from docsorter.decide.promise import RealFigures, starter_statement
from docsorter.decide.similarity import SamplePages
from docsorter.decide.words import LEAST_WORDS, WordsModel
from docsorter.documents import (
    PageSet,
    PageWords,
    Prediction,
    RawOutput,
    ReasonCode,
    SortRule,
    Verdict,
    VerdictKind,
    WordsRead,
    WordsRule,
)
from docsorter.errors import DocsorterError, ModelError, SettingsError
from docsorter.model.bundle import CARD, ModelBundle, load_bundle
from docsorter.model.card import NONE_OF_THESE, REAL, WITH_WORDS, Measured, ModelCard, read_card
from docsorter.model.classifier import Classifier, open_classifier
from docsorter.model.golden import check_golden, label_of
from docsorter.model.registry import ModelRegistry, refuse_changed
from docsorter.model.threads import chosen_threads, runtime_environment
from docsorter.pages.reader import PageReader, installed_languages, no_ocr
from docsorter.resources import usable_cores
from docsorter.settings import Settings, WordsSettings
from docsorter.store import Findings, open_store

_LOG: Final = logging.getLogger(__name__)
_QUARTER: Final = 90  # degrees
_STRICTNESS: Final = ("auto", "review", "never")


ReadWords = Callable[[int, int], PageWords]
"""Reads the words of a page, by its number and by how many degrees it lies turned."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found in one document: its pages, the prediction and the verdict.

    Attributes:
        pages: The pages as the classifier saw them.
        prediction: Calibrated probabilities.
        verdict: What the rule makes of them.
        statement: How far the model that was asked is to be trusted.
        rule_key: What evidence about this verdict belongs to.
        rule: That it was made by; None where no model of ours inspected it.
        words: What was read of its words.
    """

    pages: PageSet
    prediction: Prediction
    verdict: Verdict
    statement: str = ""
    rule_key: str = ""
    rule: SortRule | None = None
    words: tuple[PageWords, ...] = ()

    @property
    def findings(self) -> Findings:
        """The same as the store knows it, without the verdict."""
        return Findings(
            prediction=self.prediction,
            pages=self.pages.total_pages,
            media_type=self.pages.media_type,
            producer=self.pages.producer,
            traits=self.pages.traits,
        )


class Inspector(Protocol):
    """Inspects documents: an engine, or a test's stand-in."""

    def inspect(self, path: Path, name: str) -> Inspection:
        """Read, classify and decide; `Engine.inspect` says what is raised."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class LoadedModel:
    """A model that was checked on this machine and is ready to classify pages.

    Attributes:
        name: Name of its bundle.
        fingerprint: SHA-256 of the bundle's SHA256SUMS.
        bundle: The bundle, whole and unchanged.
        classifier: What runs it.
        rule: When to sort without a person: the card's rule and what the settings ask for.
        novelty: Distance from its training data.
        golden_difference: Greatest difference of a probability on its golden pages.
        samples: The same pages, to compare documents with.
        heads: Tell first pages from later ones, and how a page lies, if the model can.
        words: What it knows of words; None where they are not read.
        statement: How far it is to be trusted.
    """

    name: str
    fingerprint: str
    bundle: ModelBundle
    classifier: Classifier
    rule: SortRule
    novelty: NoveltyModel
    golden_difference: float
    samples: SamplePages | None = None
    heads: PageHeads | None = None
    words: WordsModel | None = None
    statement: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "statement", card_statement(self.card, self.rule.words))

    @property
    def card(self) -> ModelCard:
        """What is known of the model."""
        return self.bundle.card

    @property
    def rule_key(self) -> str:
        """What evidence about its verdicts belongs to."""
        return rule_key(self.fingerprint, self.rule, self.card.labels)

    def inspect(self, pages: PageSet, read: ReadWords | None = None) -> Inspection:
        """Classify and decide; what the picture leaves open is decided with the words.

        Args:
            pages: As the classifier sees them.
            read: Reads the words of one of them; without it they are not read.

        Raises:
            ModelError: The model answered with something that is no probability.
        """
        seen = self._seen(pages)
        if self.words is None or read is None or not is_left_open(seen.verdict, seen.prediction):
            return seen
        return self._with_words(seen, self.words, read)

    def _with_words(self, seen: Inspection, model: WordsModel, read: ReadWords) -> Inspection:
        first = seen.prediction.pages[0]
        try:
            found = read(first.number, first.turned)
        except DocsorterError as error:  # it goes to a person, as it would without words
            _LOG.info("the words of a document were not read: %s", error)
            return seen
        text = " ".join(word.text for word in found.words)
        known = int(model.known([text])[0])
        if known < LEAST_WORDS:
            return dataclasses.replace(seen, words=(found,))
        logits, picture = model.logits([text]), seen.prediction.probabilities
        both = model.together(np.array([picture]), logits)[0]
        alone = tuple(softmax(logits)[0].tolist())
        prediction = dataclasses.replace(
            seen.prediction,
            probabilities=tuple(both.tolist()),
            read=WordsRead(found.source, found.page, known, picture, alone),
        )
        verdict = decide(prediction, self.rule, self.card.labels)
        return dataclasses.replace(seen, prediction=prediction, verdict=verdict, words=(found,))

    def _seen(self, pages: PageSet) -> Inspection:
        """Classify and decide by the picture; pages that lie sideways are looked at upright too.

        What was sorted at the first look stays so, unless upright it looks like another label.
        """
        raw = self.classifier.classify(pages.pixels)
        seen = self._judged(pages, raw)
        if self.heads is None:
            return seen
        upright, turned = self._turned_upright(self.heads, pages, raw)
        if not any(turned):
            return seen
        again = self._judged(pages, upright, turned)
        alike = again.prediction.label == seen.prediction.label
        return seen if alike and seen.verdict.kind is VerdictKind.SORT else again

    def _judged(self, pages: PageSet, raw: RawOutput, turned: Sequence[int] = ()) -> Inspection:
        prediction = predict(
            raw,
            self.card.prediction_labels,
            self.rule,
            self.novelty,
            model=self.card.name,
            background=self.card.background,
            samples=self.samples,
            heads=self.heads,
            pages=pages,
            turned=turned,
        )
        verdict = decide(prediction, self.rule, self.card.labels)
        return Inspection(pages, prediction, verdict, self.statement, self.rule_key, self.rule)

    def _turned_upright(
        self, heads: PageHeads, pages: PageSet, raw: RawOutput
    ) -> tuple[RawOutput, list[int]]:
        """Look once more at pages that lie on their side or head, and keep what is upright then.

        Returns:
            What the classifier says of all pages, and by how many degrees each had been turned.
        """
        turns = heads.turn(raw.features)
        turned = turns.argmax(axis=1)
        rows = np.flatnonzero((turned > 0) & (turns.max(axis=1) >= heads.turn_limit))
        degrees = [0] * len(turns)
        if not len(rows):
            return raw, degrees
        # The square is turned and not the page: the white around it is the same on all sides.
        again = self.classifier.classify(
            np.stack([np.rot90(pages.pixels[row], turned[row]) for row in rows])
        )
        logits, features = raw.logits.copy(), raw.features.copy()
        upright = heads.turn(again.features)[:, 0] >= heads.turn_limit
        for row, found in zip(rows[upright], np.flatnonzero(upright), strict=True):
            logits[row], features[row] = again.logits[found], again.features[found]
            degrees[row] = _QUARTER * int(turned[row])
        return RawOutput(logits, features), degrees


def words_reader(reader: PageReader, path: Path) -> ReadWords:
    """Return what reads the words of a document."""
    return lambda page, turned: reader.words(path, page, turned=turned)


def is_left_open(verdict: Verdict, prediction: Prediction) -> bool:
    """Whether words may change a verdict: they say nothing of how a scan is made up."""
    if verdict.reason.code is ReasonCode.UNLIKE_TRAINING:
        return prediction.label == NONE_OF_THESE
    return verdict.reason.code is ReasonCode.UNSURE


def words_fault(bundle: ModelBundle, settings: WordsSettings) -> DocsorterError | None:
    """Return why a model reads no words here, as what is to be done about it; None if it does."""
    if settings.read == "never":
        return SettingsError(
            'no words are read: words.read is "never"',
            remedy="docsorter config set words.read unsure",
        )
    if not bundle.words or bundle.card.rule().words is None:
        return ModelError(
            f"no words are read: the model {bundle.card.name} learned none",
            remedy="use `starter`, or a model that was trained from it on the same labels",
        )
    return None if installed_languages(settings.languages) else no_ocr(settings.languages)


class Engine:
    """Inspects documents with one model; safe to use from several threads."""

    def __init__(self, model: LoadedModel, reader: PageReader) -> None:
        self.model = model
        self.reader = reader

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the page reader and whatever it still reads."""
        self.reader.close()

    @property
    def card(self) -> ModelCard:
        """What is known of the model."""
        return self.model.card

    def inspect(self, path: Path, name: str) -> Inspection:
        """Read, classify and decide.

        Raises:
            DocumentError: The file cannot be sorted.
            EnvironmentFaultError: Something around it fails; the same file may work later.
            ModelError: The model answered with something that is no probability.
        """
        return self.model.inspect(
            self.reader.read(path, name=name), words_reader(self.reader, path)
        )


class SwitchingEngine:
    """Inspects each document with one model from beginning to end: the one in use at its start.

    A model that was replaced goes when the last document that it inspects is finished; with the
    last reference LiteRT gives its memory back. Safe to use from several threads.
    """

    def __init__(self, engine: Engine, settings: Settings, workers: int) -> None:
        self._current = engine
        self._settings = settings
        self._workers = workers
        self._lock = threading.Lock()
        self._inspecting: dict[Engine, int] = {}

    @property
    def model(self) -> LoadedModel:
        """The model that inspects the next document."""
        return self._current.model

    @property
    def card(self) -> ModelCard:
        """What is known of that model."""
        return self.model.card

    @property
    def outgoing(self) -> int:
        """Documents that an earlier model still inspects."""
        with self._lock:
            return sum(n for engine, n in self._inspecting.items() if engine is not self._current)

    def inspect(self, path: Path, name: str) -> Inspection:
        """Read, classify and decide; see `Engine.inspect`."""
        with self._lock:
            engine = self._current
            self._inspecting[engine] = self._inspecting.get(engine, 0) + 1
        try:
            return engine.inspect(path, name)
        finally:
            with self._lock:
                self._inspecting[engine] -= 1
            self._retire(engine)

    def switch(self, model: LoadedModel) -> None:
        """Use another model from the next document on; the page reader stays if it can."""
        old, size = self._current, model.card.input.size
        reader = old.reader
        if size != old.card.input.size:
            reader = open_reader(self._settings, size, self._workers)
        with self._lock:
            self._current = Engine(model, reader)
        self._retire(old)

    def close(self) -> None:
        """End the page readers and whatever they still read."""
        with self._lock:
            readers = {self._current.reader, *(engine.reader for engine in self._inspecting)}
        for reader in readers:
            reader.close()

    def _retire(self, engine: Engine) -> None:
        """Forget an engine that nobody needs any more, with its reader if that was its own."""
        with self._lock:
            if engine is self._current or self._inspecting.get(engine):
                return
            self._inspecting.pop(engine, None)
            shared = any(
                other.reader is engine.reader for other in (self._current, *self._inspecting)
            )
        if not shared:
            engine.close()


def open_engine(configuration: Configuration, workers: int) -> Engine:
    """Load the model in use and start the page reader.

    Raises:
        ModelError: The bundle is missing or damaged, or answers differently on this machine.
        SettingsError: The settings ask for less confidence than the card allows.
    """
    model = load_model(configuration)
    size = model.card.input.size
    return Engine(model, open_reader(configuration.settings, size, workers))


def open_reader(settings: Settings, size: int, workers: int) -> PageReader:
    """Return what reads pages and words for a model that takes squares of `size` pixels."""
    return PageReader(settings.pages, size=size, concurrency=workers, words=settings.words)


def load_model(configuration: Configuration, name: str = "") -> LoadedModel:
    """Load a bundle ("" for the one in use) and check its golden pages on this machine.

    Args:
        configuration: The workspace, or the defaults.
        name: The bundle; "" for the one in use.

    Raises:
        ModelError: It is missing or damaged, was replaced since its promotion, or answers
            differently on this machine.
        SettingsError: The settings ask for less confidence than the card allows, or name a label
            it does not have.
    """
    settings = configuration.settings
    registry = ModelRegistry(configuration.state / "models")
    used = registry.in_use(name or settings.model.bundle)
    mark = refuse_changed(used)
    bundle = load_bundle(used.path)
    policies = policies_of(bundle.card, settings.decide.policies, label_names(configuration))
    rule = sort_rule(bundle.card, settings, policies)
    threads = settings.model.threads or chosen_threads(
        configuration.state, runtime_environment(mark, usable_cores())
    )
    classifier = open_classifier(bundle, threads=threads)
    golden = check_golden(bundle, classifier)
    novelty = NoveltyModel.from_arrays(bundle.novelty)
    worst = max(result.difference for result in golden)
    names = [Path(page.file).stem for page in golden]
    labels = [label_of(name, bundle.card.prediction_labels) for name in names]
    samples = SamplePages.from_features(names, labels, [page.features for page in golden], novelty)
    heads = PageHeads.from_arrays(bundle.pages)
    words = WordsModel.from_arrays(bundle.words) if rule.words and bundle.words else None
    return LoadedModel(
        used.name, mark, bundle, classifier, rule, novelty, worst, samples, heads, words
    )


def policies_of(
    card: ModelCard, policies: Mapping[str, str], names: Mapping[str, str]
) -> dict[str, str]:
    """Return the policies by the labels of a model, which may know some by an older name.

    Args:
        card: Of the model.
        policies: As they are set, by labels of today or by older ones.
        names: What labels that were renamed or merged are called today.

    Returns:
        The strictest of those that concern a label; what concerns none stays as it is.
    """
    found = dict(policies)
    for label in card.labels:
        today = names.get(label, label)
        said = {label, today} | {old for old in policies if names.get(old) == label}
        asked = [policies[each] for each in said if each in policies]
        if asked:
            found[label] = max(asked, key=_STRICTNESS.index)
    known = {*card.labels, *(names.get(label, label) for label in card.labels)}
    return {k: v for k, v in found.items() if k in card.labels or names.get(k, k) not in known}


def label_names(configuration: Configuration) -> dict[str, str]:
    """Return what labels are called today; nothing where there is no workspace."""
    try:
        with open_store(
            configuration.store_url, clock=SystemClock(), state_dir=configuration.state
        ) as store:
            return store.documents.label_names()
    except DocsorterError:  # whoever needs the store says so
        return {}


def refuse_wrong_rule(configuration: Configuration) -> None:
    """Refuse settings that the model in use cannot sort by; loads nothing but its card.

    Raises:
        SettingsError: The threshold is below the card's, or a policy names an unknown label.
        ModelError: There is no such model, or its card cannot be read.
    """
    settings = configuration.settings
    registry = ModelRegistry(configuration.state / "models")
    card = read_card(registry.resolve(settings.model.bundle) / CARD)
    policies = policies_of(card, settings.decide.policies, label_names(configuration))
    sort_rule(card, settings, policies)


def sort_rule(card: ModelCard, settings: Settings, policies: Mapping[str, str]) -> SortRule:
    """Join the card's rule with what the user asks for, which may only be stricter.

    Args:
        card: Of the model.
        settings: Threshold, blank pages, and whether words are read.
        policies: By label, see `policies_of`.

    Raises:
        SettingsError: The threshold is below the card's, or a policy names an unknown label.
    """
    threshold = settings.decide.threshold
    if threshold is not None and threshold < card.threshold:
        raise SettingsError(
            f"decide.threshold = {threshold} is below {card.threshold:.4f}, the least that the "
            f"test of model {card.name} supports",
            remedy="leave decide.threshold out, or choose a higher value",
        )
    unknown = sorted(set(policies) - set(card.labels))
    if unknown:
        raise SettingsError(
            f"decide.policies names {unknown[0]!r}, a label model {card.name} was not trained on",
            remedy=f"its labels are: {', '.join(card.labels)}",
        )
    rule = card.rule()
    words = words_rule(rule.words, settings.words)
    offsets = rule.offsets
    if threshold is not None:  # no label is asked for less than the user asks for
        offsets = _not_below(offsets)
        words = words and dataclasses.replace(words, offsets=_not_below(words.offsets))
    return dataclasses.replace(
        rule,
        threshold=max(rule.threshold, threshold or 0.0),
        policies={**rule.policies, **policies},
        offsets=offsets,
        blank=settings.pages.blank,
        words=words,
    )


def _not_below(offsets: Mapping[str, float]) -> dict[str, float]:
    return {label: max(offset, 0.0) for label, offset in offsets.items()}


def words_rule(known: WordsRule | None, settings: WordsSettings) -> WordsRule | None:
    """Return what is asked where words were read; None where they are not read here."""
    languages = installed_languages(settings.languages) if known else ()
    if known is None or settings.read == "never" or not languages:
        return None
    return dataclasses.replace(known, languages=languages)


def card_statement(card: ModelCard, words: WordsRule | None = None) -> str:
    """Return the sentence that every surface prints about the model in use.

    Args:
        card: Of the model.
        words: What is asked where words are read; None where they are not.
    """
    evidence = card.evidence.as_sort_evidence() if card.evidence else None
    real = real_figures(card, words=True) if words else None
    return starter_statement(evidence, real or real_figures(card))


def real_figures(card: ModelCard, *, words: bool = False) -> RealFigures | None:
    """Return what was measured on real documents that were not learned from, if it is told.

    It is of the first kind of documents among the figures that is called "real ...".

    Args:
        card: Of the model.
        words: Whether of picture and words, and not of the picture alone.
    """
    real = (name for name in card.metrics if name.startswith(REAL))
    kind = next((name for name in real if name.endswith(WITH_WORDS) is words), "")
    figures = card.metrics.get(kind, {})
    right, alone, foreign, wrong = (
        figures.get(name, Measured(value=None, n=0))
        for name in (
            "accuracy", "automation rate", "foreign documents sorted", "error among sorted"
        )
    )  # fmt: skip
    if alone.value is None:
        return None
    foreign_sorted = round((foreign.value or 0) * foreign.n)
    return RealFigures(
        documents=alone.n,
        right=None if right.value is None else round(right.value * right.n),
        sorted_alone=round(alone.value * alone.n),
        wrong=max(0, round((wrong.value or 0) * wrong.n) - foreign_sorted),
        foreign=foreign.n,
        foreign_sorted=foreign_sorted,
    )
