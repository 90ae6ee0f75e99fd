"""From a snapshot to a bundle, on a small trunk."""

from pathlib import Path

import pytest

from docsorter.errors import UsageError
from docsorter.model.bundle import load_bundle
from docsorter.model.card import Origin
from docsorter.training.learning.teaching import TOPPED_UP_TO, Lesson, teach_snapshot
from docsorter.training.progress import SILENT
from tests.model.bundles import make_card
from tests.training.engine.papers import MICRO, weights
from tests.training.learning.snapshots import drawn

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def base(models: Path, *labels: str, **card: object) -> None:
    folder = models / "base-1"
    folder.mkdir(parents=True)
    made = make_card(name="base-1", labels=labels, background=0, **card)
    (folder / "card.json").write_text(made.model_dump_json())


def test_answers_become_a_model_with_the_labels_and_policies_of_the_one_in_use(
    tmp_path: Path,
) -> None:
    models = tmp_path / "models"
    base(models, "bars", "grid", policies={"grid": "review"})
    pages = [(label, label, seed) for label in ("bars", "grid") for seed in range(TOPPED_UP_TO)]
    snapshots, manifest = drawn(tmp_path, "base-1", pages)
    told: list[str] = []
    lesson = Lesson(models, MICRO, base=str(weights(tmp_path / "weights.npz")), tuning=False)
    outcome = teach_snapshot(snapshots, manifest, lesson, lambda stage, *_: told.append(stage))
    bundle = load_bundle(models / "answers-1")
    assert bundle.card.labels == ("bars", "grid")
    assert bundle.card.policies == {"grid": "review"}
    assert outcome.documents == {"bars": TOPPED_UP_TO, "grid": TOPPED_UP_TO}
    assert [type(origin) for origin in bundle.card.provenance.data] == [Origin]
    assert "fitting the head" in told
    assert not (models / ".answers-1.training").exists()


def test_a_label_of_the_model_in_use_is_not_lost_for_want_of_answers(tmp_path: Path) -> None:
    base(tmp_path / "models", "bars", "grid", "cross")
    pages = [(label, label, seed) for label in ("bars", "grid") for seed in range(TOPPED_UP_TO)]
    snapshots, manifest = drawn(tmp_path, "base-1", pages)
    with pytest.raises(UsageError, match=r"would be lost.*cross has 0"):
        teach_snapshot(snapshots, manifest, Lesson(tmp_path / "models", MICRO), SILENT)
    assert not (tmp_path / "models" / "answers-1").exists()
