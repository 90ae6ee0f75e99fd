"""Biases that make up for the rounding of weights, at no cost when the file runs.

A weight rounded to one of 255 steps is off by up to half a step. Paper is white and activations
after ReLU are never negative, so what a convolution reads is far from zero on average, and its
rounding errors add up to a shift of the output that is nearly the same on every page. That shift
is measured on some pages and taken off the bias (bias correction, Nagel et al. 2019,
arXiv:1906.04721).
"""

from typing import TYPE_CHECKING, Final

import keras
import numpy as np
import tensorflow as tf

from docsorter.training.batches import in_chunks
from docsorter.training.network import Network, build_network, copy_weights
from docsorter.training.untyped import Model

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVELS: Final = 127
"""Steps between zero and the widest weight of an output channel; LiteRT rounds symmetrically."""

SMALLEST: Final = 1024
"""The converter leaves weights of fewer elements as they are (the first convolution has 864)."""

_CHUNK: Final = 8


def corrected(network: Network, pixels: "NDArray[np.uint8]") -> Network:
    """Return a copy whose biases make up for the rounding of its weights to int8.

    Args:
        network: Must compute in float32.
        pixels: (n, size, size, 3) pages like those to come; a few dozen give the means.
    """
    copy = build_network(network.plan, size=network.size)
    copy_weights(network, copy)
    shifts = mean_shifts(copy, pixels)
    readers = {id(layer.input): layer for layer in _layers(copy, keras.layers.BatchNormalization)}
    for convolution, shift in zip(_layers(copy, keras.layers.Conv2D), shifts, strict=True):
        normalisation = readers[id(convolution.output)]
        beta, mean, variance = normalisation.get_weights()
        normalisation.set_weights([beta, mean + shift, variance])
    return copy


def mean_shifts(network: Network, pixels: "NDArray[np.uint8]") -> "list[NDArray[np.float32]]":
    """Return what rounding adds to the outputs of every convolution, channel by channel.

    Returns:
        The mean over pages and positions of the rounded convolution's output less the exact one's,
        both reading the exact network's activations; in the order of the trunk's layers.
    """
    outputs = [
        keras.ops.mean(
            keras.ops.conv(
                layer.input, _rounding_error(layer), strides=layer.strides, padding=layer.padding
            ),
            axis=(1, 2),
        )
        for layer in _layers(network, keras.layers.Conv2D)
    ]
    model = keras.Model(network.trunk.input, outputs)
    run = tf.function(autograph=False)(lambda part: model(network.scale(part), training=False))
    parts = [run(tf.constant(pixels[rows])) for rows in in_chunks(len(pixels), _CHUNK)]
    return [np.mean(np.concatenate(column), axis=0) for column in zip(*parts, strict=True)]


def rounded(kernel: "NDArray[np.float32]") -> "NDArray[np.float32]":
    """Return a kernel (height, width, in, out) as the int8 file will hold it."""
    if kernel.size < SMALLEST:
        return kernel
    widest = np.abs(kernel).max(axis=(0, 1, 2))
    least = LEVELS * np.finfo(np.float32).tiny  # a step below that cannot be divided by
    step = np.where(widest > least, widest, 1.0).astype(np.float32) / LEVELS
    return np.asarray(np.round(kernel / step) * step, np.float32)


def _rounding_error(convolution: Model) -> "NDArray[np.float32]":
    (kernel,) = convolution.get_weights()
    return np.asarray(rounded(kernel) - kernel, np.float32)


def _layers(network: Network, kind: type) -> list[Model]:
    return [layer for layer in network.trunk.layers if isinstance(layer, kind)]
