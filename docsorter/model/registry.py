"""Which model bundles there are: the shipped starter, and those in the state folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from docsorter.errors import ModelError
from docsorter.model.bundle import CARD
from docsorter.model.card import ModelCard, read_card
from docsorter.resources import starter_bundle_dir

STARTER: Final = "starter"
"""The name by which the shipped bundle is always found."""


@dataclass(frozen=True, slots=True)
class RegisteredBundle:
    """A bundle that can be asked for by name.

    Attributes:
        name: What to ask for.
        path: Its directory.
        card: What is known of it, None when its card cannot be read.
        problem: Why the card cannot be read, "" when it can.
    """

    name: str
    path: Path
    card: ModelCard | None
    problem: str = ""


class ModelRegistry:
    """Finds bundles by name.

    Args:
        models_dir: Folder whose sub-folders are bundles; it need not exist.
        starter: Where the shipped bundle is.
    """

    def __init__(self, models_dir: Path, *, starter: Path | None = None) -> None:
        self._models_dir = models_dir
        self._starter = starter or starter_bundle_dir()

    def resolve(self, name: str) -> Path:
        """Return the directory of a bundle.

        Args:
            name: `starter`, the name of a sub-folder, or a path (absolute, or with a slash).

        Raises:
            ModelError: There is no such bundle.
        """
        place = self._place(name)
        if not (place / CARD).is_file():
            known = ", ".join(bundle.name for bundle in self.list())
            raise ModelError(
                f"there is no model bundle {name!r}: {place} has no {CARD}",
                remedy=f"choose one of: {known}",
            )
        return place

    def list(self) -> tuple[RegisteredBundle, ...]:
        """Return the starter, then the bundles of the state folder by name."""
        found = [(STARTER, self._starter)]
        if self._models_dir.is_dir():
            folders = (path for path in self._models_dir.iterdir() if (path / CARD).is_file())
            found += sorted((path.name, path) for path in folders if path.name != STARTER)
        return tuple(_register(name, path) for name, path in found)

    def _place(self, name: str) -> Path:
        if name == STARTER:
            return self._starter
        as_path = Path(name).expanduser()
        if as_path.is_absolute() or len(as_path.parts) > 1 or name in {"", ".", ".."}:
            return as_path
        return self._models_dir / name


def _register(name: str, path: Path) -> RegisteredBundle:
    try:
        return RegisteredBundle(name, path, read_card(path / CARD))
    except ModelError as error:
        return RegisteredBundle(name, path, None, error.message)
