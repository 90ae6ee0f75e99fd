"""init, doctor, run, status, config and service: a workspace and its daemon."""

import dataclasses
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docsorter.cli.context import AsJson, chosen, configuration, group, setting_names
from docsorter.cli.output import fields, print_json, print_table, say, say_wrapped, when
from docsorter.errors import AlreadyRunningError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docsorter.configuration import Configuration
    from docsorter.documents import Purpose
    from docsorter.errors import StoreError
    from docsorter.service.workspace.process import Health
    from docsorter.service.workspace.settings_file import ChangedSetting, SettingsFile
    from docsorter.store import Counts

app = group()
config_app = group("Look at the settings, check and change them.")
service_app = group("Run the daemon under systemd.")


@app.command(epilog="Example: docsorter init ~/paper --group paperwork")
def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where; new or empty.")],
    group: Annotated[
        str, typer.Option(help="Unix group of the reviewers; they share state and review.")
    ] = "",
) -> None:
    """Make a workspace: an inbox, folders for the results, settings and a database."""
    from docsorter.documents import Place
    from docsorter.service.workspace.layout import create, migrate_workspace
    from docsorter.service.workspace.process import WorkspaceLock

    made, is_new = create(directory, group)
    with suppress(AlreadyRunningError), WorkspaceLock(made.state):
        migrate_workspace(made)  # a running daemon has done so already
    say(f"{'made' if is_new else 'completed'} the workspace {made.workspace}")
    fields((place.value, made.root(place)) for place in Place if place is not Place.SPOOL)
    say(f"next: docsorter run {directory}, then drop scans into {made.root(Place.INBOX)}")


@app.command(epilog="Example: docsorter doctor --json")
def doctor(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Check everything docsorter stands on; each finding comes with its remedy."""
    from docsorter.service.upkeep.doctor import Level, diagnose

    findings = diagnose(configuration(ctx))
    if as_json:
        print_json(findings)
    else:
        print_table(
            ("", "what", "finding"),
            ((finding.level.value, finding.subject, finding.text) for finding in findings),
            empty="nothing to check",
        )
        for finding in findings:
            if finding.remedy:
                say(f"{finding.subject}: {finding.remedy}")
    if any(finding.level is Level.BAD for finding in findings):
        raise typer.Exit(ExitCode.FAILED)


@app.command(epilog="Example: docsorter run ~/paper")
def run(
    ctx: typer.Context,
    directory: Annotated[Path | None, typer.Argument(metavar="DIR", help="The workspace.")] = None,
) -> None:
    """Watch the inbox and sort what comes, in the foreground; Ctrl-C or SIGTERM drains.

    SIGHUP reloads the settings.
    """
    from docsorter.service.daemon.daemon import Daemon
    from docsorter.service.workspace.process import configure_logging

    chosen = configuration(ctx, directory)
    service = chosen.settings.service
    configure_logging(service.log_level, service.log_format)
    daemon = Daemon(chosen, load=lambda: configuration(ctx, directory))
    daemon.install_signals()
    daemon.run()


@app.command(epilog="Example: docsorter status --json")
def status(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show whether the daemon runs, what waits and what was done.

    Exit code 1 when the daemon does not run, or waits for its environment.
    """
    from docsorter.clock import SystemClock
    from docsorter.documents import TRANSIENT
    from docsorter.errors import StoreError
    from docsorter.service.promise.report import alarm_words, last_alarm
    from docsorter.service.review.service import notices_of, open_review_service
    from docsorter.service.workspace import process
    from docsorter.service.workspace.process import WorkspaceLock

    chosen = configuration(ctx)
    pid = WorkspaceLock(chosen.state).holder()
    beat = process.read_health(chosen.state)
    try:
        with open_review_service(chosen) as workspace:
            counts = workspace.store.documents.counts()
            review = workspace.store.review.stats()
            waiting = workspace.store.documents.waiting_reasons()
            purposes = workspace.store.review.waiting_by_purpose()
            statement = workspace.statement()
            alarm = last_alarm(workspace.store)
            noticed = notices_of(chosen, workspace)
    except StoreError as error:
        if pid is None or beat is None:
            raise
        _status_without_store(chosen, beat, error, as_json=as_json)
        raise typer.Exit(ExitCode.FAILED) from None
    stale = beat is not None and beat.is_stale(SystemClock().now())
    hindered = (beat is not None and bool(beat.paused)) or bool(waiting.keys() - TRANSIENT)
    well = pid is not None and beat is not None and not stale and not hindered
    if as_json:
        print_json(
            {
                "running": pid is not None,
                "well": well,
                "health": beat.model_dump(mode="json") if beat and pid is not None else None,
                "counts": counts,
                "review": review,
                "waiting": waiting,
                "waiting_for": purposes,
                "statement": statement,
                "alarm": alarm,
                **noticed.as_json(),
            }
        )
    else:
        fields(_status_rows(chosen, beat if pid is not None else None, counts, purposes))
        for reason, documents in waiting.items():
            say(f"waiting   {documents} for {reason}: see docs/use/reasons.md, docsorter history")
        say_wrapped(statement, "promise    ")
        if alarm is not None:
            say(f"ALARM     since {when(alarm.at)}: {alarm_words(alarm)}; docsorter promise")
        for line in noticed.lines():
            say(line)
        if stale and pid is not None:
            say("the daemon has said nothing for over a minute: docsorter doctor")
    if not well:
        raise typer.Exit(ExitCode.FAILED)


def _status_without_store(
    chosen: "Configuration", beat: "Health", error: "StoreError", *, as_json: bool
) -> None:
    """Say what the daemon says, when there is no database to ask."""
    if as_json:
        health = beat.model_dump(mode="json")
        print_json({"running": True, "well": False, "health": health, "error": error.message})
        return
    fields([("workspace", chosen.workspace), *_daemon_rows(chosen, beat)])
    say(f"{error.message}: {error.remedy}")


def _status_rows(
    chosen: "Configuration",
    beat: "Health | None",
    counts: "Counts",
    waiting: "Mapping[Purpose, int]",
) -> "list[tuple[str, object]]":
    from docsorter.documents import Purpose, State

    labels = ", ".join(f"{label} {number}" for label, number in sorted(counts.labels.items()))
    sorted_ = counts.sorted_alone + counts.sorted_by_people
    rows = [
        ("workspace", chosen.workspace),
        *_daemon_rows(chosen, beat),
        ("sorted", f"{sorted_} ({labels or 'none yet'})"),
        ("", f"{counts.sorted_alone} alone, {counts.sorted_by_people} by people"),
        ("review", f"{waiting.get(Purpose.DECIDE, 0)} wait for a person: docsorter review list"),
    ]
    names = ((Purpose.CHECK, "blind check"), (Purpose.SECOND, "second opinion"))
    asked = (f"{waiting[each]} for a {name}" for each, name in names if waiting.get(each))
    if again := " and ".join(asked):
        rows.append(("", f"{again}, sorted already"))
    others = (State.REJECTED, State.SPOOLED, State.CLAIMING, State.WITHDRAWN)
    rows += [(state.value, counts.states[state]) for state in others if counts.states.get(state)]
    return rows


def _daemon_rows(chosen: "Configuration", beat: "Health | None") -> "list[tuple[str, object]]":
    if beat is None:
        return [("daemon", f"not running; start it with: docsorter run {chosen.workspace}")]
    rows: list[tuple[str, object]] = [
        ("daemon", f"{beat.state}, process {beat.pid}, since {when(beat.started_at)}"),
        ("watcher", f"{beat.watcher}; inbox read at {when(beat.last_rescan_at)}"),
        ("model", beat.model),
        ("settling", f"{beat.settling} in the inbox, {beat.in_flight} being classified"),
    ]
    rows += _inbox_rows(beat)
    if beat.watch_note:
        rows.append(("", beat.watch_note))
    if beat.paused:
        rows += [("WAITS", f"{beat.paused} [{beat.paused_reason}]"), ("", beat.remedy)]
    if beat.settings_note:
        rows.append(("SETTINGS", beat.settings_note))
    if beat.model_trouble:
        rows.append(("MODEL", beat.model_trouble))
    return rows


_NAMED = 5  # files that wait in the inbox; --json has them all
_LONG = 24 * 3600.0  # seconds


def _inbox_rows(beat: "Health") -> "list[tuple[str, object]]":
    """Name the files that stay in the inbox, the longest first, with what to do after a day."""
    lines = []
    for file in beat.waiting[:_NAMED]:
        age = (beat.beat_at - file.since).total_seconds()
        advice = "; send it again or delete it" if age > _LONG else ""
        lines.append(f"{file.path}: {file.text}, since {when(file.since)}{advice} [{file.reason}]")
    if (more := len(beat.waiting) - _NAMED) > 0:
        lines.append(f"and {more} more: docsorter status --json")
    return [("" if number else "stay there", line) for number, line in enumerate(lines)]


SettingName = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="As config show has it, e.g. intake.rest_seconds, decide.policies.LABEL.",
        autocompletion=setting_names,
    ),
]


@config_app.command(
    "show", epilog="Examples: docsorter config show\n\ndocsorter config show decide.autonomy --json"
)
def config_show(
    ctx: typer.Context,
    only: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME...]", help="Only these.", autocompletion=setting_names),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show every setting with its value and where that came from."""
    from docsorter.configuration import listing, refuse_unknown

    for name in only or []:
        refuse_unknown(name)
    rows = [row for row in listing(configuration(ctx)) if not only or row[0] in only]
    if as_json:
        print_json({name: {"value": value, "origin": origin} for name, value, origin in rows})
        return
    print_table(("setting", "value", "from"), rows, empty="no settings")


@config_app.command(
    "set",
    epilog="Examples: docsorter config set intake.rest_seconds 5\n\n"
    "docsorter config set decide.policies.claim review\n\n"
    'docsorter config set intake.ignore \'["*.bak", "draft-*"]\'',
)
def config_set(
    ctx: typer.Context,
    name: SettingName,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="As in docsorter.toml.")],
    as_json: AsJson = False,
) -> None:
    """Set a value in docsorter.toml; comments stay, and what is wrong is refused."""
    _tell_changed(ctx, _settings_file(ctx).set(name, value), as_json=as_json)


@config_app.command("unset", epilog="Example: docsorter config unset decide.threshold")
def config_unset(ctx: typer.Context, name: SettingName, as_json: AsJson = False) -> None:
    """Take a setting out of docsorter.toml, so that its default holds."""
    _tell_changed(ctx, _settings_file(ctx).unset(name), as_json=as_json)


@config_app.command("check", epilog="Example: docsorter config check --json")
def config_check(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Check docsorter.toml: names, values, folders, groups, labels; what differs from defaults.

    Exit code 3 when something is wrong.
    """
    from docsorter.configuration import listing

    file = _settings_file(ctx)
    problems = file.problems()
    rows = [] if problems else [r for r in listing(configuration(ctx)) if r[2] != "default"]
    note = _reload_note(ctx) if not problems else ""
    if as_json:
        print_json(
            {
                "file": file.path,
                "problems": [{"text": one.message, "remedy": one.remedy} for one in problems],
                "settings": {name: {"value": v, "origin": origin} for name, v, origin in rows},
                "note": note,
            }
        )
    elif problems:
        for one in problems:
            say(f"wrong: {one.message}")
            if one.remedy:
                say(f"       {one.remedy}")
    else:
        print_table(("setting", "value", "from"), rows, empty="every setting is the default")
        say(f"{file.path} is right" + (f"; {note}" if note else ""))
    if problems:
        raise typer.Exit(ExitCode.SETTINGS)


def _settings_file(ctx: typer.Context) -> "SettingsFile":
    from docsorter.service.workspace.layout import find
    from docsorter.service.workspace.settings_file import SettingsFile

    # Not by its configuration: that may be what is wrong.
    named = chosen(ctx).workspace
    return SettingsFile(find(Path.cwd()) if named is None else named.absolute())


def _tell_changed(ctx: typer.Context, done: "ChangedSetting", *, as_json: bool) -> None:
    note = _reload_note(ctx, done)
    if as_json:
        print_json({**dataclasses.asdict(done), "note": note})
        return
    value = "not set" if done.value is None else done.value
    say(f"{done.name} is {value} now; wrote {done.file}")
    if done.overruled:
        say("the environment sets it too, and wins over the file")
    if note:
        say(note)


def _reload_note(ctx: typer.Context, done: "ChangedSetting | None" = None) -> str:
    """Say what a running daemon needs before it uses the file; "" when none runs or it does."""
    from docsorter.configuration import FILE_NAME
    from docsorter.service.workspace.process import WorkspaceLock, read_health

    used = configuration(ctx)
    pid, beat = WorkspaceLock(used.state).holder(), read_health(used.state)
    if pid is None:
        return ""
    changed = (used.workspace / FILE_NAME).stat().st_mtime
    if done is None and beat is not None and changed <= beat.beat_at.timestamp():
        return beat.settings_note  # it has seen the file since
    if done is not None and done.needs_restart:
        return f"docsorter runs (process {pid}): stop it and start it again to use this"
    return (
        f"docsorter runs (process {pid}) with what it read before: "
        f"systemctl reload docsorter, or kill -HUP {pid}"
    )


Name = Annotated[
    str, typer.Option(help="Tells the units of several workspaces apart: docsorter-NAME.")
]
Root = Annotated[
    Path, typer.Option(metavar="PREFIX", help="Another root folder, e.g. of an image being built.")
]


@service_app.command(epilog="Example: sudo docsorter service install /srv/paper --user docsorter")
def install(
    ctx: typer.Context,
    directory: Annotated[Path | None, typer.Argument(metavar="DIR", help="The workspace.")] = None,
    user: Annotated[
        str, typer.Option(help="Unix user of the daemon; default: the owner of the state folder.")
    ] = "",
    group: Annotated[
        str, typer.Option(help="Its group; default: that of the reviewers, else the user's own.")
    ] = "",
    name: Name = "",
    root: Root = Path("/"),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print the unit.")] = False,
) -> None:
    """Write a unit for a workspace, enable it and start it; safe to repeat."""
    from docsorter.service.systemd import Installer, account, program, render

    chosen = configuration(ctx, directory)
    installer = Installer(name, root)
    text = render(
        chosen,
        account(chosen, user, group),
        program(Path(sys.prefix)),
        [Path(sys.base_prefix), Path(__file__).resolve().parent],
    )
    if dry_run:
        typer.echo(text, nl=False)
        return
    for line in installer.install(text):
        say(line)


@service_app.command(epilog="Example: docsorter service show --json")
def show(name: Name = "", root: Root = Path("/"), as_json: AsJson = False) -> None:
    """Show which unit is installed, for which workspace, and whether it runs."""
    from docsorter.service.systemd import Installer

    found = Installer(name, root).show()
    if as_json:
        print_json(found)
        return
    fields(
        (
            ("unit", found.unit),
            ("file", f"{found.path}{'' if found.unchanged else ', changed by hand'}"),
            ("workspace", found.workspace),
            ("state", f"{found.active}, {found.enabled}"),
        )
    )


@service_app.command(epilog="Example: sudo docsorter service remove")
def remove(name: Name = "", root: Root = Path("/")) -> None:
    """Stop and disable the unit and remove its file; no document is touched."""
    from docsorter.service.systemd import Installer

    for line in Installer(name, root).remove():
        say(line)
