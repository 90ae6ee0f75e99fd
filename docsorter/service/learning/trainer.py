"""Starts the process that learns, shows how far it is, and ends it when it must."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, Final, Literal

from docsorter import errors
from docsorter.configuration import Configuration
from docsorter.errors import DependencyError, DocsorterError, EnvironmentFaultError

Progress = Callable[[str, int, int], None]

LOG: Final = "training.log"
_LIBRARIES: Final = ("tensorflow", "keras", "sklearn", "cleanlab", "typst")
_COMMAND: Final = (sys.executable, "-m", "docsorter.training.learning")
_PATIENCE: Final = 30.0  # seconds between asking a process to end and ending it
_LAST_LINES: Final = 3


def require_extra() -> None:
    """Say at once when learning is not possible here.

    Raises:
        DependencyError: A library of the `train` extra is not installed.
    """
    missing = [name for name in _LIBRARIES if find_spec(name) is None]
    if missing:
        raise DependencyError(
            f"learning needs libraries that are not installed: {', '.join(missing)}",
            remedy="pip install 'docsorter[train]'; it may be done on another machine: "
            "docsorter train, then docsorter model add",
        )


class Trainer:
    """Runs one task at a time in a process group of its own, at the lowest priority.

    Args:
        configuration: The workspace.
        command: What to start; it speaks the lines of `docsorter.training.learning`.
    """

    def __init__(self, configuration: Configuration, command: Sequence[str] = _COMMAND) -> None:
        self._configuration = configuration
        self._command = tuple(command)

    def run(
        self, task: Literal["inspect", "teach"], name: str, progress: Progress
    ) -> dict[str, Any]:
        """Do a task on a snapshot to its end.

        An interrupt of this process ends that one as well; so does its death. What was done so far
        is kept, and the same call goes on there.

        Args:
            task: What to do.
            name: The snapshot.
            progress: Is told how far it is.

        Returns:
            What it answered.

        Raises:
            DocsorterError: What it raised.
            EnvironmentFaultError: It was killed, or ran longer than it may.
        """
        settings = self._configuration.settings
        orders = {
            "task": task,
            "name": name,
            "state": str(self._configuration.state),
            "pages": settings.pages.model_dump(mode="json"),
            "threads": settings.learning.threads,
        }
        log = self._configuration.state / "learning" / name / LOG
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        with (
            os.fdopen(os.open(log, flags, 0o600), "ab") as chatter,
            subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=chatter,
                text=True,
                start_new_session=True,
            ) as process,
        ):
            late = threading.Event()
            timer = threading.Timer(settings.learning.hours * 3600, _stop, (process, late))
            timer.start()
            try:
                answer = _listen(process, json.dumps(orders), progress)
            finally:
                timer.cancel()
                _end(process)
        return _result(answer, process.returncode, log, late=late.is_set())


def _listen(
    process: "subprocess.Popen[str]", orders: str, progress: Progress
) -> dict[str, Any] | None:
    """Return the last line, which is no progress; None when there is none."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(orders + "\n")
        process.stdin.flush()  # and it stays open: the process ends with it
    except BrokenPipeError:
        return None
    return _last(process.stdout, progress)


def _last(lines: IO[str], progress: Progress) -> dict[str, Any] | None:
    for line in lines:
        said: dict[str, Any] = json.loads(line)
        if "stage" not in said:
            return said
        progress(said["stage"], said["done"], said["total"])
    return None


def _stop(process: "subprocess.Popen[str]", late: threading.Event) -> None:
    late.set()
    _signal(process, signal.SIGTERM)


def _end(process: "subprocess.Popen[str]") -> None:
    """End the group, first politely; a process that is done is only waited for."""
    if process.stdin is not None and not process.stdin.closed:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        _signal(process, signal.SIGKILL)
        process.wait()


def _signal(process: "subprocess.Popen[str]", number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def _result(answer: dict[str, Any] | None, code: int, log: Path, *, late: bool) -> dict[str, Any]:
    again = "say the same again: it goes on where it was"
    if late:
        raise EnvironmentFaultError(
            "the training ran longer than learning.hours allows",
            remedy=f"raise learning.hours, then {again}",
        )
    if answer is None:
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        raise EnvironmentFaultError(
            f"the process that learns {how} without an answer: {_last_words(log)}",
            remedy=f"look into {log}; is there enough memory? Then {again}",
        )
    if "error" in answer:
        told = answer["error"]
        kind = getattr(errors, str(told["kind"]), DocsorterError)
        raise kind(told["message"], remedy=told["remedy"])
    found: dict[str, Any] = answer["result"]
    return found


def _last_words(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return " / ".join(line.strip() for line in lines[-_LAST_LINES:]) or "it said nothing"
