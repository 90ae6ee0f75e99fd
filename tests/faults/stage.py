"""A workspace whose surroundings can be made to fail, with the real daemon in it.

Everything is real but the eye: what a file is stands in its first word (`tests.service.desk`).
Mounts are made in a user namespace of our own, so no root is needed.
"""

import datetime as dt
import errno
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import TypeVar
from unittest import mock

import pytest

from docsorter.configuration import Configuration
from docsorter.deliver import recovery
from docsorter.documents import Document, Place, State
from docsorter.errors import DocsorterError
from docsorter.service.daemon import assembly, claims, daemon, pipeline
from docsorter.service.systemd import Notifier
from docsorter.service.workspace import process
from docsorter.service.workspace.layout import create, migrate_workspace, open_workspace_store
from docsorter.store import Store
from tests.patience import wait_until
from tests.service.desk import WordReader

T = TypeVar("T")
_DATABASE = "docsorter.db"
PATIENCE = 60.0  # seconds of idleness, see `tests.patience`: a busy machine is no fault
FINAL = frozenset({State.SORTED, State.REVIEW, State.REJECTED})
# The first confidence sorts, the second asks a person, the third is refused.
WORDS = {Place.SORTED: b"invoice 0.99", Place.REVIEW: b"claim 0.5", Place.REJECTED: b"broken 0"}
_QUICK = """
[intake]
rest_seconds = 0.05
slow_rest_seconds = 0.1
rescan_seconds = {rescan}
poll_seconds = 0.3
[model]
bundle = "starter"
[store]
busy_seconds = {busy}
[service]
workers = 2
min_free_mb = {least}
"""


class SetClock:
    """The machine's clock, whose wall time can be set."""

    def __init__(self) -> None:
        self.set_by = dt.timedelta()

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + self.set_by

    def monotonic(self) -> float:
        return time.monotonic()


class Manager(Notifier):
    """The service manager; remembers what it was told."""

    def __init__(self) -> None:
        super().__init__({"WATCHDOG_USEC": "100000"})
        self.told: list[str] = []

    def send(self, *lines: str) -> bool:
        self.told += lines
        return True

    @property
    def pings(self) -> int:
        return self.told.count("WATCHDOG=1")


class Embedder(WordReader):
    """Stands in for the model and for what holds it."""

    def __init__(self) -> None:
        super().__init__()
        card = SimpleNamespace(name="test-1")
        self.card = card
        self.model = SimpleNamespace(
            card=card, fingerprint="", statement="a statement", rule_key="",
            bundle=SimpleNamespace(runtime_file=Path("no model is mapped")),
        )  # fmt: skip

    def close(self) -> None:
        """There is nothing to close."""


class Stage:
    """One workspace, and the means to spoil what is around it.

    Args:
        folder: An empty folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workspace = folder / "paper"
        self.eye = Embedder()
        self.clock = SetClock()
        self.manager = Manager()
        self.dropped: set[bytes] = set()
        self._mounted: list[Path] = []
        self._store: Store | None = None

    def make(
        self, *, least: float = 0, rescan: float = 0.5, busy: float = 2.5, extra: str = ""
    ) -> Configuration:
        """Make the workspace; what was mounted at its folders before stays."""
        self.workspace.mkdir(exist_ok=True)
        text = _QUICK.format(least=least, rescan=rescan, busy=busy) + extra
        (self.workspace / "docsorter.toml").write_text(text)
        self.configuration, _ = create(self.workspace)
        _put_database(self.configuration)
        return self.configuration

    def root(self, place: Place) -> Path:
        """Return the folder of a place, also before the workspace is made."""
        spool = self.workspace / ".docsorter" / "spool"
        return spool if place is Place.SPOOL else self.workspace / place.value

    @property
    def state(self) -> Path:
        return self.workspace / ".docsorter"

    # --- what fails ---

    def mount(self, path: Path, options: str = "size=4m", *, source: Path | None = None) -> None:
        """Mount a new file system in memory, or a folder that is somewhere else."""
        path.mkdir(parents=True, exist_ok=True)
        how = ["--bind", source] if source else ["-t", "tmpfs", "-o", options, "none"]
        subprocess.run(["mount", *how, path], check=True)
        self._mounted.append(path)

    def unmount(self, path: Path) -> None:
        """Take a mount away, whoever is in it."""
        subprocess.run(["umount", "-l", path], check=True)
        self._mounted.remove(path)

    def remount(self, path: Path, options: str) -> None:
        """Change a mount: "ro", "rw", "size=8m"."""
        subprocess.run(["mount", "-o", f"remount,{options}", path], check=True)

    def fill(self, path: Path) -> Path:
        """Use up the file system of a folder to the last byte; return what to remove again."""
        ballast = path / ".ballast"
        with ballast.open("wb", buffering=0) as file:
            for size in (65536, 4096, 512, 1):
                with open_until_full():
                    while True:
                        file.write(b"\0" * size)
        return ballast

    # --- what goes on ---

    def drop(self, name: str, content: bytes) -> Path:
        """Put a file into the inbox."""
        self.dropped.add(content)
        path = self.root(Place.INBOX) / name
        path.write_bytes(content)
        return path

    @contextmanager
    def running(self) -> Iterator[daemon.Daemon]:
        """Run the daemon in a thread; what ends it ends the scene."""
        ready, errors = threading.Event(), []
        with ExitStack() as stack:
            for module, name, value in (
                (assembly, "open_engine", lambda *_: self.eye),
                (assembly, "SwitchingEngine", lambda engine, *_: engine),
                (daemon, "_RETRY_SECONDS", 0.1),
                (pipeline, "_FIRST_WAIT", 0.2),
                (recovery, "_FIRST_WAIT", 0.2),
                (claims, "_AGAIN_SECONDS", 0.2),
            ):
                stack.enter_context(mock.patch.object(module, name, value))
            running = daemon.Daemon(self.configuration, self.clock, self.manager)

            def work() -> None:
                try:
                    running.run(on_ready=ready.set)
                except Exception as error:  # noqa: BLE001 - the scene is told
                    errors.append(error)
                ready.set()

            thread = threading.Thread(target=work)
            thread.start()
            try:
                wait_until(ready.is_set, "a start", idle=PATIENCE)
                if errors:
                    raise errors[0]
                yield running
            finally:
                running.stop()
                wait_until(lambda: not thread.is_alive(), "a stop", idle=PATIENCE)
            if errors:
                raise errors[0]

    def refused(self, kind: type[DocsorterError], said: str, *, remedy: str) -> None:
        """The daemon must not start, and say why, what to do, and that to systemd as well."""
        with pytest.raises(kind, match=said) as caught, self.running():
            raise AssertionError("it started")
        assert remedy in caught.value.remedy, caught.value

    def beat(self) -> process.Health:
        """Return the last heartbeat."""
        found = process.read_health(self.state)
        assert found is not None, "there is no heartbeat"
        return found

    def documents(self) -> list[Document]:
        """Return what the store knows."""
        if self._store is None:
            self._store = open_workspace_store(self.configuration)
        return self._store.documents.find(limit=1000)

    def paused(self, code: str) -> process.Health:
        """Wait until the daemon says that it is paused for a reason; it must go on pinging."""
        self.until(lambda: self.beat().paused_reason == code, f"a pause for {code}")
        pings = self.manager.pings
        self.until(lambda: self.manager.pings > pings + 1, "pings of a paused daemon")
        beat = self.beat()
        assert beat.state == "paused", beat
        assert beat.paused, beat
        assert beat.remedy, beat
        return beat

    def waits(self, code: str) -> None:
        """Wait until a document waits for a reason, or the daemon does."""
        self.until(
            lambda: (
                any(d.waiting and d.waiting.code == code for d in self.documents())
                or self.beat().paused_reason == code
                or any(code in text for text in self.beat().busy)
            ),
            f"a wait for {code}",
        )

    def settled(self) -> None:
        """Wait until every file that was dropped has its place, and there exactly once."""
        self.until(lambda: self._finished() >= len(self.dropped), "every document in its folder")
        self.check()

    def _finished(self) -> int:
        return sum(d.state in FINAL for d in self.documents())

    def check(self) -> None:
        """Every dropped content is in exactly one place, the store agreeing."""
        found = self.whereabouts()
        for content in self.dropped:
            assert len(found.get(content, [])) == 1, (content, found.get(content), "not once")
        for document in self.documents():
            if document.state in FINAL:
                path = self.configuration.root(document.place) / document.path
                assert path.is_file(), (document, "the store names a place that is empty")

    def whereabouts(self) -> Mapping[bytes, list[Path]]:
        """Return where each content is, under all roots and private folders."""
        found: dict[bytes, list[Path]] = {}
        roots = [self.root(place) for place in Place]
        for root in roots:
            for path in root.rglob("*"):
                is_ours = path.suffix == ".json" or path.name.startswith((".ballast", ".moves"))
                if path.is_file() and not is_ours and path.stat().st_size:
                    found.setdefault(path.read_bytes(), []).append(path)
        return found

    def until(self, condition: Callable[[], T | None], what: str) -> T:
        """Poll until something is so."""
        return wait_until(condition, what, idle=PATIENCE, said=self._said)

    def _said(self) -> str:
        return f"{process.read_health(self.state)}; {self.documents()}"

    def forget_store(self) -> None:
        """Open the database anew at the next question: it is another file now."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def close(self) -> None:
        """Take away every mount."""
        if self._store is not None:
            self._store.close()
        for path in reversed(self._mounted):
            subprocess.run(["umount", "-l", path], check=False)


@cache
def _empty_database() -> bytes:
    """Migrate once; every scene begins with the same."""
    with TemporaryDirectory() as folder:
        configuration, _ = create(Path(folder) / "paper")
        migrate_workspace(configuration)
        return (configuration.state / _DATABASE).read_bytes()


def _put_database(configuration: Configuration) -> None:
    path = configuration.state / _DATABASE
    if not path.exists():
        path.touch(0o600)
        path.write_bytes(_empty_database())


@contextmanager
def open_until_full() -> Iterator[None]:
    """Stop without a word when a disk is full."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise


def may_mount() -> str:
    """Return why no mounts can be made here, "" when they can."""
    tried = subprocess.run(
        ["unshare", "-rm", "--propagation", "private", "mount", "-t", "tmpfs", "none", "/mnt"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    return "" if tried.returncode == 0 else f"no mounts in a user namespace: {tried.stderr.strip()}"
