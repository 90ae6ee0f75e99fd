"""backup and restore: what cannot be made again, in one file, and back."""

from pathlib import Path
from typing import Annotated

import typer

from docsorter.cli.context import AsJson, configuration, reviewer
from docsorter.cli.output import fields, print_json, say, when


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command(epilog="Example: docsorter backup /mnt/nas --keep 14")(backup)
    app.command(epilog="Example: docsorter restore docsorter-backup-20261125T020000Z.tar")(restore)


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
    from docsorter.service.backing_up import make_backup
    from docsorter.service.migration import open_workspace_store

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
    say("the documents are not in it; docs/care.md says what to back up beside it")


def restore(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A backup, or a database copy.")],
    as_json: AsJson = False,
) -> None:
    """Put a backup in place of the database; stop the daemon first.

    What is there is set aside, what was forgotten stays forgotten, settings are not touched.
    """
    from docsorter.service.restoring import restore_backup

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
