"""A whole training on a small trunk: everything that needs TensorFlow, in one file."""

import datetime as dt
import errno
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tensorflow as tf

from docsorter.decide.prediction import PageHeads
from docsorter.errors import UsageError
from docsorter.model.bundle import load_bundle
from docsorter.model.classifier import open_classifier
from docsorter.model.golden import check_golden
from docsorter.model.registry import ModelRegistry
from docsorter.service.workspace.process import silent
from docsorter.training import splits
from docsorter.training.base import open_base
from docsorter.training.request import TrainingRequest
from docsorter.training.run import TrainingResult, full_disk_named, train
from tests.training.papers import MICRO, labelled, weights

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow


def now() -> dt.datetime:
    return dt.datetime(2026, 1, 2, tzinfo=dt.UTC)


class Watcher:
    """Hears of the progress, and stops everything at a stage if asked to."""

    def __init__(self, stop_at: str = "") -> None:
        self.stages: Counter[str] = Counter()
        self.ends: dict[str, tuple[int, int]] = {}
        self._stop_at = stop_at

    def __call__(self, stage: str, done: int, total: int) -> None:
        assert 0 <= done <= total
        self.stages[stage] += 1
        self.ends[stage] = (done, total)
        if stage == self._stop_at:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def request_(tmp_path_factory: pytest.TempPathFactory) -> TrainingRequest:
    root = tmp_path_factory.mktemp("engine")
    folder = labelled(root / "labelled", bars=16, grid=16)
    (folder / "bars" / "torn.pdf").write_bytes(b"%PDF-1.4 torn")
    return TrainingRequest(
        folder=folder,
        name="ours-1",
        out=root / "models",
        base=str(weights(root / "weights.npz")),
        policies={"grid": "never"},
        effort=MICRO,
    )


@pytest.fixture(scope="module")
def registry(request_: TrainingRequest) -> ModelRegistry:
    return ModelRegistry(request_.out)


@pytest.fixture(scope="module")
def finished(
    request_: TrainingRequest, registry: ModelRegistry
) -> "Iterator[tuple[TrainingResult, Watcher, Watcher]]":
    """Four sets: an interrupt before anything is learned, then the same command again."""
    patch = pytest.MonkeyPatch()
    patch.setattr(splits, "LEAST_FOR_SETS", 16)
    first, second = Watcher("fitting the head"), Watcher()
    with pytest.raises(KeyboardInterrupt):
        train(request_, registry, now, first)
    assert not request_.bundle.exists()
    yield train(request_, registry, now, second), first, second
    patch.undo()


def test_an_interrupted_training_goes_on_where_it_was(
    finished: tuple[TrainingResult, Watcher, Watcher],
) -> None:
    _, first, second = finished
    assert first.stages["looking at augmented pages"]
    assert not second.stages["looking at augmented pages"]
    assert not second.stages["looking at documents"]
    assert all(done == total for done, total in second.ends.values())


def test_a_training_makes_a_bundle_that_loads_and_answers(
    request_: TrainingRequest, finished: tuple[TrainingResult, Watcher, Watcher]
) -> None:
    bundle = load_bundle(request_.bundle)
    card = bundle.card
    assert (card.name, card.labels, card.background) == ("ours-1", ("bars", "grid"), 0)
    assert card.policies == {"grid": "never"}
    assert card.kinds == (("bars", "bars"), ("grid", "grid"))
    assert set(card.provenance.documents) == {"train", "validation", "calibration", "test"}
    assert sum(sum(row.values()) for row in card.provenance.documents.values()) == 32
    assert card.evidence is not None
    assert card.evidence.documents == sum(card.provenance.documents["test"].values())
    assert check_golden(bundle, open_classifier(bundle, threads=1))


def test_a_bundle_of_another_trunk_has_page_heads_of_its_own(
    request_: TrainingRequest, finished: tuple[TrainingResult, Watcher, Watcher]
) -> None:
    assert PageHeads.from_arrays(load_bundle(request_.bundle).pages) is not None


def test_too_little_evidence_is_said_as_a_number(
    finished: tuple[TrainingResult, Watcher, Watcher],
) -> None:
    promise = finished[0].promise
    assert not promise.certified
    assert promise.needed == 299
    assert promise.more >= 290
    assert finished[0].threshold >= 0.9
    assert "not certifiable yet: 299 checked documents" in promise.statement()


def test_what_a_person_reads_names_all_that_matters(
    request_: TrainingRequest, finished: tuple[TrainingResult, Watcher, Watcher]
) -> None:
    lines = dict(finished[0].lines())
    assert lines["documents"] == "32: 16 bars, 16 grid"
    assert "torn.pdf" in lines["unreadable"]
    assert lines["measured on"].startswith("train ")
    assert str(request_.bundle) in lines["bundle"]


def test_no_picture_of_a_document_is_in_the_bundle(
    request_: TrainingRequest, finished: tuple[TrainingResult, Watcher, Watcher]
) -> None:
    inside = {path.name for path in request_.bundle.rglob("*") if path.suffix == ".png"}
    starter = {path.name for path in (ModelRegistry(Path()).resolve("starter")).rglob("*.png")}
    assert inside == starter
    for path in request_.bundle.glob("*.*"):
        if path.suffix in {".html", ".md", ".json"}:
            text = path.read_text(encoding="utf-8")
            assert "data:image" not in text
            assert str(request_.folder.parent) not in text
            assert "000.png" not in text
    assert "keep it in the house" in finished[0].lines()[1][1]  # the report beside it may show some
    assert request_.report.is_file()
    assert request_.report.stat().st_mode & 0o077 == 0


def test_the_work_folder_is_gone_when_all_is_done(
    request_: TrainingRequest, finished: tuple[TrainingResult, Watcher, Watcher]
) -> None:
    assert {path.name for path in request_.out.iterdir()} == {"ours-1", "ours-1-report.html"}


def test_figures_say_what_the_export_and_the_tuning_did(
    request_: TrainingRequest, finished: tuple[TrainingResult, Watcher, Watcher]
) -> None:
    figures = json.loads((request_.bundle / "figures.json").read_text())
    assert 0 < figures["export"]["pages"] < 32
    assert figures["tuning"]["kept"] is finished[0].tuned
    assert figures["promise"]["tested"] > 0


def test_a_taken_name_is_refused_before_any_work(
    request_: TrainingRequest,
    registry: ModelRegistry,
    finished: tuple[TrainingResult, Watcher, Watcher],
) -> None:
    with pytest.raises(UsageError, match="there is already a ours-1"):
        train(request_, registry, now, silent)


def test_an_earlier_bundle_is_a_base_that_knows_its_labels(
    request_: TrainingRequest,
    registry: ModelRegistry,
    finished: tuple[TrainingResult, Watcher, Watcher],
) -> None:
    base = open_base("ours-1", registry)
    assert base.head is not None
    assert base.head.owners == ("bars", "grid")
    assert base.size == MICRO.size
    bundle = load_bundle(request_.bundle)
    pages = np.stack([page for _, page in base.golden])
    said = open_classifier(bundle, threads=1).classify(pages)
    again = said.features @ base.head.kernel + base.head.bias
    np.testing.assert_allclose(again, said.logits / bundle.card.temperature, atol=0.1)


@pytest.mark.parametrize(
    "error",
    [
        tf.errors.ResourceExhaustedError(None, None, "w.data; No space left on device"),
        tf.errors.UnknownError(None, None, "w.index: No space left on device"),
        OSError("1024 requested and 512 written"),
    ],
)
def test_a_full_disk_has_one_name_whoever_writes(error: Exception) -> None:
    with pytest.raises(OSError, match="No space left") as caught, full_disk_named():
        raise error
    assert caught.value.errno == errno.ENOSPC


@pytest.mark.parametrize(
    "error",
    [
        tf.errors.ResourceExhaustedError(None, None, "OOM when allocating a tensor"),
        OSError("cannot identify image file"),
        OSError(errno.EIO, "Input/output error"),
    ],
)
def test_other_faults_keep_their_names(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, full_disk_named():
        raise error
    assert caught.value is error
