"""drift: are the documents of the last week still like those before?"""

from typing import TYPE_CHECKING, Annotated

import typer

from docsorter.cli.context import AsJson, configuration
from docsorter.cli.output import fields, print_json, print_table, say, when
from docsorter.errors import ExitCode

if TYPE_CHECKING:
    from docsorter.service.drift_report import DriftReport


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Examples: docsorter drift\n\ndocsorter drift --kept --json")(drift)


def drift(
    ctx: typer.Context,
    last: Annotated[
        bool, typer.Option("--kept", help="Show the daemon's last look; make none.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare the last week with the four weeks before: confidence, novelty, labels, scans.

    The daemon does it once a week; what differs stands in docsorter status. Exit code 13 when
    something differs or a scanner is new.
    """
    from docsorter.clock import SystemClock
    from docsorter.errors import NotFoundError
    from docsorter.service.drift import look
    from docsorter.service.drift_report import keep, kept
    from docsorter.service.migration import open_workspace_store
    from docsorter.service.probation import Probation

    chosen, clock = configuration(ctx), SystemClock()
    with open_workspace_store(chosen, clock) as store:
        report = kept(chosen.state) if last else look(store, clock)
        if report is None:
            raise NotFoundError("nothing was compared yet", remedy="docsorter drift")
        if not last:
            keep(chosen.state, report)
        checks = chosen.settings.drift.probation_checks
        probation = Probation(chosen.state, store, checks).on_probation()
    if as_json:
        print_json({**report.model_dump(mode="json"), "probation": probation})
    else:
        _print(report, probation, checks)
    if report.findings or report.scanners:
        raise typer.Exit(ExitCode.FINDINGS)


def _print(report: "DriftReport", probation: dict[str, int], checks: int) -> None:
    fields(
        (
            ("compared", f"{report.now} documents of the last 7 days, {report.before} of the 28"),
            ("", f"days before; {report.comparisons} tests, at {when(report.at)}"),
        )
    )
    if report.note:
        say(report.note)
    print_table(
        ("what differs", "test", ">effect", ">p", ">now"),
        (
            (one.text, one.test, f"{one.effect:.2f}", f"{one.p_value:.1e}", one.now)
            for one in report.findings
        ),
        empty="nothing differs that is both sure and large",
    )
    if report.scanners:
        say()
        print_table(
            ("new scanner", ">documents", "from", ">e.g."),
            (
                (one.scanner, one.documents, ", ".join(one.sources) or "the inbox", one.example)
                for one in report.scanners
            ),
            empty="",
        )
    for name, right in probation.items():
        say(f"on probation: {name}, {right} of {checks} checks right")
