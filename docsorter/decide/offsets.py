"""One threshold for labels that are not alike.

A confidence of 0.95 may be right nearly always where the model says "invoice" and less often where
it says "letter": what looks like a letter to it is at times any page of plain text. With one
threshold for all, the most deceptive label decides how many documents of the others wait for a
person. So a label may have an offset: what is asked for it are the odds of the threshold times
`exp(offset)`. There still is a single number that makes the rule stricter or looser, so that its
promise is still one test (`docsorter.decide.thresholds`) and costs no more documents than before;
offsets are fixed before that test sees a document. Confidence stays what it is, the calibrated
probability of the label; only what is asked for differs.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

_STEPS = 1000  # offsets are kept to three digits


def offset_between(threshold: float, asked: float) -> float:
    """Return the offset with which a label is asked for `asked` where others are for `threshold`.

    Both lie between 0 and 1, ends excluded. Rounded upwards, that is towards asking a person.
    """
    odds = math.log(asked / (1 - asked)) - math.log(threshold / (1 - threshold))
    return math.ceil(odds * _STEPS) / _STEPS


def offsets_of(names: Sequence[str], offsets: Mapping[str, float]) -> NDArray[np.float64]:
    """Return the offset of each name in turn, 0 where there is none."""
    return np.array([offsets.get(name, 0.0) for name in names], np.float64)


def comparable(
    confidences: NDArray[np.float64], offsets: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return what can be compared with one threshold, whatever the label.

    Args:
        confidences: (n,) of the label named, 0-1.
        offsets: (n,) of that label.

    Returns:
        (n,) 0-1; equal to the confidence where the offset is 0. A document is sorted when this
        reaches `SortRule.threshold`, which is when its confidence reaches `SortRule.asked_for`.
    """
    odds = confidences * np.exp(-offsets)
    result: NDArray[np.float64] = odds / (1 - confidences + odds)
    return result
