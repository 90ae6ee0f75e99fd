"""The real daemon and the real acts of people on a real workspace, with an eye that costs nothing.

Intake, store, pipeline, delivery and recovery are the product's; what a file is stands in its first
words (`invoice 0.99`), so that a start takes milliseconds and a run can be repeated thousands of
times. Time jumps ahead whenever the daemon has nothing to do but wait.
"""

import datetime as dt
import gc
import itertools
import json
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final
from unittest import mock

from sqlalchemy import Engine, create_engine
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

from docsorter.clock import Clock
from docsorter.configuration import Configuration, load
from docsorter.deliver.mover import Mover
from docsorter.documents import Place
from docsorter.errors import ConflictError, NotFoundError
from docsorter.filesystem import Disk
from docsorter.model.registry import Promotion, PromotionFile
from docsorter.service.daemon.daemon import Daemon, Parts
from docsorter.service.review.service import ReviewService, open_review_service
from docsorter.store import Store
from tests.torture.eye import Eye, JumpingClock
from tests.torture.scene import fill, fill_for_people, make, scratch

REVIEWER: Final = "ada"
UID: Final = 1000
PROMISED: Final = "told-"
"""A name that is never there; removing it marks that the person was told of a document."""
_MOST_JUMPS: Final = 400
_STATEMENTS: Final[LRUCache[Any, Any]] = LRUCache(2000)
Hook = Callable[[str], None]


class NoRestError(Exception):
    """The daemon always finds something more to wait for."""


class LightDaemon(Daemon):
    """A daemon that stops by itself when the inbox is empty and everything has its place.

    Args:
        configuration: The workspace.
        jumping: Moved ahead instead of sleeping.
    """

    def __init__(self, configuration: Configuration, jumping: JumpingClock) -> None:
        super().__init__(configuration, jumping)
        self._jumping = jumping
        self._jumps = 0
        self._confirming: dt.datetime | None = None

    def _sleep(self, parts: Parts) -> float:
        seconds, inbox = super()._sleep(parts), parts.inbox
        if parts.workers.busy or seconds <= 0.0:
            return seconds
        if inbox.settling == 0 and _at_rest(parts.assembly.store):
            if self._confirming is not None and inbox.last_rescan != self._confirming:
                self.stop()  # a whole rescan later there still is nothing
                return 0.0
            self._confirming = inbox.last_rescan
            inbox.request_rescan()
        self._jumps += 1
        if self._jumps > _MOST_JUMPS:
            raise NoRestError(f"still something to wait for after {self._jumps} waits")
        self._jumping.advance(seconds)
        return 0.0


def _at_rest(store: Store) -> bool:
    return store.documents.next_due_time() is None and not store.moves.planned(limit=1)


@contextmanager
def lightened(at: Hook | None = None) -> Iterator[None]:
    """Put the eye in the place of the model, and a hook at every step of every mover."""

    def mover(configuration: Configuration, store: Store, clock: Clock) -> Mover:
        roots = {place: configuration.root(place) for place in Place}
        hook = at or (lambda _: None)
        return Mover(store, Disk(), roots, configuration.settings, clock, at=hook)

    service = "docsorter.service"
    with (
        mock.patch(f"{service}.daemon.assembly.open_engine", return_value=Eye()),
        mock.patch(f"{service}.daemon.assembly.open_mover", mover),
        mock.patch(f"{service}.review.service.open_mover", mover),
        _compiled_once(),
    ):
        yield


@contextmanager
def _compiled_once() -> Iterator[None]:
    """Let all engines share the statements that were compiled: a fifth of what a start costs.

    SQLAlchemy keeps them per engine, under keys with the engine's dialect, which is the same for
    all of ours.
    """

    def make(*arguments: Any, **options: Any) -> Engine:  # noqa: ANN401 -- handed through
        engine = create_engine(*arguments, **options)
        engine._compiled_cache = _STATEMENTS
        return engine

    with (
        mock.patch("docsorter.store.database.create_engine", make),
        mock.patch.object(SQLiteDialect_pysqlite, "__eq__", lambda a, b: type(a) is type(b)),
        mock.patch.object(SQLiteDialect_pysqlite, "__hash__", lambda a: hash(type(a))),
    ):
        yield


def drain(workspace: Path) -> None:
    """Start the daemon, let it finish all that there is to do, and let it stop."""
    LightDaemon(_light(workspace), JumpingClock()).run()


def serve(workspace: Path) -> None:
    """Run the daemon in real time until it is told to stop."""
    daemon = Daemon(_light(workspace))
    daemon.install_signals()
    daemon.run()


def program(workspace: Path) -> None:
    """Become the program as it is installed; does not return."""
    command = [sys.executable, "-m", "docsorter", "run", str(workspace)]
    os.execv(sys.executable, command)


def act(workspace: Path) -> None:
    """Be a reviewer: label, refuse, take back, put off, label anew, until nothing waits."""
    with open_review_service(_light(workspace), JumpingClock()) as acts:
        waiting = sorted(entry.document.id for entry in acts.store.review.entries(limit=100))
        for turn, number in enumerate(waiting):
            _ACTS[turn % len(_ACTS)](acts, number)
            _promise(workspace, number)


def disturb(workspace: Path, seed: int) -> None:
    """Answer and undo at random beside a running daemon, whoever is faster."""
    choice = random.Random(seed)
    with open_review_service(_light(workspace)) as acts:
        for _ in range(30):
            time.sleep(0.01)
            known = acts.store.documents.find(limit=1000)
            if not known:
                continue
            document = choice.choice(known)
            step = choice.choice(_ACTS)
            try:
                step(acts, document.id)
            except (ConflictError, NotFoundError):
                continue  # it is somewhere else by now


def promote(workspace: Path) -> None:
    """Put a model to use, and another, and take one back; each is one durable line."""
    file = PromotionFile(_light(workspace).state / "models")
    for act, bundle in (("promote", "mine-1"), ("promote", "mine-2"), ("rollback", "mine-1")):
        with file.locked():
            file.append(promotion(act, bundle))


def promotion(act: str, bundle: str) -> Promotion:
    """Return a line for the list of promotions."""
    line = {"act": act, "bundle": bundle, "model": bundle, "fingerprint": "0" * 64}
    who = {"previous": "", "at": dt.datetime.now(dt.UTC), "by": REVIEWER, "uid": UID}
    return Promotion.model_validate(line | who)


def _promise(workspace: Path, number: int) -> None:
    """Say in the record of system calls that the person was told: it is done."""
    (workspace / f"{PROMISED}{number}").unlink(missing_ok=True)


def _answered(acts: ReviewService, number: int) -> None:
    acts.answer(number, "claim", reviewer=REVIEWER, uid=UID)


def _refused(acts: ReviewService, number: int) -> None:
    acts.answer(number, None, reviewer=REVIEWER, uid=UID)


def _undone(acts: ReviewService, number: int) -> None:
    _answered(acts, number)
    acts.undo(number, reviewer=REVIEWER, uid=UID)


def _changed_mind(acts: ReviewService, number: int) -> None:
    acts.skip(number, reviewer=REVIEWER)
    _refused(acts, number)
    acts.undo(number, reviewer=REVIEWER, uid=UID)
    acts.answer(number, "letter", reviewer=REVIEWER, uid=UID)


_ACTS: Final = (_answered, _refused, _undone, _changed_mind)


def _light(workspace: Path) -> Configuration:
    return load(workspace)


def run(name: str, workspace: Path, seed: int, step: int, channel: socket.socket) -> None:
    """Do one task, reporting every step of a mover; die at one of them if asked.

    Args:
        name: Of the task.
        workspace: Where.
        seed: For what is done at random.
        step: Number of the announcement to die at, from 1; 0 for none.
        channel: Gets a line of JSON per announcement when `step` is given.
    """
    seen = itertools.count(1)

    def hook(announcement: str) -> None:
        channel.sendall(json.dumps({"step": announcement}).encode() + b"\n")
        if next(seen) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    tasks: dict[str, Callable[[], None]] = {
        "drain": partial(drain, workspace),
        "serve": partial(serve, workspace),
        "act": partial(act, workspace),
        "promote": partial(promote, workspace),
        "program": partial(program, workspace),
        "disturb": partial(disturb, workspace, seed),
    }
    with lightened(hook if step else None):
        tasks[name]()


@contextmanager
def warmed() -> Iterator[None]:
    """Do everything once, so that a child inherits what is computed once per process."""
    with scratch() as folder, lightened():
        scene = fill_for_people(fill(make(folder / "paper")))
        drain(scene.workspace)
        act(scene.workspace)
        promote(scene.workspace)
    gc.collect()
    gc.freeze()
    yield
