"""review stats: answers per day and reviewer, and how far people and model agree."""

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer

from docsorter.cli.context import AsJson, acts
from docsorter.cli.output import percent, print_json, print_table, say
from docsorter.errors import UsageError

if TYPE_CHECKING:
    from docsorter.review.figures import Agreement, Line

_DAYS = 30


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: docsorter review stats --since 2026-11-01 --json")(stats)


def stats(
    ctx: typer.Context,
    since: Annotated[
        str, typer.Option(help="From then on: 2026-11-01, 7d, 12h; default: 30 days.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Show answers per day and reviewer: seconds, undos, agreement with model and each other."""
    from docsorter.review import figures

    with acts(ctx) as workspace:
        start = moment(since, workspace.now()) if since else workspace.now() - _PERIOD
        given = workspace.store.given(start)
        pairs = workspace.store.opinion_pairs(start)
        open_now = workspace.store.review_stats().open
    per_day, people = figures.lines(given), figures.per_reviewer(given)
    both = figures.agreement(pairs)
    if as_json:
        print_json(
            {
                "since": start,
                "waiting": open_now,
                "per_day": per_day,
                "per_reviewer": people,
                "total": figures.total(given),
                "second_opinions": both,
            }
        )
        return
    lines = [*per_day, *(people if len(per_day) > 1 else []), figures.total(given)]
    print_table(
        ("day", "reviewer", ">answers", ">seconds", ">undone", ">as the model"),
        (_row(line) for line in (lines if given else [])),
        empty="no answers in that time",
    )
    _say_agreement(both, figures.total(given))
    say(f"{open_now} documents wait")


_PERIOD = dt.timedelta(days=_DAYS)


def _row(line: "Line") -> tuple[object, ...]:
    return (
        line.day.isoformat() if line.day else "all days",
        line.reviewer or "everybody",
        line.answers,
        "" if line.seconds is None else f"{line.seconds:.1f}",
        percent(line.undo_rate),
        percent(line.agreement),
    )


def _say_agreement(both: "Agreement", everything: "Line") -> None:
    if everything.blind_compared:
        share = percent(everything.blind_agreed / everything.blind_compared)
        say(f"answers given blind agree with the model in {share} of {everything.blind_compared}")
    if both.pairs:
        kappa = "not defined" if both.kappa is None else f"{both.kappa:.2f}"
        share = percent(both.agreed / both.pairs)
        say(f"two people agree in {share} of {both.pairs} second opinions; Cohen's kappa {kappa}")


def moment(text: str, now: dt.datetime) -> dt.datetime:
    """Return the time that a text names: a date, a date and time, or a length of time ago.

    Args:
        text: `2026-11-01`, `2026-11-01T08:30` (local) or `7d`.
        now: The time.

    Raises:
        UsageError: It names none.
    """
    from docsorter.review.searching import parse_age

    try:
        return dt.datetime.fromisoformat(text).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        pass
    try:
        return now - parse_age(text)
    except (UsageError, OverflowError) as error:
        raise UsageError(
            f"{text!r} is no time", remedy="e.g. 2026-11-01, 2026-11-01T08:30, 12h or 7d"
        ) from error
