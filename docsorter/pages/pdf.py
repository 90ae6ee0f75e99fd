"""PDF through pdf2image, which is poppler: `pdfinfo` looks, `pdftoppm` draws.

Pixels are bounded before anything is drawn: pages are scaled to a number of pixels, never drawn at
a resolution, since a file of a few hundred bytes can claim a page of 200,000 by 200,000 points.
"""

import operator
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from typing import BinaryIO, Final

import pdf2image
from pdf2image.exceptions import (
    PDFInfoNotInstalledError,
    PDFPageCountError,
    PDFPopplerTimeoutError,
)
from PIL import Image

from docsorter.documents import ReasonCode
from docsorter.errors import DependencyError, DocumentError
from docsorter.pages import producer
from docsorter.pages.pictures import (
    KilledError,
    Pictures,
    Wanted,
    damaged,
    no_such_page,
    too_large,
    truncated,
)

_WHAT: Final = "the PDF"
# The document is standard input: poppler inherits it and opens it again under this name, so that
# no file name of a stranger reaches a command line.
_PATH: Final = "/proc/self/fd/0"
_AT_ONCE: Final = 16  # pages held in memory at the same time
_SIZE: Final = re.compile(r"([\d.]+) x ([\d.]+) pts")
_OUT_OF_MEMORY: Final = re.compile(r"out of memory|bad_alloc|memory allocation", re.IGNORECASE)
_UNIFORM: Final = 5  # levels of 0-255
_LYING: Final = (90, 270)
_TOLERANCE: Final = 2  # pixels, for rounding


def read(file: BinaryIO, wanted: Wanted, *, media_type: str, tail_missing: bool) -> Pictures:
    """Read a PDF; the document must be standard input.

    Raises:
        DocumentError: Why it cannot be read.
        DependencyError: poppler is not installed.
    """
    del media_type, file
    if tail_missing:
        raise truncated(_WHAT)
    if not (shutil.which("pdfinfo") and shutil.which("pdftoppm")):
        raise poppler_missing()
    info = _info(wanted)
    total = int(str(info["Pages"]))
    if total < 1:
        raise _no_pages()
    told = producer.joined((info.get("Producer"), info.get("Creator")))
    return Pictures(total, _pages(info, wanted.numbers(total), wanted), told)


def poppler_missing() -> DependencyError:
    """Return the error of a machine without poppler."""
    return DependencyError(
        "cannot read PDF files: poppler's programs pdfinfo and pdftoppm are not installed",
        remedy="apt install poppler-utils",
    )


def _no_pages() -> DocumentError:
    return DocumentError(ReasonCode.EMPTY, f"{_WHAT} has no pages", remedy="scan or send it again")


def _info(wanted: Wanted) -> dict[str, object]:
    try:
        info: dict[str, object] = pdf2image.pdfinfo_from_path(
            _PATH,
            timeout=wanted.seconds,
            first_page=wanted.first + 1,
            last_page=wanted.first + wanted.count,
        )
    except PDFPageCountError as error:
        raise _refusal(str(error).partition("\n")[2]) from error
    except PDFInfoNotInstalledError as error:
        raise (error.__context__ or error) from None  # the OSError behind it says more
    except PDFPopplerTimeoutError as error:
        raise TimeoutError from error
    return info


def _refusal(said: str) -> Exception:
    """Return what the error output of poppler means."""
    if "Incorrect password" in said or "security handler" in said.lower():
        return DocumentError(
            ReasonCode.ENCRYPTED,
            f"{_WHAT} is encrypted and opens with a password only",
            remedy="remove the password and send it again",
        )
    outside = re.search(r"first page \((\d+)\) can not be after the last page \((\d+)\)", said)
    if outside:
        there = int(outside[2])
        return no_such_page(int(outside[1]), there) if there else _no_pages()
    if _OUT_OF_MEMORY.search(said):
        return MemoryError()
    first = next((line for line in said.splitlines() if line.strip()), "no reason given")
    detail = re.sub(r"^(Syntax Error|Internal Error|Command Line Error)[^:]*: ", "", first)
    return damaged(_WHAT, producer.clean(detail) or "poppler cannot open it")


def _box(info: dict[str, object], number: int, wanted: Wanted) -> tuple[float, float]:
    """Return the sides of a page as it is seen, in points."""
    fields = {" ".join(key.split()): str(value) for key, value in info.items()}
    match = _SIZE.match(fields.get(f"Page {number + 1} size", ""))
    if match is None:
        raise damaged(_WHAT, f"page {number + 1} has no size")
    width, height = float(match[1]), float(match[2])
    if min(width, height) <= 0:
        raise damaged(_WHAT, f"page {number + 1} is {width:g} x {height:g} points")
    if width * height > wanted.max_pixels:
        # Drawn at a mere 72 dpi it would be over the limit already: no paper is 5 m by 5 m.
        raise too_large(round(width * height), wanted)
    rotated = float(fields.get(f"Page {number + 1} rot", "0") or 0) % 360
    return (height, width) if rotated in _LYING else (width, height)


def _pages(info: dict[str, object], numbers: range, wanted: Wanted) -> Iterator[Image.Image]:
    boxes = {number: _box(info, number, wanted) for number in numbers}
    for start in range(numbers.start, numbers.stop, _AT_ONCE):
        run = range(start, min(start + _AT_ONCE, numbers.stop))
        drawn = _draw(run, wanted)
        for number in run:
            index = number - run.start
            if index >= len(drawn) or not _as_expected(drawn[index], boxes[number], wanted):
                raise _why_not_drawn(number, wanted)
            if _is_uniform(drawn[index]):
                _check_blank(number, wanted)
            yield drawn[index]


def _draw(run: range, wanted: Wanted) -> list[Image.Image]:
    try:
        drawn: list[Image.Image] = pdf2image.convert_from_path(
            _PATH,
            first_page=run.start + 1,
            last_page=run.stop,
            size=wanted.pixels,
            use_cropbox=True,
            timeout=wanted.seconds,
        )
        for image in drawn:
            image.load()
    except PDFPopplerTimeoutError as error:
        raise TimeoutError from error
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        return []  # half a picture came: the page is drawn again to hear why
    return drawn


def _as_expected(image: Image.Image, box: tuple[float, float], wanted: Wanted) -> bool:
    """Whether a picture has the shape of its page: poppler may draw one white dot instead.

    See Belval/pdf2image#34: a page too long for memory comes back as 1 x 1, with exit status 0.
    """
    longest = max(box)
    return all(
        abs(side - max(1.0, wanted.pixels * points / longest)) <= _TOLERANCE
        for side, points in zip(image.size, box, strict=True)
    )


def _is_uniform(image: Image.Image) -> bool:
    low, high = zip(*image.convert("RGB").getextrema(), strict=True)
    return bool(max(map(operator.sub, high, low)) <= _UNIFORM)


def _check_blank(number: int, wanted: Wanted) -> None:
    """Refuse a blank page that is blank because what is on it could not be drawn.

    poppler draws on when a picture needs too much memory or is damaged, with exit status 0.
    """
    said = _draw_again(number, wanted).stderr
    if _OUT_OF_MEMORY.search(said):
        raise MemoryError
    if said.strip():
        raise damaged(_WHAT, f"nothing on page {number + 1} can be drawn")


def _why_not_drawn(number: int, wanted: Wanted) -> Exception:
    done = _draw_again(number, wanted)
    if _OUT_OF_MEMORY.search(done.stderr):
        return MemoryError()
    if done.returncode == -signal.SIGKILL:
        return KilledError()
    if done.returncode < 0:
        return damaged(_WHAT, f"page {number + 1} crashes poppler (signal {-done.returncode})")
    return damaged(_WHAT, f"page {number + 1} cannot be drawn")


def _draw_again(number: int, wanted: Wanted) -> "subprocess.CompletedProcess[str]":
    """Draw one page again, only to hear what poppler has to say."""
    page = str(number + 1)
    command = ["pdftoppm", "-cropbox", "-f", page, "-l", page]
    return subprocess.run(
        [*command, "-scale-to", str(wanted.pixels), _PATH],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
        encoding="utf-8",
        errors="replace",
    )
