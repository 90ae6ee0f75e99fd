"""A bundle's own file gives back the weights it was made from. Needs TensorFlow."""

import datetime as dt
import shutil
from pathlib import Path

import numpy as np
import pytest

from docsorter.errors import ModelError
from docsorter.model.bundle import CARD, RUNTIME
from docsorter.model.card import InputSpec, ModelCard, Origin, Provenance
from docsorter.model.classifier import LiteRTClassifier
from docsorter.training.dataset import ClassPlan
from docsorter.training.export import trained_logits
from docsorter.training.network import build_network, load_runtime_weights, runtime_weights
from starter.training_run import new_network
from starter.training_set import plan_classes
from tests.training.exports import LABELS, PAIRS, SIDE, Exports, plan_of

pytestmark = pytest.mark.slow


def _bundle(folder: Path, file: Path, plan: ClassPlan) -> Path:
    folder.mkdir()
    shutil.copy(file, folder / RUNTIME)
    card = ModelCard(
        name="base-1",
        created_at=dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
        labels=plan.labels,
        background=1,
        kinds=plan.kinds,
        input=InputSpec(size=SIDE),
        provenance=Provenance(
            architecture="test",
            base=Origin(name="random", licence="none"),
            data=(),
            fingerprint="",
            documents={},
        ),
        temperature=1.0,
        threshold=0.9,
        novelty_limit=99.0,
    )
    (folder / CARD).write_text(card.model_dump_json(), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def pixels() -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    return np.random.default_rng(1).integers(0, 256, (2, SIDE, SIDE, 3), np.uint8)


@pytest.fixture(scope="module")
def bundle(exports: Exports, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base") / "int8"
    return _bundle(folder, exports.file("int8-weights"), plan_of())


def _spread(logits: "np.ndarray[tuple[int, ...], np.dtype[np.float32]]") -> float:
    return float(logits.max() - logits.min())


def test_a_network_started_from_a_bundle_answers_as_the_bundle_does(
    bundle: Path, pixels: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]"
) -> None:
    network = new_network(plan_of(), bundle, SIDE, seed=9)
    card = ModelCard.model_validate_json((bundle / CARD).read_text(encoding="utf-8"))

    runs = LiteRTClassifier(bundle / RUNTIME, card, threads=1).classify(pixels).logits
    other = trained_logits(build_network(plan_of(), size=SIDE, seed=9), pixels)

    found = trained_logits(network, pixels)
    assert np.abs(found - runs).max() < 0.1 * _spread(runs)  # activations are rounded in the file
    assert np.abs(other - runs).max() > 0.2 * _spread(runs)


def test_float16_weights_are_read_to_their_last_bit_but_one(exports: Exports) -> None:
    arrays = runtime_weights(exports.file("float16"))

    np.testing.assert_allclose(
        arrays["head/kernel"], np.asarray(exports.network.head.kernel), rtol=1e-3, atol=1e-6
    )
    assert len(arrays) == 2 * 94 + 2
    assert arrays["00/kernel"].shape == (3, 3, 3, 32)


def test_a_new_kind_starts_as_the_mean_of_its_output_and_a_new_label_at_zero(bundle: Path) -> None:
    plan = plan_classes(
        [*PAIRS, ("photo", "other"), ("note", "other"), ("", "contract")], (*LABELS, "contract")
    )
    network = build_network(plan, size=SIDE)

    unknown = load_runtime_weights(network, bundle)

    kernel, bias = network.head.get_weights()
    arrays = runtime_weights(bundle / RUNTIME)
    column = {kind: number for number, (kind, _) in enumerate(plan.kinds)}
    assert unknown == ("contract",)
    assert not kernel[:, column["contract"]].any()
    np.testing.assert_array_equal(kernel[:, column["photo"]], kernel[:, column["map"]])
    np.testing.assert_array_equal(kernel[:, column["memo"]], arrays["head/kernel"][:, 2])
    assert bias[column["grid"]] == arrays["head/bias"][1]


def test_a_bundle_whose_card_does_not_fit_its_file_is_refused(tmp_path: Path, bundle: Path) -> None:
    shutil.copy(bundle / RUNTIME, tmp_path)
    card = ModelCard.model_validate_json((bundle / CARD).read_text(encoding="utf-8"))
    (tmp_path / CARD).write_text(
        card.model_copy(update={"kinds": tuple(PAIRS[:3])}).model_dump_json()
    )

    with pytest.raises(ModelError, match="not for this network"):
        load_runtime_weights(build_network(plan_of(), size=SIDE), tmp_path)


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.tflite").write_bytes(b"no model")

    with pytest.raises(ModelError, match="no weights can be read"):
        runtime_weights(tmp_path / "x.tflite")
