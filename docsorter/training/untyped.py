"""Names for what comes from TensorFlow and Keras, which have no types: `Any`, but saying what."""

from typing import Any, TypeAlias

Tensor: TypeAlias = Any
"""A tensor, or an array that becomes one."""

Variable: TypeAlias = Any
"""A weight of a Keras model."""

Model: TypeAlias = Any
"""A Keras model or layer."""

Optimizer: TypeAlias = Any
"""A Keras optimizer or learning-rate schedule."""

Compiled: TypeAlias = Any
"""A function compiled by `tf.function`, or a manager of checkpoints."""

Archive: TypeAlias = Any
"""An open `.npz` file."""
