"""Single cases with their pages: conflicts, suspects, documents that look the same."""

from collections.abc import Iterator, Sequence
from typing import Final

from docsorter.training.data_report.findings import Alike, DataReport, Document
from docsorter.training.data_report.markup import figure, number, text
from docsorter.training.data_report.thumbnails import LARGE, SMALL, Thumbnails

MOST_CASES: Final = 60
"""Cases of a kind that are shown; `--json` has all."""

_MOST_PAGES: Final = 8


def conflict_cases(report: DataReport, pictures: Thumbnails) -> Iterator[str]:
    """Show groups that look the same under different labels."""
    for group in report.conflicts[:MOST_CASES]:
        pages = _pages(group.documents, pictures, LARGE)
        yield f'<div class="case large">{pages}{_how(group)}</div>'
    yield _rest(len(report.conflicts))


def alike_cases(report: DataReport, pictures: Thumbnails) -> Iterator[str]:
    """Show groups that look the same under one label."""
    groups = [group for group in report.alike if not group.conflict]
    for group in groups[:MOST_CASES]:
        yield f'<div class="case">{_pages(group.documents, pictures, SMALL)}{_how(group)}</div>'
    if not groups:
        yield '<p class="soft">None beside those above.</p>'
    yield _rest(len(groups))


def suspect_cases(report: DataReport, pictures: Thumbnails) -> Iterator[str]:
    """Show documents whose label may be wrong."""
    if report.suspects_note:
        yield f'<p class="soft">{text(report.suspects_note)}</p>'
    elif not report.suspects:
        yield '<p class="good">None was found.</p>'
    if not report.suspects:
        return
    yield (
        "<p>Judged by what the other documents teach, most suspicious first. Some are right and "
        "only unusual: leave those. Move the others to the folder they belong to.</p>"
    )
    yield '<div class="case large many">'
    for suspect in report.suspects[:MOST_CASES]:
        why = suspect.suggestion
        caption = (
            f"<b>{text(suspect.document.label)}, or {text(why.label)}?</b>"
            f"{text(suspect.document.label)} {why.own_probability:.0%}, "
            f"{text(why.label)} {why.probability:.0%}<br>"
            f"{text(suspect.document.file)}"
        )
        uri = pictures.case(suspect.document.file, LARGE)
        yield figure(uri, caption, suspect.document.file)
    yield "</div>"
    yield _rest(len(report.suspects))


def _pages(documents: Sequence[Document], pictures: Thumbnails, side: int) -> str:
    return "".join(
        figure(pictures.case(one.file, side), f"<b>{text(one.label)}</b>{text(one.file)}", one.file)
        for one in documents[:_MOST_PAGES]
    )


def _how(group: Alike) -> str:
    more = len(group.documents) - _MOST_PAGES
    beyond = f"and {number(more, 'more document')}; " if more > 0 else ""
    if group.identical:
        return f'<p class="soft">{beyond}the same file, byte for byte</p>'
    bits = max(pair.bits for pair in group.pairs)
    distances = [pair.distance for pair in group.pairs if pair.distance is not None]
    apart = f", features at most {max(distances):.3f} apart" if distances else ""
    return f'<p class="soft">{beyond}at most {bits} of 256 bits differ{apart}</p>'


def _rest(total: int) -> str:
    if total <= MOST_CASES:
        return ""
    return f'<p class="soft">The first {MOST_CASES} of {total:,}; --json has all.</p>'
