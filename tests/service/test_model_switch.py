"""How the daemon takes a promotion up, with models that load at once or not at all."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from docsorter.clock import ManualClock
from docsorter.configuration import Configuration, load
from docsorter.errors import DocsorterError, ModelError, StoreError
from docsorter.filesystem import Disk
from docsorter.model.registry import FILE_NAME, PromotionFile, fingerprint
from docsorter.resources import starter_bundle_dir
from docsorter.service.daemon import model_switch
from docsorter.service.daemon.model_switch import ModelSwitch, PromotionWatch
from docsorter.service.engine import LoadedModel
from docsorter.service.workspace.layout import open_workspace_store
from docsorter.store import Store
from docsorter.store.documents import DocumentRepository
from tests.model.bundles import write_whole_bundle
from tests.model.test_registry import act
from tests.service.models import make_engine, make_model


class Bench:
    """A switch whose loads are counted and can be made to fail."""

    def __init__(self, configuration: Configuration, store: Store, clock: ManualClock) -> None:
        self.models = configuration.state / "models"
        self.clock, self.store = clock, store
        self.woken = self.loads = 0
        self.fault: BaseException | None = None
        starter = fingerprint_of_starter()
        self.engine, _ = make_engine(make_model("starter-1", fingerprint=starter))
        self.switch = ModelSwitch(
            configuration, self.engine, store, clock, self._wake, load=self._load
        )

    def _wake(self) -> None:
        self.woken += 1

    def _load(self, configuration: Configuration) -> LoadedModel:
        self.loads += 1
        if self.fault is not None:
            raise self.fault
        current = PromotionFile(configuration.state / "models").read().current
        if current is None:
            return make_model("starter-1", fingerprint=fingerprint_of_starter())
        return make_model(current.bundle, fingerprint=current.fingerprint)

    def promote(self, name: str) -> None:
        folder = self.models / name
        if not folder.exists():
            write_whole_bundle(folder)
        mark = {"fingerprint": fingerprint(folder)}
        PromotionFile(self.models).append(act(name).model_copy(update=mark))

    def settle(self) -> None:
        """Tick until nothing is due and nothing is loading."""
        self.switch.tick()
        if self.switch._loading is not None:
            self.switch._loading.exception(30)
            self.switch.tick()

    def kinds(self) -> list[str]:
        return [event.kind for event in self.store.documents.events()]


def fingerprint_of_starter() -> str:
    return fingerprint(starter_bundle_dir())


@pytest.fixture
def store(configuration: Configuration, clock: ManualClock) -> Iterator[Store]:
    with open_workspace_store(configuration, clock) as opened:
        yield opened


@pytest.fixture
def bench(configuration: Configuration, store: Store, clock: ManualClock) -> Iterator[Bench]:
    made = Bench(configuration, store, clock)
    yield made
    made.switch.close()


def test_nothing_is_loaded_while_nothing_is_promoted(bench: Bench) -> None:
    bench.settle()

    assert bench.loads == 0
    assert not bench.switch.due()


def test_a_promotion_is_noticed_loaded_and_written_down(bench: Bench) -> None:
    bench.settle()
    bench.promote("ours-1")
    assert bench.switch.due()

    bench.settle()

    assert bench.engine.card.name == "ours-1"
    assert bench.woken == 1
    assert bench.switch.status.trouble == ""
    assert bench.switch.status.name == "ours-1"
    (event,) = [event for event in bench.store.documents.events() if event.kind == "model_in_use"]
    assert event.actor == "daemon"
    assert event.detail["before"] == "starter-1"
    assert not bench.switch.due()


def test_the_memory_of_the_old_model_is_given_back_once_nobody_looks_with_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Path] = []
    monkeypatch.setattr(model_switch, "release_memory", given.append)
    bench.promote("ours-1")
    bench.settle()
    with monkeypatch.context() as patch:
        patch.setattr(type(bench.engine), "outgoing", 1)
        bench.settle()
        assert given == []
    bench.settle()
    bench.settle()

    assert given == [bench.engine.model.bundle.runtime_file]


def test_a_promotion_between_loading_and_the_first_tick_is_not_missed(bench: Bench) -> None:
    bench.promote("ours-1")
    bench.settle()

    assert bench.engine.card.name == "ours-1"


def test_a_rollback_to_the_starter_is_taken_up(bench: Bench) -> None:
    bench.promote("ours-1")
    bench.settle()
    back = act("starter", "rollback", previous="ours-1")
    PromotionFile(bench.models).append(back)
    bench.settle()

    assert bench.engine.card.name == "starter-1"


@pytest.mark.parametrize(
    "fault", [ModelError("the golden pages differ", remedy="x"), RuntimeError("a defect")]
)
def test_a_model_that_does_not_load_is_said_and_the_old_one_goes_on(
    bench: Bench, fault: Exception
) -> None:
    bench.fault = fault
    bench.promote("ours-1")
    bench.settle()

    word = bench.switch.status
    assert bench.engine.card.name == "starter-1"
    assert word.refused == fingerprint(bench.models / "ours-1")
    assert "kept starter-1" in word.trouble
    assert str(fault).partition(" (")[0] in word.trouble
    assert "model_refused" in bench.kinds()


def test_a_damaged_bundle_is_tried_once_and_a_failing_disk_again_later(bench: Bench) -> None:
    bench.fault = ModelError("damaged")
    bench.promote("ours-1")
    bench.settle()
    bench.clock.advance(3600)
    assert not bench.switch.due()

    bench.fault = OSError(5, "Input/output error")
    bench.promote("ours-2")
    bench.settle()
    assert not bench.switch.due()
    bench.clock.advance(61)
    bench.fault = None
    bench.settle()
    assert (bench.engine.card.name, bench.loads) == ("ours-2", 3)
    assert bench.switch.status.trouble == ""


def test_going_back_after_a_refusal_clears_the_trouble_without_a_load(bench: Bench) -> None:
    bench.fault = ModelError("damaged")
    bench.promote("ours-1")
    bench.settle()
    PromotionFile(bench.models).append(act("starter", "rollback", previous="ours-1"))
    bench.settle()

    assert (bench.switch.status.trouble, bench.switch.status.refused) == ("", "")
    assert bench.loads == 1


def test_a_damaged_list_changes_nothing(bench: Bench) -> None:
    (bench.models / FILE_NAME).write_text("{half")
    bench.settle()

    assert bench.engine.card.name == "starter-1"
    assert "the list of promoted models is damaged" in bench.switch.status.trouble


def test_a_bundle_replaced_after_its_promotion_is_not_loaded(bench: Bench) -> None:
    bench.promote("ours-1")
    sums = bench.models / "ours-1" / "SHA256SUMS"
    sums.write_text(sums.read_text().upper())
    bench.settle()

    assert bench.loads == 0
    assert "ours-1 was replaced since ada promoted it" in bench.switch.status.trouble


def test_a_pinned_model_is_never_due(
    configuration: Configuration, store: Store, clock: ManualClock
) -> None:
    text = '[model]\nbundle = "starter"\n'
    (configuration.workspace / "docsorter.toml").write_text(text)
    bench = Bench(load(configuration.workspace), store, clock)
    bench.promote("ours-1")

    bench.settle()

    assert (bench.loads, bench.engine.card.name) == (0, "starter-1")
    bench.switch.close()


def test_a_log_that_cannot_be_written_loses_no_line(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.promote("ours-1")
    with monkeypatch.context() as patch:

        def locked(*_: object, **__: object) -> None:
            raise StoreError("the database is locked")

        patch.setattr(DocumentRepository, "add_event", locked)
        with pytest.raises(DocsorterError, match="locked"):
            bench.settle()
        assert bench.engine.card.name == "ours-1"
    bench.settle()

    assert bench.kinds().count("model_in_use") == 1


def test_the_folder_may_be_gone_for_a_while(bench: Bench, near: Path) -> None:
    bench.settle()
    bench.promote("ours-1")
    bench.settle()
    bench.models.rename(near / "away")
    bench.settle()

    assert bench.engine.card.name == "ours-1"
    (near / "away").rename(bench.models)
    bench.settle()
    assert bench.switch.status.trouble == ""


_PATIENCE = 30.0


@contextmanager
def started(configuration: Configuration) -> Iterator[tuple[PromotionWatch, threading.Event]]:
    woken = threading.Event()
    watch = PromotionWatch(configuration, woken.set)
    watch.start()
    try:
        yield watch, woken
    finally:
        watch.stop()


@pytest.fixture
def models(configuration: Configuration) -> Path:
    folder = configuration.state / "models"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def configured(configuration: Configuration, text: str) -> Configuration:
    (configuration.workspace / "docsorter.toml").write_text(text)
    return load(configuration.workspace)


def test_a_promotion_wakes(configuration: Configuration, models: Path) -> None:
    with started(configuration) as (watch, woken):
        assert watch.tells()
        Disk().write_durably(models / FILE_NAME, b"{}")
        assert woken.wait(_PATIENCE)


def test_a_folder_that_is_gone_or_another_has_to_be_looked_at(
    configuration: Configuration, models: Path
) -> None:
    with started(configuration) as (watch, _):
        models.rename(models.with_name("aside"))
        assert not watch.tells()
        models.mkdir()
        assert not watch.tells()


def test_without_events_it_has_to_be_looked_at(configuration: Configuration, models: Path) -> None:
    assert models.is_dir()
    with started(configured(configuration, '[intake]\nwatch = "polling"\n')) as (watch, _):
        assert not watch.tells()


def test_without_a_folder_it_has_to_be_looked_at(
    configuration: Configuration, models: Path
) -> None:
    models.rmdir()
    with started(configuration) as (watch, _):
        assert not watch.tells()


def test_a_pinned_model_needs_no_look(configuration: Configuration) -> None:
    before = threading.active_count()
    with started(configured(configuration, '[model]\nbundle = "starter"\n')) as (watch, _):
        assert watch.tells()
        assert threading.active_count() == before
