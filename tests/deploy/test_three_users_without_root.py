"""The three users for somebody who is not root: other users can be had in a user namespace.

newuidmap(1) maps a range of numbers into it that /etc/subuid gives to whoever runs this; in there
`test_three_users.py` is root. Root runs that file as it is, always.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

NAMESPACE = ("unshare", "--user", "--map-root-user", "--map-auto")
TESTS = Path(__file__).with_name("test_three_users.py")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() == 0, reason="root needs no namespace: test_three_users.py"),
]


def test_three_users_work_together_in_a_namespace(tmp_path: Path) -> None:
    said = _run(tmp_path, *NAMESPACE, "true")
    if said.returncode:
        pytest.skip(
            "becoming other users takes root, or a range in /etc/subuid and newuidmap (package"
            f" uidmap) and unshare of util-linux 2.38: {said.stderr.strip()}"
        )
    pytest_ = ("-m", "pytest", "-q", "-rs", "-n", "0", "-p", "no:cacheprovider")
    base = f"--basetemp={tmp_path / 'inside'}"
    said = _run(tmp_path, *NAMESPACE, sys.executable, *pytest_, base, str(TESTS))
    assert said.returncode == 0, said.stdout + said.stderr
    if skipped := re.search(r"^SKIPPED .*$", said.stdout, re.MULTILINE):
        pytest.skip(f"in the namespace: {skipped.group()}")
    passed = re.search(r"(\d+) passed", said.stdout)
    assert passed is not None, said.stdout
    assert int(passed[1]) >= 4


def _run(scratch: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "HYPOTHESIS_STORAGE_DIRECTORY": str(scratch / "hypothesis"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LC_ALL": "C.UTF-8",
    }
    try:
        return subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment,
            cwd=TESTS.parents[2], timeout=600,
        )  # fmt: skip
    except FileNotFoundError as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))
