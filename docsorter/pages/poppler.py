"""poppler for the PDF pages that have to be rendered: `pdfinfo` describes, `pdftoppm` renders.

pdf2image's `convert_from_path` starts four programs for a document: `pdfinfo` again, the version of
`pdftoppm`, then `pdftoppm`, whose error output it throws away. Here one `pdftoppm` renders a run
of pages, and its error output is kept, since that tells a blank sheet from a page that failed.
"""

import operator
import re
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import pdf2image
from pdf2image.exceptions import (
    PDFInfoNotInstalledError,
    PDFPageCountError,
    PDFPopplerTimeoutError,
)
from pdf2image.parsers import parse_buffer_to_ppm
from PIL import Image

from docsorter.documents import ReasonCode
from docsorter.errors import DependencyError, DocumentError
from docsorter.pages import images
from docsorter.pages.images import KilledError, PageRequest, damaged, no_such_page

WHAT: Final = "the PDF"
# The document is standard input: poppler inherits it and opens it again under this name, so that
# no file name of a stranger reaches a command line.
PATH: Final = "/proc/self/fd/0"
_OUT_OF_MEMORY: Final = re.compile(r"out of memory|bad_alloc|memory allocation", re.IGNORECASE)
_UNIFORM: Final = 5  # levels of 0-255
_FEW: Final = 64  # dots across and down


@dataclass(frozen=True, slots=True)
class RenderedPages:
    """The result of rendering a run of pages."""

    pages: list[Image.Image]
    said: str


def missing() -> DependencyError:
    """Return the error of a machine without poppler."""
    return DependencyError(
        "cannot read PDF files: poppler's programs pdfinfo and pdftoppm are not installed",
        remedy="apt install poppler-utils",
    )


def no_pages() -> DocumentError:
    """Return the refusal of a PDF that holds no page."""
    return DocumentError(ReasonCode.EMPTY, f"{WHAT} has no pages", remedy="scan or send it again")


def document_info(wanted: PageRequest) -> dict[str, object]:
    """Return what `pdfinfo` says of the document and of the wanted pages.

    Raises:
        DocumentError: It cannot be opened, and why.
        DependencyError: poppler is not installed.
        TimeoutError: It took too long.
    """
    try:
        info: dict[str, object] = pdf2image.pdfinfo_from_path(
            PATH,
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
    """Return what the error output of `pdfinfo` means."""
    if "Incorrect password" in said or "security handler" in said.lower():
        return DocumentError(
            ReasonCode.ENCRYPTED,
            f"{WHAT} is encrypted and opens with a password only",
            remedy="remove the password and send it again",
        )
    outside = re.search(r"first page \((\d+)\) can not be after the last page \((\d+)\)", said)
    if outside:
        there = int(outside[2])
        return no_such_page(int(outside[1]), there) if there else no_pages()
    if _OUT_OF_MEMORY.search(said):
        return MemoryError()
    first = next((line for line in said.splitlines() if line.strip()), "no reason given")
    detail = re.sub(r"^(Syntax Error|Internal Error|Command Line Error)[^:]*: ", "", first)
    return damaged(WHAT, images.clean(detail) or "poppler cannot open it")


def render(run: range, wanted: PageRequest, copy: bytes = b"") -> RenderedPages:
    """Render a run of pages, each scaled to the wanted number of pixels.

    Args:
        run: Their numbers, counted from 0.
        wanted: How large they are.
        copy: A copy of the document to take instead, repaired.

    Raises:
        TimeoutError: It took too long.
        OSError: poppler could not be started.
    """
    done = _run(_command(run, wanted, copy), wanted.seconds, copy, output=subprocess.PIPE)
    said = done.stderr.decode(errors="replace")
    try:
        pages: list[Image.Image] = parse_buffer_to_ppm(done.stdout)
        for image in pages:
            image.load()
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        return RenderedPages([], said)  # half a page came: it is rendered again for the reason
    return RenderedPages(pages, said)


def blank_failure(number: int, wanted: PageRequest, copy: bytes) -> DocumentError | None:
    """Return why a page is blank, None when nothing is on it.

    poppler draws on when a picture needs too much memory or is damaged, with exit status 0.
    """
    said = _render_again(number, wanted, copy).stderr
    if _OUT_OF_MEMORY.search(said):
        return _too_much_memory(number)
    if said.strip():
        return damaged(WHAT, f"nothing on page {number + 1} can be drawn")
    return None


def render_failure(number: int, wanted: PageRequest, copy: bytes) -> DocumentError:
    """Return why a page cannot be rendered, by rendering it once more.

    Raises:
        KilledError: The program was killed from outside.
    """
    done = _render_again(number, wanted, copy)
    if _OUT_OF_MEMORY.search(done.stderr):
        return _too_much_memory(number)
    if done.returncode == -signal.SIGKILL:
        raise KilledError
    if done.returncode < 0:
        return damaged(WHAT, f"page {number + 1} crashes poppler (signal {-done.returncode})")
    return damaged(WHAT, f"page {number + 1} cannot be drawn")


def _too_much_memory(number: int) -> DocumentError:
    return DocumentError(
        ReasonCode.MEMORY_LIMIT,
        f"drawing page {number + 1} takes too much memory",
        remedy="scan at a lower resolution, or raise pages.memory_limit_mb",
    )


def is_uniform(image: Image.Image) -> bool:
    """Whether nothing at all is to be seen on a page; of most pages a few dots tell."""
    few = image.resize((_FEW, _FEW), Image.Resampling.NEAREST)
    return _spread(few) <= _UNIFORM and _spread(image) <= _UNIFORM


def _spread(image: Image.Image) -> int:
    """Return by how many levels the pixels of a picture differ at most."""
    low, high = zip(*image.convert("RGB").getextrema(), strict=True)
    return int(max(map(operator.sub, high, low)))


def _command(run: range, wanted: PageRequest, copy: bytes) -> list[str]:
    first, last = str(run.start + 1), str(run.stop)
    size = str(wanted.pixels)
    source = "-" if copy else PATH
    return ["pdftoppm", "-cropbox", "-f", first, "-l", last, "-scale-to", size, source]


def _render_again(
    number: int, wanted: PageRequest, copy: bytes
) -> "subprocess.CompletedProcess[str]":
    """Render one page again, only for what poppler says."""
    command = _command(range(number, number + 1), wanted, copy)
    done = _run(command, wanted.seconds, copy, output=subprocess.DEVNULL)
    said = done.stderr.decode(errors="replace")
    return subprocess.CompletedProcess(command, done.returncode, stderr=said)


def _run(
    command: list[str], seconds: float, copy: bytes, *, output: int
) -> "subprocess.CompletedProcess[bytes]":
    """Run a program, with the document or a copy of it as standard input, and keep what it says.

    `subprocess.run` kills the program when anything fails, which the sandbox forbids: that error
    would hide the first, such as memory used up by endless complaints. In the sandbox the program
    ends with its process group, as soon as this process does.

    Raises:
        TimeoutError: It took too long.
        MemoryError: It said too much.
    """
    source = subprocess.PIPE if copy else None
    process = subprocess.Popen(command, stdin=source, stdout=output, stderr=subprocess.PIPE)
    try:
        out, said = process.communicate(copy or None, timeout=seconds)
    except BaseException as error:
        with suppress(PermissionError):
            process.kill()
            process.wait()
        if isinstance(error, subprocess.TimeoutExpired):
            raise TimeoutError from error
        raise
    return subprocess.CompletedProcess(command, process.returncode, out, said)
