"""The bundle in its place, whole or not at all; the starter's file stands in for an export."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest

from docsorter.decide.novelty import NoveltyModel
from docsorter.errors import EnvironmentFaultError, UsageError
from docsorter.filesystem import Disk
from docsorter.model.bundle import PAGES, load_bundle
from docsorter.model.card import Measured
from docsorter.model.registry import ModelRegistry
from docsorter.training import bundle_writer
from docsorter.training.base import BaseWeights, open_base
from docsorter.training.bundle_writer import (
    BundleParts,
    GoldenPicture,
    complete_card,
    model_card_text,
    publish,
    put,
    write_bundle,
)
from docsorter.training.dataset import Predictions, Sample
from docsorter.training.evaluation.evaluation import evaluate_predictions
from docsorter.training.export import ExportCost, Exported
from docsorter.training.measuring import CROSS_FITTED, Measurement
from docsorter.training.request import TrainingRequest
from docsorter.training.sort_rule import Confidence, Promise
from docsorter.training.transfer import TrainedModel
from starter.rasters import image_cache
from tests.model.bundles import make_card
from tests.training.papers import labelled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from docsorter.model.classifier import LiteRTClassifier
    from docsorter.training.network import Network

PROMISE = Promise(False, 0.01, 0.95, 0, 0, 0, 299, 400)


@dataclass
class Made:
    """Everything that a bundle is written from."""

    request: TrainingRequest
    base: BaseWeights
    exported: Exported
    measurement: Measurement
    trained: TrainedModel

    def publish(self) -> None:
        card = complete_card(self.exported.draft, self.measurement)
        self.request.work.mkdir(parents=True, exist_ok=True)
        publish(
            self.request, card, self.base, self.exported, self.measurement, self.trained,
            self.request.work,
        )  # fmt: skip


@pytest.fixture
def made(tmp_path: Path) -> Made:
    registry = ModelRegistry(tmp_path / "models")
    bundle = load_bundle(registry.resolve("starter"))
    draft = bundle.card.model_copy(update={"name": "ours-1", "metrics": {}, "evidence": None})
    root = labelled(tmp_path / "labelled", bars=4, grid=4)
    samples = tuple(
        Sample(path, path.parent.name, "", str(path), "") for path in sorted(root.rglob("*.png"))
    )
    targets = np.array([0] * 4 + [1] * 4, np.int64)
    shares = np.full((8, 4), 0.02)
    shares[np.arange(8), [0, 0, 0, 1, 1, 1, 1, 1]] = 0.94
    predictions = Predictions(samples, targets, shares, np.zeros(8))
    rule = draft.rule()
    found = evaluate_predictions(predictions, draft.labels, rule, rng=np.random.default_rng(0))
    novelty = NoveltyModel.from_arrays(bundle.novelty)
    assert bundle.card.evidence is not None
    cost = ExportCost("int8-weights", 8, 1.0, 1.0, 1.0, 0.01, 0.001, 22.0)
    exported = Exported(
        bundle.runtime_file, cast("LiteRTClassifier", None), cost, draft,
        image_cache(tmp_path / "cache"),
    )  # fmt: skip
    return Made(
        TrainingRequest(root, "ours-1", tmp_path / "models"),
        open_base("starter", registry),
        exported,
        Measurement(
            Confidence(rule, novelty, PROMISE), bundle.card.evidence, {CROSS_FITTED: found}
        ),
        TrainedModel(cast("Network", None), 1000.0, (), None),
    )


@pytest.mark.slow
def test_a_bundle_is_whole_and_shows_no_document(made: Made) -> None:
    made.publish()
    request = made.request
    card = load_bundle(request.bundle).card
    assert card.name == "ours-1"
    assert card.metrics[CROSS_FITTED]["accuracy"].n == 8
    figures = json.loads((request.bundle / "figures.json").read_text())
    assert figures["promise"]["needed"] == 299
    assert "not certifiable yet" in (request.bundle / "MODEL_CARD.md").read_text()
    for path in request.bundle.iterdir():
        if path.suffix in {".html", ".md", ".json"}:
            text = path.read_text(encoding="utf-8")
            assert "data:image" not in text
            assert str(request.folder) not in text
    golden = {path.name for path in request.bundle.rglob("*.png")}
    assert golden == {name for name, _ in made.base.golden}
    assert request.report.stat().st_mode & 0o077 == 0


def test_arrays_that_a_bundle_may_have_are_written_where_there_are_some(
    tmp_path: Path,
) -> None:
    starter = load_bundle(ModelRegistry(tmp_path / "models").resolve("starter"))
    golden = [GoldenPicture("white.png", np.full((299, 299, 3), 255, np.uint8))]
    card = starter.card.with_rule(replace(starter.card.rule(), words=None))
    parts = BundleParts(card, starter.runtime_file, starter.novelty, golden, {})
    limit: dict[str, NDArray[np.generic]] = {"first_limit": np.array(0.5, np.float32)}

    write_bundle(parts, tmp_path / "without")
    foreign: dict[str, NDArray[np.generic]] = {"groups": np.array([0, 1], np.int16)}
    reads = replace(parts, card=starter.card, words=starter.words)
    write_bundle(replace(reads, pages=limit, foreign=foreign), tmp_path / "with")

    assert not (tmp_path / "without" / PAGES).exists()
    assert load_bundle(tmp_path / "without").read_foreign() == {}
    assert load_bundle(tmp_path / "without").words == {}
    assert load_bundle(tmp_path / "with").words.keys() == starter.words.keys()
    assert load_bundle(tmp_path / "with").pages == limit
    assert load_bundle(tmp_path / "with").read_foreign()["groups"].tolist() == [0, 1]


@pytest.mark.slow
def test_a_full_disk_at_the_last_step_leaves_no_bundle(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", str(made.request.bundle))

    with monkeypatch.context() as patch:
        patch.setattr(bundle_writer, "put", full)
        with pytest.raises(EnvironmentFaultError, match="the disk is full"):
            made.publish()
    assert not made.request.bundle.exists()
    assert not made.request.report.exists()
    made.publish()
    assert made.request.bundle.exists()


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    (tmp_path / "staged").mkdir()
    (tmp_path / "staged" / "card.json").write_text("{}")
    return tmp_path / "staged"


def test_a_bundle_takes_its_place_at_once(staged: Path, tmp_path: Path) -> None:
    put(staged, tmp_path / "ours-1")
    assert (tmp_path / "ours-1" / "card.json").read_text() == "{}"
    assert not staged.exists()


@pytest.mark.parametrize("refuses", [True, False])
def test_nothing_that_is_there_is_replaced(
    staged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, refuses: bool
) -> None:
    if not refuses:  # a file system whose rename knows no "do not replace"
        monkeypatch.setattr(Disk, "rename_exclusive", lambda *_: False)
    (tmp_path / "ours-1").mkdir()
    with pytest.raises(UsageError, match="already a ours-1"):
        put(staged, tmp_path / "ours-1")
    assert staged.exists()
    assert not any((tmp_path / "ours-1").iterdir())


def test_a_file_system_that_cannot_refuse_still_gets_the_bundle(
    staged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Disk, "rename_exclusive", lambda *_: False)
    put(staged, tmp_path / "ours-1")
    assert (tmp_path / "ours-1" / "card.json").exists()


def test_the_card_in_words_begins_with_figures_of_real_documents() -> None:
    figures = {"automation rate": Measured(value=0.5, n=8)}

    text = model_card_text(make_card(metrics={"generated": figures, "real one": figures}), "none")

    assert text.index("| real one | automation rate |") < text.index("| generated | autom")
    assert "On real documents of senders it never saw: sorts 50.0 % alone, 0.0 % of" in text
