"""What the scanner or its software says of itself; a hint of the source, never trusted."""

from collections.abc import Iterable
from typing import Final

from PIL import Image

from docsorter.pages.pictures import BROKEN

_MAX_LENGTH: Final = 120
_MAKE: Final = 0x010F
_MODEL: Final = 0x0110
_SOFTWARE: Final = 0x0131


def clean(text: str, length: int = _MAX_LENGTH) -> str:
    """Return text as one printable line of at most `length` characters."""
    spaced = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(spaced.split())[:length].rstrip()


def joined(parts: Iterable[object]) -> str:
    """Return the parts that say something, once each, as "A / B"."""
    texts = (clean(_as_text(part)) for part in parts)
    return clean(" / ".join(dict.fromkeys(text for text in texts if text)))


def of_picture(image: Image.Image) -> str:
    """Return make and model of the scanner or camera, and the software; "" when none is told."""
    try:
        tags = image.getexif()
        camera = f"{_as_text(tags.get(_MAKE))} {_as_text(tags.get(_MODEL))}"
        return joined((camera, tags.get(_SOFTWARE)))
    except BROKEN:
        return ""


def _as_text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value if isinstance(value, str) else ""
