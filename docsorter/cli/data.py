"""data report: what is in a folder of labelled documents, before anything is learned from it."""

import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docsorter.cli.context import AsJson, configuration_or_defaults, group
from docsorter.cli.output import print_json, print_table, say, stage_bars
from docsorter.errors import UsageError

if TYPE_CHECKING:
    from docsorter.configuration import Configuration
    from docsorter.training.data_report import DataReport, Model

app = group("Look at labelled documents before learning from them.")

_EPILOG = """\b
Examples:
  docsorter data report ~/labelled
  docsorter data report ~/labelled --out /tmp/report.html
  docsorter data report ~/labelled --json --no-suspects
DIR has one sub-folder per label, named like the label, with its scans; a
sub-folder `other` is for documents that are none of them.
"""
_DEFAULT = "data-report.html"
_MOST = 8  # lines of a list on the terminal; the page has the rest


@app.callback()
def data() -> None:
    """Look at labelled documents before learning from them."""


@app.command(epilog=_EPILOG)
def report(
    ctx: typer.Context,
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Labelled scans, one sub-folder per label.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help=f"Where the page goes; default: {_DEFAULT}, here."),
    ] = None,
    no_suspects: Annotated[
        bool, typer.Option("--no-suspects", help="Do not look for labels that may be wrong.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what is wrong with labelled documents: copies, conflicts, wrong labels, bad files.

    Nothing is learned and nothing is moved. With --json a page is only written to a given --out.
    """
    from docsorter.training.label_errors import require_libraries

    if not no_suspects:
        require_libraries()
    target = out if out is not None or as_json else Path(_DEFAULT)
    if target is not None:
        _check_target(target, directory)
    found = _reported(
        configuration_or_defaults(ctx), directory, target, look_for_suspects=not no_suspects
    )
    if as_json:
        print_json(found)
        return
    _print(found)
    say()
    say(f"report: {target}")


def _reported(
    chosen: "Configuration",
    directory: Path,
    target: Path | None,
    *,
    look_for_suspects: bool,
) -> "DataReport":
    """Return what was found, and write the page about it where one is wanted."""
    from docsorter.training.data_report import Thumbnails, build_report, extract_features, html_page
    from docsorter.training.labelled import read_labelled
    from docsorter.training.rasters import daemon_cache
    from docsorter.training.report import write_whole

    # The pages kept meanwhile are pictures of documents: a termination takes them away as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with (
        tempfile.TemporaryDirectory(prefix="docsorter-") as scratch,
        daemon_cache(Path(scratch), chosen.settings.pages) as cache,
    ):
        with stage_bars() as progress:
            model = _model(chosen)
            folder = read_labelled(directory, cache, progress)
            extracted = extract_features(folder, cache, model, progress)
            found = build_report(
                folder, extracted, model.name, progress, look_for_suspects=look_for_suspects
            )
        if target is not None:
            files = {label: list[str]() for label in folder.labels}
            for sample in folder.samples:
                files[sample.label].append(str(sample.path.relative_to(folder.root)))
            write_whole(target, html_page(found, files, Thumbnails(folder.root, cache)))
    return found


def _model(chosen: "Configuration") -> "Model":
    from docsorter.model.bundle import load_bundle
    from docsorter.model.classifier import open_classifier
    from docsorter.model.registry import ModelRegistry
    from docsorter.training.data_report import Model

    settings = chosen.settings.model
    bundle = load_bundle(ModelRegistry(chosen.state / "models").resolve(settings.bundle))
    classifier = open_classifier(bundle, threads=settings.threads)
    return Model(bundle.card.name, classifier, bundle.card.input.size)


def _check_target(target: Path, directory: Path) -> None:
    """Refuse a place for the page before the long work.

    Raises:
        UsageError: It would lie among the documents, is a folder, or has none around it.
    """
    if target.resolve().is_relative_to(directory.resolve()):
        raise UsageError(
            f"the report may not lie among the documents: {target} is in {directory}",
            remedy="choose a file outside, with --out",
        )
    if target.is_dir():
        raise UsageError(f"{target} is a folder", remedy="name a file, e.g. --out report.html")
    if not target.absolute().parent.is_dir():
        raise UsageError(
            f"there is no folder {target.parent} for the report", remedy="make it first"
        )


def _print(found: "DataReport") -> None:
    print_table(
        ("label", ">documents", ">different", ">not used", ">pages", "colour"),
        (
            (
                one.label,
                one.documents,
                one.groups,
                one.unreadable or "",
                one.pages.median or "",
                ", ".join(f"{count} {ink}" for ink, count in one.inks.items() if count),
            )
            for one in found.labels
        ),
        empty="no labels",
    )
    _print_split(found)
    _print_findings(found)
    say()
    if found.refusal is None:
        say("Training can begin.")
    else:
        say(f"Training would refuse this: {found.refusal.message}")
        say(f"tip: {found.refusal.remedy}")


def _print_split(found: "DataReport") -> None:
    if not found.split:
        return
    say()
    print_table(
        ("label", *(f">{name}" for name in found.split)),
        (
            (one.label, *(row.get(one.label, 0) for row in found.split.values()))
            for one in found.labels
        ),
        empty="",
    )


def _print_findings(found: "DataReport") -> None:
    conflicts = [
        ("two labels", " = ".join(one.file for one in group.documents)) for group in found.conflicts
    ]
    suspects = [
        ("wrong label?", f"{one.document.file}: or {one.suggestion.label}?")
        for one in found.suspects
    ]
    unused = [("not used", f"{bad.file}: {bad.reason}") for bad in found.unreadable]
    shown = [row for rows in (conflicts, suspects, unused) for row in _first(rows)]
    if shown:
        say()
        print_table(("finding", "what"), shown, empty="")
    say()
    say(f"{found.copies} of {found.documents} documents look like another one; they count once.")
    for label, sources in found.split_by_document.items():
        say(f"{label} has only {sources} sources: too few to keep each of them in one set.")
    if found.giveaway and found.giveaway.telling:
        say(f"Beware: format and colour alone tell {found.giveaway.by_kind:.0%} of the labels.")
    if found.suspects_note:
        say(f"wrong labels: {found.suspects_note}")


def _first(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    more = len(rows) - _MOST
    return rows if more <= 0 else [*rows[:_MOST], ("", f"... and {more} more, see the report")]
