"""What a restore brings back beside the database: models and their promotion; never settings."""

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

from docsorter.configuration import FILE_NAME, Configuration
from docsorter.deliver.permissions import Permissions, permissions
from docsorter.disk import Disk
from docsorter.documents import Place
from docsorter.errors import DocsorterError
from docsorter.model.adding import add_bundle
from docsorter.model.bundle import CARD
from docsorter.model.promotion import FILE_NAME as PROMOTED_FILE
from docsorter.service.archive import MODELS, SETTINGS


@dataclass(slots=True)
class Restored:
    """What was restored.

    Attributes:
        made_at: When the backup was made; None for a plain database file, which does not say.
        rows: Rows per table, as counted in the backup.
        set_aside: Where the database is that was there before; None when there was none.
        forgotten: Documents that the backup knew and that stay forgotten.
        models: Names of model bundles that were brought back.
        notes: What was left as it is, one line each.
    """

    made_at: dt.datetime | None
    rows: dict[str, int]
    set_aside: Path | None = None
    forgotten: int = 0
    models: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def bring_models(configuration: Configuration, private: Path, report: Restored) -> None:
    """Take in the models that are missing here, each checked as `model add` checks it.

    Raises:
        OSError: The disk is full, or the models folder cannot be written to.
    """
    models, found = configuration.state / MODELS, private / MODELS
    if not found.is_dir():
        return
    allowed = permissions(configuration.settings)[Place.SPOOL]
    for bundle in sorted(path for path in found.iterdir() if (path / CARD).is_file()):
        try:
            added = add_bundle(
                bundle,
                models,
                bundle.name,
                dir_mode=allowed.dir_mode,
                file_mode=allowed.file_mode,
            )
        except DocsorterError as error:
            report.notes.append(f"model {bundle.name}: {error.message}")
        else:
            report.models += [bundle.name] if added.is_new else []
    pointer = found / PROMOTED_FILE
    if pointer.is_file():
        _bring_pointer(pointer, models / PROMOTED_FILE, allowed, report)


def _bring_pointer(source: Path, target: Path, allowed: Permissions, report: Restored) -> None:
    if not target.exists():
        Disk().write_durably(target, source.read_bytes(), allowed.file_mode)
    elif target.read_bytes() != source.read_bytes():
        report.notes.append("the promoted model stays as it is: docsorter model list")


def compare_settings(configuration: Configuration, private: Path, report: Restored) -> None:
    """Put the settings of the backup into the folder of backups where they differ.

    Raises:
        OSError: The disk is full, or the folder cannot be written to.
    """
    saved, current = private / SETTINGS, configuration.workspace / FILE_NAME
    if saved.is_file() and saved.read_bytes() != current.read_bytes():
        beside = configuration.state / "backups" / f"{FILE_NAME}.restored"
        mode = permissions(configuration.settings)[Place.SPOOL].file_mode
        Disk().write_durably(beside, saved.read_bytes(), mode)
        report.notes.append(f"the settings of the backup differ; they are in {beside}")
