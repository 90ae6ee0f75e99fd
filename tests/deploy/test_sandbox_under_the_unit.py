"""The shipped unit: how exposed it is, and that everything works under its filters."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from docsorter.clock import SystemClock
from docsorter.configuration import Configuration, load
from docsorter.documents import Document, State
from docsorter.resources import starter_bundle_dir
from docsorter.service.daemon.sort_once import example_files
from docsorter.service.workspace.layout import create, migrate_workspace, open_workspace_store
from tests.deploy import filters
from tests.deploy.conftest import STRANGER, UNIT, Python
from tests.deploy.filters import Unit
from tests.model.bundles import write_checksums
from tests.service.running import FINAL, wait_until

CONFINED = Path(__file__).with_name("confined.py")
LANDLOCK = ("landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self")
REPORT = (
    "import json; from docsorter.pages.reader import sandbox_report as s; print(json.dumps(s()))"
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(filters.PROGRAM is None, reason="systemd-analyze is not installed"),
]


def confined(python: Python, *words: str | Path) -> list[str]:
    """Return a command line that runs this interpreter under the unit, as a user without rights."""
    who = str(STRANGER) if os.geteuid() == 0 else "-"
    return [str(word) for word in (python.path, CONFINED, UNIT, who, who, *words)]


def test_the_exposure_is_at_most_2(tmp_path: Path) -> None:
    command = [str(filters.PROGRAM), "security", "--offline=true", "--threshold=20", str(UNIT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


def test_the_filter_leaves_out_what_the_daemon_has_no_use_for() -> None:
    calls = Unit(UNIT).calls()
    assert set(LANDLOCK) <= calls
    assert {"renameat2", "fsync", "memfd_create", "prctl", "prlimit64", "statx"} <= calls
    refused = {"mount", "bpf", "ptrace", "setuid", "keyctl", "io_uring_setup", "kexec_load"}
    assert not refused & calls


def test_children_are_shut_in_by_landlock_and_seccomp_inside_the_service(python: Python) -> None:
    command = confined(python, python.path, "-c", REPORT)
    report = subprocess.run(
        command, env=python.environment, cwd="/", capture_output=True, text=True, check=True
    ).stdout
    for feature in ("no_new_privs", "landlock", "capabilities", "seccomp", "limits"):
        assert f'"{feature}": "active' in report


def test_without_the_landlock_calls_in_the_filter_there_is_no_landlock(python: Python) -> None:
    """As it was with @system-service alone: this shows that the filter is really there."""
    command = confined(python, "--without", ",".join(LANDLOCK), python.path, "-c", REPORT)
    report = subprocess.run(
        command, env=python.environment, cwd="/", capture_output=True, text=True, check=True
    ).stdout
    assert '"landlock": "not available' in report
    assert '"seccomp": "active' in report


@pytest.fixture
def workspace(shared_folder: Path) -> Configuration:
    """Return a workspace of the service's user, with the starter model in a bold mood."""
    if not starter_bundle_dir().is_dir():
        pytest.skip("the starter model is not there")
    directory = shared_folder / "paper"
    create(directory)
    bold = directory / ".docsorter/models/bold"
    shutil.copytree(starter_bundle_dir(), bold)
    card = json.loads((bold / "card.json").read_text())
    (bold / "card.json").write_text(json.dumps({**card, "name": "bold", "threshold": 0.5}))
    write_checksums(bold)
    settings = '[intake]\nrest_seconds = 0.2\nslow_rest_seconds = 0.5\n[model]\nbundle = "bold"\n'
    (directory / "docsorter.toml").write_text(settings)
    configuration = load(directory)
    migrate_workspace(configuration)
    if os.geteuid() == 0:
        for path in (directory, *directory.rglob("*")):
            os.chown(path, STRANGER, STRANGER)
    return configuration


def process_status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def test_scans_are_sorted_by_the_daemon_in_the_service(
    python: Python, workspace: Configuration
) -> None:
    scans = example_files()  # every type of file
    inbox = workspace.workspace / "inbox"
    command = confined(python, python.path, "-m", "docsorter", "run", str(workspace.workspace))
    log = (workspace.workspace.parent / "log").open("w+")
    with (
        log,
        subprocess.Popen(
            command, env=python.environment, cwd="/", stdout=log, stderr=log
        ) as process,
    ):
        try:
            for path in scans:
                target = inbox / path.name
                target.write_bytes(path.read_bytes())
                if os.geteuid() == 0:
                    os.chown(target, STRANGER, STRANGER)

            def all_done() -> list[Document] | None:
                assert process.poll() is None, Path(log.name).read_text()
                with open_workspace_store(workspace, SystemClock()) as store:
                    found = store.documents.find(limit=100)
                ready = [d for d in found if d.state in FINAL]
                return ready if len(ready) == len(scans) else None

            documents = wait_until(all_done, f"sorted: {Path(log.name).read_text()}")
            status = process_status(process.pid)
            process.send_signal(signal.SIGTERM)
            code = process.wait(60)
        finally:
            process.kill()

    assert {document.state for document in documents} >= {State.SORTED, State.REVIEW}
    assert code == 0
    assert (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1")
    if os.geteuid() == 0:
        assert status["Uid"].split() == [str(STRANGER)] * 4
        assert {status[f"Cap{kind}"].strip("0") for kind in ("Prm", "Eff", "Bnd", "Amb")} == {""}
