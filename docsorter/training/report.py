"""The report of a model: one HTML page with everything inside, and the card in words."""

import html
from collections.abc import Mapping

from docsorter.model.card import Measured, ModelCard
from docsorter.training.looking import Judged
from docsorter.training.pictures import confusion, reliability_diagram, risk_coverage_curve

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;color:#1f2933;max-width:60rem;margin:2rem auto;
padding:0 1rem}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.2rem}
table{border-collapse:collapse;font-size:.92rem}td,th{padding:.25rem .8rem .25rem 0;text-align:left;
border-bottom:1px solid #e4e7eb;vertical-align:top}
.row{display:flex;flex-wrap:wrap;gap:1.5rem}.faint{color:#616e7c}
"""


def figure_text(measured: Measured) -> str:
    """Write a figure as a person reads it: value, interval and n, or why there is none."""
    if measured.value is None:
        return f"not measurable, n = {measured.n}"
    interval = ""
    if measured.low is not None and measured.high is not None:
        interval = f" [{measured.low:.3f}, {measured.high:.3f}]"
    return f"{measured.value:.3f}{interval}, n = {measured.n}"


def html_report(card: ModelCard, sets: Mapping[str, Judged], cost: Mapping[str, object]) -> str:
    """Return the report as one HTML page without links to anything outside.

    Args:
        card: The card, with the figures.
        sets: Test documents by name, as the exported model judged them.
        cost: What the export cost.
    """
    names = card.prediction_labels
    parts = [
        f"<h1>Model {html.escape(card.name)}</h1>",
        f"<p>Sorts documents into {html.escape(', '.join(card.labels))}.</p>",
        f"<p>Made {card.created_at:%Y-%m-%d} from {html.escape(card.provenance.base.name)}.</p>",
        "<h2>The sort rule and what its test showed</h2>",
        f"<p>{html.escape(rule_text(card))}</p>",
        "<h2>Figures</h2>",
        _metrics_table(card),
    ]
    mine = {name: judged.where(judged.targets < len(card.labels)) for name, judged in sets.items()}
    mine = {name: judged for name, judged in mine.items() if len(judged.samples)}
    for name, judged in sets.items():
        parts += [f"<h2>{html.escape(name)}</h2>", '<div class="row">', confusion(judged, names)]
        parts += [reliability_diagram(mine[name])] if name in mine else []
        parts.append("</div>")
    parts += ["<h2>Risk and coverage</h2>", risk_coverage_curve(mine)]
    rows = [(key, str(value)) for key, value in cost.items()]
    parts += ["<h2>What the export cost</h2>", _table(rows)]
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{html.escape(card.name)}</title><style>{_STYLE}</style></head>"
        f"<body>{body}</body></html>\n"
    )


def rule_text(card: ModelCard) -> str:
    """Write the sort rule and its evidence in words."""
    rule = (
        f"A document is sorted alone at a confidence of {card.threshold:.4f} or more and a novelty "
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


def _metrics_table(card: ModelCard) -> str:
    rows = [
        (
            f"{kind}: {name}",
            figure_text(measured) + (f" ({measured.note})" if measured.note else ""),
        )
        for kind, group in card.metrics.items()
        for name, measured in group.items()
    ]
    return _table(rows)


def _table(rows: list[tuple[str, str]]) -> str:
    cells = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>"
        for name, value in rows
    )
    return f"<table>{cells}</table>"
