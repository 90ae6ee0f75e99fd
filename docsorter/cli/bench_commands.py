"""bench model: how the model runs best on this machine."""

from typing import Annotated

import typer

from docsorter.cli.context import AsJson, configuration
from docsorter.cli.output import print_json, print_table, say

app = typer.Typer(help="Measure this machine.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _bench() -> None:
    """Measure this machine."""


@app.command(epilog="Example: docsorter bench model")
def model(
    ctx: typer.Context,
    pages: Annotated[
        int, typer.Option(min=3, max=10_000, help="Pages for each number of threads.")
    ] = 20,
    as_json: AsJson = False,
) -> None:
    """Choose how many threads run the model here, and keep that in the workspace.

    The daemon heeds it from its next start. It is forgotten when the model in use, docsorter, its
    runtime or the number of cores changes; model.threads in the settings overrules it.
    """
    from docsorter.model.bundle import load_bundle
    from docsorter.model.promotion import fingerprint
    from docsorter.model.registry import ModelRegistry
    from docsorter.model.runtime_choice import (
        RuntimeChoice,
        choose,
        keep,
        measure,
        surroundings,
    )
    from docsorter.resources import usable_cores

    chosen = configuration(ctx)
    registry = ModelRegistry(chosen.state / "models")
    used = registry.in_use(chosen.settings.model.bundle)
    bundle, cores = load_bundle(used.path), usable_cores()
    measured = measure(bundle, cores, pages)
    choice = RuntimeChoice(
        surroundings=surroundings(fingerprint(used.path), cores),
        threads=choose(measured),
        measured=measured,
    )
    keep(chosen.state, choice)
    if as_json:
        print_json(choice.model_dump(mode="json"))
        return
    print_table(
        ("", ">threads", ">a page, ms", ">work, ms", ">golden pages differ by"),
        (
            (
                "*" if variant.threads == choice.threads else "",
                variant.threads,
                f"{variant.page_ms:.1f}",
                f"{variant.work_ms:.1f}",
                f"{variant.golden_difference:.4f}",
            )
            for variant in measured
        ),
        empty="nothing",
    )
    say(f"{bundle.card.name}: {choice.threads} threads from the daemon's next start")
    if chosen.settings.model.threads:
        say(f"but model.threads = {chosen.settings.model.threads} in the settings overrules that")
