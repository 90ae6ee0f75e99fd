"""Run the command line as a user does, in a process of its own."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests import forge

ROOT = Path(__file__).resolve().parents[2]
_LIMIT = 600.0  # seconds


def docsorter(
    *arguments: str | Path, cwd: Path | None = None, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run `docsorter` with arguments and return what came of it.

    Variables that are not docsorter's own may change how Python starts, so then it is started anew.
    """
    words = [str(argument) for argument in arguments]
    if any(not name.startswith("DOCSORTER_") for name in environment):
        return anew(*words, cwd=cwd, **environment)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        program = forge.start(words, stdout=out, stderr=err, env=_variables(environment), cwd=cwd)
        try:
            code = program.wait(_LIMIT)
        except BaseException:
            program.kill()
            raise
        for file in (out, err):
            file.seek(0)
        return subprocess.CompletedProcess(words, code, out.read().decode(), err.read().decode())


def anew(
    *arguments: str, cwd: Path | None = None, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run it in a Python that has loaded nothing yet."""
    return subprocess.run(
        [sys.executable, "-m", "docsorter", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=_LIMIT,
        cwd=cwd,
        env=_variables(environment),
    )


def _variables(more: dict[str, str]) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **more}
