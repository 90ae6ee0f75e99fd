"""The fork server: a small process with one thread that forks one child per document.

The daemon has threads and a model in memory, so it must not fork itself. This process has neither;
it loads the decoders once and forks a child for each document. `docsorter.pages.reader` runs it as
`python -m docsorter.pages.server DESCRIPTOR`.
"""

import dataclasses
import fcntl
import gc
import io
import json
import os
import resource
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final, NoReturn

from PIL import Image

from docsorter.documents import ReasonCode
from docsorter.errors import DependencyError, DocumentError, NotFoundError
from docsorter.pages import kernel, protocol, words
from docsorter.pages.blank import MEASURED_AT, Blankness, blankness_of, darkness_of, shows_through
from docsorter.pages.families import open_document, preload
from docsorter.pages.fit import Traits, centred, flatten, measure_traits, reduce_to, seen_sides
from docsorter.pages.images import KilledError, PageRequest, PageStream, no_such_page
from docsorter.pages.protocol import MAX_PACKET, NOT_CONFINED, ReadRequest, write_result
from docsorter.pages.sandbox import KernelFeatures, Limits, confine, examine, offer_to_memory_killer

_DOCUMENT: Final = 0  # standard input, so that poppler inherits it
_RESULT: Final = 3
_DESCRIPTORS: Final = 3  # of a request: socket, document, result
_ABOVE: Final = 16  # descriptors are moved here while their numbers change
_USEFUL: Final = 8 / 3  # pages are drawn this much larger than the classifier's square
_AVERAGED: Final = 4 / 3  # pictures are averaged down to no less, see docs/develop/performance.md
_LEGIBLE: Final = 0.85  # of 150 dpi: words are recognised as well, in a picture decoded by halves
_MOST_LOOKED_AT: Final = 128  # pages, where one after the other is blank
_FAILED: Final = 70  # EX_SOFTWARE of sysexits.h
_PDF: Final = "application/pdf"

_Result = tuple[dict[str, Any], list[bytes]]


@dataclass(slots=True)
class Child:
    """A document being read.

    Attributes:
        pid: Process, and process group, that reads it.
        request: What was asked.
        caller: Where the answer goes; closed by the other side when nobody wants it any more.
        deadline: When it is killed, monotonic seconds.
        timed_out: Whether it was killed for that.
    """

    pid: int
    request: ReadRequest
    caller: socket.socket
    deadline: float
    timed_out: bool = False

    def kill(self) -> None:
        """End it with every program that it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


class ForkServer:
    """Takes requests from one socket until its other end is closed."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._children: dict[int, Child] = {}
        self._open = True
        self._features, self._report = examine()
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ, self._take)
        self._watch_children()

    def run(self) -> None:
        """Serve until the daemon goes; kills what is left then."""
        while self._open:
            for key, _ in self._selector.select(self._seconds_left()):
                act: Callable[[], None] = key.data
                act()
            self._reap()
            self._kill_late()
        for running in self._children.values():
            running.kill()
        with suppress(ChildProcessError):
            while True:  # leave no dead process behind, poppler's included
                os.waitpid(-1, 0)

    def _watch_children(self) -> None:
        reading, writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(writing)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        self._selector.register(reading, selectors.EVENT_READ, lambda: self._drain(reading))
        # Programs whose parent was killed come here to be waited for.
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)

    @staticmethod
    def _drain(descriptor: int) -> None:
        with suppress(BlockingIOError):
            os.read(descriptor, MAX_PACKET)

    def _take(self) -> None:
        packet, descriptors, _, _ = socket.recv_fds(self._control, MAX_PACKET, _DESCRIPTORS)
        if not packet:
            self._open = False
            return
        caller_fd, *rest = descriptors
        caller = socket.socket(fileno=caller_fd)
        try:
            self._start(ReadRequest.decode(packet), caller, rest)
        finally:
            for descriptor in rest:
                os.close(descriptor)

    def _start(self, request: ReadRequest, caller: socket.socket, rest: list[int]) -> None:
        if request.kind == "report":
            self._say(caller, self._report)
            return
        document, result = rest
        server = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            self._say(caller, {"fault": f"no process for reading it: {error.strerror}"})
            return
        if pid == 0:
            run_child(request, self._features, server=server, document=document, result=result)
        with suppress(PermissionError, ProcessLookupError):
            os.setpgid(pid, pid)  # the child does so too; whoever is first
        running = Child(pid, request, caller, time.monotonic() + request.time_limit)
        self._children[pid] = running
        self._selector.register(caller, selectors.EVENT_READ, running.kill)

    def _seconds_left(self) -> float | None:
        waiting = [one.deadline for one in self._children.values() if not one.timed_out]
        return max(0.0, min(waiting) - time.monotonic()) if waiting else None

    def _kill_late(self) -> None:
        now = time.monotonic()
        for running in self._children.values():
            if running.deadline <= now and not running.timed_out:
                running.timed_out = True
                running.kill()

    def _reap(self) -> None:
        with suppress(ChildProcessError):
            while True:
                # Look before taking: until it is waited for, its process group is still its own.
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
                if ended is None:
                    return
                running = self._children.pop(ended.si_pid, None)
                if running is not None:
                    running.kill()
                _, status, usage = os.wait4(ended.si_pid, 0)
                if running is not None:
                    self._finish(running, status, usage.ru_maxrss)

    def _finish(self, running: Child, status: int, peak_kb: int) -> None:
        self._selector.unregister(running.caller)
        code = os.waitstatus_to_exitcode(status)
        answer = {
            "exit": max(code, 0),
            "signal": max(-code, 0),
            "timed_out": running.timed_out,
            "peak_kb": peak_kb,
        }
        self._say(running.caller, answer)

    @staticmethod
    def _say(caller: socket.socket, answer: dict[str, Any]) -> None:
        with suppress(OSError):  # nobody listens any more
            caller.sendall(json.dumps(answer).encode())
        caller.close()


def run_child(
    request: ReadRequest, features: KernelFeatures, *, server: int, document: int, result: int
) -> NoReturn:
    """Read one document and end this process; nothing else may run in it."""
    status = _FAILED
    try:
        gc.disable()  # it is over before there is anything to collect
        os.setpgid(0, 0)
        _reset_signals()
        _place_descriptors(document, result)
        limits = Limits(request.time_limit, request.memory_limit, request.max_result)
        try:
            confine(features, limits, server=server, document=_DOCUMENT)
        except OSError:
            os._exit(NOT_CONFINED)
        header, body = read_document(request)
        write_result(_RESULT, header, iter(body))
        status = 0
    finally:
        os._exit(status)


def read_document(request: ReadRequest) -> _Result:
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
        refusal = protocol.memory_limit(request)
    except TimeoutError:
        refusal = protocol.time_limit(request)
    except KilledError:
        return {"fault": "killed"}, []
    except OSError as error:
        return {"fault": "environment", "message": error.strerror or str(error)}, []
    except Exception as error:  # noqa: BLE001 - hostile bytes reach any line of any decoder
        refusal = protocol.crashed(type(error).__name__)
    return {"refused": refusal.code, "message": refusal.message, "remedy": refusal.remedy}, []


@dataclass(slots=True)
class FoundPages:
    """What was found on the pages of a document so far.

    Attributes:
        request: What is looked for.
        squares: What the classifier sees, by the number of the page, counted from 0.
        blank: Pages with nothing on them.
        undrawable: Pages that cannot be drawn, and why.
        traits: Of pages until the first that is certainly no blank one.
        darkness: Of what is on a page, to tell the other side that shows through from writing.
        faint: Pages that are one of these.
    """

    request: ReadRequest
    squares: dict[int, bytes] = field(default_factory=dict)
    blank: list[int] = field(default_factory=list)
    undrawable: dict[int, DocumentError] = field(default_factory=dict)
    traits: dict[int, Traits] = field(default_factory=dict)
    darkness: dict[int, Image.Image] = field(default_factory=dict)
    faint: list[int] = field(default_factory=list)

    @property
    def looked_at(self) -> int:
        """How many pages that are."""
        return len(self.squares) + len(self.blank) + len(self.undrawable)

    @property
    def enough(self) -> bool:
        """Whether no more pages are needed; what follows a faint page tells what that is."""
        more = len(self.squares) - self.request.count
        last = self.looked_at - 1
        return more > 0 or (more == 0 and not (self.faint and self.faint[-1] == last))

    def add(self, page: Image.Image | DocumentError) -> None:
        """Look at the next page.

        Raises:
            DocumentError: The page is cut off, and so is the file.
        """
        number, size = self.looked_at, self.request.size
        if isinstance(page, DocumentError):
            if page.code == ReasonCode.TRUNCATED:
                raise page
            self.undrawable[number] = page
            return
        small = reduce_to(page, size)
        usual = small if size == MEASURED_AT else reduce_to(page, MEASURED_AT)
        if self.request.blank == "skip" and self._is_blank(number, usual):
            self.blank.append(number)
            return
        if len(self.traits) <= len(self.faint):
            self.traits[number] = measure_traits(page, small)
        self.squares[number] = centred(small, size).tobytes()

    def _is_blank(self, number: int, small: Image.Image) -> bool:
        self.darkness[number] = darkness_of(small)
        found = blankness_of(small, self.darkness[number])
        if found is Blankness.FAINT:
            self.faint.append(number)
        return found is Blankness.BLANK

    def settle(self) -> None:
        """Take pages for blank on which nothing but the other side of the sheet shows through."""
        for number in self.faint:
            others = [self.darkness[n] for n in (number - 1, number + 1) if n in self.squares]
            if any(shows_through(self.darkness[number], other) for other in others):
                del self.squares[number]
                self.blank = sorted([*self.blank, number])
        self.faint = [n for n in self.faint if n == self.looked_at - 1 and n in self.squares]

    def refuse(self) -> None:
        """Refuse a document that gives the classifier nothing to see.

        Raises:
            DocumentError: Nothing is on its pages, or none of them can be drawn.
        """
        request = self.request
        white = b"\xff" * (request.size * request.size * 3)
        if any(square != white for square in self.squares.values()):
            return
        if self.undrawable and not self.blank and not self.squares:
            raise self.undrawable[0]
        code = ReasonCode.BLANK if request.blank == "skip" else ReasonCode.EMPTY
        if self.undrawable:
            number, why = next(iter(self.undrawable.items()))
            raise DocumentError(
                ReasonCode.UNDRAWABLE,
                f"page {number + 1} cannot be drawn ({why.message}), and nothing is on the others",
                remedy="scan it again",
            )
        raise _blank(code, self.looked_at)


def _pages(file: BinaryIO, request: ReadRequest) -> _Result:
    """Look at pages until enough have something on them, the document ends or time runs short."""
    half_time = time.monotonic() + request.time_limit / 2
    found = FoundPages(request)
    while True:
        before, goes_on = found.looked_at, True
        media_type, pictures = open_document(file, _next_pages(request, found), request.suffix)
        for page in pictures.pages:
            found.add(page)
            # Blank pages without end must not use up the time that the document has.
            goes_on = found.looked_at < request.count or time.monotonic() < half_time
            if found.enough or not goes_on:
                break
        found.settle()
        last = found.looked_at >= min(pictures.total_pages, _MOST_LOOKED_AT)
        if found.enough or last or not goes_on or found.looked_at == before:
            break
    found.refuse()
    squares = dict(list(found.squares.items())[: request.count])
    header = _header(media_type, pictures) | {
        "traits": found.traits.get(next(iter(squares)), {}),
        "numbers": list(squares),
        "blank": found.blank,
        "undrawable": {number: error.message for number, error in found.undrawable.items()},
    }
    return header, list(squares.values())


def _next_pages(request: ReadRequest, found: FoundPages) -> PageRequest:
    """Ask for as many pages as are missing; for more where page after page is blank."""
    missing = request.count - len(found.squares)
    some = max(missing, min(found.looked_at, _MOST_LOOKED_AT - found.looked_at))
    wanted = _wanted(request, _USEFUL, _AVERAGED)
    return dataclasses.replace(wanted, first=found.looked_at, count=some)


def _blank(code: ReasonCode, pages: int) -> DocumentError:
    which = "its only page is" if pages == 1 else f"the first {pages} pages are"
    return DocumentError(
        code,
        f"nothing is on it: {which} {'blank' if code is ReasonCode.BLANK else 'purely white'}",
        remedy="check whether the sheet lay the right way round, and scan it again",
    )


def _preview(file: BinaryIO, request: ReadRequest) -> _Result:
    media_type, pictures = open_document(file, _wanted(request), request.suffix)
    png = io.BytesIO()
    # Not compressed: it goes through a pipe, and of a noisy scan a third of the work remains.
    _picture(pictures, request).save(png, "PNG", compress_level=0)
    return _header(media_type, pictures), [png.getvalue()]


def _picture(pictures: PageStream, request: ReadRequest) -> Image.Image:
    """Draw the one page that was asked for as people see it.

    Raises:
        NotFoundError: There is no such page.
        DocumentError: It cannot be drawn.
    """
    page = next(pictures.pages, None)
    if page is None:
        raise no_such_page(request.first + 1, pictures.total_pages)
    if isinstance(page, DocumentError):
        raise page
    picture, (width, height) = flatten(page), seen_sides(page)
    if (width, height) != page.size:
        picture = picture.resize((max(1, round(width)), max(1, round(height))))
    picture.thumbnail((request.size, request.size), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return picture


def _words(file: BinaryIO, request: ReadRequest) -> _Result:
    """Read the words of a page: its text layer where that is what people see, else its picture."""
    wanted = _wanted(request, averaged=_LEGIBLE)
    media_type, pictures = open_document(file, wanted, request.suffix)
    layer = words.LayerFindings()
    if media_type == _PDF:
        layer = words.examine_layer(wanted, request.languages)
    if layer.words or not request.languages:
        source = "layer" if layer.words else "none"
        return {"source": source, "words": words.cut(layer.words)}, []
    found = words.recognise(layer.shown or _picture(pictures, request), request)
    return {"source": "ocr", "words": words.cut(found)}, []


def _wanted(request: ReadRequest, useful: float = 1, averaged: float = 1) -> PageRequest:
    return PageRequest(
        first=request.first,
        count=request.count,
        pixels=round(request.size * useful),
        averaged=round(request.size * averaged),
        max_pixels=request.max_pixels,
        seconds=request.time_limit,
    )


def _header(media_type: str, pictures: PageStream) -> dict[str, Any]:
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


def _place_descriptors(document: int, result: int) -> None:
    """Make the document descriptor 0 and the result 3; close whatever else the server had open."""
    document = fcntl.fcntl(document, fcntl.F_DUPFD, _ABOVE)
    result = fcntl.fcntl(result, fcntl.F_DUPFD, _ABOVE)
    os.dup2(document, _DOCUMENT)
    os.dup2(result, _RESULT, inheritable=False)
    # Decoders print what they find in a document; logs never hold that.
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    os.closerange(_RESULT + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


_KINDS: Final[dict[str, Callable[[BinaryIO, ReadRequest], _Result]]] = {
    "pages": _pages,
    "preview": _preview,
    "words": _words,
}


def main() -> None:
    """Serve on the descriptor that the command line names."""
    # The daemon's end of the socket is the only order to stop: it drains first.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    offer_to_memory_killer()
    preload(gc.freeze)
    ForkServer(socket.socket(fileno=int(sys.argv[1]))).run()


if __name__ == "__main__":
    main()
