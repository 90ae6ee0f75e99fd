"""Which model decides, what it has to show, and how it learns."""

from typing import Annotated, Literal, Self

from annotated_types import Ge, Gt, Le, Lt
from pydantic import Field, model_validator

from docsorter.settings.section import Label, Section


class ModelSettings(Section):
    """Which model bundle decides."""

    bundle: str = "promoted"
    """`promoted`: what docsorter model promote chose last, at first the starter. Any other value
    pins a bundle: its name in the state folder, `starter`, or a path."""
    threads: Annotated[int, Ge(0), Le(256)] = 0
    """Threads of the classifier; 0 means what docsorter bench model chose, else one for every two
    cores."""


class DecideSettings(Section):
    """When a document is sorted without a person."""

    autonomy: Literal["starter", "earned"] = "starter"
    """starter: sort at the threshold on the model's card, uncertified on your paper. earned: show
    everything to a person until the evidence from your own paper certifies promise.target_error."""
    policies: dict[Label, Literal["auto", "review", "never"]] = Field(default_factory=dict)
    """Per label: sort alone, always ask, or never offer."""
    threshold: Annotated[float, Ge(0), Le(1)] | None = None
    """Ask for more confidence than the card does; a value below the card's is refused."""


class PromiseSettings(Section):
    """What is promised of documents sorted alone, and how the promise is kept alive."""

    target_error: Annotated[float, Gt(0), Lt(0.5)] = 0.01
    """Share of the documents sorted alone that may be wrong."""
    confidence: Annotated[float, Ge(0.5), Lt(1)] = 0.95
    """Confidence level of the promise."""
    miss_rate: Annotated[float, Ge(0), Lt(1)] = 0.05
    """Share of the wrong documents that people are taken to pass as right, at most; assumed until
    enough documents were looked at twice."""
    double: Annotated[float, Ge(0), Le(1)] = 0.05
    """Share of the checks with a right first answer that somebody else is asked again, blind, so
    that miss_rate is measured."""
    pilot_documents: Annotated[int, Ge(1), Le(10_000)] = 50
    """The thresholds of a new model are laid through the confidences of its first so many
    documents; those go to a person and are no evidence."""
    days_to_alarm: Annotated[float, Gt(0), Le(365)] = 5.0
    """Days that may pass, on average, from a jump of the error to the alarm."""
    jump: Annotated[float, Gt(0), Lt(1)] = 0.1
    """The error after the jump that is to be noticed so soon; greater than target_error."""
    vigilance: Annotated[float, Ge(1)] = 3.0
    """So many times more is checked while errors raise doubt."""
    rehearsal: Annotated[float, Ge(0), Le(1)] = 0.3
    """While a model that learned waits: least share of all documents that is asked about blind, so
    that it brings evidence of its own when it is put to use; 0 lets it begin with nothing."""
    starter_share: Annotated[float, Ge(0), Le(1)] = 0.0
    """With decide.autonomy = "starter": share of the documents that is also shown to a person,
    without a suggestion, so that evidence grows before it is asked for."""

    @model_validator(mode="after")
    def _limits_fit(self) -> Self:
        if self.jump <= self.target_error:
            raise ValueError(f"jump = {self.jump} is no jump above target_error")
        return self


class LearningSettings(Section):
    """When docsorter retrain --auto learns and promotes, and what a new model has to show."""

    least_answers: Annotated[int, Ge(1)] = 50
    """Train by itself only when so many answers are not learned yet."""
    days_between: Annotated[float, Ge(0), Le(3650)] = 7.0
    """Promote by itself at most once in so many days."""
    rehearsal_days: Annotated[float, Gt(0), Le(3650)] = 21.0
    """With autonomy earned: a candidate is given up that so many days brought neither through its
    gate nor to evidence of its own for as much automation as the model in use has."""
    margin: Annotated[float, Gt(0), Le(0.2)] = 0.02
    """A new model must be shown to be worse by less than this share of documents."""
    confidence: Annotated[float, Gt(0.5), Lt(1)] = 0.95
    """How sure that is to be."""
    label_margin: Annotated[float, Gt(0), Le(1)] = 0.05
    """No label may get worse by more than this share of its checked documents."""
    sure_of_another: Annotated[float, Gt(0.5), Le(1)] = 0.95
    """An answer is suspicious when the model gave another label this probability or more."""
    threads: Annotated[int, Ge(0), Le(256)] = 0
    """Threads of a training; 0 means one core less than there are."""
    hours: Annotated[float, Gt(0), Le(240)] = 12.0
    """A training is stopped after so long; the same command goes on where it was."""


class DriftSettings(Section):
    """What is done when documents are no longer like those before."""

    probation_checks: Annotated[int, Ge(0), Le(1000)] = 20
    """With autonomy earned, documents of a new scanner go to a person until so many of its checks
    were right; 0 sorts them like all others."""
