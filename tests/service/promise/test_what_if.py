"""What the model itself expects, and how an estimate is said."""

import numpy as np
import pytest

from docsorter.service.promise import what_if as words
from docsorter.service.promise.what_if import PredictionWindow


def window(scores: list[float], confidences: list[float]) -> PredictionWindow:
    return PredictionWindow(np.array(scores), np.array(confidences), len(scores), 1.0, is_cut=False)


def test_the_loosest_threshold_is_chosen_above_which_few_enough_are_expected_to_be_wrong() -> None:
    seen = window([0.99, 0.9, 0.7], [0.99, 0.9, 0.7])
    assert seen.expected((0.95, 0.85, 0.6), 0.06) == 0.85
    assert seen.expected((0.95, 0.85, 0.6), 0.2) == 0.6
    assert seen.expected((0.95, 0.85, 0.6), 0.001) is None


def test_what_is_expected_to_be_wrong_follows_from_confidence_and_not_from_the_offset() -> None:
    # A letter of confidence 0.98 that the threshold takes for 0.8, since more is asked of letters.
    seen = window([0.8, 0.8], [0.98, 0.98])
    assert seen.expected((0.9, 0.75), 0.05) == 0.75


@pytest.mark.parametrize(
    ("certified", "checks", "says"),
    [
        (True, 400, "certified by the checks so far"),
        (False, 12, "estimated by 12 checks, not certified"),
        (False, 1, "estimated by 1 check, not certified"),
        (False, 0, "estimated by the model's own confidence, not certified"),
    ],
)
def test_it_is_said_what_a_threshold_rests_on(*, certified: bool, checks: int, says: str) -> None:
    said = words.threshold_words(0.9, 0.95, {}, certified=certified, checks=checks)
    assert said == f"0.9000, {says}; 0.9500 now"


def test_what_is_asked_of_labels_with_an_offset_is_named() -> None:
    said = words.threshold_words(0.9, None, {"letter": 0.97}, certified=True, checks=9)
    assert said.startswith("0.9000 (letter 0.9700), certified")
    assert words.threshold_words(None, None, {}, certified=False, checks=0).startswith(
        "none would do"
    )
