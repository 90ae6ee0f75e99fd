"""The card of a model bundle: what the model is, its provenance, what its tests showed."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

from annotated_types import Ge, Gt, Le, MinLen
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from docsorter.documents import SortEvidence, SortRule, WordsRule
from docsorter.errors import ModelError

FORMAT_VERSION: Final = 4
"""The newest card format that this docsorter reads.

1: one threshold for all labels. 2: `offsets` as well. 3: `novelty_weight` as well. 4: `words` as
well. A docsorter that does not know them must not sort by such a card. A card is written in the
oldest format that holds it.
"""

NONE_OF_THESE: Final = "other"
"""The pseudo-label that collects the background outputs; nothing is ever sorted to it."""

_T = TypeVar("_T")
REAL: Final = "real"
"""What the name of a kind of documents begins with on which nothing was generated."""
WITH_WORDS: Final = "with their words"
"""What it ends with where the words were read of what the picture left open."""

Share = Annotated[float, Ge(0), Le(1)]
Count = Annotated[int, Ge(0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def real_first(sets: "Mapping[str, _T]") -> "dict[str, _T]":
    """Return what was measured by kind of documents, with the real ones first: they say most."""
    return dict(sorted(sets.items(), key=lambda kind: not kind[0].startswith(REAL)))


class InputSpec(_Part):
    """The pixels that the model takes; rescaling lives inside its graph."""

    size: Annotated[int, Ge(75)] = 299
    """Side of the square, pixels."""
    fit: Literal["pad"] = "pad"
    """How a page becomes a square: its aspect kept, centred on white."""
    channels: Literal[3] = 3
    dtype: Literal["uint8"] = "uint8"


class Origin(_Part):
    """Where weights or documents come from, and what their licence is."""

    name: str
    licence: str
    note: str = ""
    documents: Count = 0
    """How many documents were learned from; 0 for weights."""


class Provenance(_Part):
    """What went into the model."""

    architecture: str
    base: Origin
    """The weights that training started from."""
    data: tuple[Origin, ...]
    """Every source that was trained on."""
    fingerprint: str
    """SHA-256 over the sorted SHA-256 digests of all training files and their labels."""
    documents: dict[str, dict[str, Count]]
    """Documents by split ("train", "validation", ...) and label."""


class Measured(_Part):
    """One measured figure with what is needed to assess it."""

    value: float | None
    """None when too few documents were there to measure it."""
    n: Count
    """Documents it was measured on."""
    low: float | None = None
    """Lower end of the 95 % interval."""
    high: float | None = None
    """Upper end of the 95 % interval."""
    note: str = ""


class CardEvidence(_Part):
    """What a test of the complete sort rule showed, on documents the model never saw."""

    documents: Count
    sorted_alone: Count
    errors: Count
    confidence: Annotated[float, Gt(0), Ge(0), Le(1)]
    upper_bound: Share
    description: str

    def as_sort_evidence(self) -> SortEvidence:
        """Return the same as the type of `docsorter.documents`."""
        return SortEvidence(**self.model_dump())


class CardWords(_Part):
    """What is asked of documents whose words were read; see `WordsRule`."""

    offsets: dict[str, Annotated[float, Ge(-10), Le(10)]] = Field(default_factory=dict)
    """By label, what is added to the log odds of the threshold; 0 if not named."""
    novelty_weight: Annotated[float, Ge(0), Le(100)] = 0.0
    """How much surer picture and words must be of an unusual page."""
    first_look: Annotated[float, Ge(0), Le(10)] = 0.0
    """By how much the log odds of the threshold are raised for what the picture decides alone."""


class ModelCard(_Part):
    """All that is known of a model, as it stands in `card.json`."""

    format_version: Annotated[int, Ge(1)] = 1
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
    created_at: dt.datetime
    labels: Annotated[tuple[str, ...], MinLen(2)]
    """The labels that documents can be sorted to, in the order of the outputs."""
    background: Count = 0
    """Outputs after the labels that mean "none of these"."""
    kinds: tuple[tuple[str, str], ...] = ()
    """(kind, output) of every row of the last layer, which pools into the outputs; empty when the
    outputs are its rows."""
    input: InputSpec = InputSpec()
    provenance: Provenance
    temperature: Annotated[float, Gt(0)]
    threshold: Share
    novelty_limit: Annotated[float, Ge(0), Le(100)]
    offsets: dict[str, Annotated[float, Ge(-10), Le(10)]] = Field(default_factory=dict)
    """By label, what is added to the log odds of the threshold; 0 if not named. Format 2."""
    novelty_weight: Annotated[float, Ge(0), Le(100)] = 0.0
    """How much surer the model must be of an unusual page; see `SortRule.offset`. Format 3."""
    words: CardWords | None = None
    """Of documents whose words were read; None where the model knows none. Format 4."""
    policies: dict[str, Literal["auto", "review", "never"]] = Field(default_factory=dict)
    evidence: CardEvidence | None = None
    """Of the sort rule on this card; None when it was not tested."""
    metrics: dict[str, dict[str, Measured]] = Field(default_factory=dict)
    """By kind of documents ("synthetic", "real", ...), then by name of the figure."""
    versions: dict[str, str] = Field(default_factory=dict)
    """Libraries the model was made with."""

    @model_validator(mode="after")
    def _labels_are_distinct(self) -> "ModelCard":
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("a label occurs twice")
        if self.background and NONE_OF_THESE in self.labels:
            raise ValueError(f"{NONE_OF_THESE!r} is taken by the background outputs")
        named = {*self.offsets, *(self.words.offsets if self.words else ())}
        if unknown := named - set(self.labels):
            raise ValueError(f"there is an offset for {min(unknown)!r}, which is no label")
        if self.offsets and self.format_version < 2:  # noqa: PLR2004 -- the format they came with
            raise ValueError("offsets of labels belong to format 2")
        if self.novelty_weight and self.format_version < 3:  # noqa: PLR2004 -- as above
            raise ValueError("a weight of novelty belongs to format 3")
        if self.words and self.format_version < 4:  # noqa: PLR2004 -- as above
            raise ValueError("what is asked where words were read belongs to format 4")
        return self

    @model_serializer(mode="wrap")
    def _without_defaults(self, write: SerializerFunctionWrapHandler) -> dict[str, object]:
        """Leave out what a docsorter that reads only an older format would refuse."""
        values: dict[str, object] = write(self)
        for name in ("offsets", "novelty_weight", "words"):
            if not getattr(self, name):
                values.pop(name, None)
        return values

    @property
    def outputs(self) -> int:
        """How many logits the model has: one per label, then the background."""
        return len(self.labels) + self.background

    @property
    def prediction_labels(self) -> tuple[str, ...]:
        """The labels of a prediction: those of the card and, with a background, "other" last."""
        return (*self.labels, NONE_OF_THESE) if self.background else self.labels

    def rule(self) -> SortRule:
        """Return the sort rule on this card; "other" can never be sorted to."""
        policies: dict[str, str] = dict(self.policies)
        if self.background:
            policies[NONE_OF_THESE] = "never"
        return SortRule(
            self.temperature, self.threshold, self.novelty_limit, policies, dict(self.offsets),
            novelty_weight=self.novelty_weight,
            words=WordsRule(**self.words.model_dump()) if self.words else None,
        )  # fmt: skip

    def with_rule(self, rule: SortRule) -> "ModelCard":
        """Return a card with another sort rule, in the oldest format that holds it.

        Policies stay those of this card.
        """
        offsets = {label: value for label, value in rule.offsets.items() if value}
        changes: dict[str, Any] = {
            "format_version": next(
                version
                for version, needed in (
                    (4, rule.words),
                    (3, rule.novelty_weight),
                    (2, offsets),
                    (1, 1),
                )
                if needed
            ),
            "temperature": rule.temperature,
            "threshold": rule.threshold,
            "novelty_limit": rule.novelty_limit,
            "offsets": offsets,
            "novelty_weight": rule.novelty_weight,
            "words": rule.words
            and CardWords(
                offsets=rule.words.offsets,
                novelty_weight=rule.words.novelty_weight,
                first_look=rule.words.first_look,
            ),
        }
        return self.model_copy(update=changes)

    def threshold_text(self) -> str:
        """Return the confidence that documents need, e.g. "0.9820 (invoice 0.9000)"."""
        rule = self.rule()
        text = f"{rule.threshold:.4f}"
        if not self.offsets:
            return text
        own = (f"{label} {rule.required_confidence(label):.4f}" for label in self.labels)
        return f"{text} ({', '.join(own)})"


def read_card(path: Path) -> ModelCard:
    """Read `card.json`.

    Raises:
        ModelError: It is missing, unreadable, no card, or of a newer format.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise ModelError(
            f"the model bundle has no readable card: {path}: {reason}",
            remedy="name a model bundle, that is a folder with a card.json, or `starter`",
        ) from error
    try:
        return ModelCard.model_validate_json(_checked_version(text, path))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise ModelError(
            f"the card of the model bundle is damaged: {path}: {where}: {first['msg']}",
            remedy="take the bundle again from where it came from",
        ) from error


class _Version(BaseModel):
    format_version: int = 0


def _checked_version(text: str, path: Path) -> str:
    """Return the text unless a newer docsorter wrote it: its other fields may be unknown here."""
    if (version := _Version.model_validate_json(text).format_version) > FORMAT_VERSION:
        raise ModelError(
            f"the model bundle has format {version}, this docsorter reads up to "
            f"{FORMAT_VERSION}: {path}",
            remedy="update docsorter, or use an older bundle",
        )
    return text


@dataclass(frozen=True, slots=True)
class FigurePair:
    """One measured figure of two models.

    Attributes:
        on: Kind of documents it was measured on, e.g. "real".
        figure: Its name.
        first: Of the first model; None when it was not measured.
        second: Of the second model.
        differs: Whether the 95 % intervals do not overlap. Overlapping ones prove no equality:
            on the same documents the comparison with `--on` sees more.
    """

    on: str
    figure: str
    first: Measured | None
    second: Measured | None
    differs: bool


@dataclass(frozen=True, slots=True)
class CardComparison:
    """Two cards side by side."""

    facts: tuple[tuple[str, str, str], ...]
    figures: tuple[FigurePair, ...]


def compare_cards(first: ModelCard, second: ModelCard) -> CardComparison:
    """Put two cards side by side."""
    keys = dict.fromkeys((*_figures(first), *_figures(second)))
    pairs = []
    for on, figure in keys:
        one = first.metrics.get(on, {}).get(figure)
        two = second.metrics.get(on, {}).get(figure)
        pairs.append(FigurePair(on, figure, one, two, _apart(one, two)))
    facts = zip(_facts(first), _facts(second), strict=True)
    return CardComparison(tuple((name, one, two) for (name, one), (_, two) in facts), tuple(pairs))


def _figures(card: ModelCard) -> Iterator[tuple[str, str]]:
    return ((on, figure) for on, figures in real_first(card.metrics).items() for figure in figures)


def _apart(one: Measured | None, two: Measured | None) -> bool:
    if one is None or two is None or None in {one.low, one.high, two.low, two.high}:
        return False
    assert one.low is not None and one.high is not None  # noqa: PT018 -- for the type checker
    assert two.low is not None and two.high is not None  # noqa: PT018 -- as above
    return one.high < two.low or two.high < one.low


def _facts(card: ModelCard) -> list[tuple[str, str]]:
    provenance = card.provenance
    policies = ", ".join(f"{label} {policy}" for label, policy in card.policies.items())
    return [
        ("model", card.name),
        ("made", f"{card.created_at:%Y-%m-%d}"),
        ("labels", ", ".join(card.labels)),
        ("background", f"{card.background} outputs" if card.background else "none"),
        ("base", provenance.base.name),
        ("trained on", f"{_trained_on(card)} documents"),
        ("input", f"{card.input.size} x {card.input.size}, {card.input.fit}"),
        ("temperature", f"{card.temperature:.3f}"),
        ("threshold", card.threshold_text()),
        ("novelty limit", f"{card.novelty_limit:g}"),
        ("novelty weight", f"{card.novelty_weight:g}"),
        ("words", "read where the picture is unsure" if card.words else "not read"),
        ("policies", policies or "none"),
        ("evidence", _evidence(card.evidence)),
    ]


def _trained_on(card: ModelCard) -> int:
    splits = card.provenance.documents
    return sum(
        sum(counts.values()) for split, counts in splits.items() if split.startswith("train")
    )


def _evidence(evidence: CardEvidence | None) -> str:
    if evidence is None:
        return "none"
    return (
        f"{evidence.errors} errors in {evidence.sorted_alone} sorted alone of "
        f"{evidence.documents}, at most {100 * evidence.upper_bound:.1f} %"
    )
