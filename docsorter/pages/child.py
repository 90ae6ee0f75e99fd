"""What a child does between its fork and its end: shut itself in, read, leave a result."""

import fcntl
import gc
import io
import os
import resource
import signal
from collections.abc import Callable
from typing import Any, BinaryIO, Final, NoReturn

from PIL import Image

from docsorter.documents import ReasonCode
from docsorter.errors import DependencyError, DocumentError, NotFoundError
from docsorter.pages import refusals
from docsorter.pages.families import open_document
from docsorter.pages.fit import centred, flatten, reduce_to
from docsorter.pages.pictures import KilledError, Pictures, Wanted, no_such_page
from docsorter.pages.protocol import NOT_SHUT_IN, Request, write_result
from docsorter.pages.sandbox.confine import Bounds, Features, confine
from docsorter.pages.traits import Traits, traits_of

_DOCUMENT: Final = 0  # standard input, so that poppler inherits it
_RESULT: Final = 3
_ABOVE: Final = 16  # descriptors are put aside here while they change places
_USEFUL: Final = 8 / 3  # pages are drawn this much larger than the classifier's square
_AVERAGED: Final = 4 / 3  # and pictures averaged down to no less; docs/performance.md has the cost
_FAILED: Final = 70  # EX_SOFTWARE of sysexits.h

_Answer = tuple[dict[str, Any], list[bytes]]


def run(
    request: Request, features: Features, *, server: int, document: int, result: int
) -> NoReturn:
    """Read one document and end this process; nothing else may run in it."""
    status = _FAILED
    try:
        gc.disable()  # it is over before there is anything to collect
        os.setpgid(0, 0)
        _reset_signals()
        _take_places(document, result)
        bounds = Bounds(request.time_limit, request.memory_limit, request.max_result)
        try:
            confine(features, bounds, server=server, document=_DOCUMENT)
        except OSError:
            os._exit(NOT_SHUT_IN)
        header, body = answer(request)
        write_result(_RESULT, header, iter(body))
        status = 0
    finally:
        os._exit(status)


def answer(request: Request) -> _Answer:
    """Return header and body of the result, a refusal being one as well."""
    try:
        with os.fdopen(_DOCUMENT, "rb", closefd=False) as file:
            return _KINDS[request.kind](file, request)
    except DocumentError as error:
        refusal = error
    except DependencyError as error:
        return {"fault": "dependency", "message": error.message, "remedy": error.remedy}, []
    except NotFoundError as error:
        return {"fault": "not_found", "message": error.message, "remedy": error.remedy}, []
    except MemoryError:
        refusal = refusals.memory_limit(request)
    except TimeoutError:
        refusal = refusals.time_limit(request)
    except KilledError:
        return {"fault": "killed"}, []
    except OSError as error:
        return {"fault": "environment", "message": error.strerror or str(error)}, []
    except Exception as error:  # noqa: BLE001 - hostile bytes reach any line of any decoder
        refusal = refusals.crashed(type(error).__name__)
    return {"refused": refusal.code, "message": refusal.message, "remedy": refusal.remedy}, []


def _pages(file: BinaryIO, request: Request) -> _Answer:
    wanted = _wanted(request, _USEFUL, _AVERAGED)
    media_type, pictures = open_document(file, wanted, request.suffix)
    traits: Traits = {}
    squares = []
    for page in pictures.pages:
        small = reduce_to(page, request.size)
        traits = traits or traits_of(page, small)
        squares.append(centred(small, request.size).tobytes())
    white = b"\xff" * (request.size * request.size * 3)
    if all(square == white for square in squares):
        raise _blank(len(squares))
    return _header(media_type, pictures) | {"traits": traits}, squares


def _blank(pages: int) -> DocumentError:
    which = "its only page is" if pages == 1 else f"the first {pages} pages are"
    return DocumentError(
        ReasonCode.EMPTY,
        f"nothing is on it: {which} purely white",
        remedy="check whether the sheet lay the right way round, and scan it again",
    )


def _preview(file: BinaryIO, request: Request) -> _Answer:
    media_type, pictures = open_document(file, _wanted(request), request.suffix)
    page = next(pictures.pages, None)
    if page is None:
        raise no_such_page(request.first + 1, pictures.total_pages)
    picture = flatten(page)
    picture.thumbnail((request.size, request.size), Image.Resampling.LANCZOS, reducing_gap=2.0)
    png = io.BytesIO()
    # Not compressed: it goes through a pipe, and of a noisy scan a third of the work remains.
    picture.save(png, "PNG", compress_level=0)
    return _header(media_type, pictures), [png.getvalue()]


def _wanted(request: Request, useful: float = 1, averaged: float = 1) -> Wanted:
    return Wanted(
        first=request.first,
        count=request.count,
        pixels=round(request.size * useful),
        averaged=round(request.size * averaged),
        max_pixels=request.max_pixels,
        seconds=request.time_limit,
    )


def _header(media_type: str, pictures: Pictures) -> dict[str, Any]:
    return {
        "media_type": media_type,
        "total_pages": pictures.total_pages,
        "producer": pictures.producer,
        "notes": list(dict.fromkeys(pictures.notes)),
    }


def _reset_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def _take_places(document: int, result: int) -> None:
    """Put the document to 0 and the result to 3, and close whatever else the server had open."""
    document = fcntl.fcntl(document, fcntl.F_DUPFD, _ABOVE)
    result = fcntl.fcntl(result, fcntl.F_DUPFD, _ABOVE)
    os.dup2(document, _DOCUMENT)
    os.dup2(result, _RESULT, inheritable=False)
    # Decoders print what they find in a document; logs never hold that.
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    os.closerange(_RESULT + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


_KINDS: Final[dict[str, Callable[[BinaryIO, Request], _Answer]]] = {
    "pages": _pages,
    "preview": _preview,
}
