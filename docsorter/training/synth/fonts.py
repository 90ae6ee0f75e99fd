"""Which typefaces a document may be set in; those of the test split are never trained on.

Fonts come from small packages of fonts, from the typesetter and from Matplotlib, and the
system's own Liberation faces (look of Arial, Times and Courier) join in where they are
installed. A face that is missing is left out, so the same seed can look different on a
machine with other fonts; ``fingerprint`` says which were found.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import typst

from docsorter.training.synth.kinds import Split

Role = Literal["sans", "serif", "mono", "display", "hand"]

_PACKAGES = (
    "font_roboto",
    "font_caladea",
    "font_source_sans_pro",
    "font_source_serif_pro",
    "font_hanken_grotesk",
    "font_manrope",
    "font_amatic_sc",
    "font_intuitive",
    "font_fredoka_one",
)

_FACES: dict[Role, dict[Split, tuple[str, ...]]] = {
    "sans": {
        "train": ("Liberation Sans", "Liberation Sans", "Liberation Sans", "Roboto", "DejaVu Sans"),
        "test": ("Hanken Grotesk", "Manrope", "Source Sans Pro"),
    },
    "serif": {
        "train": (
            "Liberation Serif",
            "Liberation Serif",
            "Caladea",
            "Libertinus Serif",
            "STIXGeneral",
        ),
        "test": ("Source Serif Pro", "New Computer Modern", "DejaVu Serif"),
    },
    "mono": {
        "train": ("Liberation Mono", "cmtt10"),
        "test": ("DejaVu Sans Mono",),
    },
    "display": {
        "train": ("Fredoka One", "Liberation Sans", "Roboto", "Liberation Serif"),
        "test": ("Amatic SC", "Manrope", "Source Serif Pro"),
    },
    "hand": {"train": ("Intuitive",), "test": ("Amatic SC",)},
}


# What a split falls back to: faces inside the typesetter itself.
_INSIDE: dict[Split, str] = {"train": "Libertinus Serif", "test": "New Computer Modern"}


@dataclass(frozen=True)
class FontBook:
    """The fonts found on this machine, ready for the typesetter."""

    fonts: typst.Fonts
    families: frozenset[str]

    def faces(self, role: Role, split: Split) -> tuple[str, ...]:
        """Return the families for ``role`` that ``split`` may use; never empty."""
        found = tuple(f for f in _FACES[role][split] if f in self.families)
        if found:
            return found
        return (_INSIDE[split],)

    @property
    def fingerprint(self) -> str:
        """Short hash of the families found that documents can be set in."""
        known = {f for by_split in _FACES.values() for faces in by_split.values() for f in faces}
        return hashlib.sha256("\n".join(sorted(known & self.families)).encode()).hexdigest()[:8]


def _package_folder(name: str) -> Path | None:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


@cache
def font_book() -> FontBook:
    """Find the fonts once per process."""
    folders = [folder for name in _PACKAGES if (folder := _package_folder(name)) is not None]
    matplotlib = _package_folder("matplotlib")
    if matplotlib is not None:
        folders.append(matplotlib / "mpl-data" / "fonts" / "ttf")
    fonts = typst.Fonts(font_paths=[str(folder) for folder in folders])
    return FontBook(fonts, frozenset(fonts.families()))
