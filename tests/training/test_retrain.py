"""What the engine is asked to do with a snapshot; the engine itself is tested beside it."""

from pathlib import Path

import pytest

from docsorter.errors import UsageError
from docsorter.service.workspace.process import silent
from docsorter.training import run
from docsorter.training.request import TrainingRequest
from docsorter.training.retrain import TOPPED_UP_TO, RetrainOptions, train_on_snapshot
from tests.model.bundles import make_card
from tests.training.papers import MICRO
from tests.training.snapshots import drawn

pytestmark = pytest.mark.slow  # importing TensorFlow alone takes seconds


def base(models: Path, *labels: str, **card: object) -> None:
    folder = models / "base-1"
    folder.mkdir(parents=True)
    made = make_card(name="base-1", labels=labels, background=0, **card)
    (folder / "card.json").write_text(made.model_dump_json())


def answered(**counts: int) -> list[tuple[str, str, int]]:
    return [(label, label, seed) for label, count in counts.items() for seed in range(count)]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[TrainingRequest]:
    """Requests that reach the engine."""
    requests: list[TrainingRequest] = []
    monkeypatch.setattr(run, "train", lambda request, *_: requests.append(request))
    return requests


def test_it_starts_from_the_model_in_use_and_keeps_its_policies(
    tmp_path: Path, asked: list[TrainingRequest]
) -> None:
    models = tmp_path / "models"
    base(models, "bars", "grid", policies={"grid": "review"})
    snapshots, manifest = drawn(tmp_path, "base-1", answered(bars=12, grid=12))
    train_on_snapshot(snapshots, manifest, RetrainOptions(models, MICRO), silent)
    (request,) = asked
    assert request.folder == snapshots.folder("answers-1") / "documents"
    assert (request.name, request.base, request.generated) == ("answers-1", "base-1", 0)
    assert (request.out, request.policies) == (models, {"grid": "review"})


def test_a_label_with_few_answers_is_filled_up_with_generated_pages_once(
    tmp_path: Path, asked: list[TrainingRequest]
) -> None:
    models = tmp_path / "models"
    base(models, "grid", "letter")
    snapshots, manifest = drawn(tmp_path, "base-1", answered(grid=12, letter=2))
    train_on_snapshot(snapshots, manifest, RetrainOptions(models, MICRO), silent)
    assert asked[0].generated == TOPPED_UP_TO - 2
    again = snapshots.read("answers-1")
    assert again.generated == {"letter": TOPPED_UP_TO - 2}
    letters = snapshots.folder("answers-1") / "documents" / "letter"
    assert len(list(letters.iterdir())) == TOPPED_UP_TO
    train_on_snapshot(snapshots, again, RetrainOptions(models, MICRO), silent)  # after an interrupt
    assert len(list(letters.iterdir())) == TOPPED_UP_TO


def test_a_label_of_the_model_in_use_is_not_lost_for_want_of_answers(
    tmp_path: Path, asked: list[TrainingRequest]
) -> None:
    base(tmp_path / "models", "bars", "grid", "cross")
    snapshots, manifest = drawn(tmp_path, "base-1", answered(bars=12, grid=12))
    with pytest.raises(UsageError, match=r"would be lost.*cross has 0"):
        train_on_snapshot(snapshots, manifest, RetrainOptions(tmp_path / "models", MICRO), silent)
    assert asked == []


def test_a_renamed_label_of_the_base_is_filled_up_and_asked_for_under_its_new_name(
    tmp_path: Path, asked: list[TrainingRequest]
) -> None:
    models = tmp_path / "models"
    base(models, "grid", "letter", "memo", policies={"letter": "review", "memo": "auto"})
    snapshots, manifest = drawn(tmp_path, "base-1", answered(grid=12, Brief=2))
    manifest = manifest.model_copy(update={"renamed": {"letter": "Brief", "memo": "Brief"}})
    train_on_snapshot(snapshots, manifest, RetrainOptions(models, MICRO), silent)
    (request,) = asked
    assert request.policies == {"Brief": "review"}
    assert request.renamed == {"letter": "Brief", "memo": "Brief"}
    documents = snapshots.folder("answers-1") / "documents"
    assert len(list((documents / "Brief").iterdir())) == TOPPED_UP_TO
    assert not (documents / "letter").exists()
