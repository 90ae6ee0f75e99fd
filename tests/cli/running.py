"""Run the command line as a user does, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def docsorter(
    *arguments: str | Path, cwd: Path | None = None, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run `docsorter` with arguments and return what came of it."""
    return subprocess.run(
        [sys.executable, "-m", "docsorter", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=170,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **environment},
    )
