"""model list, show, verify: what is known of a model. The other model commands are registered."""

from typing import TYPE_CHECKING, Annotated

import typer

from docsorter.cli import model_compare, model_promotion
from docsorter.cli.context import AsJson
from docsorter.cli.model_registry import registry
from docsorter.cli.output import fields, print_json, print_table, say, when

if TYPE_CHECKING:
    from docsorter.model.card import ModelCard
    from docsorter.model.registry import InUse

app = typer.Typer(
    help="Look at model bundles, and choose the one in use.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="A bundle or a path; default: the one in use.")
]


@app.command("list", epilog="Example: docsorter model list")
def list_(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the bundles that can be used; a star marks the one in use."""
    known, used = registry(ctx)
    bundles = known.list()
    if as_json:
        print_json(
            [
                {
                    "name": bundle.name,
                    "path": bundle.path,
                    "in_use": bundle.name == used.name,
                    "model": bundle.card.name if bundle.card else None,
                    "labels": bundle.card.labels if bundle.card else None,
                    "problem": bundle.problem,
                }
                for bundle in bundles
            ]
        )
        return
    print_table(
        ("", "name", "model", "labels", "made"),
        (
            (
                "*" if bundle.name == used.name else "",
                bundle.name,
                bundle.card.name if bundle.card else "?",
                ", ".join(bundle.card.labels) if bundle.card else bundle.problem,
                when(bundle.card.created_at) if bundle.card else "",
            )
            for bundle in bundles
        ),
        empty="no bundles",
    )
    say(_why(used))


def _why(used: "InUse") -> str:
    """Say why a bundle is the one in use."""
    from docsorter.model.registry import STARTER

    if used.promotion is not None:
        promotion = used.promotion
        why = f": {promotion.reason}" if promotion.reason else ""
        return f"{used.name} was promoted by {promotion.by} on {when(promotion.at)}{why}"
    if used.name == STARTER:
        return "the starter is in use; docsorter model promote NAME chooses another"
    return f"{used.name} is in use because model.bundle names it"


@app.command(epilog="Example: docsorter model show")
def show(ctx: typer.Context, name: Name = "", as_json: AsJson = False) -> None:
    """Show what a model was taught, what its tests showed and where it fails."""
    from docsorter.decide.promise import starter_statement
    from docsorter.model.card import read_card

    known, used = registry(ctx)
    path = known.resolve(name) if name else used.path
    card = read_card(path / "card.json")
    if as_json:
        print_json(card.model_dump(mode="json"))
        return
    evidence = card.evidence.as_sort_evidence() if card.evidence else None
    learned = _unlearned(ctx, card.name)
    fields(
        (
            ("model", card.name),
            ("folder", path),
            ("made", when(card.created_at)),
            ("labels", ", ".join(card.labels)),
            ("base", f"{card.provenance.base.name} ({card.provenance.base.licence})"),
            ("sorts at", f"confidence {card.asks_for()} or more"),
            ("novelty", f"asks a person beyond the {card.novelty_limit:g}th percentile"),
            ("tested on", evidence.description if evidence else "nothing"),
            ("so", starter_statement(evidence) if evidence else "untested: everything to a person"),
            *((("learning", learned),) if learned else ()),
        )
    )
    _print_figures(card)


def _unlearned(ctx: typer.Context, model: str) -> str:
    """Return what a model has not learned of the answers here; "" outside of a workspace."""
    from docsorter.cli.context import configuration
    from docsorter.errors import StoreError, WorkspaceError
    from docsorter.service.learning.unlearned import unlearned
    from docsorter.service.migration import open_workspace_store

    try:
        with open_workspace_store(configuration(ctx)) as store:
            return unlearned(store, model).sentence()
    except (WorkspaceError, StoreError):
        return ""


def _print_figures(card: "ModelCard") -> None:
    rows = [
        (kind, figure, "not measurable" if m.value is None else f"{m.value:.3f}",
         "" if m.low is None or m.high is None else f"{m.low:.3f} to {m.high:.3f}", m.n, m.note)
        for kind, figures in card.metrics.items()
        for figure, m in figures.items()
    ]  # fmt: skip
    print_table(("on", "figure", ">value", "95 %", ">n", "note"), rows, empty="no figures")


@app.command(epilog="Example: docsorter model verify")
def verify(ctx: typer.Context, name: Name = "", as_json: AsJson = False) -> None:
    """Check a bundle: its checksums, and that its golden pages answer here as they should."""
    from docsorter.model.bundle import load_bundle
    from docsorter.model.golden import check_golden
    from docsorter.model.litert import open_classifier
    from docsorter.model.promotion import fingerprint

    known, used = registry(ctx)
    path = known.resolve(name) if name else used.path
    bundle = load_bundle(path)
    results = check_golden(bundle, open_classifier(bundle))
    worst = max((result.difference for result in results), default=0.0)
    mark = fingerprint(path)
    if as_json:
        pages = [{"file": r.file, "difference": r.difference} for r in results]
        print_json(
            {"model": bundle.card.name, "path": path, "fingerprint": mark, "golden_pages": pages}
        )
        return
    say(f"{bundle.card.name}: checksums right, {len(results)} golden pages answer as they should")
    say(f"greatest difference of a probability: {worst:.4f}")
    say(f"fingerprint: {mark}")


model_promotion.register(app)
model_compare.register(app)
