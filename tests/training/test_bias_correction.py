"""Biases make up for what the rounding of weights adds on average."""

from typing import TYPE_CHECKING

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from docsorter.training.dataset import plan_classes
from docsorter.training.export import LEVELS, corrected, mean_shifts, rounded, trained_logits
from docsorter.training.network import Network, build_network, copy_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 75


@pytest.fixture(scope="module")
def network() -> Network:
    return build_network(plan_classes([("", "a"), ("", "b")], ("a", "b")), size=SIDE, seed=3)


@pytest.fixture(scope="module")
def pages() -> "NDArray[np.uint8]":
    """White paper with dark noise, which is what makes rounding errors add up."""
    rng = np.random.default_rng(0)
    ink = rng.random((8, SIDE, SIDE, 1)) < 0.1
    return np.where(ink, 30, 250).astype(np.uint8).repeat(3, axis=3)


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


def _round_weights(network: Network) -> Network:
    copy = build_network(network.plan, size=network.size)
    copy_weights(network, copy)
    for layer in copy.trunk.layers:
        if isinstance(layer, keras.layers.Conv2D):
            layer.set_weights([rounded(layer.get_weights()[0])])
    return copy


@pytest.mark.slow
def test_corrected_biases_bring_the_rounded_network_nearer(
    network: Network, pages: "NDArray[np.uint8]"
) -> None:
    exact = trained_logits(network, pages[4:])

    plain = trained_logits(_round_weights(network), pages[4:])
    better = trained_logits(_round_weights(corrected(network, pages[:4])), pages[4:])

    assert np.abs(better - exact).mean() < 0.5 * np.abs(plain - exact).mean()


@pytest.mark.slow
def test_a_network_that_rounds_to_itself_needs_no_correction(
    network: Network, pages: "NDArray[np.uint8]"
) -> None:
    shifts = mean_shifts(_round_weights(network), pages[:2])

    assert max(float(np.abs(shift).max()) for shift in shifts) < 1e-4
