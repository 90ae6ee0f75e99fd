"""The child of `docsorter retrain`: told what to do by one line on stdin, answers in lines.

    in:   {"task": "inspect" | "teach", "state": ..., "name": ..., ...}
    out:  {"stage": ..., "done": ..., "total": ...}   any number of times
          {"result": {...}} or {"error": {"kind": ..., "message": ..., "remedy": ...}}

It runs at the lowest priority, is the first to go when memory is short, and ends when stdin does,
so that it never outlives who started it.
"""

import json
import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TextIO

from docsorter.errors import DocsorterError, EnvironmentFaultError, UsageError
from docsorter.service.learning.snapshots import SnapshotManifest, Snapshots
from docsorter.service.workspace.process import Progress
from docsorter.settings import PagesSettings

_LOWEST: Final = 19
_FIRST_TO_GO: Final = "500"  # of 1000, see proc(5)


def main() -> int:
    """Do what the line on stdin says; return the exit code."""
    orders = json.loads(sys.stdin.readline())
    answers = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)  # libraries print where they please
    step_back(int(orders["threads"]))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    try:
        result = _TASKS[orders["task"]](orders, _teller(answers))
    except DocsorterError as error:
        told = {"kind": type(error).__name__, "message": error.message, "remedy": error.remedy}
        _tell(answers, {"error": told})
        return int(error.exit_code)
    _tell(answers, {"result": result})
    return 0


def step_back(threads: int) -> None:
    """Leave the machine to everything else; what the system refuses is not asked for twice.

    Args:
        threads: Cores to use; 0 for one less than there are.
    """
    cores = sorted(os.sched_getaffinity(0))
    with suppress(OSError):
        os.nice(_LOWEST - os.nice(0))
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    with suppress(OSError):
        os.sched_setaffinity(0, cores[-(threads or max(1, len(cores) - 1)) :])
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO, encoding="ascii")


def _end_with_parent() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


def _end(number: int, frame: object) -> None:
    del frame
    raise SystemExit(128 + number)


def _tell(answers: TextIO, what: dict[str, Any]) -> None:
    answers.write(json.dumps(what) + "\n")


def _teller(answers: TextIO) -> Progress:
    def progress(stage: str, done: int, total: int) -> None:
        _tell(answers, {"stage": stage, "done": done, "total": total})

    return progress


def _opened(orders: dict[str, Any]) -> tuple[Path, Snapshots, SnapshotManifest]:
    state = Path(orders["state"])
    snapshots = Snapshots(state)
    return state, snapshots, snapshots.read(orders["name"])


def _inspect(orders: dict[str, Any], progress: Progress) -> dict[str, Any]:
    from docsorter.model.bundle import load_bundle  # noqa: PLC0415 -- after stepping back
    from docsorter.model.classifier import open_classifier  # noqa: PLC0415 -- as above
    from docsorter.model.registry import ModelRegistry  # noqa: PLC0415 -- as above
    from docsorter.training.data_report import Model  # noqa: PLC0415 -- as above
    from docsorter.training.rasters import daemon_cache  # noqa: PLC0415 -- as above
    from docsorter.training.retrain import drop_left_out, inspect_snapshot  # noqa: PLC0415 -- as above

    state, snapshots, manifest = _opened(orders)
    if manifest.inspected:
        drop_left_out(snapshots, manifest)
        return {}
    bundle = load_bundle(ModelRegistry(state / "models").resolve(manifest.base))
    classifier = open_classifier(bundle, threads=int(orders["threads"]) or 1)
    model = Model(manifest.base, classifier, bundle.card.input.size)
    work = state / "models" / f".{manifest.name}.training"
    work.mkdir(mode=0o700, parents=True, exist_ok=True)
    with daemon_cache(work / "pages", PagesSettings(**orders["pages"])) as cache:
        labels = manifest.today(bundle.card.labels)
        inspect_snapshot(snapshots, manifest, model, labels, cache, progress)
    return {}


def _teach(orders: dict[str, Any], progress: Progress) -> dict[str, Any]:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from docsorter.training.retrain import RetrainOptions, train_on_snapshot  # noqa: PLC0415 -- after stepping back

    state, snapshots, manifest = _opened(orders)
    outcome = train_on_snapshot(snapshots, manifest, RetrainOptions(state / "models"), progress)
    return {"lines": outcome.lines(), "outcome": outcome.as_json()}


_TASKS: Final = {"inspect": _inspect, "teach": _teach}

if __name__ == "__main__":
    try:
        code = main()
    except (KeyError, ValueError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        code = int((UsageError if isinstance(error, KeyError) else EnvironmentFaultError).exit_code)
    raise SystemExit(code)
