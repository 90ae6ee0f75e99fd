"""The report as one HTML page: no script, nothing loaded, below 10 MB."""

from collections.abc import Iterator
from typing import Final

from docsorter.training.data_report.cases import alike_cases, conflict_cases, suspect_cases
from docsorter.training.data_report.findings import DataReport, LabelFindings
from docsorter.training.data_report.markup import bar, document, number, spread, table, text
from docsorter.training.data_report.sheets import contact_sheets
from docsorter.training.data_report.thumbnails import Thumbnails

MOST_ROWS: Final = 300
"""Rows of unreadable files; `--json` has all."""


def html_page(report: DataReport, files: dict[str, list[str]], pictures: Thumbnails) -> str:
    """Draw the report.

    Args:
        report: The findings.
        files: Readable documents by label, paths below the folder, for the contact sheets.
        pictures: Gives pictures of them as long as there is room.
    """
    cases = [*_cases(report, pictures)]  # before the contact sheets: they come first for room, too
    body = [
        f"<h1>{text(report.folder)}</h1>",
        _lead(report),
        _verdict(report),
        *_first(report),
        "<h2>Labels</h2>",
        _labels(report.labels),
        *_split(report),
        *cases,
        *_unreadable(report),
        "<h2>How the pages were made</h2>",
        _made(report.labels),
        *_giveaway(report),
        *contact_sheets(report, files, pictures),
    ]
    return document(f"Data report: {report.folder}", body)


def _lead(report: DataReport) -> str:
    return (
        f'<p class="soft">Data report: {number(report.documents, "document")} under '
        f"{number(len(report.labels), 'label')}; likeness judged by the model "
        f"{text(report.model)}. Nothing was learned, nothing was moved.</p>"
    )


def _verdict(report: DataReport) -> str:
    if report.refusal is None:
        return '<p class="verdict"><b>Training can begin.</b>What follows may make it better.</p>'
    return (
        '<p class="verdict no"><b>Training would refuse this folder.</b>'
        f"{text(report.refusal.message)}.<br>What to do: {text(report.refusal.remedy)}.</p>"
    )


def _first(report: DataReport) -> Iterator[str]:
    """Say what to look at, the gravest first."""
    lines = []
    if report.conflicts:
        lines.append(
            f'<a href="#conflicts">{number(len(report.conflicts), "page")} under two labels</a>: '
            "one of the labels is wrong, and the model would learn both."
        )
    if report.suspects:
        lines.append(
            f'<a href="#suspects">{number(len(report.suspects), "label")} that may be wrong</a>: '
            "a glance at each is worth more than any setting."
        )
    if report.unreadable:
        lines.append(
            f'<a href="#unreadable">{number(len(report.unreadable), "file")} not used</a>, '
            "each with its reason."
        )
    if report.copies:
        lines.append(
            f'<a href="#alike">{number(report.copies, "document")} that look like another one</a>: '
            "harmless, but they count once."
        )
    if report.giveaway and report.giveaway.telling:
        lines.append('<a href="#kinds">The kind of file gives the label away</a>.')
    if lines:
        yield "<h2>What to look at first</h2><ul class='first'>"
        yield from (f"<li>{line}</li>" for line in lines)
        yield "</ul>"


def _labels(labels: tuple[LabelFindings, ...]) -> str:
    most = max((one.documents for one in labels), default=0) or 1
    return table(
        ("label", ">documents", "", ">different", ">sources", ">not used", "pages"),
        (
            (
                text(one.label), f"{one.documents:,}", bar(one.documents / most),
                f"{one.groups:,}", f"{one.sources:,}" if one.sources else "",
                f"{one.unreadable:,}" if one.unreadable else "", spread(one.pages),
            )
            for one in labels
        ),
    ) + (
        '<p class="soft">Different: documents that look the same, or come from one source, count '
        "once; a split never cuts through them. Sources are sub-folders inside a label. Pages: "
        "median (least-most) of a document.</p>"
    )  # fmt: skip


def _split(report: DataReport) -> Iterator[str]:
    if not report.split:
        return
    yield "<h2>How training would divide them</h2>"
    yield table(
        ("label", *(f">{name}" for name in report.split)),
        (
            (text(one.label), *(f"{row.get(one.label, 0):,}" for row in report.split.values()))
            for one in report.labels
        ),
    )
    if len(report.split) == 1:
        yield (
            '<p class="soft">There are too few documents, or too few different ones, for four sets:'
            " each is learned from, and measured by a model that did not see it.</p>"
        )
    for label, sources in report.split_by_document.items():
        yield (
            f'<p class="soft">{text(label)} has only {number(sources, "source")}: too few to keep '
            "each in one set, so it is divided by document, and figures for senders never seen "
            "will be worse than measured.</p>"
        )


def _cases(report: DataReport, pictures: Thumbnails) -> Iterator[str]:
    if report.conflicts:
        yield '<h2 id="conflicts">The same page under two labels</h2>'
        yield "<p>Keep each page under one label; if both are right, the labels overlap.</p>"
        yield from conflict_cases(report, pictures)
    yield '<h2 id="suspects">Labels that may be wrong</h2>'
    yield from suspect_cases(report, pictures)
    if report.copies:
        yield '<h2 id="alike">Documents that look the same</h2>'
        yield (
            "<p>Copies, one page scanned twice, or one sender's form filled in twice: at the size "
            "at which pages are compared these cannot always be told apart. They stay, and are "
            "kept in one set.</p>"
        )
        yield from alike_cases(report, pictures)


def _unreadable(report: DataReport) -> Iterator[str]:
    if not report.unreadable:
        return
    yield '<h2 id="unreadable">Files that are not used</h2>'
    yield table(
        ("file", "why"),
        ((text(bad.file), text(bad.reason)) for bad in report.unreadable[:MOST_ROWS]),
    )
    if len(report.unreadable) > MOST_ROWS:
        total = len(report.unreadable)
        yield f'<p class="soft">The first {MOST_ROWS} of {total:,}; --json has all.</p>'


def _made(labels: tuple[LabelFindings, ...]) -> str:
    return table(
        ("label", "formats", "colour", "pixels, longer side", "dpi"),
        (
            (
                text(one.label),
                text(", ".join(f"{name} {count}" for name, count in one.formats.items())),
                text(", ".join(f"{ink} {count}" for ink, count in one.inks.items() if count)),
                spread(one.longest_side),
                spread(one.dpi),
            )
            for one in labels
        ),
    ) + (
        '<p class="soft">Median (least-most). Pixels and dpi of pages that are scans; a drawn PDF '
        "page has none, and 72 or 96 dpi is what programs write that know nothing. The model "
        "looks at 299 pixels: from about 800 on, more of them change nothing.</p>"
    )


def _giveaway(report: DataReport) -> Iterator[str]:
    given = report.giveaway
    if given is None:
        return
    shares = (
        f"format and colour alone tell {given.by_kind:.0%} of the labels "
        f"({given.by_chance:.0%} would be right by always saying the most frequent one)"
    )
    if given.telling:
        yield (
            f'<p id="kinds"><span class="mark">Beware:</span> {shares}. A model may learn the '
            "scanner and not the document. Mix: scan some documents of each label on each "
            "machine.</p>"
        )
    else:
        yield f'<p id="kinds" class="soft">Good: {shares}.</p>'
