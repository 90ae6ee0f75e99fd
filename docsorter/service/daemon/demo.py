"""The demonstration: a real daemon in a real workspace sorts the example scans."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from docsorter.configuration import FILE_NAME, load
from docsorter.documents import Document, Place, State
from docsorter.errors import (
    DependencyError,
    DocsorterError,
    EnvironmentFaultError,
    UsageError,
)
from docsorter.resources import examples_dir
from docsorter.service.workspace.layout import create, migrate_workspace, open_workspace_store
from docsorter.service.workspace.process import WorkspaceLock
from docsorter.store import Store

MARKER = ".docsorter-demo"
_WAITED_FOR = frozenset({State.CLAIMING, State.SPOOLED})
_PATIENCE = 240.0  # seconds; a slow machine reads all examples in a tenth of it
_DRAIN = 60.0


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
