"""How often the model is right, as tables: over all, label by label, source by source."""

from typing import Final

from docsorter.training.evaluation.evaluation import Evaluation
from docsorter.training.evaluation.plots import interval_bar, least_of
from docsorter.training.evaluation.tables import details, shown, table
from docsorter.training.evaluation.words import bound, escaped, interval_text, percent

SHARES: Final = ("accuracy", "accuracy among labels", "macro-F1", "ECE")
_LARGE: Final = 30  # documents: a source with so many is always shown
_FEW: Final = 12
MEANING: Final = {
    "accuracy": "top answer is right",
    "accuracy among labels": "the likeliest label is right",
    "macro-F1": "precision and recall, every label alike",
    "ECE": "confidence is off by so much on average",
    "Brier": "squared distance from the truth: 0 best, 2 worst",
    "AURC": "mean error over all thresholds: 0 best",
    "E-AURC": "of that, due to mistakes that are not the least sure",
}


def figure_table(evaluation: Evaluation) -> str:
    """Return the figures over all documents of the labels."""
    figures = evaluation.figures
    low = least_of([figures[name] for name in SHARES[:3] if name in figures])
    rows = []
    for name, measured in figures.items():
        share = name in SHARES
        bar = interval_bar(measured, low) if name in SHARES[:3] else ""
        note = escaped(measured.note)
        rows.append(
            (
                f"{escaped(name)}<br><span class='soft'>{MEANING.get(name, '')}</span>",
                shown(measured, share=share),
                interval_text(measured, share=share),
                bar,
                str(measured.n),
                f'<span class="why">{note}</span>',
            )
        )
    scale = f"{100 * low:.0f} to 100 %"
    return table(("figure", ">value", ">95 % interval", scale, ">n", ""), rows)


def label_table(evaluation: Evaluation) -> str:
    """Return precision and recall of every label."""
    low = least_of([m for one in evaluation.per_label for m in (one.precision, one.recall)])
    rows = [
        (
            escaped(one.label),
            str(one.documents),
            shown(one.recall),
            interval_text(one.recall),
            interval_bar(one.recall, low),
            shown(one.precision),
            interval_text(one.precision),
            interval_bar(one.precision, low, "c1"),
        )
        for one in evaluation.per_label
    ]
    scale = f"{100 * low:.0f} to 100 %"
    heads = ("label", ">documents", ">found", ">95 %", scale, ">right when named", ">95 %", scale)
    return table(heads, rows)


def confusion_table(evaluation: Evaluation) -> str:
    """Return the confusion matrix as a table with shaded cells."""
    labels, names = evaluation.labels, evaluation.names
    rows = list(labels) + ["none of them"] * (len(evaluation.confusion) - len(labels))
    background = len(names) > len(labels)
    cells = []
    for row, counts in enumerate(evaluation.confusion):
        total = sum(counts)
        cells.append(
            (
                escaped(rows[row]),
                *(
                    _confusion_cell(number, total, hit=row == column)
                    for column, number in enumerate(counts)
                ),
                str(total),
            )
        )
    heads = ("it was \u2193&ensp;the model said \u2192", *map(escaped, names), "n")
    text = table(heads, cells, style="confusion")
    note = "" if background or len(evaluation.confusion) == len(labels) else (
        "<p class='why'>The model has no answer for documents of none of its labels.</p>"
    )  # fmt: skip
    return text + note


def _confusion_cell(number: int, total: int, *, hit: bool) -> str:
    if not number:
        return '<div class="zero">0</div>'
    share = number / total
    depth = 0.12 + 0.78 * share
    ink = ";color:#fff" if depth > 0.55 else ""
    colour = "hit" if hit else "miss"
    style = f"background:rgb(var(--{colour}) / {depth:.2f}){ink}"
    return f'<div style="{style}">{number}<small>{percent(share, 0)}</small></div>'


def source_table(evaluation: Evaluation, *, names: bool) -> str:
    """Return the figures source by source, small sources folded away."""
    low = least_of([one.accuracy for one in evaluation.sources])
    rows = [
        (
            (escaped(one.source) or "not stated") if names else f"source {number}",
            str(one.documents),
            str(one.groups),
            str(one.foreign),
            f"{one.right} of {one.documents - one.foreign}" if one.foreign < one.documents else "",
            "" if one.accuracy.value is None else percent(one.accuracy.value),
            interval_text(one.accuracy),
            interval_bar(one.accuracy, low),
            f"{one.errors} of {one.sorted_alone}" if one.sorted_alone else "",
            bound(one.upper_bound) if one.sorted_alone else "",
        )
        for number, one in enumerate(evaluation.sources, 1)
    ]
    heads = (
        "source", ">documents", ">groups", ">foreign", ">right", ">accuracy", ">95 %",
        f"{100 * low:.0f} to 100 %", ">wrong of sorted", ">at most wrong",
    )  # fmt: skip
    large = sum(one.documents >= _LARGE for one in evaluation.sources)
    shown_rows = max(large, min(_FEW, len(rows)))
    text = table(heads, rows[:shown_rows])
    if rest := rows[shown_rows:]:
        text += details(f"{len(rest)} smaller sources", table(heads, rest))
    return text
