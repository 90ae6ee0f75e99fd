"""Files sorted once through the same pipeline as the daemon, and the demonstration of a daemon."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

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
    VerdictKind,
)
from docsorter.errors import (
    DependencyError,
    DocsorterError,
    DocumentError,
    EnvironmentFaultError,
    UsageError,
)
from docsorter.filesystem import Disk, environment_reason
from docsorter.resources import examples_dir
from docsorter.service.daemon.assembly import Assembly
from docsorter.service.daemon.pipeline import threads_for, unreadable
from docsorter.service.engine import Engine
from docsorter.service.workspace.layout import create, migrate_workspace, open_workspace_store
from docsorter.service.workspace.process import WorkspaceLock
from docsorter.store import Arrival, DocumentFilter, Store

MARKER = ".docsorter-demo"
_WAITED_FOR = frozenset({State.CLAIMING, State.SPOOLED})
_PATIENCE = 240.0  # seconds; a slow machine reads all examples in a tenth of it
_DRAIN = 60.0
_FINAL = frozenset({State.SORTED, State.REVIEW, State.REJECTED})


@dataclass(frozen=True, slots=True)
class SortResult:
    """What became of one file.

    Attributes:
        file: As it was named.
        verdict: What was decided; None when it still waits.
        document_id: Its number, None for a dry run.
        place: Where it is now; None for a dry run.
    """

    file: Path
    verdict: Verdict | None
    document_id: int | None = None
    place: Path | None = None


def regular_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files to sort; a folder stands for the files directly inside it.

    Raises:
        UsageError: A path does not exist or is neither a file nor a folder.
    """
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += sorted(p for p in path.iterdir() if p.is_file() and not p.is_symlink())
        elif path.is_file():
            files.append(path)
        else:
            what = "is not a regular file" if path.exists() else "does not exist"
            raise UsageError(f"{path} {what}", remedy="name files, or folders of files")
    return files


def inspect_only(engine: Engine, files: Sequence[Path], workers: int) -> Iterator[SortResult]:
    """Say what would happen to each file, touching nothing; in the order they are done."""

    def inspect(file: Path) -> SortResult:
        try:
            return SortResult(file, engine.inspect(file, file.name).verdict)
        except DocumentError as error:
            return SortResult(file, unreadable(error))
        except OSError as error:
            return SortResult(file, Verdict(VerdictKind.REJECT, environment_reason(error)))

    yield from _side_by_side(inspect, files, workers)


def sort_files(assembly: Assembly, files: Sequence[Path], *, copy: bool) -> Iterator[SortResult]:
    """Take files into the workspace and sort them; in the order they are done.

    The caller holds the workspace's lock.
    """
    inbox = assembly.configuration.root(Place.INBOX)

    def sort(file: Path) -> SortResult:
        dropped = drop_into(inbox, file, Disk(), copy=copy)
        document = _claim(assembly, dropped, inbox)
        return _result(file, assembly.pipeline.handle(document.id), assembly.configuration)

    yield from _side_by_side(sort, files, threads_for(assembly.workers))


def hand_over(
    configuration: Configuration,
    store: Store,
    files: Sequence[Path],
    *,
    copy: bool,
    clock: Clock | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[SortResult]:
    """Drop files into the inbox of a running daemon and wait for its verdicts.

    Raises:
        EnvironmentFaultError: The daemon does not get to them in time; they stay in the inbox.
    """
    clock = clock or SystemClock()
    began = clock.now()
    inbox = configuration.root(Place.INBOX)
    waiting = {drop_into(inbox, file, Disk(), copy=copy).name: file for file in files}
    settings = configuration.settings
    patience = 60.0 + settings.intake.slow_rest_seconds + settings.intake.poll_seconds
    deadline = clock.monotonic() + patience + len(waiting) * settings.pages.time_limit_seconds
    while waiting:
        for document in store.documents.find(
            DocumentFilter(since=began), limit=len(waiting) + 1000
        ):
            if document.name in waiting and document.state in _FINAL:
                yield _result(waiting.pop(document.name), document, configuration)
        if waiting and clock.monotonic() > deadline:
            raise EnvironmentFaultError(
                f"the running daemon has not got to {len(waiting)} files yet",
                remedy="they are in the inbox and safe; docsorter status says what it waits for",
            )
        if waiting:
            pause(0.2)


def _claim(assembly: Assembly, dropped: Path, inbox: Path) -> Document:
    status = dropped.lstat()
    path = dropped.relative_to(inbox)
    source = "" if path.parent == Path() else path.parent.as_posix()
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
    act: Callable[[Path], SortResult], files: Sequence[Path], workers: int
) -> Iterator[SortResult]:
    with ThreadPoolExecutor(max(1, workers)) as pool:
        futures = [pool.submit(act, file) for file in files]
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
    with log.open("w", encoding="utf-8") as sink:
        daemon = subprocess.Popen(
            [sys.executable, "-m", "docsorter", "run", str(directory)], stdout=sink, stderr=sink
        )
        try:
            for example in examples:
                shutil.copy(example, configuration.root(Place.INBOX))
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
