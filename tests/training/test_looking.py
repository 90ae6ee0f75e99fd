import numpy as np

from docsorter.training.dataset import Sample
from docsorter.training.looking import Judged
from starter.finishing import joined


def test_sets_are_joined_row_by_row() -> None:
    sample = Sample.__new__(Sample)
    first = Judged((sample,), np.array([0]), np.array([[0.9, 0.1]]), np.array([3.0]))
    second = Judged((sample,) * 2, np.array([1, 0]), np.eye(2), np.array([4.0, 5.0]))

    both = joined([first, second])

    assert len(both.samples) == 3
    assert both.targets.tolist() == [0, 1, 0]
    assert both.probabilities.tolist() == [[0.9, 0.1], [1.0, 0.0], [0.0, 1.0]]
    assert both.novelty.tolist() == [3.0, 4.0, 5.0]
