import json
from dataclasses import asdict, replace
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from docsorter.errors import UsageError
from docsorter.training.dataset import ClassPlan, Sample
from docsorter.training.network import Network
from starter import training_run
from starter.cross_validate import Study, cross_validate, divide, main, out_of_fold
from starter.training_set import Tuning
from starter.tuning import mixed_up

SIZE = 40
TUNING = Tuning(steps=40, batch=8, rate=1e-2, views=1, generated=8, generated_views=1, mixup=0.1)


def _tiny(plan: ClassPlan, base: object, size: int, seed: int) -> Network:
    """A network of two layers in place of InceptionV3."""
    keras.utils.set_random_seed(seed)
    pixels = keras.Input((size, size, 3))
    cut = keras.layers.Conv2D(8, 5, strides=4, activation="relu")(pixels)
    last = keras.layers.Conv2D(8, 3, activation="relu")(cut)
    head = keras.layers.Dense(len(plan.kinds))
    head.build((None, 8))
    models = (keras.Model(pixels, last), keras.Model(pixels, cut), keras.Model(cut, last))
    return Network(plan, size, *models, head)


def _page(path: Path, label: str, seed: int) -> None:
    """Paper in the colour of its label, with noise of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    colours = {"invoice": (250, 90, 90), "claim": (90, 250, 90), "letter": (90, 90, 250)}
    noise = np.random.default_rng(seed).integers(-60, 60, (14, 10, 1))
    pixels = np.clip(np.array(colours.get(label, (30, 30, 30))) + noise, 0, 255)
    Image.fromarray(pixels.astype(np.uint8)).resize((100, 140)).save(path)


def _folders(root: Path) -> tuple[Path, Path]:
    made, real = root / "made", root / "real"
    labels = ("invoice", "claim", "letter", "other")
    entries = []
    rows = ["file\tlabel\tsource\tlayout\tlicence\tuse"]
    for number, label in enumerate(labels):
        for copy in range(4):
            seed = 10 * number + copy
            _page(made / "train" / f"{seed}.png", label, 100 + seed)
            entries.append(
                {"file": f"{seed}.png", "label": label, "kind": f"{label}-1", "layout": seed}
            )
            _page(real / f"{seed}.png", label, seed)
            use = "eval-only" if copy == 3 and label == "letter" else "train-ok"
            rows.append(f"{seed}.png\t{label}\tsource-{seed}\t{seed}\tMIT\t{use}")
    (made / "train" / "index.jsonl").write_text("\n".join(json.dumps(one) for one in entries))
    (real / "MANIFEST.tsv").write_text("\n".join(rows) + "\n")
    return made, real


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    root = tmp_path_factory.mktemp("study")
    made, real = _folders(root)
    return Study(
        made, (real,), None, root / "work", root / "cache", TUNING, folds=2, repeats=2, size=SIZE
    )


@pytest.fixture(scope="module", autouse=True)
def _run(study: Study) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training_run, "new_network", _tiny)
        cross_validate(study)


def test_every_document_is_asked_about_by_a_network_that_did_not_learn_its_source(
    study: Study,
) -> None:
    found = out_of_fold(study.work)

    assert found.folds.shape == (2, 16)
    assert [sample.split for sample in found.samples][-1] == "eval-only"
    assert (found.folds[:, -1] == -1).all()
    assert set(found.folds[0, :-1]) == {0, 1}
    assert (found.folds[0] != found.folds[1]).any()
    assert found.kind_logits.shape == (16, 4)
    right = found.logits.argmax(axis=1) == found.targets
    assert right.mean() > 0.8


def test_the_features_of_what_was_learned_from_are_kept_for_each_fold(study: Study) -> None:
    found = out_of_fold(study.work)

    for fold in range(2):
        learned = found.learned(fold)
        mine = (found.folds[0] >= 0) & (found.folds[0] != fold) & (found.targets < 3)
        assert learned.targets[learned.real].tolist() == found.targets[mine].tolist()
        assert (~learned.real).sum() == 6
        assert learned.features.dtype == np.float16
        assert learned.features.shape == (len(learned.targets), 8)


def test_the_same_command_goes_on_with_what_is_missing(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_run, "new_network", _tiny)
    kept, lost = study.work / "fold-0-0.npz", study.work / "fold-0-1.npz"
    before, said = kept.stat().st_mtime_ns, out_of_fold(study.work)
    lost.unlink()

    assert out_of_fold(study.work).folds.shape == (1, 16)  # the repeat that is whole
    cross_validate(study)

    assert kept.stat().st_mtime_ns == before
    np.testing.assert_allclose(out_of_fold(study.work).logits, said.logits, atol=1e-3)


def test_the_command_ends_with_the_report_and_asks_nothing_twice(
    study: Study,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(training_run, "new_network", _tiny)
    before = (study.work / "fold-1-1.npz").stat().st_mtime_ns
    options = {
        "--synth": study.synthetic, "--real": study.real[0], "--base": "random",
        "--work": study.work, "--cache": study.cache, "--folds": 2, "--repeats": 2,
        "--size": SIZE, "--json": tmp_path / "report.json",
    }  # fmt: skip
    options |= {f"--{name.replace('_', '-')}": value for name, value in asdict(TUNING).items()}

    code = main([str(word) for pair in options.items() for word in pair])

    assert code == 0
    assert (study.work / "fold-1-1.npz").stat().st_mtime_ns == before
    assert "sources never learned from, 15 groups" in capsys.readouterr().out
    assert json.loads((tmp_path / "report.json").read_text())["repeats"] == 2


def test_results_of_another_study_are_not_mixed_in(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_run, "new_network", _tiny)
    longer = replace(study, tuning=replace(TUNING, steps=41))

    with pytest.raises(UsageError, match="results of other documents, weights or settings"):
        cross_validate(longer)


def test_results_that_are_not_there_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no whole cross-validation"):
        out_of_fold(tmp_path)


def test_no_group_is_cut_and_labels_are_dealt_evenly() -> None:
    labels = ["invoice", "claim", "letter", "other"]
    samples = [
        Sample(Path(str(row)), labels[row % 4], "", f"{row}", f"{row // 2}") for row in range(48)
    ]
    groups = [row // 2 for row in range(48)]

    division = divide(samples, groups, folds=3, repeats=2, seed=0)

    for folds in division.folds:
        assert len(set(zip(division.groups, folds, strict=True))) == 24
        counts = np.zeros((3, 4))
        for sample, fold in zip(division.samples, folds, strict=True):
            counts[fold, labels.index(sample.label)] += 1
        assert (counts == 4).all()


def test_pages_mixed_with_each_other_are_of_both_in_the_same_shares() -> None:
    shares = np.eye(4, dtype=np.float32)
    maps = np.arange(4, dtype=np.float16)[:, None, None, None] * np.ones((4, 3, 3, 2), np.float16)

    mixed, parts, share = mixed_up(maps, shares, 0.4, np.random.default_rng(0))

    assert (share >= 0.5).all()
    np.testing.assert_allclose(parts.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(mixed[:, 0, 0, 0], parts @ np.arange(4), atol=2e-3)
