"""Biases make up for what the rounding of weights adds on average."""

from typing import TYPE_CHECKING

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from docsorter.training.export import LEVELS, mean_shifts, rounded
from docsorter.training.network import build_network
from tests.training.exports import SIDE, pages, plan_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_KERNELS = arrays(
    np.float32,
    (3, 3, 16, 8),
    elements=st.floats(-2, 2, width=32),
    fill=st.floats(-2, 2, width=32),
)


@given(_KERNELS)
def test_rounding_moves_no_weight_by_more_than_half_a_step(kernel: "NDArray[np.float32]") -> None:
    step = np.abs(kernel).max(axis=(0, 1, 2)) / LEVELS

    found = rounded(kernel)

    assert (np.abs(found - kernel) <= step / 2 * (1 + 1e-4) + 1e-30).all()
    assert np.allclose(rounded(found), found, rtol=1e-5, atol=1e-30)


def test_a_small_kernel_is_left_exact_as_the_converter_leaves_it() -> None:
    kernel = np.random.default_rng(0).normal(size=(3, 3, 3, 32)).astype(np.float32)

    assert np.array_equal(rounded(kernel), kernel)


@pytest.mark.slow
def test_a_network_that_rounds_to_itself_needs_no_correction() -> None:
    network = build_network(plan_of(), size=SIDE, seed=3)
    for layer in network.trunk.layers:
        if isinstance(layer, keras.layers.Conv2D):
            layer.set_weights([rounded(layer.get_weights()[0])])

    shifts = mean_shifts(network, pages(2, 0))

    assert max(float(np.abs(shift).max()) for shift in shifts) < 1e-4
