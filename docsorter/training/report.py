"""HTML reports from templates, for the evaluation of a model and the data report.

They share this environment, one base template and one style
sheet. A page is one file: nothing in it runs, nothing is fetched from anywhere.
"""

import base64
import io
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image

from docsorter.documents import at_most_percent
from docsorter.errors import EnvironmentFaultError
from docsorter.filesystem import environment_reason
from docsorter.model.card import Measured

if TYPE_CHECKING:
    from numpy.typing import NDArray

NO_BREAK: Final = "\u00a0"
THIN: Final = "\u202f"

_NARROWEST: Final = 0.6
"""Padding is cut away down to this width over height: beyond, white is more likely the paper's."""


def render(template: str, **values: object) -> str:
    """Return a page made from one of the templates beside this file.

    Every value is escaped; what cannot be shown, such as control characters, appears as an escape.
    """
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("docsorter.training"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=printable,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "at_most": at_most,
        "counted": counted,
        "interval": interval_text,
        "measured": measured_text,
        "percent": percent,
        "probability": probability,
    }
    return environment


def printable(value: object) -> object:
    """Return text with what cannot be shown as escapes; anything else, and ready HTML, as it is."""
    if not isinstance(value, str) or hasattr(value, "__html__") or value.isprintable():
        return value
    return "".join(
        letter
        if letter.isprintable() or letter in {NO_BREAK, THIN}
        else letter.encode("unicode_escape").decode("ascii")
        for letter in value.encode("utf-8", "backslashreplace").decode("utf-8")
    )


def percent(share: float, digits: int = 1) -> str:
    """Write a share, 0-1, as a percentage."""
    return f"{100 * share:.{digits}f}{THIN}%"


def at_most(share: float) -> str:
    """Write an upper bound as a percentage, rounded up so that the sentence stays true."""
    return at_most_percent(share).replace(" ", THIN)


def probability(share: float) -> str:
    """Write a probability; never "100 %" where doubt is left, never "0" where hope is."""
    if 99.95 <= 100 * share < 100:
        return f">99.9{THIN}%"
    if 0 < 100 * share < 0.05:
        return f"<0.1{THIN}%"
    return percent(share)


def counted(number: int, noun: str, nouns: str = "") -> str:
    """Write a number of things: "1 document", "2,000 documents"."""
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"


def interval_text(measured: Measured, *, share: bool = True) -> str:
    """Write the 95 % interval of a figure, "" where there is none."""
    if measured.low is None or measured.high is None:
        return ""
    if share:
        return f"{100 * measured.low:.1f} to {100 * measured.high:.1f}"
    return f"{measured.low:.4f} to {measured.high:.4f}"


def measured_text(measured: Measured) -> str:
    """Write a share with its interval, or why there is none."""
    if measured.value is None:
        return f"not measurable, n = {measured.n}"
    between = interval_text(measured)
    return percent(measured.value) + (f" ({between})" if between else "")


def jpeg_uri(image: Image.Image, quality: int) -> str:
    """Return a picture as a `data:` URI, so that a report holds it itself."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def without_padding(pixels: "NDArray[np.uint8]") -> "NDArray[np.uint8]":
    """Cut off white bars that lie alike on both sides, (side, side, 3) to (height, width, 3)."""
    side = len(pixels)
    most = round(side * (1 - _NARROWEST) / 2)
    dark = (pixels < 255).any(axis=2)
    across, down = _margin(np.any(dark, axis=0), most), _margin(np.any(dark, axis=1), most)
    return pixels[down : side - down, across : side - across]


def _margin(used: "NDArray[np.bool_]", most: int) -> int:
    where = np.flatnonzero(used)
    return min(int(where[0]), len(used) - 1 - int(where[-1]), most) if len(where) else 0


def write_whole(path: Path, text: str) -> None:
    """Write a report whole or not at all, readable as the umask has it.

    Raises:
        EnvironmentFaultError: The disk is full, or the folder cannot be written.
    """
    part = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        part = Path(name)
        # A file name may hold bytes that are no UTF-8.
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(text)
        part.chmod(0o644 & ~_umask())
        part.replace(path)
    except OSError as error:
        raise not_writable(error, path) from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


def not_writable(error: OSError, path: Path) -> EnvironmentFaultError:
    """Return the error for a report that cannot be written, with what to do."""
    return EnvironmentFaultError(
        f"the report cannot be written: {path}: {environment_reason(error).text}",
        remedy="make room or choose another place with --out",
    )


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
