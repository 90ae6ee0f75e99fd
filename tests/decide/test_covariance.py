import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf_shrinkage

from docsorter.decide.novelty import shrinkage


def test_shrinkage_is_that_of_sklearn() -> None:
    for seed, shape in enumerate([(200, 10), (20, 30), (500, 3)]):
        values = np.random.default_rng(seed).normal(size=shape)
        values -= values.mean(axis=0)
        assert shrinkage(values) == pytest.approx(ledoit_wolf_shrinkage(values), rel=1e-6)
