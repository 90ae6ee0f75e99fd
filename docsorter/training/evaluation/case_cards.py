"""Documents worth looking at, as cards: the page beside the probability of every label."""

from collections.abc import Sequence
from typing import Final

from docsorter.training.evaluation.mistakes import Case
from docsorter.training.evaluation.pictures import PictureSource
from docsorter.training.evaluation.words import THIN, escaped

_MOST_LABELS: Final = 6


def case_cards(
    cases: Sequence[Case],
    columns: Sequence[str],
    pictures: PictureSource | None,
    *,
    names: bool,
) -> str:
    """Return one card per document.

    Args:
        cases: The documents.
        columns: Names of their probabilities.
        pictures: Gives pictures of pages; None leaves them out.
        names: Whether files are named.
    """
    cards = "".join(_card(case, columns, pictures, names=names) for case in cases)
    return f'<div class="cases">{cards}</div>'


def _card(
    case: Case, columns: Sequence[str], pictures: PictureSource | None, *, names: bool
) -> str:
    title = (
        f"{escaped(case.said)}, rightly"
        if case.right
        else f"said {escaped(case.said)}, is {escaped(case.truth)}"
    )
    alone = ' \u00b7 <span class="alone">sorted alone</span>' if case.sorted_alone else ""
    file = f"{escaped(case.sample.path.name)}<br>" if names else ""
    return (
        f'<article class="case">{_picture(case, pictures)}<div><h4>{title}</h4>'
        f"{_bars(case, columns)}<p>{file}novelty {case.novelty:.0f} of 100{alone}</p>"
        "</div></article>"
    )


def _picture(case: Case, pictures: PictureSource | None) -> str:
    picture = pictures.picture(case.sample) if pictures else None
    if picture is None:
        return ""
    described = f"first page of a document that is {case.truth}, taken for {case.said}"
    return (
        f'<img src="{picture.uri}" width="{picture.width}" height="{picture.height}" '
        f'alt="{escaped(described)}">'
    )


def _bars(case: Case, columns: Sequence[str]) -> str:
    """Return a bar for every label, the likeliest first; of many labels those that matter."""
    pairs = sorted(zip(columns, case.probabilities, strict=True), key=lambda pair: -pair[1])
    shown = [p for k, p in enumerate(pairs) if k < _MOST_LABELS or p[0] == case.truth]
    rows = [_bar(name, share, case) for name, share in shown]
    if len(shown) < len(pairs):
        rest = sum(share for name, share in pairs if (name, share) not in shown)
        rows.append(_bar(f"{len(pairs) - len(shown)} more", rest, case))
    return f'<dl class="bars">{"".join(rows)}</dl>'


def _bar(name: str, share: float, case: Case) -> str:
    kind = "is" if name == case.truth else "wrong" if name == case.said else ""
    style = f" {kind}" if kind else ""
    mark = ' class="is"' if kind == "is" else ""
    return (
        f'<dt{mark} title="{escaped(name)}">{escaped(name)}</dt>'
        f'<span class="track" aria-hidden="true"><span class="fill{style}" '
        f'style="width:{100 * share:.1f}%"></span></span>'
        f"<dd>{_share(share)}</dd>"
    )


def _share(share: float) -> str:
    """Write a probability; never "100 %" where doubt is left, never "0" where hope is."""
    percent = 100 * share
    if 99.95 <= percent < 100:
        return f">99.9{THIN}%"
    if 0 < percent < 0.05:
        return f"<0.1{THIN}%".replace("<", "&lt;")
    return f"{percent:.1f}{THIN}%"
