"""`PageReader`, for the daemon and commands: a file becomes pages, read by a sandboxed child."""

import dataclasses
import errno
import json
import os
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from threading import BoundedSemaphore, Lock
from types import TracebackType
from typing import Any, Final, Self

import numpy as np

from docsorter.documents import REFUSED_FOR, UNSEEN, PageSet, PageWords, ReasonCode, Word
from docsorter.errors import (
    DependencyError,
    DocsorterError,
    DocumentError,
    EnvironmentFaultError,
    NotFoundError,
)
from docsorter.pages import protocol
from docsorter.pages.fit import checked_traits
from docsorter.pages.images import clean, readable
from docsorter.pages.protocol import (
    MAX_PACKET,
    MOST_WORD_BYTES,
    MOST_WORDS,
    NOT_CONFINED,
    ReadRequest,
    ResultError,
    read_result,
)
from docsorter.settings import PagesSettings, WordsSettings

_MEGA: Final = 1_000_000
INPUT_SIZE: Final = 299
_WORDS_SIDE: Final = 1754  # pixels of the longer side of A4 at 150 dpi
_MEGABYTE: Final = 1 << 20
_TRIES: Final = 2
_SUFFIX_LENGTH: Final = 12
_CHANNELS: Final = 3
_MOST_NOTES: Final = 20
_LINE: Final = 300  # characters of a message
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_MEDIA_TYPES: Final = frozenset(
    {
        "application/pdf", "image/tiff", "image/jpeg", "image/png", "image/webp", "image/bmp",
        "image/gif", "image/heic", "image/avif", "image/jp2",
    }
)  # fmt: skip
_REFUSALS: Final = (REFUSED_FOR | UNSEEN) - {ReasonCode.DUPLICATE, ReasonCode.REJECTED_BY_PERSON}
_FAULTS: Final[dict[str, type[DocsorterError]]] = {
    "dependency": DependencyError,
    "not_found": NotFoundError,
    "environment": EnvironmentFaultError,
}
_ROOT: Final = Path(__file__).resolve().parent.parent.parent
_KEPT_VARIABLES: Final = (
    "PATH", "LD_LIBRARY_PATH", "TZ", "FONTCONFIG_FILE", "FONTCONFIG_PATH", "TESSDATA_PREFIX",
)  # fmt: skip
# A decoded page is megabytes, and a child lives for one document: what it frees stays in its heap,
# which grows by 16 MB at a time in pages of 2 MB, so that a fifth fewer are touched for the first
# time ("Memory Allocation Tunables" of the glibc manual).
_HEAP: Final = (
    "glibc.malloc.hugetlb=1",
    f"glibc.malloc.mmap_threshold={1 << 30}",
    f"glibc.malloc.trim_threshold={1 << 30}",
    f"glibc.malloc.top_pad={16 << 20}",
)
_GRACE: Final = 20.0  # seconds beyond the time limit until the server itself counts as hung
_END_SECONDS: Final = 5.0


class PageReader:
    """Reads documents in sandboxed children; thread-safe, several documents at once.

    The server that forks them is started by the first read, and again when it died.

    Args:
        settings: Limits of a child.
        size: Side of the classifier's square, pixels.
        concurrency: Documents read at the same time; further callers wait.
        words: Which languages words are expected in; the default ones when not given.
    """

    def __init__(
        self,
        settings: PagesSettings,
        *,
        size: int = INPUT_SIZE,
        concurrency: int = 1,
        words: WordsSettings | None = None,
    ) -> None:
        self._settings = settings
        self._words = words or WordsSettings()
        self._size = size
        self._slots = BoundedSemaphore(concurrency)
        self._lock = Lock()
        self._link: ServerConnection | None = None
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def read(self, path: Path, *, name: str = "") -> PageSet:
        """Read a document.

        Args:
            path: Where its bytes are.
            name: File name it arrived with, which says nothing but how a refusal is worded.

        Returns:
            Its pages with something on them, at most `page_cap`; which others were left out.

        Raises:
            DocumentError: The file cannot be sorted; the code says why.
            EnvironmentFaultError: The file or the machine fails just now; try again later.
            DependencyError: A program that reading it takes is not installed.
        """
        request = self._request("pages", path, name, size=self._size)
        header, body = self._ask(request, path)
        return page_set(header, body, self._size)

    def preview(self, path: Path, page: int = 0, max_px: int = 1600) -> bytes:
        """Return one page as a PNG for a person.

        Args:
            path: Where the document's bytes are.
            page: Which page, counted from 0.
            max_px: Longest side, pixels.

        Raises:
            NotFoundError: The document has fewer pages.
            DocumentError: As for `read`, and so are the others.
        """
        request = self._request("preview", path, "", size=max_px, first=page, count=1)
        header, body = self._ask(request, path)
        return png(header, body)

    def words(self, path: Path, page: int = 0, *, turned: int = 0) -> PageWords:
        """Read the words of one page; whoever asks goes on without them when that fails.

        Args:
            path: Where the document's bytes are.
            page: Which page, counted from 0.
            turned: By how many degrees, clockwise, the page lies turned: 0, 90, 180 or 270.

        Raises:
            NotFoundError: The document has fewer pages.
            DependencyError: The page is a picture, and nothing that recognises words is installed.
            DocumentError: As for `read`, and so are the others; `time_limit` also where the words
                take too long.
        """
        wanted = self._words.languages
        request = dataclasses.replace(
            self._request("words", path, "", size=_WORDS_SIDE, first=page, count=1),
            languages=installed_languages(wanted),
            turned=turned,
        )
        header, _ = self._ask(request, path)
        return page_words(header, page, wanted)

    def sandbox_report(self) -> dict[str, str]:
        """Return what shuts a child in on this machine, and why the rest does not."""
        with system_faults(), Path(os.devnull).open("rb") as nothing:
            request = ReadRequest("report", time_limit=self._settings.time_limit_seconds)
            answer = self._end_of_child(request, nothing.fileno(), nothing.fileno())
        return {str(name): clean(str(said)) for name, said in answer.items()}

    def close(self) -> None:
        """End the server and every child; reads under way raise `EnvironmentFaultError`."""
        with self._lock:
            self._closed = True
            link, self._link = self._link, None
        if link is not None:
            link.close()

    @property
    def server_pid(self) -> int | None:
        """Process id of the server, None before the first read."""
        with self._lock:
            return self._link.pid if self._link else None

    def _request(
        self,
        kind: Any,  # noqa: ANN401 - one of the literals of ReadRequest
        path: Path,
        name: str,
        *,
        size: int,
        first: int = 0,
        count: int | None = None,
    ) -> ReadRequest:
        settings = self._settings
        return ReadRequest(
            kind,
            size=size,
            first=first,
            count=settings.page_cap if count is None else count,
            max_pixels=round(settings.max_megapixels * _MEGA),
            time_limit=settings.time_limit_seconds,
            memory_limit=settings.memory_limit_mb * _MEGABYTE,
            blank=settings.blank,
            suffix=clean(Path(name or path.name).suffix)[:_SUFFIX_LENGTH],
        )

    def _ask(self, request: ReadRequest, path: Path) -> tuple[dict[str, Any], bytearray]:
        limit = self._settings.max_file_mb
        with self._slots, system_faults(), opened(path, limit) as document:
            result = os.memfd_create("pages", os.MFD_CLOEXEC)
            try:
                end = self._end_of_child(request, document, result)
                return self._outcome(request, end, result)
            finally:
                os.close(result)

    @staticmethod
    def _outcome(
        request: ReadRequest, end: dict[str, Any], result: int
    ) -> tuple[dict[str, Any], bytearray]:
        if "fault" in end:
            raise EnvironmentFaultError(
                f"cannot read a document now: {end['fault']}",
                remedy="close programs, or lower service.workers",
                code=ReasonCode.NO_RESOURCES,
            )
        if end["exit"] == NOT_CONFINED:
            raise EnvironmentFaultError(
                "cannot read a document now: the sandbox failed",
                remedy="run `docsorter doctor`",
                code=ReasonCode.NO_RESOURCES,
            )
        number, timed_out = int(end["signal"]), bool(end["timed_out"])
        if number or timed_out or end["exit"]:
            raise protocol.explain_end(
                request, number=number, timed_out=timed_out, peak_kb=int(end["peak_kb"])
            )
        try:
            header, body = read_result(result, request)
        except ResultError as error:
            raise protocol.crashed(f"its answer makes no sense: {clean(str(error))}") from error
        raise_refusal(header)
        return header, body

    def _end_of_child(self, request: ReadRequest, document: int, result: int) -> dict[str, Any]:
        for attempt in range(1, _TRIES + 1):
            link = self._server()
            try:
                return link.ask(request, document, result)
            except ServerGoneError as error:
                self._discard(link)
                if attempt == _TRIES and not self._closed:
                    raise EnvironmentFaultError(
                        f"the page reader failed twice: {error}",
                        remedy="run `docsorter doctor`",
                        code=ReasonCode.NO_RESOURCES,
                    ) from error
                if request.kind != "report":
                    os.ftruncate(result, 0)
        raise _closed()

    def _server(self) -> "ServerConnection":
        with self._lock:
            if self._closed:
                raise _closed()
            if self._link is None:
                self._link = ServerConnection()
            return self._link

    def _discard(self, link: "ServerConnection") -> None:
        with self._lock:
            if self._link is link:
                self._link = None
        link.close()


@contextmanager
def system_faults() -> Iterator[None]:
    """Whatever the machine refuses us here is no fault of a document."""
    try:
        yield
    except OSError as error:
        raise EnvironmentFaultError(
            f"cannot read a document now: {error.strerror or error}"
        ) from error


@contextmanager
def opened(path: Path, max_file_mb: float) -> Iterator[int]:
    """Open a document without following links or waiting for a FIFO, and check its size.

    Raises:
        DocumentError: It is no file, has no bytes or too many.
        EnvironmentFaultError: It is gone, or may not be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENXIO}:
            raise _not_regular() from error
        raise EnvironmentFaultError(f"cannot open the document: {error.strerror}") from error
    try:
        _check(os.fstat(descriptor), max_file_mb)
        yield descriptor
    finally:
        os.close(descriptor)


def _check(found: os.stat_result, max_file_mb: float) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise _not_regular()
    if found.st_size == 0:
        raise DocumentError(
            ReasonCode.EMPTY, "the file has no bytes in it", remedy="scan or send it again"
        )
    if found.st_size > max_file_mb * _MEGA:
        raise DocumentError(
            ReasonCode.TOO_LARGE,
            f"the file has {found.st_size / _MEGA:.1f} MB, more than the limit of {max_file_mb:g}",
            remedy="scan at a lower resolution, or raise pages.max_file_mb",
        )


def _not_regular() -> DocumentError:
    return DocumentError(
        ReasonCode.UNSUPPORTED,
        "it is a link, a folder or a device and not a file",
        remedy="send the file itself",
    )


def raise_refusal(header: dict[str, Any]) -> None:
    """Raise what a header says went wrong, if anything.

    Raises:
        DocumentError: The document was refused.
        DocsorterError: The environment failed, as the kind of error says.
    """
    message = clean(str(header.get("message", "")), _LINE)
    remedy = clean(str(header.get("remedy", "")), _LINE)
    if "refused" in header:
        code = header["refused"]
        if code not in _REFUSALS:
            raise protocol.crashed("its answer makes no sense")
        raise DocumentError(ReasonCode(code), message, remedy=remedy)
    if header.get("fault") == "killed":
        raise protocol.killed()
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
        raise protocol.crashed("its answer does not fit together")
    total = int(str(total))
    numbers, blank = (_numbers(header.get(name), total) for name in ("numbers", "blank"))
    undrawable = _undrawable(header.get("undrawable"), total)
    if len(numbers) != count or len({*numbers, *blank, *undrawable}) != (
        count + len(blank) + len(undrawable)
    ):
        raise protocol.crashed("its answer does not fit together")
    notes = header.get("notes")
    return PageSet(
        pixels=np.frombuffer(body, np.uint8).reshape(count, size, size, _CHANNELS),
        total_pages=total,
        media_type=str(media_type),
        producer=clean(str(header.get("producer", ""))),
        notes=tuple(clean(str(note)) for note in notes[:_MOST_NOTES])
        if isinstance(notes, list)
        else (),
        traits=checked_traits(header.get("traits")),
        numbers=numbers,
        blank=blank,
        undrawable=undrawable,
    )


def _numbers(sent: object, total: int) -> tuple[int, ...]:
    """Return the numbers of pages that a child sent; none of anything but ascending numbers."""
    numbers = sent if isinstance(sent, list) else []
    fits = all(type(number) is int and 0 <= number < total for number in numbers)
    return tuple(numbers) if fits and numbers == sorted(numbers) else ()


def _undrawable(sent: object, total: int) -> dict[int, str]:
    pages = sent if isinstance(sent, dict) else {}
    numbers = _numbers([int(key) if key.isdecimal() else -1 for key in pages], total)
    return dict(zip(numbers, (clean(str(why), _LINE) for why in pages.values()), strict=False))


def png(header: dict[str, Any], body: bytearray) -> bytes:
    """Return the PNG of a result.

    Raises:
        DocumentError: `damaged`: it is none.
    """
    del header
    if not body.startswith(_PNG):
        raise protocol.crashed("its answer is no picture")
    return bytes(body)


def page_words(header: dict[str, Any], page: int, languages: Sequence[str]) -> PageWords:
    """Return the words of a result.

    Args:
        header: What the child says of the page.
        page: Which one was asked for.
        languages: Those wanted, to say what is missing.

    Raises:
        DependencyError: The page is a picture, and nothing recognises words here.
        DocumentError: `damaged`: the parts of the result do not fit together.
    """
    source, sent = header.get("source"), header.get("words")
    if source == "none":
        raise no_ocr(languages)
    fits = isinstance(sent, list) and len(sent) <= MOST_WORDS
    found = [_word(one) for one in sent] if isinstance(sent, list) and fits else []
    length = sum(len(word.text.encode()) for word in found if word)
    if source not in {"layer", "ocr"} or not fits or None in found or length > MOST_WORD_BYTES:
        raise protocol.crashed("its answer does not fit together")
    return PageWords(page, tuple(filter(None, found)), source)


def _word(sent: object) -> Word | None:
    """Return a word that a child sent; None when it is none."""
    if not isinstance(sent, list) or len(sent) != 1 + 4 or not isinstance(sent[0], str):
        return None
    text, box = sent[0], sent[1:]
    if any(type(side) not in {int, float} or not 0 <= side <= 1 for side in box):
        return None  # and so is what is no number
    left, top, right, bottom = map(float, box)
    if left >= right or top >= bottom or not text or readable(text) != text:
        return None
    return Word(text, (left, top, right, bottom))


def installed_languages(wanted: Sequence[str]) -> tuple[str, ...]:
    """Return those of the wanted languages that words can be recognised in here; for `doctor` too.

    Args:
        wanted: Tesseract's names. Which are installed is asked once in the life of a process.
    """
    there = known_languages()
    return tuple(language for language in wanted if language in there)


@cache
def known_languages() -> frozenset[str]:
    """Return the languages that Tesseract has data of on this machine, by its names."""
    try:
        command = [shutil.which("tesseract") or "tesseract", "--list-langs"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return frozenset()
    return frozenset(done.stdout.split("\n")[1:]) if done.returncode == 0 else frozenset()


def no_ocr(languages: Sequence[str]) -> DependencyError:
    """Return the error that nothing recognises words of these languages here."""
    return DependencyError(
        "the words of a picture cannot be read: Tesseract is not installed, or without "
        f"{', '.join(languages) or 'a language'}",
        remedy=f"apt install {' '.join(ocr_packages(languages))}",
    )


def ocr_packages(languages: Sequence[str]) -> list[str]:
    """Return the Debian packages that recognise words in some languages, by Tesseract's names."""
    named = (language.rpartition("/")[2].lower().replace("_", "-") for language in languages)
    return ["tesseract-ocr", *(f"tesseract-ocr-{name}" for name in named)]


class ServerGoneError(Exception):
    """The fork server ended, or does not answer."""


class ServerConnection:
    """One running fork server; asked by several threads at once."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-P", "-m", "docsorter.pages.server"]
            self._process = subprocess.Popen(
                [*command, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=_environment(),
                cwd="/",
                # Ctrl-C on the terminal is for the daemon, which drains and then closes this.
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Process id of the server."""
        return self._process.pid

    def ask(self, request: ReadRequest, document: int, result: int) -> dict[str, Any]:
        """Send a request and wait for the server's answer.

        Returns:
            How the child ended: exit, signal, timed_out, peak_kb; or a report.

        Raises:
            ServerGoneError: The server is not there any more.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with ours:
            with theirs:
                self._send(request, [theirs.fileno(), document, result])
            ours.settimeout(request.time_limit + _GRACE)
            try:
                text = b"".join(iter(lambda: ours.recv(MAX_PACKET), b""))
                answer: dict[str, Any] = json.loads(text)
            except TimeoutError as error:
                self._process.kill()
                raise ServerGoneError("it does not answer") from error
            except (OSError, ValueError) as error:
                raise ServerGoneError("it ended") from error
        return answer

    def _send(self, request: ReadRequest, descriptors: list[int]) -> None:
        try:
            socket.send_fds(self._control, [request.encode()], descriptors)
        except OSError as error:
            raise ServerGoneError("it takes no requests") from error

    def close(self) -> None:
        """End the server and every child it has, and wait for it; may be called twice."""
        with suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)
        self._control.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    # One arena keeps the address space small that children are limited by.
    memory = {"MALLOC_ARENA_MAX": "1", "GLIBC_TUNABLES": ":".join(_HEAP)}
    paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    search = {"PYTHONPATH": os.pathsep.join(paths)}
    # Documents are read side by side, each by one thread.
    return {**kept, **search, **memory, "LC_ALL": "C.UTF-8", "OMP_THREAD_LIMIT": "1"}


def sandbox_report() -> dict[str, str]:
    """Return what shuts a child in on this machine, by a server started for the question."""
    with PageReader(PagesSettings()) as reader:
        return reader.sandbox_report()


def _closed() -> EnvironmentFaultError:
    return EnvironmentFaultError("the page reader is closed")
