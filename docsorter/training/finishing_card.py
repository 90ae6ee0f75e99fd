"""The card of a trained model: what is known before anything is measured, and what after."""

import datetime as dt
import importlib.metadata
from dataclasses import dataclass
from typing import Any, Final

from docsorter.documents import SortRule
from docsorter.model.card import InputSpec, ModelCard, Origin, Provenance
from docsorter.training.corpus import Corpus
from docsorter.training.dataset import fingerprint, origins
from docsorter.training.evaluation import Evaluation
from docsorter.training.looking import Judged
from docsorter.training.network import Network
from docsorter.training.rule import NOVELTY_LIMIT, apply_rule

_LIBRARIES: Final = ("tensorflow", "keras", "ai-edge-litert", "numpy", "pillow")


@dataclass(frozen=True, slots=True)
class Identity:
    """What the card says of the model beyond what is measured.

    Attributes:
        name: Of the bundle.
        base: Where the first weights came from.
        limits: What the model cannot do, in Markdown.
        target_error: Error that sorted documents may have when the threshold is fitted.
    """

    name: str
    base: Origin
    limits: str
    target_error: float = 0.01


def draft_card(
    network: Network, corpus: Corpus, now: dt.datetime, identity: Identity | None
) -> ModelCard:
    """Return the card as far as it is known before anything is measured.

    Args:
        network: The trained network.
        corpus: All documents.
        now: When the model was made.
        identity: What else the card says; None for a card that only serves to run the file.
    """
    plan = network.plan
    base = identity.base if identity else Origin(name="none", licence="none")
    described = identity is not None
    train = corpus.of("train")
    return ModelCard(
        name=identity.name if identity else "draft",
        created_at=now,
        labels=plan.labels,
        background=1 if plan.background else 0,
        kinds=plan.kinds,
        input=InputSpec(size=network.size),
        provenance=Provenance(
            architecture="InceptionV3, global average pooling, one dense layer over "
            f"{len(plan.kinds)} kinds pooled into {len(plan.outputs)} outputs",
            base=base,
            data=origins(train) if described else (),
            fingerprint=fingerprint(train) if described else "",
            documents=corpus.counts() if described else {},
        ),
        temperature=1.0,
        threshold=1.0,
        novelty_limit=NOVELTY_LIMIT,
        versions={name: importlib.metadata.version(name) for name in _LIBRARIES},
    )


def complete_card(
    card: ModelCard,
    rule: SortRule,
    judged: dict[str, Judged],
    evaluations: dict[str, Evaluation],
) -> ModelCard:
    """Return the card with the rule and everything that was measured.

    Args:
        card: As `draft_card` made it.
        rule: Fitted on documents that are not among the judged ones.
        judged: Test documents by name; the first set is the evidence.
        evaluations: Of the same.
    """
    metrics = {name: found.metrics() for name, found in evaluations.items()}
    first = next(iter(judged))
    seen = apply_rule(judged[first], card.labels, rule)
    changes: dict[str, Any] = {
        "evidence": seen.evidence(first),
        "metrics": metrics,
    }
    return card.with_rule(rule).model_copy(update=changes)
