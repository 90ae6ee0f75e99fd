"""Everything that needs TensorFlow, in one file: loading it takes seconds."""

import datetime as dt
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image, ImageDraw

from docsorter.decide.prediction import PageHeads
from docsorter.decide.words import WordsModel
from docsorter.errors import EnvironmentFaultError, ModelError, UsageError
from docsorter.model.bundle import load_bundle
from docsorter.model.card import Origin
from docsorter.model.classifier import open_classifier
from docsorter.model.golden import check_golden
from docsorter.service.workspace.process import silent
from docsorter.training import bundle_writer
from docsorter.training.export import ExportCost, check_gate
from docsorter.training.network import CUT, build_network, in_build_order, load_folded
from docsorter.training.request import ExportGate
from starter import apart, finishing, words
from starter.__main__ import main
from starter.cross_validate import Study, cross_validate, out_of_fold
from starter.dataset import Entry
from starter.finishing import UNSEEN, Finished, Identity, first_within
from starter.recipe import Recipe, hand_out, make
from starter.rule import FOREIGN_SHARE, Unseen, mix_weights, prior_shift
from starter.training_run import Schedule, load_tuning_weights, new_network, shift_background
from starter.training_set import Tuning, plan_classes
from starter.tuning import Tuner
from starter.words import add_words

pytestmark = pytest.mark.slow

OPEN_GATE = ExportGate(accuracy_drop=1.0, equal_labels=0.0, difference=1.0)
KINDS = {"invoice": "invoice-plain", "claim": "claim-cash", "letter": "letter-memo", "other": "map"}


def _draw(label: str, seed: int) -> Image.Image:
    """A page in the way of its label: a table, a grid, lines of text, a filled circle."""
    rng = np.random.default_rng(seed)
    page = Image.new("RGB", (210, 297), "white")
    pen = ImageDraw.Draw(page)
    top = int(rng.integers(10, 60))
    if label == "invoice":
        for row in range(6):
            pen.rectangle((20, top + 18 * row, 190, top + 18 * row + 8), fill="black")
    elif label == "claim":
        for column in range(20, 191, 17):
            pen.line((column, top, column, 280), fill="red", width=2)
            pen.line((20, top + column, 190, top + column), fill="red", width=2)
    elif label == "letter":
        for row in range(14):
            pen.line((30, top + 12 * row, int(rng.integers(90, 180)), top + 12 * row), fill="black")
    else:
        pen.ellipse((30, top, 180, top + 150), fill=(int(rng.integers(0, 200)), 90, 40))
    return page


LATER = [("later", "later-invoice"), ("later", "later-terms")]


def _generate(root: Path) -> Path:
    for part, number in (("train", 12), ("test", 8)):
        rows = []
        for label, kind in (*KINDS.items(), *LATER):
            for seed in range(number):
                name = f"{label}/{kind}-{seed}.png"
                path = root / part / name
                path.parent.mkdir(parents=True, exist_ok=True)
                _draw(label, 100 * len(part) + seed).save(path)
                rows.append(Entry(name, label, kind, f"{seed}", "en_US", "flatbed", part, 0, 1))
        lines = [json.dumps(asdict(row)) + "\n" for row in rows]
        (root / part / "index.jsonl").write_text("".join(lines))
    return root


def _collect(root: Path) -> Path:
    """Four documents of each label, each of another source; the last one is a receipt."""
    root.mkdir()
    lines = ["file\tlabel\tsubclass\tsource\tlayout\tlicence\tuse"]
    for number, label in enumerate(KINDS):
        for copy in range(4):
            name = f"{label}-{copy}.png"
            _draw(label, 900 + 10 * number + copy).save(root / name)
            said = "receipt" if name == "other-3.png" else label
            lines.append(f"{name}\t{said}\t\tsource-{name}\t{name}\tMIT\ttrain-ok")
    (root / "MANIFEST.tsv").write_text("\n".join(lines) + "\n")
    return root


def _now() -> dt.datetime:
    return dt.datetime(2026, 1, 2, tzinfo=dt.UTC)


_INCEPTION = keras.applications.InceptionV3


def _small(*, include_top: bool, weights: None, input_shape: tuple[int, ...]) -> keras.Model:
    """Three convolutions named as those of InceptionV3, whose place they take."""
    pixels = value = keras.Input(input_shape)
    for name, width, after in (("", 8, "one"), ("_1", 8, CUT), ("_2", 64, "two")):
        convolution = keras.layers.Conv2D(width, 3, 4, use_bias=False, name=f"conv2d{name}")
        value = convolution(value)
        value = keras.layers.BatchNormalization(scale=False, name=f"batch_normalization{name}")(
            value
        )
        value = keras.layers.Activation("relu", name=after)(value)
    return keras.Model(pixels, value)


@pytest.fixture(scope="module", autouse=True)
def _small_network() -> Iterator[None]:
    """Let a small network stand in for InceptionV3, whose tracing and export take a minute.

    Those of InceptionV3 itself are in tests/training/test_run.py.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.applications, "InceptionV3", _small)
        yield


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    root = tmp_path_factory.mktemp("training")
    last = Tuning(steps=2, batch=4, generated=16, generated_views=1)
    schedule = Schedule(all_steps=2, batch=4, validation_cap=8, size=75, last=last)
    made, real = _generate(root / "generated"), (_collect(root / "real"),)
    cross_validate(Study(made, real, None, root / "study", root / "cache", last, folds=2, size=75))
    return Recipe(
        synthetic=made,
        real=real,
        cross_validation=root / "study",
        base=None,
        out=root / "bundle",
        work=root / "work",
        tuning=root / "tuning",
        identity=Identity("micro-1", Origin(name="random", licence="none"), "* Too small."),
        schedule=schedule,
        gate=OPEN_GATE,
        variants=("int8-weights",),
        texts={},
    )


@pytest.fixture(scope="module")
def micro(recipe: Recipe) -> Finished:
    return make(recipe, _now)


@pytest.fixture
def exported_before(recipe: Recipe, micro: Finished, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the file of `micro` stand in for an export, which takes ten seconds of a processor."""

    def copy(_: object, path: Path, *__: object) -> None:
        shutil.copy(recipe.out / "model.tflite", path)

    monkeypatch.setattr(finishing, "export", copy)


def test_a_shift_of_the_background_changes_nothing_among_the_labels() -> None:
    plan = plan_classes(
        [("", "invoice"), ("", "claim"), ("map", "other"), ("photo", "other")],
        ("invoice", "claim"),
    )
    network = build_network(plan, size=75)
    features = np.random.default_rng(1).random((3, 64), np.float32)
    before = np.asarray(network.label_logits(network.head(features)))

    shift_background(network, -1.5)

    after = np.asarray(network.label_logits(network.head(features)))
    np.testing.assert_allclose(after - before, [[0, 0, -1.5]] * 3, atol=1e-5)


def test_a_small_training_makes_a_bundle_that_loads_and_answers(
    recipe: Recipe, micro: Finished
) -> None:
    bundle = load_bundle(recipe.out)
    classifier = open_classifier(bundle, threads=1)

    assert "tuning: step 2 of 2" in (recipe.out / "train.log").read_text()
    assert bundle.card.name == "micro-1"
    assert bundle.card.background == 1
    assert bundle.card.input.size == 75
    assert bundle.card.created_at == _now()
    assert bundle.card.evidence is not None
    assert bundle.card.evidence.documents == 16
    assert len(check_golden(bundle, classifier)) == 4
    assert bundle.card.provenance.documents["test, synthetic"] == dict.fromkeys(KINDS, 4)


def test_the_card_says_what_networks_said_of_real_documents_they_had_not_learned_from(
    recipe: Recipe, micro: Finished
) -> None:
    bundle = load_bundle(recipe.out)

    figures = bundle.card.metrics[UNSEEN]
    foreign = figures["foreign documents sorted"].n
    assert 8 <= figures["automation rate"].n <= 12  # what nearly equals a test page is left out
    assert 3 <= foreign <= 4
    assert next(iter(bundle.card.metrics)) == UNSEEN
    assert bundle.card.novelty_weight > 0
    known = bundle.read_foreign()
    assert known["features"].shape == (foreign, 64)
    assert known["logits"].shape == (foreign, len(bundle.card.kinds))
    assert set(known["names"].tolist()) <= {"", "receipt"}
    assert len(set(known["groups"].tolist())) == foreign


def test_words_are_added_to_a_bundle_with_their_rule_and_figures(
    recipe: Recipe, micro: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = load_bundle(recipe.out)
    assert recipe.cross_validation is not None
    unseen = Unseen.of(out_of_fold(recipe.cross_validation), {})
    labels = (*bundle.card.labels, "other")
    said = {
        sample.path: [" ".join(f"{labels[min(target, len(labels) - 1)]}{n}" for n in "abcdefgh")]
        for sample, target in zip(unseen.samples, unseen.targets, strict=True)
    }
    monkeypatch.setattr(
        words, "views_of", lambda paths, _work: {path: said[path] for path in paths}
    )
    monkeypatch.setattr(words, "made_texts", lambda _counts: [])
    add_words(bundle, unseen, {}, tmp_path / "work", "micro-2", tmp_path / "out")

    again = load_bundle(tmp_path / "out")
    assert again.card.name == "micro-2"
    assert again.card.words is not None
    assert list(again.card.metrics)[:2] == [UNSEEN, f"{UNSEEN}, with their words"]
    model = WordsModel.from_arrays(again.words)
    assert len(model.keys) >= 8
    assert again.card.rule().words is not None
    assert (tmp_path / "out" / "model.tflite").read_bytes() == bundle.runtime_file.read_bytes()
    assert again.pages.keys() == bundle.pages.keys()
    assert "words" in json.loads((tmp_path / "out" / "figures.json").read_text())


def test_a_cross_validation_of_other_kinds_is_refused(recipe: Recipe, tmp_path: Path) -> None:
    assert recipe.cross_validation is not None
    shutil.copytree(recipe.cross_validation, tmp_path / "study")
    documents = tmp_path / "study" / "documents.json"
    documents.write_text(documents.read_text().replace('"map"', '"plan"'))

    other = replace(recipe, cross_validation=tmp_path / "study", work=tmp_path / "work")
    with pytest.raises(UsageError, match="knows other kinds of document"):
        make(other, _now)


def test_the_recipe_ends_with_heads_for_documents_of_several_pages(
    recipe: Recipe, micro: Finished
) -> None:
    bundle = load_bundle(recipe.out)

    heads = PageHeads.from_arrays(bundle.pages)

    assert heads is not None
    features = np.zeros((2, len(heads.first_weights)))
    assert heads.turn(features).sum(axis=1) == pytest.approx([1, 1])
    figures = json.loads((recipe.out / "figures.json").read_text())["page heads"]
    documents = figures["documents"]["generated, layouts never trained on"]
    assert documents["1 page"]["sorted alone"]["n"] == 24
    assert documents["two, other label"]["said to be several"]["n"] == 24
    assert "turned by 90, told" in figures["pages"]["generated, layouts never trained on"]


def test_the_bundle_explains_itself_without_naming_the_machine(
    recipe: Recipe, micro: Finished
) -> None:
    for name in ("MODEL_CARD.md", "report.html", "train.log", "figures.json", "card.json"):
        text = (recipe.out / name).read_text(encoding="utf-8")
        assert str(recipe.work.parent) not in text
        assert len(text) > 200
    assert "<svg" in (recipe.out / "report.html").read_text()
    assert "http" not in (recipe.out / "MODEL_CARD.md").read_text()


def test_the_same_command_resumes_and_another_training_is_refused(
    recipe: Recipe, micro: Finished
) -> None:
    with pytest.raises(UsageError, match="another training is half done"):
        make(replace(recipe, seed=1), _now)


def test_what_was_tuned_is_not_tuned_again(
    recipe: Recipe, exported_before: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Tuner, "tune", None)

    make(replace(recipe, out=tmp_path / "again", tuning=tmp_path), _now)

    with np.load(tmp_path / "tuning.npz") as again:
        before = np.load(recipe.work.parent / "tuning" / "tuning.npz")
        np.testing.assert_array_equal(again["head/bias"], before["head/bias"])


def test_an_interrupted_write_leaves_the_old_bundle_and_nothing_else(
    recipe: Recipe, micro: Finished, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    target = tmp_path / "bundle"
    bundle_writer.write_bundle(micro.parts, target)
    before = (target / "SHA256SUMS").read_text()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(bundle_writer, "check_golden", interrupt)
    with pytest.raises(KeyboardInterrupt):
        bundle_writer.write_bundle(micro.parts, target)
    with pytest.raises(KeyboardInterrupt):
        bundle_writer.write_bundle(micro.parts, tmp_path / "new")

    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]
    assert (target / "SHA256SUMS").read_text() == before
    assert load_bundle(target).card.name == "micro-1"


def test_a_bundle_that_cannot_take_its_place_gives_the_old_one_back(
    micro: Finished, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    target = tmp_path / "bundle"
    bundle_writer.write_bundle(micro.parts, target)
    before = (target / "SHA256SUMS").read_text()
    rename = Path.rename

    def refuse(self: Path, to: Path) -> Path:
        if to == target and self.name.startswith(".bundle.") and self.name != "bundle":
            raise OSError(28, "No space left on device", str(to))
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(EnvironmentFaultError, match="cannot be written"):
        bundle_writer.write_bundle(micro.parts, target)

    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]
    assert (target / "SHA256SUMS").read_text() == before


def test_tuning_weights_come_back_as_they_were(recipe: Recipe, micro: Finished) -> None:
    plan = plan_classes(((kind, label) for label, kind in KINDS.items()), tuple(KINDS)[:3])
    network = new_network(plan, None, 75, seed=9)
    before = np.asarray(network.head.kernel).copy()

    assert load_tuning_weights(network, recipe.work.parent / "tuning" / "tuning.npz")
    assert not np.allclose(before, np.asarray(network.head.kernel))


def test_folded_weights_go_where_they_belong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keras.applications, "InceptionV3", _INCEPTION)
    network = build_network(plan_classes([("", "a"), ("", "b")], ("a", "b")), size=75)
    convolutions = in_build_order(network.trunk, keras.layers.Conv2D)
    arrays: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.floating]]] = {}
    for number in (0, 1):
        shape = tuple(convolutions[number].kernel.shape)
        arrays[f"{number:02d}/kernel"] = np.full(shape, 0.5 + number, np.float16)
        arrays[f"{number:02d}/bias"] = np.arange(shape[-1], dtype=np.float32)
    np.savez(tmp_path / "folded.npz", **arrays)  # type: ignore[arg-type] # numpy#28985

    missing = load_folded(network, tmp_path / "folded.npz")

    assert len(convolutions) == 94
    assert missing == tuple(range(2, 94))
    assert tuple(convolutions[0].kernel.shape) == (3, 3, 3, 32)
    assert np.asarray(convolutions[1].kernel).mean() == pytest.approx(1.5)
    normalisation = in_build_order(network.trunk, keras.layers.BatchNormalization)[1]
    beta, mean, variance = normalisation.get_weights()
    assert beta.tolist() == list(range(32))
    assert not mean.any()
    # Folded: what comes out is what went in, plus the bias.
    value = np.random.default_rng(0).normal(size=(1, 4, 4, 32)).astype(np.float32)
    out = np.asarray(normalisation(value, training=False))
    assert np.allclose(out, value + np.arange(32), atol=1e-5)
    assert variance + 1e-3 == pytest.approx(1.0)


def test_folded_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    network = build_network(plan_classes([("", "a"), ("", "b")], ("a", "b")), size=75)
    kernel = np.zeros((7, 7, 3, 64), np.float16)
    np.savez(tmp_path / "w.npz", **{"00/kernel": kernel, "00/bias": np.zeros(64, np.float32)})  # type: ignore[arg-type] # numpy#28985

    with pytest.raises(ModelError, match="00/kernel is"):
        load_folded(network, tmp_path / "w.npz")


def test_the_last_stage_may_be_trained_apart_from_a_written_training_set(
    recipe: Recipe, exported_before: None, tmp_path: Path
) -> None:
    training_set, weights = tmp_path / "training_set", tmp_path / "weights.npz"
    schedule = replace(recipe.schedule, mix=0.5, last=Tuning(steps=0))
    fresh = replace(recipe, schedule=schedule, work=tmp_path / "work", tuning=tmp_path / "made")

    hand_out(fresh, training_set, silent)
    options = ["--base", "random", "--steps", "2", "--batch", "4", "--every", "1"]
    code = apart.main([str(training_set), "--out", str(weights), *options])
    finished = make(replace(fresh, out=tmp_path / "bundle", learned=weights), _now)

    assert code == 0
    with np.load(weights) as learned, np.load(tmp_path / "made" / "tuning.npz") as made:
        plan = plan_classes(((kind, label) for label, kind in KINDS.items()), tuple(KINDS)[:3])
        before = np.asarray(new_network(plan, None, 75, seed=0).head.kernel)
        np.testing.assert_allclose(
            made["head/kernel"], (learned["head/kernel"] + before) / 2, atol=1e-6
        )
    log = finished.parts.texts["train.log"].splitlines()
    assert "all: step 2 of 2" in "".join(line for line in log[:6])
    assert any("learned apart" in line for line in log)


def test_too_few_documents_to_test_on_are_noticed_before_the_training(
    recipe: Recipe, tmp_path: Path
) -> None:
    made = _generate(tmp_path / "generated")
    (made / "test" / "index.jsonl").write_text("")

    with pytest.raises(UsageError, match="no generated document is left to test on"):
        hand_out(replace(recipe, synthetic=made, work=tmp_path / "work"), tmp_path / "x", silent)

    assert not (tmp_path / "x").exists()


def test_bad_input_of_the_training_apart_is_one_line_and_an_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "weights.npz"

    code = apart.main([str(tmp_path), "--base", "random", "--out", str(out)])

    assert code == 2
    assert "there is no whole training set in" in capsys.readouterr().err
    assert not out.exists()


def _cost(**changes: float) -> ExportCost:
    good = ExportCost("int8-weights", 300, 0.95, 0.95, 0.99, 0.1, 0.01, 21.0)
    return replace(good, **changes)  # type: ignore[arg-type] # all figures are numbers


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"exported_accuracy": 0.93}, "accuracy 0.9500 became 0.9300"),
        ({"equal_labels": 0.9}, "0.9000 equal labels"),
        ({"difference": 0.5}, "moved by 0.500"),
        ({"megabytes": 44.0}, "44.0 MB"),
        ({"difference": float("nan")}, "moved by nan"),
    ],
)
def test_the_gate_refuses_a_file_that_loses_too_much(
    changes: dict[str, float], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        check_gate(_cost(**changes), ExportGate())


def test_the_first_file_within_the_gate_is_chosen() -> None:
    bad, good = _cost(difference=0.9), _cost()

    check_gate(good, ExportGate())
    assert first_within((bad, good), ExportGate()) is good
    with pytest.raises(ModelError, match=r"0\.900"):
        first_within((bad, bad), ExportGate())


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--base", "nowhere.npz"], 7, "there are no weights to start from: nowhere.npz"),
        (["--base", "random"], 2, "there are no generated documents"),
    ],
)
def test_bad_input_is_one_line_and_an_exit_code(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    out = tmp_path / "bundle"

    assert main(["--synth", str(tmp_path), "--out", str(out), *arguments]) == code

    (line,) = [row for row in capsys.readouterr().err.splitlines() if message in row]
    assert line.endswith(")")  # the remedy
    assert not out.exists()


def test_a_gate_that_nothing_passes_leaves_no_bundle(recipe: Recipe, exported_before: None) -> None:
    strict = replace(
        recipe, gate=ExportGate(megabytes=0.001), out=recipe.out.with_name("never"), tuning=None
    )

    with pytest.raises(ModelError, match="too far from the trained one"):
        make(strict, _now)

    assert not strict.out.exists()
    assert not [path for path in strict.out.parent.iterdir() if path.name.startswith(".")]


def test_a_prior_shift_turns_the_odds_of_the_draws_into_those_of_the_mix() -> None:
    # As foreign as 7 to 3 where a quarter of the pages is.
    logits = np.log(np.array([0.1, 0.1, 0.1, 0.7]))
    shifted = np.exp(logits + np.array([0, 0, 0, prior_shift(0.25, 0.05)]))

    assert shifted[3] / shifted.sum() == pytest.approx(0.7 * 0.2 / (0.7 * 0.2 + 0.3 * 95 / 75))
    assert prior_shift(0.05, 0.05) == 0.0


def test_weights_make_a_set_stand_for_the_stated_mix() -> None:
    targets = np.array([0] * 10 + [1] * 2 + [3] * 30)

    weights = mix_weights(targets, 3)

    assert weights.sum() == pytest.approx(42)
    assert weights[targets == 3].sum() / 42 == pytest.approx(FOREIGN_SHARE)
    assert weights[targets == 0].sum() == pytest.approx(weights[targets == 1].sum())
