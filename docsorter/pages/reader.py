"""`PageReader`, what the daemon keeps: a file becomes pages, read by a child that may die of it."""

import os
from pathlib import Path
from threading import BoundedSemaphore, Lock
from types import TracebackType
from typing import Any, Final, Self

from docsorter.documents import PageSet, ReasonCode
from docsorter.errors import EnvironmentFaultError
from docsorter.pages import refusals, results
from docsorter.pages.link import ServerGoneError, ServerLink
from docsorter.pages.opening import opened, system_faults
from docsorter.pages.producer import clean
from docsorter.pages.protocol import NOT_SHUT_IN, Request, ResultError, read_result
from docsorter.settings import PagesSettings

INPUT_SIZE: Final = 299
_MEGABYTE: Final = 1 << 20
_MEGA: Final = 1_000_000
_TRIES: Final = 2
_SUFFIX_LENGTH: Final = 12


class PageReader:
    """Reads documents in sandboxed children; thread-safe, several documents at once.

    The server that forks them is started by the first read, and again when it died.

    Args:
        settings: Limits of a child.
        size: Side of the classifier's square, pixels.
        concurrency: Documents read at the same time; further callers wait.
    """

    def __init__(
        self, settings: PagesSettings, *, size: int = INPUT_SIZE, concurrency: int = 1
    ) -> None:
        self._settings = settings
        self._size = size
        self._slots = BoundedSemaphore(concurrency)
        self._lock = Lock()
        self._link: ServerLink | None = None
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
            Its pages, at most `page_cap` of them.

        Raises:
            DocumentError: The file cannot be sorted; the code says why.
            EnvironmentFaultError: The file or the machine fails just now; try again later.
            DependencyError: A program that reading it takes is not installed.
        """
        request = self._request("pages", path, name, size=self._size)
        header, body = self._ask(request, path)
        return results.page_set(header, body, self._size)

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
        return results.png(header, body)

    def sandbox_report(self) -> dict[str, str]:
        """Return what shuts a child in on this machine, and why the rest does not."""
        with system_faults(), Path(os.devnull).open("rb") as nothing:
            request = Request("report", time_limit=self._settings.time_limit_seconds)
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
        kind: Any,  # noqa: ANN401 - one of the literals of Request
        path: Path,
        name: str,
        *,
        size: int,
        first: int = 0,
        count: int | None = None,
    ) -> Request:
        settings = self._settings
        return Request(
            kind,
            size=size,
            first=first,
            count=settings.page_cap if count is None else count,
            max_pixels=round(settings.max_megapixels * _MEGA),
            time_limit=settings.time_limit_seconds,
            memory_limit=settings.memory_limit_mb * _MEGABYTE,
            suffix=clean(Path(name or path.name).suffix)[:_SUFFIX_LENGTH],
        )

    def _ask(self, request: Request, path: Path) -> tuple[dict[str, Any], bytearray]:
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
        request: Request, end: dict[str, Any], result: int
    ) -> tuple[dict[str, Any], bytearray]:
        if "fault" in end:
            raise EnvironmentFaultError(
                f"cannot read a document now: {end['fault']}",
                remedy="close programs, or lower service.workers",
                code=ReasonCode.NO_RESOURCES,
            )
        if end["exit"] == NOT_SHUT_IN:
            raise EnvironmentFaultError(
                "cannot read a document now: the sandbox failed",
                remedy="run `docsorter doctor`",
                code=ReasonCode.NO_RESOURCES,
            )
        number, timed_out = int(end["signal"]), bool(end["timed_out"])
        if number or timed_out or end["exit"]:
            raise refusals.of_death(
                request, number=number, timed_out=timed_out, peak_kb=int(end["peak_kb"])
            )
        try:
            header, body = read_result(result, request)
        except ResultError as error:
            raise refusals.crashed(f"its answer makes no sense: {clean(str(error))}") from error
        results.raise_refusal(header)
        return header, body

    def _end_of_child(self, request: Request, document: int, result: int) -> dict[str, Any]:
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

    def _server(self) -> ServerLink:
        with self._lock:
            if self._closed:
                raise _closed()
            if self._link is None:
                self._link = ServerLink()
            return self._link

    def _discard(self, link: ServerLink) -> None:
        with self._lock:
            if self._link is link:
                self._link = None
        link.close()


def sandbox_report() -> dict[str, str]:
    """Return what shuts a child in on this machine, by a server started for the question."""
    with PageReader(PagesSettings()) as reader:
        return reader.sandbox_report()


def _closed() -> EnvironmentFaultError:
    return EnvironmentFaultError("the page reader is closed")
