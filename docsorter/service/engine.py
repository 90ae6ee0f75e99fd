"""From a file to a verdict: pages, model and decision wired together, without moving anything."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from docsorter.configuration import Configuration
from docsorter.decide.novelty import NoveltyModel
from docsorter.decide.policy import decide, predict
from docsorter.documents import PageSet, Prediction, SortRule, Verdict
from docsorter.errors import SettingsError
from docsorter.model.bundle import ModelBundle, load_bundle
from docsorter.model.card import ModelCard
from docsorter.model.classifier import Classifier
from docsorter.model.golden import check_golden
from docsorter.model.litert import open_classifier
from docsorter.model.registry import ModelRegistry
from docsorter.pages.reader import PageReader


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen in one document.

    Attributes:
        pages: The pages as the classifier saw them.
        prediction: Calibrated probabilities.
        verdict: What the rule makes of them.
    """

    pages: PageSet
    prediction: Prediction
    verdict: Verdict


class Looker(Protocol):
    """Whatever can look at a document."""

    def look(self, path: Path, name: str) -> Sight:
        """Read, classify and decide; `Engine.look` says what is raised."""
        ...


class Engine:
    """Looks at documents; safe to use from several threads.

    Args:
        bundle: The model bundle, whole and unchanged.
        classifier: What runs it.
        reader: What turns files into pages.
        rule: When to sort without a person.
    """

    def __init__(
        self, bundle: ModelBundle, classifier: Classifier, reader: PageReader, rule: SortRule
    ) -> None:
        self.bundle = bundle
        self.rule = rule
        self._classifier = classifier
        self._reader = reader
        self._novelty = NoveltyModel.from_arrays(bundle.novelty)

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
        self._reader.close()

    @property
    def card(self) -> ModelCard:
        """What is known of the model."""
        return self.bundle.card

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
        pages = self._reader.read(path, name=name)
        prediction = predict(
            self._classifier.classify(pages.pixels),
            self.card.prediction_labels,
            self.rule,
            self._novelty,
            model=self.card.name,
            background=self.card.background,
        )
        return Sight(pages, prediction, decide(prediction, self.rule, self.card.labels))


def open_engine(configuration: Configuration, workers: int) -> Engine:
    """Load the model named in the settings and start the page reader.

    Raises:
        ModelError: The bundle is missing or damaged, or answers differently on this machine.
        SettingsError: The settings ask for less confidence than the card allows.
    """
    settings = configuration.settings
    registry = ModelRegistry(configuration.state / "models")
    bundle = load_bundle(registry.resolve(settings.model.bundle))
    rule = sort_rule(bundle.card, settings.decide.threshold, settings.decide.policies)
    classifier = open_classifier(bundle, threads=settings.model.threads)
    check_golden(bundle, classifier)
    reader = PageReader(settings.pages, size=bundle.card.input.size, concurrency=workers)
    return Engine(bundle, classifier, reader, rule)


def sort_rule(card: ModelCard, threshold: float | None, policies: Mapping[str, str]) -> SortRule:
    """Join the card's rule with what the user asks for, which may only be stricter.

    Raises:
        SettingsError: The threshold is below the card's, or a policy names an unknown label.
    """
    if threshold is not None and threshold < card.threshold:
        raise SettingsError(
            f"decide.threshold = {threshold} is below {card.threshold:.4f}, the least that the "
            f"test of model {card.name} supports",
            remedy="leave decide.threshold out, or choose a higher value",
        )
    unknown = sorted(set(policies) - set(card.labels))
    if unknown:
        raise SettingsError(
            f"decide.policies names {unknown[0]!r}, a label model {card.name} was not taught",
            remedy=f"its labels are: {', '.join(card.labels)}",
        )
    rule = card.rule()
    return dataclasses.replace(
        rule,
        threshold=max(rule.threshold, threshold or 0.0),
        policies={**rule.policies, **policies},
    )
