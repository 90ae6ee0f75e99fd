"""verify, forget, maintain, migrate, backup, restore: the upkeep of a workspace."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docsorter.cli.context import AsJson, Yes, configuration, group, reviewer
from docsorter.cli.output import confirm, fields, print_json, print_table, say, stage_bars, when
from docsorter.errors import ExitCode

if TYPE_CHECKING:
    from docsorter.service.upkeep.forget import ForgetReport
    from docsorter.service.upkeep.verify import VerifyReport


app = group()


@app.command(epilog="Example: docsorter backup /mnt/nas --keep 14")
def backup(
    ctx: typer.Context,
    path: Annotated[
        Path | None,
        typer.Argument(metavar="PATH", help="A file, or a folder; default: in the state folder."),
    ] = None,
    keep: Annotated[
        int | None, typer.Option(min=1, help="Keep so many backups in that folder.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Back up database, settings and models while docsorter runs; the copy is checked.

    The documents are not in it: they are plain files, which any backup program takes.
    """
    from docsorter.service.upkeep.backup import make_backup
    from docsorter.service.workspace.layout import open_workspace_store

    chosen = configuration(ctx)
    with open_workspace_store(chosen) as store:
        file, made = make_backup(chosen, store, actor=reviewer(ctx)[0], target=path, keep=keep)
    if as_json:
        print_json({"file": file, **made.model_dump(mode="json")})
        return
    size = file.stat().st_size / 2**20
    models = {member.name.split("/")[1] for member in made.members if member.name.count("/") > 1}
    fields(
        (
            ("backup", file),
            ("holds", f"{size:.1f} MB, {made.rows.get('documents', 0)} documents by name"),
            ("models", f"{', '.join(sorted(models)) or 'only the starter, which is not in it'}"),
            ("checked", "read back, every checksum compared, the database is sound"),
        )
    )
    say("the documents are not in it; docs/run/maintenance.md says what to back up beside it")


@app.command(epilog="Example: docsorter restore docsorter-backup-20261125T020000Z.tar")
def restore(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A backup, or a database copy.")],
    as_json: AsJson = False,
) -> None:
    """Put a backup in place of the database; stop the daemon first.

    What is there is set aside, what was forgotten stays forgotten, settings are not touched.
    """
    from docsorter.service.upkeep.restore import restore_backup

    chosen = configuration(ctx)
    done = restore_backup(chosen, path, actor=reviewer(ctx)[0])
    if as_json:
        print_json(done)
        return
    made = "an unknown time" if done.made_at is None else when(done.made_at)
    rows = [
        ("restored", f"the database of {made}, {done.rows.get('documents', 0)} documents"),
        ("before", done.set_aside or "there was none"),
        ("models", ", ".join(done.models) or "none were missing"),
    ]
    if done.forgotten:
        rows.append(("forgotten", f"{done.forgotten} documents stay forgotten"))
    rows += [("note", note) for note in done.notes]
    fields(rows)
    say("next: docsorter verify --repair brings what came since into the database again")


@app.command(epilog="Example: docsorter verify --repair")
def verify(
    ctx: typer.Context,
    repair: Annotated[
        bool, typer.Option("--repair", help="Mend what can be mended without losing a byte.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare the database with the folders, and every document with its SHA-256.

    A daemon may run meanwhile. Exit code 13 when something is found and not repaired.
    """
    from docsorter.clock import SystemClock
    from docsorter.service.daemon.assembly import open_mover
    from docsorter.service.upkeep.verify import Repairer, Verifier
    from docsorter.service.workspace.layout import open_workspace_store

    chosen, clock = configuration(ctx), SystemClock()
    with open_workspace_store(chosen, clock) as store:
        with stage_bars() as progress:
            report = Verifier(chosen, store).verify(progress)
        if repair and report.findings:
            mover = open_mover(chosen, store, clock)
            report.findings = Repairer(chosen, store, mover, reviewer(ctx)[0], clock).repair(
                report.findings
            )
    if as_json:
        print_json(report)
    else:
        _print_findings(report)
    if any(not finding.repaired for finding in report.findings):
        raise typer.Exit(ExitCode.FINDINGS)


@app.command(epilog='Example: docsorter forget 7 --reason "asked by the sender" --yes')
def forget(
    ctx: typer.Context,
    document_id: Annotated[int, typer.Argument(metavar="ID", help="Number of the document.")],
    reason: Annotated[
        str, typer.Option(help="Why; kept in the log, so name nothing that is to be forgotten.")
    ] = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Erase a document everywhere: file, sidecar, name, what was seen in it, and in backups.

    That it was there, when, and who did what stays in the log. This cannot be undone.
    """
    from docsorter.service.upkeep.forget import Forgetting
    from docsorter.service.workspace.layout import open_workspace_store

    chosen = configuration(ctx)
    name, uid = reviewer(ctx)
    with open_workspace_store(chosen) as store:
        document = store.documents.get(document_id)
        if not yes:
            say(f"document {document.id}  {document.name}, {document.state}")
        confirm("erase it everywhere? This cannot be undone", yes=yes)
        done = Forgetting(chosen, store).forget(document_id, actor=name, uid=uid, reason=reason)
    if as_json:
        print_json(done)
    else:
        _print_forgotten(done)


@app.command(epilog="Example: docsorter maintain --check")
def maintain(
    ctx: typer.Context,
    check: Annotated[
        bool | None,
        typer.Option("--check/--no-check", help="Check the whole database; default: weekly."),
    ] = None,
    compact: Annotated[
        bool, typer.Option("--compact", help="Write the database anew; stop the daemon first.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Do the daily maintenance now: retention, statistics, free pages, log; the daemon does it too.

    Exit code 13 when the database is not sound.
    """
    from contextlib import nullcontext

    from docsorter.service.upkeep.maintenance import Maintenance
    from docsorter.service.workspace.layout import open_workspace_store
    from docsorter.service.workspace.process import WorkspaceLock

    chosen = configuration(ctx)
    lock = WorkspaceLock(chosen.state) if compact else nullcontext()
    with lock, open_workspace_store(chosen) as store, stage_bars() as progress:
        report = Maintenance(chosen, store).maintain(progress, check=check, compact=compact)
        size = store.upkeep.size()
    if as_json:
        print_json({**dataclasses.asdict(report), "database_bytes": size})
    else:
        fields(
            (
                ("forgotten", f"{len(report.forgotten)} rejected documents kept long enough"),
                ("predictions", f"{report.predictions} removed"),
                ("database", f"{size / 2**20:.1f} MB, {report.freed_pages} pages given back"),
                ("checked", _checked(checked=report.checked, findings=report.findings)),
            )
        )
    if report.findings:
        raise typer.Exit(ExitCode.FINDINGS)


@app.command(epilog="Example: docsorter migrate --to 0001")
def migrate(
    ctx: typer.Context,
    to: Annotated[
        str, typer.Option("--to", metavar="REVISION", help="Another revision, also an older one.")
    ] = "",
) -> None:
    """Bring the database to this version's schema, or to another; a backup is made first.

    `docsorter run` does so by itself. To go back to an older docsorter, migrate to its revision
    with this version, then install the older one.
    """
    from docsorter.service.workspace.layout import migrate_workspace
    from docsorter.service.workspace.process import WorkspaceLock
    from docsorter.store.tables import SCHEMA_VERSION

    chosen = configuration(ctx)
    with WorkspaceLock(chosen.state):
        backup = migrate_workspace(chosen, to=to)
    say(f"the database is at revision {to or SCHEMA_VERSION}")
    if backup is not None:
        say(f"as it was before: {backup}")


def _print_findings(report: "VerifyReport") -> None:
    print_table(
        ("what", "found", "done about it"),
        ((f.trouble.value, f.text, f.repaired or f.remedy or "--repair") for f in report.findings),
        empty="everything is as it should be",
    )
    left = sum(1 for finding in report.findings if not finding.repaired)
    say(
        f"{report.documents} documents and {report.files} files examined; "
        f"{len(report.findings)} findings, {left} of them stand"
    )


def _print_forgotten(done: "ForgetReport") -> None:
    say(f"document {done.document_id} is forgotten")
    for path in done.removed:
        say(f"removed      {path}")
    for path in done.backups.rewritten:
        say(f"rewritten    {path}")
    for text in done.backups.out_of_reach:
        say(f"NOT REACHED  {text}")
    if not done.log_merged:
        say("somebody reads the database just now; docsorter maintain empties its log later")
    if done.models:
        learned = ", ".join(done.models)
        say(f"learned from it, and keep what they learned: {learned}; they hold no page of it")
    for number in done.twins:
        say(f"document {number} has the same bytes; forget it as well: docsorter forget {number}")


def _checked(*, checked: bool, findings: list[str]) -> str:
    if findings:
        return f"NOT SOUND: {'; '.join(findings[:3])}"
    return "sound" if checked else "not due; --check does it now"
