"""model show, list, verify: what is known of a model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docsorter.cli.context import AsJson, chosen, configuration
from docsorter.cli.output import fields, print_json, print_table, say, when
from docsorter.errors import WorkspaceError

if TYPE_CHECKING:
    from docsorter.model.registry import ModelRegistry

app = typer.Typer(help="Look at model bundles.", no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="A bundle or a path; default: the one in use.")
]


def _registry(ctx: typer.Context) -> tuple["ModelRegistry", str]:
    """Return the bundles of the workspace and the one in use; without a workspace the shipped."""
    from docsorter.model.registry import STARTER, ModelRegistry

    try:
        settings = configuration(ctx)
    except WorkspaceError:
        if chosen(ctx).workspace is not None:  # it was asked for
            raise
        return ModelRegistry(Path("models")), STARTER
    return ModelRegistry(settings.state / "models"), settings.settings.model.bundle


@app.command("list", epilog="Example: docsorter model list")
def list_(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the bundles that can be used."""
    registry, used = _registry(ctx)
    bundles = registry.list()
    if as_json:
        print_json([{"name": b.name, "path": b.path, "problem": b.problem} for b in bundles])
        return
    print_table(
        ("", "name", "model", "labels", "made"),
        (
            (
                "*" if bundle.name == used else "",
                bundle.name,
                bundle.card.name if bundle.card else "?",
                ", ".join(bundle.card.labels) if bundle.card else bundle.problem,
                when(bundle.card.created_at) if bundle.card else "",
            )
            for bundle in bundles
        ),
        empty="no bundles",
    )


@app.command(epilog="Example: docsorter model show")
def show(ctx: typer.Context, name: Name = "", as_json: AsJson = False) -> None:
    """Show what a model was taught, what its tests showed and where it fails."""
    from docsorter.decide.promise import starter_statement
    from docsorter.model.card import read_card

    registry, used = _registry(ctx)
    path = registry.resolve(name or used)
    card = read_card(path / "card.json")
    if as_json:
        print_json(card.model_dump(mode="json"))
        return
    evidence = card.evidence.as_sort_evidence() if card.evidence else None
    fields(
        (
            ("model", card.name),
            ("folder", path),
            ("made", when(card.created_at)),
            ("labels", ", ".join(card.labels)),
            ("base", f"{card.provenance.base.name} ({card.provenance.base.licence})"),
            ("sorts at", f"confidence {card.threshold:.4f} or more"),
            ("novelty", f"asks a person beyond the {card.novelty_limit:g}th percentile"),
            ("tested on", evidence.description if evidence else "nothing"),
            ("so", starter_statement(evidence) if evidence else "untested: everything to a person"),
        )
    )
    rows = [
        (kind, figure, "not measurable" if m.value is None else f"{m.value:.3f}",
         "" if m.low is None or m.high is None else f"{m.low:.3f} to {m.high:.3f}", m.n, m.note)
        for kind, figures in card.metrics.items()
        for figure, m in figures.items()
    ]  # fmt: skip
    print_table(("on", "figure", ">value", "95 %", ">n", "note"), rows, empty="no figures")


@app.command(epilog="Example: docsorter model verify")
def verify(ctx: typer.Context, name: Name = "") -> None:
    """Check a bundle: its checksums, and that its golden pages answer here as they should."""
    from docsorter.model.bundle import load_bundle
    from docsorter.model.golden import check_golden
    from docsorter.model.litert import open_classifier

    registry, used = _registry(ctx)
    bundle = load_bundle(registry.resolve(name or used))
    results = check_golden(bundle, open_classifier(bundle))
    worst = max((result.difference for result in results), default=0.0)
    say(f"{bundle.card.name}: checksums right, {len(results)} golden pages answer as they should")
    say(f"greatest difference of a probability: {worst:.4f}")
