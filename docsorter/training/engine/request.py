"""What a training is asked to do."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from docsorter.errors import UsageError
from docsorter.training.export import VARIANTS, Gate, Variant

POLICIES: Final = ("auto", "review", "never")


@dataclass(frozen=True, slots=True)
class Effort:
    """How much work goes into it.

    Attributes:
        size: Side of a page in pixels, where the base does not say.
        pages: Augmented pages to learn from, about; each document gives between `least_views` and
            `most_views` of them.
        least_views: Augmented views of a document, at least.
        most_views: And at most: more copies of few documents teach nothing new.
        foreign: Generated foreign documents, about.
        tuning_epochs: Times that every augmented page is drawn during tuning, about.
        gate: What the export may lose.
        variants: Ways to export, the best first.
    """

    size: int = 299
    pages: int = 1500
    least_views: int = 2
    most_views: int = 6
    foreign: int = 90
    tuning_epochs: float = 1.5
    gate: Gate = field(default_factory=Gate)
    variants: tuple[Variant, ...] = VARIANTS

    def views(self, documents: int) -> int:
        """Return how many augmented views each of so many documents gives."""
        wanted = round(self.pages / max(1, documents))
        return min(self.most_views, max(self.least_views, wanted))


@dataclass(frozen=True, slots=True)
class Request:
    """What a training is asked to do.

    Attributes:
        folder: The labelled documents, one sub-folder per label.
        name: Of the bundle.
        out: Folder that the bundle is put into.
        base: What to start from: "starter", "imagenet", a `.npz` file, or a bundle.
        target_error: Error that sorted documents may have, between 0 and 1.
        confidence: Of the promise, between 0 and 1.
        policies: Label to "auto", "review" or "never".
        seed: Of everything drawn.
        tuning: Whether the upper blocks may be tuned.
        effort: How much work goes into it.
        generated: How many of the documents were generated, for the card.
    """

    folder: Path
    name: str
    out: Path
    base: str = "starter"
    target_error: float = 0.01
    confidence: float = 0.95
    policies: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    tuning: bool = True
    effort: Effort = field(default_factory=Effort)
    generated: int = 0

    @property
    def bundle(self) -> Path:
        """Where the bundle goes."""
        return self.out / self.name

    @property
    def report(self) -> Path:
        """Where the report with pictures goes: beside the bundle, never inside."""
        return self.out / f"{self.name}-report.html"

    @property
    def work(self) -> Path:
        """Where pages, features and checkpoints are until the bundle is done."""
        return self.out / f".{self.name}.training"

    def key(self, documents: str, base: str) -> str:
        """Return what tells this training from any other.

        Args:
            documents: Fingerprint of the documents.
            base: Key of the weights.
        """
        what = {
            "documents": documents,
            "base": base,
            "seed": self.seed,
            "tuning": self.tuning,
            "effort": asdict(self.effort),
        }
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


def parse_policies(texts: Sequence[str]) -> dict[str, str]:
    """Read policies written as `LABEL=auto|review|never`.

    Raises:
        UsageError: One is not of that form.
    """
    found: dict[str, str] = {}
    for text in texts:
        label, _, policy = text.rpartition("=")
        if not label or policy not in POLICIES:
            raise UsageError(
                f"--policy {text!r} is not of the form LABEL=POLICY",
                remedy="e.g. --policy claim=never; a policy is one of auto, review and never",
            )
        found[label] = policy
    return found
