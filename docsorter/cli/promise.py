"""promise, what-if and drift: what may be relied on, and whether documents changed."""

from typing import TYPE_CHECKING, Annotated

import typer

from docsorter.cli.context import AsJson, configuration, group, review_service
from docsorter.cli.output import (
    fields,
    print_json,
    print_table,
    say,
    when,
)
from docsorter.documents import at_most_percent, percent
from docsorter.errors import ExitCode

if TYPE_CHECKING:
    from docsorter.service.promise.drift import DriftReport
    from docsorter.service.promise.report import PromiseReport
    from docsorter.service.promise.what_if import WhatIfAnswer
    from docsorter.store import PromiseChange

_BAR = 24
_SHOWN = 12
_IDS = 12


app = group()
drift_app = group()


@app.command(epilog="Example: docsorter promise --json")
def promise(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show what is promised of documents sorted alone, its evidence, and what the next step needs.

    The promise rests on blind checks of your own paper; docs/use/autonomy.md explains it.
    """
    from docsorter.service.promise.report import report

    chosen = configuration(ctx)
    with review_service(ctx) as workspace:
        found = report(chosen, workspace.store, workspace.now())
    if as_json:
        print_json(found)
        return
    fields(_rows(found))
    _print_weeks(found)
    _print_history(found)


@app.command("what-if", epilog="Example: docsorter what-if --target-error 0.005 --confidence 0.9")
def what_if(
    ctx: typer.Context,
    target_error: Annotated[
        float, typer.Option(help="Promise that no greater share is wrong, e.g. 0.005.")
    ],
    confidence: Annotated[
        float | None, typer.Option(help="Confidence level; without it that of the settings.")
    ] = None,
    days: Annotated[
        int, typer.Option(min=1, max=3660, help="Look at the documents of so many days.")
    ] = 28,
    as_json: AsJson = False,
) -> None:
    """Say what another promise would cost: the threshold, reviews a day, mistakes caught.

    It answers from stored predictions and checks, and changes nothing.
    """
    from docsorter.service.promise.what_if import answer_what_if

    chosen = configuration(ctx)
    with review_service(ctx) as workspace:
        answer = answer_what_if(
            chosen, workspace.store, workspace.now(), target=target_error,
            confidence=confidence, days=days,
        )  # fmt: skip
    if as_json:
        print_json(answer)
        return
    _print_answer(answer)


def _rows(found: "PromiseReport") -> list[tuple[str, object]]:
    promised = _promised(found.target, found.confidence)
    earned = found.autonomy == "earned"
    rows: list[tuple[str, object]] = [
        ("autonomy", found.autonomy),
        ("model", f"{found.model}, rule {found.rule[:8]}"),
        (
            "promise",
            promised if earned else "none; decide.autonomy = earned would earn one",
        ),
        ("so far", found.statement),
    ]
    checks = found.checks
    void = f", {checks.void} void" if checks.void else ""
    rows.append(("checks", f"{checks.right} right, {checks.wrong} wrong, {checks.open} open{void}"))
    rows.append(("people", _misses(found)))
    rows += _next_step(found)
    if earned and found.threshold is not None:
        rows.append(("alarm", f"{_doubt(found.doubt)} ({found.doubt:.2f}; the alarm is at 1)"))
    rows.append(("drawn", _drawn(found)))
    return rows


def _promised(target: float, confidence: float) -> str:
    return f"at most {100 * target:.6g} % wrong, {100 * confidence:.6g} % confidence"


def _next_step(found: "PromiseReport") -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = []
    if found.autonomy == "earned" and found.before_it_begins:
        rows.append(("next step", f"evidence begins after {found.before_it_begins} documents more"))
    elif found.needed:
        what = "something" if found.threshold is None else "a lower threshold"
        text = f"{what} is certified after at least {found.needed} more checks, all right"
        rows.append(("next step", text))
    elif found.autonomy == "earned":
        rows.append(("next step", "none: the lowest threshold is certified"))
    if found.unanswered:
        shown = ", ".join(map(str, found.unanswered[:_IDS]))
        more = ", ..." if len(found.unanswered) > _IDS else ""
        rows.append(("holds up", f"{len(found.unanswered)} drawn and not answered: {shown}{more}"))
    return rows


def _drawn(found: "PromiseReport") -> str:
    if found.autonomy == "earned" and found.threshold is None:
        return "everything goes to a person, blind"
    return f"{percent(found.share)} of what could be sorted alone is also shown to a person, blind"


def _misses(found: "PromiseReport") -> str:
    misses = found.misses
    share = f"miss at most {at_most_percent(misses.rate)} of mistakes"
    looks = f"{misses.differing} of {misses.looks} answered twice differed"
    if misses.measured:
        return f"{share}: {looks}"
    return f"{share} (assumed): {looks}, measured from {misses.next_at}"


def _doubt(value: float) -> str:
    from docsorter.decide.autonomy import ELEVATED

    return "calm" if value < ELEVATED else "some doubt, more is checked"


def _print_weeks(found: "PromiseReport") -> None:
    say()
    print_table(
        ("week of", ">documents", ">alone", ">rate", ""),
        (
            (w.begins, w.documents, w.alone, percent(w.rate), "#" * round(_BAR * w.rate))
            for w in found.weeks
        ),
        empty="no documents in the last eight weeks",
    )


def _print_history(found: "PromiseReport") -> None:
    moves = [move for move in found.history if move.why.value != "sampling"]
    if not moves:
        return
    say()
    print_table(
        ("when", "model", ">threshold", ">checked", ">wrong", ">at most", "why"),
        (_history_row(move) for move in moves[-_SHOWN:]),
        empty="",
    )
    if len(moves) > _SHOWN:
        say(f"{_SHOWN} of {len(moves)} changes shown; --json has them all")


def _history_row(move: "PromiseChange") -> tuple[object, ...]:
    threshold = "none" if move.threshold is None else f"{move.threshold:.4f}"
    bound = at_most_percent(move.upper_bound) if move.checked else ""
    return when(move.at)[:16], move.model, threshold, move.checked, move.errors, bound, _why(move)


def _why(move: "PromiseChange") -> str:
    if move.why.value == "alarm":
        from docsorter.service.promise.report import alarm_words

        return f"alarm: {alarm_words(move)}"
    return {
        "certified": "certified",
        "withdrawn": "answers taken back",
        "new_rule": "new evidence begins",
    }[move.why.value]


def _print_answer(answer: "WhatIfAnswer") -> None:
    promised = _promised(answer.target, answer.confidence)
    rows: list[tuple[str, object]] = [("promise", promised), ("threshold", answer.threshold_words)]
    rows += [("reviews", answer.review_words), ("caught", answer.caught_words)]
    if answer.caught:
        ids = ", ".join(map(str, answer.caught[:_IDS]))
        more = ", ..." if len(answer.caught) > _IDS else ""
        rows.append(("", f"documents {ids}{more}: docsorter explain ID"))
    rows += [("not known" if n == 0 else "", text) for n, text in enumerate(answer.unknown)]
    fields(rows)


@drift_app.command(epilog="Examples: docsorter drift\n\ndocsorter drift --kept --json")
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
    from docsorter.service.promise.drift import compare_weeks, read_report, write_report
    from docsorter.service.promise.scanner_hold import ScannerHold
    from docsorter.service.workspace.layout import open_workspace_store

    chosen, clock = configuration(ctx), SystemClock()
    with open_workspace_store(chosen, clock) as store:
        report = read_report(chosen.state) if last else compare_weeks(store, clock)
        if report is None:
            raise NotFoundError("nothing was compared yet", remedy="docsorter drift")
        if not last:
            write_report(chosen.state, report)
        checks = chosen.settings.drift.probation_checks
        held = ScannerHold(chosen.state, store, checks).held()
    if as_json:
        print_json({**report.model_dump(mode="json"), "probation": held})
    else:
        _print_drift(report, held, checks)
    if report.findings or report.scanners:
        raise typer.Exit(ExitCode.FINDINGS)


def _print_drift(report: "DriftReport", held: dict[str, int], checks: int) -> None:
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
    for name, right in held.items():
        say(f"held for people: {name}, {right} of {checks} checks right")
