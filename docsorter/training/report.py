"""The model card in words; the report in pictures is `docsorter.training.evaluation`."""

from docsorter.model.card import Measured, ModelCard


def figure_text(measured: Measured) -> str:
    """Write a figure as a person reads it: value, interval and n, or why there is none."""
    if measured.value is None:
        return f"not measurable, n = {measured.n}"
    interval = ""
    if measured.low is not None and measured.high is not None:
        interval = f" [{measured.low:.3f}, {measured.high:.3f}]"
    return f"{measured.value:.3f}{interval}, n = {measured.n}"


def rule_text(card: ModelCard) -> str:
    """Write the sort rule and its evidence in words."""
    rule = (
        f"A document is sorted alone at a confidence of {card.asks_for()} or more and a novelty "
        f"of at most {card.novelty_limit:g}; the logits are divided by {card.temperature:.3f}."
    )
    if card.evidence is None:
        return f"{rule} The rule was not tested."
    seen = card.evidence
    return (
        f"{rule} On {seen.documents} test documents ({seen.description}) it sorted "
        f"{seen.sorted_alone} alone, {seen.errors} of them wrongly: with {seen.confidence:.0%} "
        f"confidence at most {100 * seen.upper_bound:.2f} % of what it sorts of such documents is "
        "wrong. On anybody's own paper nothing is certified by this."
    )


def model_card_text(card: ModelCard, limits: str) -> str:
    """Return MODEL_CARD.md: the card in words, for people.

    Args:
        card: The card.
        limits: What the model cannot do, in Markdown.
    """
    base = card.provenance.base
    lines = [
        f"# Model card: {card.name}",
        "",
        f"* Labels: {', '.join(card.labels)}"
        + ("; everything else counts as `other` and goes to a person." if card.background else "."),
        f"* Architecture: {card.provenance.architecture}",
        f"* Pages: {card.input.size} x {card.input.size} RGB, aspect kept, centred on white",
        f"* Started from: {base.name} ({base.licence}). {base.note}",
        f"* Made: {card.created_at:%Y-%m-%d} with "
        + ", ".join(f"{name} {version}" for name, version in card.versions.items()),
        f"* Training data fingerprint: `{card.provenance.fingerprint}`",
        "",
        "## Learned from",
        "",
        "| source | licence | documents |",
        "|---|---|---|",
        *(f"| {o.name} | {o.licence} | {o.documents} |" for o in card.provenance.data),
        "",
        "## Sort rule",
        "",
        rule_text(card),
        "",
        "## Figures on the exported file",
        "",
        "Value, 95 % interval and number of documents.",
        "",
        "| documents | figure | value | note |",
        "|---|---|---|---|",
        *(
            f"| {kind} | {name} | {figure_text(measured)} | {measured.note} |"
            for kind, group in card.metrics.items()
            for name, measured in group.items()
        ),
        "",
        "## Limits",
        "",
        limits,
        "",
    ]
    return "\n".join(lines)
