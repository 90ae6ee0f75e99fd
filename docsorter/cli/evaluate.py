"""evaluate: what a model does on labelled documents."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docsorter.cli.context import AsJson, configuration_or_defaults, group
from docsorter.cli.output import (
    print_json,
    print_table,
    say,
    say_more,
    stage_bars,
)
from docsorter.documents import at_most_percent, percent

if TYPE_CHECKING:
    from docsorter.model.bundle import ModelBundle
    from docsorter.model.card import Measured
    from docsorter.settings import Settings
    from docsorter.training.evaluation.evaluation import Evaluation
    from docsorter.training.evaluation.metrics import Automation
    from docsorter.training.evaluation.report import FolderEvaluation

_SHOWN = 5
_SHARES = ("accuracy", "macro-F1", "ECE", "errors caught")


app = group()


@app.command(epilog="Example: docsorter evaluate starter ~/checked --out ~/report")
def evaluate(
    ctx: typer.Context,
    bundle: Annotated[str, typer.Argument(metavar="BUNDLE", help="A bundle or a path.")],
    directory: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="One sub-folder per label; `other` holds documents of no label.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FOLDER",
            help="Write report.html, with pictures of pages, and evaluation.json here.",
        ),
    ] = None,
    no_pictures: Annotated[
        bool, typer.Option("--no-pictures", help="Show no page and name no file in report.html.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measure a model on labelled documents, as the daemon would see them; nothing is moved.

    Documents of labels that the model does not know count as foreign: they should go to a person.
    """
    from docsorter.model.bundle import load_bundle
    from docsorter.model.registry import ModelRegistry
    from docsorter.training.evaluation.report import report_folder, write_report

    resolved = configuration_or_defaults(ctx)
    model = load_bundle(ModelRegistry(resolved.state / "models").resolve(bundle))
    folder = None if out is None else report_folder(out, directory)
    found, page = _measured(
        model, directory, resolved.settings, page=folder is not None, pictures=not no_pictures
    )
    numbers = {"model": model.card.name, **found.as_json()}
    written = None if folder is None else write_report(folder, page, numbers)
    if as_json:
        print_json(numbers)
        return
    _print(found, model.card.name)
    if written is not None:
        say()
        say(f"report: {written[0]}")
        if not no_pictures:
            say("It shows pages of these documents; --no-pictures makes one to pass on.")


def _measured(
    model: "ModelBundle", directory: Path, settings: "Settings", *, page: bool, pictures: bool
) -> "tuple[FolderEvaluation, str]":
    """Return what was measured and the page about it, "" when none is wanted."""
    import numpy as np

    from docsorter.model.classifier import open_classifier
    from docsorter.model.golden import check_golden
    from docsorter.training.evaluation.report import CachePictures, evaluate_folder, html_page
    from docsorter.training.rasters import daemon_cache

    classifier = open_classifier(model, threads=settings.model.threads)
    check_golden(model, classifier)
    with (
        tempfile.TemporaryDirectory(prefix="docsorter-") as scratch,
        daemon_cache(Path(scratch), settings.pages) as cache,
    ):
        with stage_bars() as progress:
            found = evaluate_folder(
                model,
                classifier,
                directory,
                cache,
                settings=settings,
                rng=np.random.default_rng(0),
                progress=progress,
            )
        if not page:
            return found, ""
        text = html_page(
            {directory.resolve().name: found.evaluation},
            model.card,
            pictures=CachePictures(cache) if pictures else None,
            names=pictures,
        )
    return found, text


def _print(found: "FolderEvaluation", model: str) -> None:
    evaluation = found.evaluation
    say(f"{model} on {found.folder}")
    say(
        f"{evaluation.documents} documents, near-duplicates and sources joined into "
        f"{evaluation.groups} groups"
    )
    _print_notes(found)
    say()
    print_table(
        ("figure", ">value", ">95 %", ">n", "note"),
        [
            (name, *_cells(measured, share=name.startswith(_SHARES)), measured.n, _note(measured))
            for name, measured in evaluation.figures.items()
        ],
        empty="no document is of a label of this model: only foreign ones were measured",
    )
    say()
    _print_labels(evaluation)
    say()
    _print_rule(evaluation)
    _print_novelty(evaluation)


def _print_notes(found: "FolderEvaluation") -> None:
    if found.foreign:
        named = ", ".join(f"{label} {n}" for label, n in list(found.foreign.items())[:_SHOWN])
        more = f" and {len(found.foreign) - _SHOWN} more" if len(found.foreign) > _SHOWN else ""
        say(f"foreign, since the model does not sort to them: {named}{more}")
    else:
        say("no foreign document: what the model does with those was not measured")
    if found.missing:
        say(f"labels without a document here: {', '.join(found.missing)}")
    if found.unreadable:
        say(f"{len(found.unreadable)} could not be used:")
        for one in found.unreadable[:_SHOWN]:
            say(f"  {one.path.name}: {one.reason}")
        say_more(len(found.unreadable) - _SHOWN, "; --json writes them all")


def _print_labels(evaluation: "Evaluation") -> None:
    """Print what was taken for what: a row for each label, shares found and right when named."""
    rows = [*evaluation.labels, "(foreign)"]
    figures = [(_cells(one.recall)[0], _cells(one.precision)[0]) for one in evaluation.per_label]
    print_table(
        ("it was / said", *(f">{name}" for name in evaluation.names), ">found", ">right if named"),
        [
            (name, *counts, *both)
            for name, counts, both in zip(
                rows, evaluation.confusion, [*figures, ("", "")], strict=False
            )
        ],
        empty="no documents",
    )


def _print_rule(evaluation: "Evaluation") -> None:
    rule = evaluation.at_rule
    rows = [
        ("the card's rule", f"{evaluation.rule.threshold:.4f}", *_cells(rule.automation),
         percent(rule.foreign_share.value), f"{rule.errors} of {rule.sorted_alone} wrong")
    ]  # fmt: skip
    for one in evaluation.automation:
        right = f"{100 * (1 - one.target):g} % right"
        rows.append(
            (f"{right}, certified", _certified_at(one), *_cells(one.certified), "",
             f"{one.needed} needed" if one.certified.value is None else "")
        )  # fmt: skip
        at = "none" if one.oracle_threshold is None else f"{one.oracle_threshold:.4f}"
        few = f"{one.oracle.n} of {one.needed} needed"
        rows.append(
            (f"{right}, oracle", at, *_cells(one.oracle), percent(one.oracle_foreign.value),
             few if one.oracle.value is None else "optimistic")
        )  # fmt: skip
    print_table(
        ("sorted alone by", ">threshold", ">share", ">95 %", ">foreign", ""), rows, empty=""
    )
    if rule.sorted_alone:
        bound = at_most_percent(rule.upper_bound)
        say(f"by the card's rule at most {bound} of what is sorted is wrong (95 % confidence)")


def _certified_at(one: "Automation") -> str:
    known = [f"{threshold:.3f}" for threshold in one.certified_thresholds if threshold is not None]
    return ", ".join(known) or "none"


def _print_novelty(evaluation: "Evaluation") -> None:
    if not evaluation.novelty:
        return
    say()
    print_table(
        ("novelty of", ">AUROC", ">95 %", ">accepted", ">known", ">unknown"),
        [
            (
                f"{curve.name}, not trained on" if curve.name else "foreign documents",
                *_cells(curve.auroc, share=False),
                _cells(curve.accepted)[0],
                curve.known,
                curve.unknown,
            )
            for curve in evaluation.novelty
        ],
        empty="",
    )


def _cells(measured: "Measured", *, share: bool = True) -> tuple[str, str]:
    """Write value and interval."""
    if measured.value is None:
        return "too few", ""
    scale, digits = (100, 1) if share else (1, 4)
    value = percent(measured.value) if share else f"{measured.value:.4f}"
    if measured.low is None or measured.high is None:
        return value, ""
    return value, f"{scale * measured.low:.{digits}f}-{scale * measured.high:.{digits}f}"


def _note(measured: "Measured") -> str:
    return measured.note.replace("not measurable under", "under")
