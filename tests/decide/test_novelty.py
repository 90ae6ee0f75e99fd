"""Distance from the training data."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.metrics import roc_auc_score

from docsorter.decide.novelty import NoveltyModel, shrinkage
from docsorter.errors import ModelError

Floats = NDArray[np.float64]

WIDTH, CLASSES = 48, 3


def pages(seed: int, n: int, shift: float = 0.0) -> tuple[Floats, NDArray[np.int64]]:
    """Three Gaussian classes around fixed centres, in 12 of 48 dimensions; the rest is faint."""
    centres = np.random.default_rng(1).normal(scale=3, size=(CLASSES, WIDTH))
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, CLASSES, n)
    spread = np.where(np.arange(WIDTH) < 12, 1.0, 0.1)
    moved = np.where(np.arange(WIDTH) < 6, shift, 0.0)
    return centres[targets] + moved + spread * rng.normal(size=(n, WIDTH)), targets


@pytest.fixture(scope="module")
def model() -> NoveltyModel:
    features, targets = pages(2, 600)
    return NoveltyModel.fit(features, targets, pages(3, 400)[0], components=16)


def test_pages_like_the_training_pages_are_spread_over_all_percentiles(
    model: NoveltyModel,
) -> None:
    found = model.percentile(pages(4, 2000)[0])
    assert ((found >= 0) & (found <= 100)).all()
    assert found.mean() == pytest.approx(50, abs=5)
    assert (found > 95).mean() == pytest.approx(0.05, abs=0.03)


def test_shifted_pages_are_told_apart(model: NoveltyModel) -> None:
    usual, shifted = model.distance(pages(5, 500)[0]), model.distance(pages(6, 500, shift=3)[0])
    truth = np.repeat([0, 1], 500)
    assert roc_auc_score(truth, np.concatenate([usual, shifted])) > 0.97
    assert (model.percentile(pages(6, 500, shift=6)[0]) == 100).all()


def test_the_farther_the_stranger(model: NoveltyModel) -> None:
    means = [model.distance(pages(7, 200, shift)[0]).mean() for shift in (0, 1, 2, 4, 8)]
    assert means == sorted(means)


def test_what_differs_only_where_training_pages_hardly_vary_is_seen() -> None:
    rng = np.random.default_rng(8)
    flat = np.where(np.arange(40) < 4, 1.0, 0.01)
    train, held_out = rng.normal(size=(300, 40)) * flat, rng.normal(size=(200, 40)) * flat
    model = NoveltyModel.fit(train, np.zeros(300, np.int64), held_out, components=4)
    odd = rng.normal(size=(50, 40)) * flat
    odd[:, 20:] += 1.0
    assert (model.percentile(odd) == 100).all()


def test_the_percentile_grows_with_the_distance(model: NoveltyModel) -> None:
    features = pages(9, 300, shift=1)[0]
    order = np.argsort(model.distance(features), kind="stable")
    assert (np.diff(model.percentile(features)[order]) >= 0).all()


def test_the_scale_of_the_features_does_not_matter() -> None:
    features, targets = pages(2, 300)
    usual = NoveltyModel.fit(features, targets, pages(3, 100)[0], 16)
    large = NoveltyModel.fit(features * 1000, targets, pages(3, 100)[0] * 1000, 16)
    probe = pages(5, 50)[0]
    np.testing.assert_allclose(large.distance(probe * 1000), usual.distance(probe), rtol=1e-3)


def test_wide_features_of_few_pages_fit_into_small_arrays() -> None:
    rng = np.random.default_rng(10)
    train, held_out = rng.normal(size=(90, 2048)), rng.normal(size=(30, 2048))
    arrays = NoveltyModel.fit(train, np.arange(90) % 3, held_out).to_arrays()
    assert all(array.dtype == np.float32 for array in arrays.values())
    assert arrays["components"].shape == (2048, 43)
    assert sum(array.nbytes for array in arrays.values()) < 1_200_000


def test_the_arrays_make_the_same_model_again(model: NoveltyModel) -> None:
    again = NoveltyModel.from_arrays(model.to_arrays())
    probe = pages(11, 40, shift=1)[0]
    np.testing.assert_array_equal(again.percentile(probe), model.percentile(probe))
    np.testing.assert_array_equal(again.distance(probe), model.distance(probe))


@pytest.mark.parametrize(
    "name", ["mean", "components", "whitening", "centres", "outside", "reference"]
)
def test_a_missing_or_damaged_array_is_refused(model: NoveltyModel, name: str) -> None:
    arrays = model.to_arrays()
    without = {key: value for key, value in arrays.items() if key != name}
    with pytest.raises(ModelError, match=f"{name} is missing"):
        NoveltyModel.from_arrays(without)
    for damaged in (
        np.full_like(arrays[name], np.nan),
        arrays[name].astype(np.int64),
        arrays[name][np.newaxis],
        np.zeros((0,) * arrays[name].ndim, dtype=np.float32),
    ):
        with pytest.raises(ModelError, match="damaged"):
            NoveltyModel.from_arrays({**arrays, name: damaged})


def test_arrays_that_do_not_fit_each_other_are_refused(model: NoveltyModel) -> None:
    arrays = model.to_arrays()
    for name, damaged in (
        ("mean", arrays["mean"][:-1]),
        ("whitening", arrays["whitening"][:, :-1]),
        ("centres", arrays["centres"][:, :-1]),
        ("outside", -np.ones(1, np.float32)),
        ("reference", arrays["reference"][::-1]),
    ):
        with pytest.raises(ModelError, match="damaged"):
            NoveltyModel.from_arrays({**arrays, name: damaged})


def test_features_of_another_width_or_no_numbers_are_refused(model: NoveltyModel) -> None:
    with pytest.raises(ModelError, match="width"):
        model.distance(np.zeros((1, WIDTH + 1)))
    with pytest.raises(ModelError, match="shape"):
        model.distance(np.zeros(WIDTH))
    for bad in (np.nan, np.inf):
        with pytest.raises(ModelError, match="no numbers"):
            model.percentile(np.full((1, WIDTH), bad))


def test_too_few_or_equal_pages_are_refused() -> None:
    features, targets = pages(2, 3)
    with pytest.raises(ModelError, match="cannot be fitted"):
        NoveltyModel.fit(features, np.arange(3), features)
    with pytest.raises(ModelError, match="cannot be fitted"):
        NoveltyModel.fit(features, targets[:2], features)
    with pytest.raises(ModelError, match="same features"):
        NoveltyModel.fit(np.ones((9, 5)), np.zeros(9, np.int64), np.ones((2, 5)))


def test_shrinkage_is_that_of_sklearn() -> None:
    for seed, shape in enumerate([(200, 10), (20, 30), (500, 3)]):
        values = np.random.default_rng(seed).normal(size=shape)
        values -= values.mean(axis=0)
        assert shrinkage(values) == pytest.approx(ledoit_wolf_shrinkage(values), rel=1e-6)
