import os
import subprocess
import sys
from pathlib import Path

import pytest

from docsorter.errors import AlreadyRunningError
from docsorter.service.workspace.process import WorkspaceLock

HOLD = """
import sys
from pathlib import Path
from docsorter.service.workspace.process import WorkspaceLock
with WorkspaceLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_only_one_process_holds_a_workspace_and_a_kill_frees_it(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        lock = WorkspaceLock(tmp_path)
        assert lock.holder() == other.pid
        with pytest.raises(AlreadyRunningError, match=str(other.pid)):
            lock.acquire()
        other.kill()
    with lock:
        assert lock.holder() == os.getpid()
    assert lock.holder() is None


def test_nobody_holds_a_workspace_that_was_never_run(tmp_path: Path) -> None:
    assert WorkspaceLock(tmp_path).holder() is None
