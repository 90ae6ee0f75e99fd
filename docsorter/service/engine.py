"""From a file to a verdict: pages, model and decision wired together, without moving anything."""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from docsorter.configuration import Configuration
from docsorter.decide.likeness import Samples
from docsorter.decide.novelty import NoveltyModel
from docsorter.decide.policy import decide
from docsorter.decide.predicting import predict
from docsorter.decide.promise import starter_statement
from docsorter.decide.rule_key import rule_key
from docsorter.documents import PageSet, Prediction, SortRule, Verdict
from docsorter.model.bundle import ModelBundle, load_bundle
from docsorter.model.card import ModelCard
from docsorter.model.classifier import Classifier
from docsorter.model.golden import check_golden, label_of
from docsorter.model.litert import open_classifier
from docsorter.model.registry import ModelRegistry, refuse_changed
from docsorter.model.runtime_choice import kept_threads, surroundings
from docsorter.pages.reader import PageReader
from docsorter.resources import usable_cores
from docsorter.service.sort_rule import sort_rule
from docsorter.store import Findings


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen in one document.

    Attributes:
        pages: The pages as the classifier saw them.
        prediction: Calibrated probabilities.
        verdict: What the rule makes of them.
        statement: How far the model that was asked is to be trusted.
        rule_key: What evidence about this verdict belongs to.
        rule: That it was made by; None where no model of ours looked.
    """

    pages: PageSet
    prediction: Prediction
    verdict: Verdict
    statement: str = ""
    rule_key: str = ""
    rule: SortRule | None = None

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


class Looker(Protocol):
    """Whatever can look at a document."""

    def look(self, path: Path, name: str) -> Sight:
        """Read, classify and decide; `Engine.look` says what is raised."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class LoadedModel:
    """A model that was checked on this machine and is ready to look at pages.

    Attributes:
        name: Name of its bundle.
        fingerprint: SHA-256 of the bundle's SHA256SUMS.
        bundle: The bundle, whole and unchanged.
        classifier: What runs it.
        rule: When to sort without a person: the card's rule and what the settings ask for.
        novelty: Distance from its training data.
        golden_difference: Greatest difference of a probability on its golden pages.
        samples: The same pages, to compare documents with.
    """

    name: str
    fingerprint: str
    bundle: ModelBundle
    classifier: Classifier
    rule: SortRule
    novelty: NoveltyModel
    golden_difference: float
    samples: Samples | None = None

    @property
    def card(self) -> ModelCard:
        """What is known of the model."""
        return self.bundle.card

    @property
    def statement(self) -> str:
        """How far it is to be trusted."""
        return promise_of(self.card)

    @property
    def rule_key(self) -> str:
        """What evidence about its verdicts belongs to."""
        return rule_key(self.fingerprint, self.rule, self.card.labels)

    def judge(self, pages: PageSet) -> Sight:
        """Classify and decide.

        Raises:
            ModelError: The model answered with something that is no probability.
        """
        prediction = predict(
            self.classifier.classify(pages.pixels),
            self.card.prediction_labels,
            self.rule,
            self.novelty,
            model=self.card.name,
            background=self.card.background,
            samples=self.samples,
        )
        verdict = decide(prediction, self.rule, self.card.labels)
        return Sight(pages, prediction, verdict, self.statement, self.rule_key, self.rule)


class Engine:
    """Looks at documents; safe to use from several threads.

    Args:
        model: What decides.
        reader: What turns files into pages; closed with the engine.
    """

    def __init__(self, model: LoadedModel, reader: PageReader) -> None:
        self.model = model
        self.reader = reader

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the page reader and whatever it still reads."""
        self.reader.close()

    @property
    def card(self) -> ModelCard:
        """What is known of the model."""
        return self.model.card

    def look(self, path: Path, name: str) -> Sight:
        """Read, classify and decide.

        Args:
            path: The file.
            name: The name people know it by.

        Raises:
            DocumentError: The file cannot be sorted.
            EnvironmentFaultError: Something around it fails; the same file may work later.
            ModelError: The model answered with something that is no probability.
        """
        return self.model.judge(self.reader.read(path, name=name))


def open_engine(configuration: Configuration, workers: int) -> Engine:
    """Load the model in use and start the page reader.

    Raises:
        ModelError: The bundle is missing or damaged, or answers differently on this machine.
        SettingsError: The settings ask for less confidence than the card allows.
    """
    model = load_model(configuration)
    size = model.card.input.size
    return Engine(model, PageReader(configuration.settings.pages, size=size, concurrency=workers))


def load_model(configuration: Configuration, name: str = "") -> LoadedModel:
    """Load a bundle completely and ask its golden pages.

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
    rule = sort_rule(bundle.card, settings.decide.threshold, settings.decide.policies)
    threads = settings.model.threads or kept_threads(
        configuration.state, surroundings(mark, usable_cores())
    )
    classifier = open_classifier(bundle, threads=threads)
    golden = check_golden(bundle, classifier)
    novelty = NoveltyModel.from_arrays(bundle.novelty)
    worst = max(result.difference for result in golden)
    names = [Path(page.file).stem for page in golden]
    labels = [label_of(name, bundle.card.prediction_labels) for name in names]
    samples = Samples.placed(names, labels, [page.features for page in golden], novelty)
    return LoadedModel(used.name, mark, bundle, classifier, rule, novelty, worst, samples)


def promise_of(card: ModelCard) -> str:
    """Return the sentence that every surface prints about the model in use."""
    return starter_statement(card.evidence.as_sort_evidence() if card.evidence else None)
