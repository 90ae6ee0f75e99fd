"""Asking systemd to do something, where systemd is what runs the machine."""

import subprocess
from pathlib import Path

from docsorter.errors import EnvironmentFaultError

_RUNS = Path("/run/systemd/system")  # sd_booted(3)
_SECONDS = 330  # a start may take as long as TimeoutStartSec= says, and a little


class Systemctl:
    """The systemctl(1) of this machine.

    Args:
        program: Name or path of it.
        marker: A folder that exists while systemd is process 1.
    """

    def __init__(self, program: str = "systemctl", marker: Path = _RUNS) -> None:
        self._program = program
        self._marker = marker

    @property
    def is_there(self) -> bool:
        """Whether systemd runs this machine."""
        return self._marker.is_dir()

    def do(self, *arguments: str) -> None:
        """Carry out a command.

        Raises:
            EnvironmentFaultError: systemd refuses; what it said is in the message.
        """
        done = self._run(*arguments)
        if done.returncode:
            said = " ".join((done.stderr or done.stdout).split())
            raise EnvironmentFaultError(
                f"systemctl {' '.join(arguments)} failed: {said}",
                remedy=f"journalctl --unit {arguments[-1]} says more",
            )

    def ask(self, question: str, unit: str) -> str:
        """Return the one word that is-active and is-enabled answer with."""
        answer = self._run(question, unit).stdout.strip() if self.is_there else ""
        return answer or "unknown"

    def _run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        try:
            return subprocess.run(
                [self._program, *arguments],
                capture_output=True,
                text=True,
                check=False,
                timeout=_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise EnvironmentFaultError(
                f"systemctl {' '.join(arguments)} does not work: {error}",
                remedy="type it yourself to see why",
            ) from error
