"""Promotion beside a running daemon: real processes, real models, real files."""

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from docsorter.clock import SystemClock
from docsorter.configuration import Configuration, load
from docsorter.documents import Place
from docsorter.errors import ExitCode
from docsorter.model.bundle import CARD
from docsorter.model.card import read_card
from docsorter.model.registry import ModelRegistry, fingerprint
from docsorter.resources import starter_bundle_dir
from docsorter.service.daemon.sort_once import example_files
from docsorter.service.learning.promoting import Person, Promoter, Uptake, wait_for_daemon
from docsorter.service.workspace import process
from docsorter.service.workspace.layout import open_workspace_store
from docsorter.store import Store
from tests.cli.running import docsorter
from tests.model.variants import write_variant
from tests.service.running import RunningDaemon, every_file, finished, wait_until

pytestmark = pytest.mark.slow
ADA = Person("ada", 7)

SHIPPED = read_card(starter_bundle_dir() / CARD).name


@pytest.fixture
def quick(configuration: Configuration) -> Configuration:
    """Return a workspace whose files need only a short rest, with one more model."""
    text = "[intake]\nrest_seconds = 0.2\nrescan_seconds = 1.0\n"
    (configuration.workspace / "docsorter.toml").write_text(text)
    write_variant(configuration.state / "models" / "ours-1", temperature=2.0)
    return load(configuration.workspace)


@pytest.fixture
def store(quick: Configuration) -> Iterator[Store]:
    with open_workspace_store(quick) as opened:
        yield opened


def examples(count: int) -> list[Path]:
    """Return scans that can be read quickly, each with other bytes."""
    chosen = [path for path in example_files() if path.suffix in {".jpg", ".jpeg", ".png", ".webp"}]
    assert len(chosen) >= count
    return chosen[:count]


def test_documents_that_arrive_during_promotions_are_decided_once_by_one_of_the_two(
    quick: Configuration, store: Store, tmp_path: Path
) -> None:
    inbox, promoter = quick.root(Place.INBOX), Promoter(quick, store, SystemClock())
    names = []
    with RunningDaemon(quick.workspace, tmp_path) as daemon:
        for number, path in enumerate(examples(6)):
            names.append(f"{number}-{path.name}")
            shutil.copy(path, inbox / names[-1])
            if number == 1:
                wait_until(finished(store, 1), "a document by the first model")
                promoter.promote("ours-1", ADA)
            if number == 4:
                mark = fingerprint(quick.state / "models" / "ours-1")
                assert wait_for_daemon(quick, mark).uptake is Uptake.USED
        documents = wait_until(finished(store, len(names)), "all documents")
        assert f"model ours-1 is in use instead of {SHIPPED}" in daemon.log
        assert daemon.stop() == 0

    assert sorted(document.name for document in documents) == sorted(names)
    assert sum(map(len, every_file(quick).values())) == len(names)
    assert every_file(quick)[Place.SPOOL] == every_file(quick)[Place.INBOX] == []
    made_by = Counter[str]()
    for document in documents:
        prediction = store.documents.prediction(document.id)
        assert prediction is not None
        made_by[prediction.model] += 1
        verdicts = [
            e for e in store.documents.events(document_id=document.id) if e.kind == "verdict"
        ]
        assert len(verdicts) == 1
    assert set(made_by) == {SHIPPED, "ours-1"}
    kinds = [event.kind for event in store.documents.events()]
    assert kinds.count("model_in_use") == 1


def test_a_model_damaged_after_its_promotion_is_refused_and_the_daemon_goes_on(
    quick: Configuration, store: Store, tmp_path: Path
) -> None:
    with RunningDaemon(quick.workspace, tmp_path) as daemon:
        runtime = quick.state / "models" / "ours-1" / "model.tflite"
        promoter = Promoter(quick, store, SystemClock())
        seen = process.read_health(quick.state)
        assert seen is not None
        runtime_bytes = runtime.read_bytes()
        changed = _promote_then_damage(promoter, runtime)
        outcome = wait_for_daemon(quick, changed)
        assert outcome.uptake is Uptake.REFUSED
        assert "model.tflite was changed" in outcome.text
        shutil.copy(examples(1)[0], quick.root(Place.INBOX))
        (document,) = wait_until(finished(store, 1), "a document after the refusal")
        prediction = store.documents.prediction(document.id)
        assert prediction is not None
        assert prediction.model == SHIPPED
        status = docsorter("-w", quick.workspace, "status")
        assert f"kept {SHIPPED}" in status.stdout
        runtime.write_bytes(runtime_bytes)
        back = docsorter("-w", quick.workspace, "model", "rollback")
        assert back.returncode == 0, back.stderr
        assert daemon.process.poll() is None
    assert "model_refused" in {event.kind for event in store.documents.events()}
    assert ModelRegistry(quick.state / "models").in_use("promoted").name == "starter"


def test_a_model_damaged_before_the_start_is_refused_with_the_remedy_and_nothing_is_touched(
    quick: Configuration, store: Store
) -> None:
    Promoter(quick, store, SystemClock()).promote("ours-1", ADA)
    runtime = quick.state / "models" / "ours-1" / "model.tflite"
    runtime.write_bytes(runtime.read_bytes()[:-1] + b"?")
    scan = shutil.copy(examples(1)[0], quick.root(Place.INBOX))

    done = docsorter("run", quick.workspace)

    assert done.returncode == ExitCode.MODEL
    assert "model.tflite was changed" in done.stderr
    assert "tip:" in done.stderr
    assert Path(scan).read_bytes() == examples(1)[0].read_bytes()
    assert store.documents.counts().total == 0


def _promote_then_damage(promoter: Promoter, runtime: Path) -> str:
    """Damage the model in the moment between the promotion and the daemon's look at it."""
    file = promoter._file
    append = file.append

    def damaging(*arguments: object) -> object:
        damaged = bytearray(runtime.read_bytes())
        damaged[1000] ^= 1
        runtime.write_bytes(damaged)
        return append(*arguments)  # type: ignore[arg-type] # passed on as it came

    file.append = damaging  # type: ignore[method-assign,assignment] # the instant cannot be hit from outside
    return promoter.promote("ours-1", ADA).fingerprint


def test_a_restart_begins_with_the_promoted_model(
    quick: Configuration, store: Store, tmp_path: Path
) -> None:
    changed = Promoter(quick, store, SystemClock()).promote("ours-1", ADA)

    with RunningDaemon(quick.workspace, tmp_path):
        outcome = wait_for_daemon(quick, changed.fingerprint)

    assert outcome.uptake is Uptake.USED
    assert wait_for_daemon(quick, changed.fingerprint).uptake is Uptake.NO_DAEMON
