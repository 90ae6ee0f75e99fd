"""A covariance of many dimensions from few rows: its main components, shrunk within them.

Within them the covariance is shrunk by the rule of Ledoit and Wolf (2004).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from docsorter.errors import ModelError

Floats = NDArray[np.float64]

LEAST_SHARE: Final = 1e-6
"""Of the mean variance: below, a direction is rounding, not evidence."""


def squares(values: Floats) -> Floats:
    """Return the squared length of each row, (n,) of (n, F)."""
    result: Floats = np.einsum("ij,ij->i", values, values)
    return result


def principal_components(centred: Floats, width: int) -> Floats:
    """Return (F, width) orthonormal columns; by the smaller of the two scatter matrices.

    Raises:
        ModelError: All rows of (n, F) are the same.
    """
    if not np.ptp(centred, axis=0).any():
        raise ModelError("novelty cannot be fitted: all training pages have the same features")
    if len(centred) >= centred.shape[1]:
        vectors = np.linalg.eigh(centred.T @ centred)[1]
        return np.asarray(vectors[:, ::-1][:, :width])
    vectors = np.linalg.eigh(centred @ centred.T)[1]
    return np.linalg.qr(centred.T @ vectors[:, ::-1][:, :width])[0]


def whitening_of(deviations: Floats, spare: int) -> Floats:
    """Return the inverse root of the shrunk covariance of deviations from class means, (k, k).

    Args:
        deviations: (n, k).
        spare: Degrees of freedom, at least 1.
    """
    width = deviations.shape[1]
    covariance = deviations.T @ deviations / spare
    level = float(np.trace(covariance)) / width
    target = level * np.eye(width)
    share = shrinkage(deviations)
    values, vectors = np.linalg.eigh((1 - share) * covariance + share * target)
    floor = max(level * LEAST_SHARE, float(np.finfo(np.float32).tiny))
    return np.asarray(vectors / np.sqrt(width * np.maximum(values, floor)))


def shrinkage(deviations: Floats) -> float:
    """Return the share of the identity in the covariance, 0-1 (Ledoit and Wolf 2004)."""
    count, width = deviations.shape
    covariance = deviations.T @ deviations / count
    level = float(np.trace(covariance)) / width
    spread = float(((covariance - level * np.eye(width)) ** 2).sum())
    squared = deviations**2
    chance = (float((squared.T @ squared).sum()) / count - float((covariance**2).sum())) / count
    return 1.0 if spread <= 0 else max(0.0, min(chance / spread, 1.0))
