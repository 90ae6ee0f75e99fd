"""Files sorted once through the same pipeline as the daemon, and the demonstration of a daemon."""

import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from docsorter.clock import Clock, SystemClock
from docsorter.configuration import FILE_NAME, Configuration, load
from docsorter.deliver.drop import drop_into
from docsorter.deliver.transfer import FileChangedError
from docsorter.documents import (
    Document,
    Place,
    ReasonCode,
    State,
    Verdict,
)
from docsorter.errors import (
    DependencyError,
    DocsorterError,
    DocumentError,
    EnvironmentFaultError,
    UsageError,
)
from docsorter.filesystem import Disk, environment_reason
from docsorter.intake.ignore import IgnoreRules
from docsorter.resources import examples_dir
from docsorter.service.daemon.assembly import Assembly
from docsorter.service.daemon.pipeline import threads_for, unreadable
from docsorter.service.engine import Inspector
from docsorter.service.workspace.layout import create, migrate_workspace, open_workspace_store
from docsorter.service.workspace.process import WorkspaceLock
from docsorter.store import Arrival, DocumentFilter, Store

MARKER = ".docsorter-demo"
_WAITED_FOR = frozenset({State.CLAIMING, State.SPOOLED})
_PATIENCE = 240.0  # seconds; a slow machine reads all examples in a tenth of it
_DRAIN = 60.0
_OWN = "in a folder of the workspace itself"
_FINAL = frozenset({State.SORTED, State.REVIEW, State.REJECTED})


@dataclass(frozen=True, slots=True)
class SortResult:
    """What became of one file.

    Attributes:
        file: As it was found.
        verdict: What was decided; None when it still waits, or was left alone.
        document_id: Its number, None for a dry run.
        place: Where it is now; None for a dry run.
        left: Why it was left alone, where it was; "" for all others.
    """

    file: Path
    verdict: Verdict | None
    document_id: int | None = None
    place: Path | None = None
    left: str = ""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file to sort.

    Attributes:
        path: As it was named, or found in a folder that was.
        source: The sub-folder of that folder, forward slashes; "" for none.
    """

    path: Path
    source: str = ""


@dataclass(slots=True)
class FileSearch:
    """Looks for files to sort in what was named, and lists what it leaves alone with the reason.

    Attributes:
        ignore: Names to leave alone.
        own: Folders of the workspace itself, which hold what is sorted already.
        files: What was found, in order of the names.
        left: What was left alone.
        unreadable: Whether some of that could not be read.
    """

    ignore: IgnoreRules
    own: frozenset[Path] = frozenset()
    files: list[FoundFile] = field(default_factory=list)
    left: list[SortResult] = field(default_factory=list)
    unreadable: bool = False
    _seen: set[Path] = field(default_factory=set)

    def look(self, paths: Sequence[Path]) -> None:
        """Look at each of the files and folders.

        Raises:
            UsageError: One does not exist, or is neither a file nor a folder.
        """
        for path in paths:
            if not path.exists() or not (path.is_dir() or path.is_file()):
                what = "is neither a file nor a folder" if path.exists() else "does not exist"
                raise UsageError(f"{path} {what}", remedy="name files, or folders of files")
        for path in paths:
            if path.is_dir():
                self._walk(path, path)
            elif path.is_symlink():
                self._leave(path, "a symbolic link; name the file that it leads to")
            else:
                self._take(FoundFile(path))

    def _walk(self, folder: Path, top: Path) -> None:
        try:
            entries = sorted(folder.iterdir())
        except OSError as error:
            self._cannot_read(folder, error)
            return
        if reason := self._why_not_enter(folder):
            self._leave(folder, reason)
            return
        for entry in entries:
            try:
                reason = self._why_not(entry, entry.relative_to(top).as_posix())
            except OSError as error:
                self._cannot_read(entry, error)
                continue
            if reason:
                self._leave(entry, reason)
            elif entry.is_dir():
                self._walk(entry, top)
            else:
                source = folder.relative_to(top).as_posix()
                self._take(FoundFile(entry, "" if source == "." else source))

    def _why_not_enter(self, folder: Path) -> str:
        resolved = folder.resolve()
        if resolved in self.own or not self.own.isdisjoint(resolved.parents):
            return _OWN
        return "a workspace; name its inbox" if (folder / FILE_NAME).is_file() else ""

    def _why_not(self, entry: Path, path: str) -> str:
        """Say why an entry of a folder is left alone; "" if it is not."""
        if self.ignore.matches(path):
            if writer := self.ignore.writer(path):
                return f"not finished, by its name: {writer}"
            hidden = entry.name.startswith(".")
            return "hidden" if hidden else "no document, by its name (intake.ignore)"
        status = entry.lstat()
        if stat.S_ISDIR(status.st_mode):
            return ""
        if not stat.S_ISREG(status.st_mode):
            return "a symbolic link" if entry.is_symlink() else "not a regular file"
        return "" if status.st_size else "empty: 0 bytes"

    def _take(self, found: FoundFile) -> None:
        resolved = found.path.resolve()
        if resolved in self._seen:
            return  # named twice, or by its folder as well
        self._seen.add(resolved)
        if not self.own.isdisjoint(resolved.parents):
            self._leave(found.path, _OWN)
        elif os.access(found.path, os.R_OK):
            self.files.append(found)
        else:
            self._cannot_read(found.path, PermissionError(errno.EACCES, "", str(found.path)))

    def _cannot_read(self, path: Path, error: OSError) -> None:
        self.unreadable = True
        self._leave(path, f"cannot be read: {environment_reason(error).text}")

    def _leave(self, path: Path, reason: str) -> None:
        self.left.append(SortResult(path, None, left=reason))


def inspect_only(
    engine: Inspector, files: Sequence[FoundFile], workers: int, stop: Event
) -> Iterator[SortResult]:
    """Say what would happen to each file, touching nothing; in the order they are done."""

    def inspect(found: FoundFile) -> SortResult:
        file = found.path
        try:
            return SortResult(file, engine.inspect(file, file.name).verdict)
        except DocumentError as error:
            return SortResult(file, unreadable(error))
        except OSError as error:
            return SortResult(file, None, left=environment_reason(error).text)

    yield from _side_by_side(inspect, files, workers, stop)


def sort_files(
    assembly: Assembly, files: Sequence[FoundFile], stop: Event, *, copy: bool
) -> Iterator[SortResult]:
    """Take files into the workspace and sort them; in the order they are done.

    The caller holds the workspace's lock. What cannot be taken in is left where it is.

    Args:
        assembly: Everything a running docsorter is made of.
        files: To sort.
        stop: When it is set, what is begun is finished, and the rest is left alone.
        copy: Leave the originals where they are.
    """
    inbox = assembly.configuration.root(Place.INBOX)

    def sort(found: FoundFile) -> SortResult:
        try:
            dropped = drop_into(inbox, found.path, Disk(), copy=copy)
        except EnvironmentFaultError as error:
            return SortResult(found.path, None, left=error.message)
        try:
            document = _claim(assembly, dropped, inbox, found.source)
        except FileChangedError:
            return SortResult(found.path, None, place=dropped)
        handled = assembly.pipeline.handle(document.id)
        return _result(found.path, handled, assembly.configuration)

    yield from _side_by_side(sort, files, threads_for(assembly.workers), stop)


def hand_over(
    configuration: Configuration,
    store: Store,
    files: Sequence[FoundFile],
    stop: Event,
    *,
    copy: bool,
    clock: Clock | None = None,
) -> Iterator[SortResult]:
    """Drop files into the inbox of a running daemon and wait for its verdicts.

    Those that it does not get to in time, or before `stop` is set, stay in the inbox.
    """
    clock = clock or SystemClock()
    began = clock.now()
    inbox = configuration.root(Place.INBOX)
    waiting = dict[str, Path]()
    for found in files:
        try:
            waiting[drop_into(inbox, found.path, Disk(), copy=copy).name] = found.path
        except EnvironmentFaultError as error:
            yield SortResult(found.path, None, left=error.message)
    settings = configuration.settings
    patience = 60.0 + settings.intake.slow_rest_seconds + settings.intake.poll_seconds
    deadline = clock.monotonic() + patience + len(waiting) * settings.pages.time_limit_seconds
    while waiting:
        for document in store.documents.find(
            DocumentFilter(since=began), limit=len(waiting) + 1000
        ):
            if document.name in waiting and document.state in _FINAL:
                yield _result(waiting.pop(document.name), document, configuration)
        if waiting and (clock.monotonic() > deadline or stop.wait(0.2)):
            yield from (
                SortResult(file, None, place=inbox / name) for name, file in waiting.items()
            )
            return


def _claim(assembly: Assembly, dropped: Path, inbox: Path, source: str) -> Document:
    status = dropped.lstat()
    path = dropped.relative_to(inbox)
    if path.parent != Path():
        source = path.parent.as_posix()
    arrival = Arrival(dropped.name, source, path.as_posix(), status.st_size, status.st_mtime_ns)
    _, move = assembly.store.documents.plan_claim(arrival, actor="sort")
    try:
        return assembly.mover.complete(move, actor="sort", inode=status.st_ino)
    except FileChangedError:
        assembly.mover.abandon(move, actor="sort", reason=ReasonCode.CHANGED)
        raise


def _result(file: Path, document: Document, configuration: Configuration) -> SortResult:
    place = configuration.root(document.place) / document.path
    verdict = document.verdict
    if document.waiting is not None:
        verdict = None
    return SortResult(file, verdict, document.id, place)


def _side_by_side(
    act: Callable[[FoundFile], SortResult], files: Sequence[FoundFile], workers: int, stop: Event
) -> Iterator[SortResult]:
    def begin(found: FoundFile) -> SortResult:
        if stop.is_set():
            return SortResult(found.path, None, left="not begun: interrupted")
        return act(found)

    with ThreadPoolExecutor(max(1, workers)) as pool:
        futures = [pool.submit(begin, found) for found in files]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            for future in futures:
                future.cancel()


@dataclass(frozen=True, slots=True)
class Shown:
    """One example and what became of it."""

    example: str
    document: Document
    place: Path


def prepare_demo(directory: Path) -> Path:
    """Make a fresh demo workspace, replacing an earlier demo but nothing else.

    Raises:
        UsageError: The directory holds something that is no demo, or a daemon runs in it.
        DependencyError: Poppler is missing, without which most examples would wait for ever.
    """
    if shutil.which("pdftoppm") is None:
        raise DependencyError(
            "poppler is not installed, and most of the examples are PDF files",
            remedy="apt install poppler-utils",
        )
    if directory.exists():
        if not (directory / MARKER).is_file() and any(directory.iterdir()):
            raise UsageError(
                f"{directory} exists and is no demo",
                remedy="name another place with: docsorter demo --dir DIR",
            )
        pid = WorkspaceLock(directory / ".docsorter").holder()
        if pid is not None:
            raise UsageError(
                f"a daemon runs in {directory} (process {pid})", remedy=f"stop it: kill {pid}"
            )
        shutil.rmtree(directory)
    configuration, _ = create(directory)
    (directory / MARKER).write_text("docsorter demo may replace this directory\n")
    file = directory / FILE_NAME
    text = file.read_text(encoding="utf-8")
    # The examples are copied whole, so they need no long rest.
    quick = text.replace("[intake]\n", "[intake]\nrest_seconds = 0.5\nslow_rest_seconds = 3.0\n")
    file.write_text(quick, encoding="utf-8")
    migrate_workspace(configuration)
    return directory


def run_demo(
    directory: Path, advance: Callable[[int], None], *, pause: Callable[[float], None] = time.sleep
) -> list[Shown]:
    """Run the daemon over copies of the example scans until each has found its place.

    Args:
        directory: A workspace made by `prepare_demo`.
        advance: Told how many examples are done.
        pause: Waits between looks at the store.

    Returns:
        Every example once, by name.

    Raises:
        EnvironmentFaultError: The daemon ended early, or took too long; its last lines are told.
    """
    configuration = load(directory)
    examples = example_files()
    log = directory / "daemon.log"
    for example in examples:  # before the daemon looks, so that every demo numbers them alike
        shutil.copy(example, configuration.root(Place.INBOX))
    with log.open("w", encoding="utf-8") as sink:
        daemon = subprocess.Popen(
            [sys.executable, "-m", "docsorter", "run", str(directory)], stdout=sink, stderr=sink
        )
        try:
            with open_workspace_store(configuration) as store:
                _wait(daemon, store, len(examples), log, advance, pause)
                documents = store.documents.find(limit=10 * len(examples))
        finally:
            _stop(daemon)
    return sorted(
        (Shown(d.name, d, configuration.root(d.place) / d.path) for d in documents),
        key=lambda shown: shown.example,
    )


def example_files() -> list[Path]:
    """Return the example scans that travel with docsorter.

    Raises:
        EnvironmentFaultError: They are not installed.
    """
    directory = examples_dir()
    files = sorted(p for p in directory.glob("*") if p.is_file() and p.suffix != ".md")
    if not files:
        raise EnvironmentFaultError(
            f"there are no example scans in {directory}", remedy="install docsorter again"
        )
    return files


def _wait(
    daemon: "subprocess.Popen[bytes]",
    store: Store,
    expected: int,
    log: Path,
    advance: Callable[[int], None],
    pause: Callable[[float], None],
) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        counts = store.documents.counts()
        done = counts.total - sum(counts.states.get(state, 0) for state in _WAITED_FOR)
        advance(done)
        if done >= expected:
            return
        if daemon.poll() is not None or time.monotonic() > deadline:
            last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
            raise EnvironmentFaultError(
                f"the daemon {'ended' if daemon.poll() is not None else 'is too slow'} after "
                f"{done} of {expected} files: {' / '.join(last)}",
                remedy=f"its whole log is in {log}",
            )
        pause(0.1)


def _stop(daemon: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        daemon.send_signal(signal.SIGTERM)
    try:
        code = daemon.wait(_DRAIN)
    except subprocess.TimeoutExpired:
        daemon.kill()
        raise DocsorterError("the daemon did not stop when asked", remedy="report this") from None
    if code not in {0, None} and sys.exc_info()[0] is None:
        raise DocsorterError(f"the daemon ended with code {code}", remedy="see its log")
