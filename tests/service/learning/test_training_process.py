"""The process that learns: what it says arrives, and it never outlives who started it."""

import dataclasses
import json
import os
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from docsorter.configuration import Configuration
from docsorter.errors import DependencyError, EnvironmentFaultError, UsageError
from docsorter.service.learning import retraining
from docsorter.service.learning.retraining import LOG, TrainingProcess, require_extra
from tests.service.running import wait_until

SPEAK = """
    import json, os, sys, time
    orders = json.loads(sys.stdin.readline())
    def tell(**what):
        print(json.dumps(what), flush=True)
"""


@pytest.fixture
def folder(configuration: Configuration) -> Path:
    made = configuration.state / "learning" / "answers-1"
    made.mkdir(parents=True)
    return made


def run(configuration: Configuration, script: str, progress: object = None) -> object:
    command = (sys.executable, "-c", textwrap.dedent(SPEAK) + textwrap.dedent(script))
    told = progress if callable(progress) else lambda *_: None
    return TrainingProcess(configuration, command).run("teach", "answers-1", told)


def test_orders_go_in_progress_and_the_result_come_out(
    configuration: Configuration, folder: Path
) -> None:
    seen: list[tuple[str, int, int]] = []
    result = run(
        configuration,
        """
        tell(stage="reading", done=1, total=2)
        tell(stage="reading", done=2, total=2)
        print("chatter", file=sys.stderr)
        tell(result={"orders": orders, "group": os.getpgid(0) == os.getpid()})
        """,
        lambda *told: seen.append(told),
    )
    assert isinstance(result, dict)
    assert seen == [("reading", 1, 2), ("reading", 2, 2)]
    assert result["group"] is True
    assert result["orders"]["name"] == "answers-1"
    assert Path(result["orders"]["state"]) == configuration.state
    log = folder / LOG
    assert "chatter" in log.read_text()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


@pytest.mark.usefixtures("folder")
def test_what_it_refuses_is_raised_here_with_its_kind(configuration: Configuration) -> None:
    with pytest.raises(UsageError, match="too few") as caught:
        run(
            configuration,
            'tell(error={"kind": "UsageError", "message": "too few", "remedy": "add some"})',
        )
    assert caught.value.remedy == "add some"


@pytest.mark.usefixtures("folder")
def test_a_process_that_dies_is_reported_with_its_last_words(configuration: Configuration) -> None:
    with pytest.raises(EnvironmentFaultError, match=r"signal 9.*no memory left"):
        run(
            configuration,
            """
            print("no memory left", file=sys.stderr, flush=True)
            os.kill(os.getpid(), 9)
            """,
        )


def test_an_interrupt_ends_the_whole_group(
    configuration: Configuration, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The child ignores the end of its input, as one deep inside a library does."""
    monkeypatch.setattr(retraining, "_PATIENCE", 0.2)
    pids = folder / "pids"

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(
            configuration,
            f"""
            import subprocess
            deeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
            open({str(pids)!r}, "w").write(json.dumps([os.getpid(), deeper.pid]))
            tell(stage="deep", done=0, total=1)
            time.sleep(600)
            """,
            interrupt,
        )
    for pid in json.loads(pids.read_text()):
        wait_until(lambda gone=pid: not _lives(gone), f"process {pid} ends")  # type: ignore[misc] # bound now


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in {"Z", "X"}


@pytest.mark.usefixtures("folder")
def test_a_training_that_takes_too_long_is_stopped(configuration: Configuration) -> None:
    learning = configuration.settings.learning.model_copy(update={"hours": 0.3 / 3600})
    settings = configuration.settings.model_copy(update={"learning": learning})
    short = dataclasses.replace(configuration, settings=settings)
    with pytest.raises(EnvironmentFaultError, match=r"learning\.hours"):
        run(short, "time.sleep(600)")


def test_without_the_extra_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retraining, "find_spec", lambda name: None if name == "keras" else name)
    with pytest.raises(DependencyError, match="keras") as caught:
        require_extra()
    assert "'.[train]'" in caught.value.remedy


def test_the_real_child_steps_back_and_refuses_a_snapshot_that_is_not_there(
    configuration: Configuration, folder: Path
) -> None:
    assert folder.is_dir()
    with pytest.raises(Exception, match="snapshot answers-1 is damaged"):
        TrainingProcess(configuration).run("inspect", "answers-1", lambda *_: None)


def test_stepping_back_leaves_a_core_and_goes_first() -> None:
    script = textwrap.dedent(
        """
        import json, os
        from docsorter.training.retrain_child import step_back
        step_back(0)
        print(json.dumps([os.nice(0), len(os.sched_getaffinity(0)), os.sched_getscheduler(0),
                          open("/proc/self/oom_score_adj").read().strip()]))
        """
    )
    out = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    ).stdout  # fmt: skip
    nice, cores, policy, oom = json.loads(out)
    assert nice == 19
    assert cores == max(1, len(os.sched_getaffinity(0)) - 1)
    assert policy == os.SCHED_BATCH
    assert int(oom) >= 500
