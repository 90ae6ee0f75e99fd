"""A child's result becomes a `PageSet`; it has parsed hostile bytes, so nothing is believed."""

from typing import Any, Final

import numpy as np

from docsorter.documents import PageSet, ReasonCode
from docsorter.errors import (
    DependencyError,
    DocsorterError,
    DocumentError,
    EnvironmentFaultError,
    NotFoundError,
)
from docsorter.pages import refusals
from docsorter.pages.producer import clean
from docsorter.pages.traits import checked

_CHANNELS: Final = 3
_MOST_NOTES: Final = 20
_LINE: Final = 300  # characters of a message
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_MEDIA_TYPES: Final = frozenset(
    {
        "application/pdf",
        "image/tiff",
        "image/jpeg",
        "image/png",
        "image/webp",
        "image/bmp",
        "image/heic",
    }
)
_REFUSALS: Final = frozenset(
    {
        ReasonCode.EMPTY,
        ReasonCode.UNSUPPORTED,
        ReasonCode.ENCRYPTED,
        ReasonCode.TRUNCATED,
        ReasonCode.DAMAGED,
        ReasonCode.TOO_LARGE,
        ReasonCode.TIME_LIMIT,
        ReasonCode.MEMORY_LIMIT,
    }
)
_FAULTS: Final[dict[str, type[DocsorterError]]] = {
    "dependency": DependencyError,
    "not_found": NotFoundError,
    "environment": EnvironmentFaultError,
}


def raise_refusal(header: dict[str, Any]) -> None:
    """Raise what a header says went wrong, if anything.

    Raises:
        DocumentError: The document was refused.
        DocsorterError: The surroundings failed, as the kind of error says.
    """
    message = clean(str(header.get("message", "")), _LINE)
    remedy = clean(str(header.get("remedy", "")), _LINE)
    if "refused" in header:
        code = header["refused"]
        if code not in _REFUSALS:
            raise refusals.crashed("its answer makes no sense")
        raise DocumentError(ReasonCode(code), message, remedy=remedy)
    if header.get("fault") == "killed":
        raise refusals.killed()
    if "fault" in header:
        error = _FAULTS.get(str(header["fault"]), EnvironmentFaultError)
        raise error(message, remedy=remedy)


def page_set(header: dict[str, Any], body: bytearray, size: int) -> PageSet:
    """Return the pages of a result.

    Args:
        header: What the child says of the document.
        body: (pages, size, size, 3) uint8.
        size: Side of the classifier's square.

    Raises:
        DocumentError: `damaged`: the parts of the result do not fit together.
    """
    page = size * size * _CHANNELS
    total, media_type = header.get("total_pages"), header.get("media_type")
    count = len(body) // page
    fits = isinstance(total, int) and 1 <= count <= total and len(body) == count * page
    if not fits or media_type not in _MEDIA_TYPES:
        raise refusals.crashed("its answer does not fit together")
    notes = header.get("notes")
    return PageSet(
        pixels=np.frombuffer(body, np.uint8).reshape(count, size, size, _CHANNELS),
        total_pages=int(str(total)),
        media_type=str(media_type),
        producer=clean(str(header.get("producer", ""))),
        notes=tuple(clean(str(note)) for note in notes[:_MOST_NOTES])
        if isinstance(notes, list)
        else (),
        traits=checked(header.get("traits")),
    )


def png(header: dict[str, Any], body: bytearray) -> bytes:
    """Return the PNG of a result.

    Raises:
        DocumentError: `damaged`: it is none.
    """
    del header
    if not body.startswith(_PNG):
        raise refusals.crashed("its answer is no picture")
    return bytes(body)
