"""model compare: two models side by side, on their cards and on documents."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docsorter.cli.context import AsJson
from docsorter.cli.model_registry import settings_or_defaults
from docsorter.cli.output import percent, print_json, print_table, progress, say

if TYPE_CHECKING:
    from docsorter.configuration import Configuration
    from docsorter.model.card import Measured
    from docsorter.model.card_comparison import CardComparison, FigurePair
    from docsorter.service.comparison import Comparison, Pair, Said, Share

_SHOWN = 20
_SURE = 0.05  # the usual level below which a p-value counts as more than chance

Bundle = Annotated[str, typer.Argument(help="A bundle or a path; `promoted` is the one in use.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command(epilog="Example: docsorter model compare starter ours-2 --on ~/checked")(compare)


def compare(
    ctx: typer.Context,
    first: Bundle,
    second: Bundle,
    on: Annotated[
        Path | None,
        typer.Option(
            "--on", metavar="DIR", help="Let both look at these documents; nothing is moved."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put two models side by side: their cards, and what both say of the same documents.

    In a folder with one sub-folder per label it is also counted which is right more often.
    """
    from docsorter.model.card import read_card
    from docsorter.model.card_comparison import compare_cards
    from docsorter.model.registry import ModelRegistry

    settings = settings_or_defaults(ctx)
    known = ModelRegistry(settings.state / "models")
    cards = [read_card(known.resolve(name) / "card.json") for name in (first, second)]
    compared = compare_cards(*cards)
    looked = None if on is None else _look(settings, first, second, on)
    if as_json:
        print_json({"facts": compared.facts, "figures": _figures(compared), "documents": looked})
        return
    _print_cards(compared, first, second)
    if looked is not None:
        say()
        _print_documents(looked, first, second)


def _look(settings: "Configuration", first: str, second: str, folder: Path) -> "Comparison":
    from docsorter.resources import usable_cores
    from docsorter.service.comparing import compare_on, files_to_compare
    from docsorter.service.engine import load_model

    one, two = load_model(settings, first), load_model(settings, second)
    files = files_to_compare(folder, [*one.card.labels, *two.card.labels])
    workers = settings.settings.service.workers or usable_cores()
    with progress() as bar:
        task = bar.add_task("both look at the documents", total=len(files))
        return compare_on(
            one,
            two,
            files,
            settings.settings.pages,
            workers,
            lambda done, _total: bar.update(task, completed=done),
        )


def _figures(compared: "CardComparison") -> list[dict[str, object]]:
    return [
        {
            "on": pair.on,
            "figure": pair.figure,
            "first": pair.first.model_dump() if pair.first else None,
            "second": pair.second.model_dump() if pair.second else None,
            "differs": pair.differs,
        }
        for pair in compared.figures
    ]


def _print_cards(compared: "CardComparison", first: str, second: str) -> None:
    rows = [("" if one == two else "*", what, one, two) for what, one, two in compared.facts]
    print_table(("", "", first, second), rows, empty="nothing")
    for on in dict.fromkeys(pair.on for pair in _worth_showing(compared)):
        say()
        say(f"{on}: value (95 % interval, n)")
        print_table(
            ("", "figure", first, second),
            (
                ("*" if p.differs else "", p.figure, _measured(p.first), _measured(p.second))
                for p in _worth_showing(compared)
                if p.on == on
            ),
            empty="nothing",
        )
    say()
    say("* differs; a figure only where the 95 % intervals do not overlap")


def _worth_showing(compared: "CardComparison") -> "list[FigurePair]":
    return [p for p in compared.figures if _has_value(p.first) or _has_value(p.second)]


def _has_value(measured: "Measured | None") -> bool:
    return measured is not None and measured.value is not None


def _measured(measured: "Measured | None") -> str:
    if measured is None:
        return "-"
    if measured.value is None:
        return f"not measurable, n = {measured.n}"
    if measured.low is None or measured.high is None:
        return f"{measured.value:.3f} (n = {measured.n})"
    return f"{measured.value:.3f} ({measured.low:.3f}-{measured.high:.3f}, {measured.n})"


def _print_documents(looked: "Comparison", first: str, second: str) -> None:
    say(f"{looked.documents} documents looked at, {len(looked.unreadable)} could not be read")
    for name, reason in looked.unreadable[:_SHOWN]:
        say(f"  {name}: {reason}")
    if not looked.documents:
        return
    rows = [
        ("sorted alone", _share(looked.first.sorted_alone), _share(looked.second.sorted_alone)),
    ]
    if looked.labelled:
        rows += [
            ("right label", _share(looked.first.right), _share(looked.second.right)),
            (
                "wrong of sorted alone",
                _share(looked.first.wrong_alone),
                _share(looked.second.wrong_alone),
            ),
        ]
    print_table(("share (95 % interval)", first, second), rows, empty="nothing")
    say()
    say(f"the same label: {_share(looked.equal_labels)}")
    say(f"greatest difference of a probability: {looked.greatest_gap or 0.0:.3f}")
    say(_better(looked, first, second))
    _print_differing(looked, first, second)


def _better(looked: "Comparison", first: str, second: str) -> str:
    if looked.mcnemar_p is None:
        return "which is right is not known: no sub-folder is named like a label"
    one, two = looked.only_first_right, looked.only_second_right
    counts = f"only {first} right {one}, only {second} right {two}"
    says = f"{counts} of {looked.labelled} with a known label, McNemar p = {looked.mcnemar_p:.3g}"
    if looked.mcnemar_p >= _SURE:
        return f"{says}: no difference that is more than chance"
    return f"{says}: {first if one > two else second} is better here"


def _print_differing(looked: "Comparison", first: str, second: str) -> None:
    if not looked.differing:
        say("they differ on no document")
        return
    say()
    print_table(
        ("document", "is", first, second, ">apart"),
        (_row(pair) for pair in looked.differing[:_SHOWN]),
        empty="nothing",
    )
    if len(looked.differing) > _SHOWN:
        say(f"and {len(looked.differing) - _SHOWN} more; --json writes them all")


def _row(pair: "Pair") -> tuple[str, str, str, str, str]:
    return pair.name, pair.label, _said(pair.first), _said(pair.second), f"{pair.gap:.3f}"


def _said(said: "Said") -> str:
    return f"{said.label} {percent(said.confidence)}{', sorts' if said.sorts else ''}"


def _share(share: "Share") -> str:
    if share.value is None:
        return "none to measure on"
    return f"{share.value:.3f} ({share.low:.3f}-{share.high:.3f}, {share.k} of {share.n})"
