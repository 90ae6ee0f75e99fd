"""Which model bundles there are, and which is in use: the starter, those in the state folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from docsorter.errors import ModelError
from docsorter.model.bundle import CARD
from docsorter.model.card import ModelCard, read_card
from docsorter.model.promotion import PROMOTED, Promotion, PromotionFile, fingerprint
from docsorter.resources import starter_bundle_dir

STARTER: Final = "starter"
"""The name by which the shipped bundle is always found."""

RESERVED: Final = frozenset({STARTER, PROMOTED})
"""Names that no bundle in the state folder can have."""


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


@dataclass(frozen=True, slots=True)
class InUse:
    """The bundle that decides.

    Attributes:
        name: Its name, or the path in the settings.
        path: Its directory.
        promotion: Who put it to use; None for one that was never promoted.
    """

    name: str
    path: Path
    promotion: Promotion | None = None


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
            name: `starter`, `promoted`, the name of a sub-folder, or a path (absolute, or with a
                slash).

        Raises:
            ModelError: There is no such bundle.
        """
        if name == PROMOTED:
            return self.in_use(PROMOTED).path
        place = self._place(name)
        if not (place / CARD).is_file():
            known = ", ".join(bundle.name for bundle in self.list())
            raise ModelError(
                f"there is no model bundle {name!r}: {place} has no {CARD}",
                remedy=f"choose one of: {known}",
            )
        return place

    def in_use(self, setting: str) -> InUse:
        """Return the bundle that decides.

        Args:
            setting: Value of model.bundle; `promoted` means the one promoted last, the starter
                while none was.

        Raises:
            ModelError: There is no such bundle, or the list of promotions is damaged.
        """
        if setting != PROMOTED:
            return InUse(setting, self.resolve(setting))
        promotion = PromotionFile(self._models_dir).read().current
        name = STARTER if promotion is None else promotion.bundle
        return InUse(name, self.resolve(name), promotion)

    def list(self) -> tuple[RegisteredBundle, ...]:
        """Return the starter, then the bundles of the state folder by name."""
        found = [(STARTER, self._starter)]
        if self._models_dir.is_dir():
            found += sorted(
                (path.name, path)
                for path in self._models_dir.iterdir()
                if (path / CARD).is_file() and path.name not in RESERVED and path.name[0] != "."
            )
        return tuple(_register(name, path) for name, path in found)

    def _place(self, name: str) -> Path:
        if name == STARTER:
            return self._starter
        as_path = Path(name).expanduser()
        if as_path.is_absolute() or len(as_path.parts) > 1 or name in {"", ".", ".."}:
            return as_path
        return self._models_dir / name


def refuse_changed(used: InUse) -> str:
    """Return the fingerprint of a bundle unless its files were replaced since it was promoted.

    The starter is exempt: it changes with the package.

    Raises:
        ModelError: They were; nobody has looked at what is there now.
    """
    found = fingerprint(used.path)
    promotion = used.promotion
    if promotion is not None and used.name != STARTER and found != promotion.fingerprint:
        raise ModelError(
            f"the model bundle {used.name} was replaced since {promotion.by} promoted it at "
            f"{promotion.at:%Y-%m-%d %H:%M} UTC: {used.path}",
            remedy=f"check it and put it to use with: docsorter model promote {used.name}; or "
            "go back with: docsorter model rollback",
        )
    return found


def _register(name: str, path: Path) -> RegisteredBundle:
    try:
        return RegisteredBundle(name, path, read_card(path / CARD))
    except ModelError as error:
        return RegisteredBundle(name, path, None, error.message)
