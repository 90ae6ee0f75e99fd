"""Sort named files once, through the same pipeline as the daemon."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from docsorter.clock import Clock, SystemClock
from docsorter.configuration import Configuration
from docsorter.deliver.drop import drop_into
from docsorter.deliver.transfer import FileChangedError
from docsorter.documents import (
    Document,
    Place,
    Reason,
    ReasonCode,
    State,
    Verdict,
    VerdictKind,
)
from docsorter.errors import DocumentError, EnvironmentFaultError, UsageError
from docsorter.filesystem import Disk, environment_reason
from docsorter.service.daemon.assembly import Assembly
from docsorter.service.daemon.pipeline import threads_for
from docsorter.service.engine import Engine
from docsorter.store import Arrival, DocumentFilter, Store

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
            reason = Reason(ReasonCode(error.code), str(error))
            return SortResult(file, Verdict(VerdictKind.REJECT, reason))
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
