"""Which scanner a document came from, as far as its file tells."""

import re
from collections.abc import Mapping

_NUMBERS = re.compile(r"[\d.]+")


def scanner_of(media_type: str, producer: str, traits: Mapping[str, object]) -> str:
    """Return a name for the scanner and its settings; "" when nothing was measured.

    Two scanners set alike are one; one scanner set differently is two, for its pages look it.
    Numbers of versions do not count.

    Args:
        media_type: What the bytes are.
        producer: What the scanner or its software says of itself.
        traits: Of `docsorter.pages.traits`.
    """
    if not traits:
        return ""
    name = " ".join(_NUMBERS.sub(" ", producer).split()).strip(" /-") or "unnamed"
    dots = traits.get("dpi")
    resolution = f"{dots:.0f} dpi" if isinstance(dots, int | float) and dots else "no resolution"
    kind = media_type.rpartition("/")[2] or "unknown"
    return f"{name}, {kind}, {resolution}, {traits.get('ink', 'unknown')}"
