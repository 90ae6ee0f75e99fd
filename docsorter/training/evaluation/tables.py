"""Tables as HTML, and the small ones around the figures."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from docsorter.model.card import Measured
from docsorter.training.evaluation.words import escaped, value_text

_COST: Final = {
    "variant": "how the weights are stored",
    "pages": "pages compared",
    "trained_accuracy": "accuracy before the export",
    "exported_accuracy": "accuracy after it",
    "equal_labels": "share of pages with an equal top label",
    "difference": "greatest change of a probability",
    "mean_difference": "mean over pages of the greatest change",
    "megabytes": "size of the file, MB",
}


def table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str = "", style: str = ""
) -> str:
    """Return a table whose cells are HTML already; a head that starts with ">" is set right.

    The first cell of a row is its heading.
    """
    right = [head.startswith(">") for head in heads]
    top = "".join(
        f'<th scope="col"{_n(flush)}>{head.removeprefix(">")}</th>'
        for head, flush in zip(heads, right, strict=True)
    )
    body = "".join(
        f'<tr><th scope="row"{_n(right[0])}>{row[0]}</th>'
        + "".join(
            f"<td{_n(flush)}>{cell}</td>" for cell, flush in zip(row[1:], right[1:], strict=True)
        )
        + "</tr>"
        for row in rows
    )
    named = f"<caption>{caption}</caption>" if caption else ""
    kind = f' class="{style}"' if style else ""
    return (
        f'<div class="scroll"><table{kind}>{named}<thead><tr>{top}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def details(summary: str, inside: str) -> str:
    """Fold something away under a line that opens it."""
    return f"<details><summary>{summary}</summary>{inside}</details>"


def shown(measured: Measured, *, share: bool = True) -> str:
    """Write a value for a cell, set apart when it cannot be measured."""
    text = value_text(measured, share=share)
    return f'<span class="none">{text}</span>' if measured.value is None else text


def cost_table(cost: Mapping[str, object]) -> str:
    """Return what the export cost, whatever was measured of it."""
    rows = [
        (escaped(_COST.get(key, key.replace("_", " "))), escaped(_plain(value)))
        for key, value in cost.items()
    ]
    return table(("", ">"), rows)


def _plain(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _n(flush_right: bool) -> str:  # noqa: FBT001 -- a column is flush right or it is not
    return ' class="n"' if flush_right else ""
