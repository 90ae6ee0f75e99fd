"""Deleting a bundle that nothing needs any more."""

import shutil
import tempfile
from pathlib import Path

from docsorter.disk import environment_reason
from docsorter.errors import ConflictError, EnvironmentFaultError, ModelError, UsageError
from docsorter.model.bundle import CARD
from docsorter.model.promotion import PromotionFile
from docsorter.model.registry import RESERVED


def remove_bundle(name: str, models_dir: Path, setting: str) -> None:
    """Delete a bundle of the models folder; it vanishes from the list at once.

    Args:
        name: Its name.
        models_dir: Where bundles are found.
        setting: Value of model.bundle.

    Raises:
        ModelError: There is no such bundle.
        UsageError: It is the starter, or named by a path.
        ConflictError: It is in use, or a rollback would lead to it.
        EnvironmentFaultError: The system refuses.
    """
    if name in RESERVED or Path(name).name != name or name.startswith("."):
        raise UsageError(
            f"{name!r} cannot be removed: it is no bundle of the state folder",
            remedy="docsorter model list shows the bundles; the starter always stays",
        )
    target = models_dir / name
    if not (target / CARD).is_file():
        raise ModelError(
            f"there is no model bundle {name!r} in {models_dir}", remedy="docsorter model list"
        )
    file = PromotionFile(models_dir)
    try:
        with file.locked():
            _refuse_needed(name, setting, file)
            attic = Path(tempfile.mkdtemp(prefix=".removed.", dir=models_dir))
            try:
                target.rename(attic / name)
            finally:
                shutil.rmtree(attic, ignore_errors=True)
    except OSError as error:
        raise EnvironmentFaultError(
            f"{name} cannot be removed: {environment_reason(error).text}",
            remedy="ask for write permission to the folder",
        ) from error


def _refuse_needed(name: str, setting: str, file: PromotionFile) -> None:
    stack = [promotion.bundle for promotion in file.read().stack()]
    if setting == name or stack[-1:] == [name]:
        raise ConflictError(
            f"the model bundle {name} is in use", remedy="promote another one first"
        )
    if name in stack:
        raise ConflictError(
            f"the model bundle {name} is what a rollback leads to",
            remedy="it can be removed when rollbacks or the starter have taken its place",
        )
