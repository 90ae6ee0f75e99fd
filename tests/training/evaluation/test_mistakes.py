import numpy as np

from docsorter.training.evaluation.mistakes import Cases, choose_cases
from docsorter.training.looking import Judged
from tests.training.evaluation.judging import NAMES, judged_of


def cases_of(judged: Judged, groups: list[int] | None = None, threshold: float = 0.9) -> Cases:
    top = judged.probabilities.argmax(axis=1)
    chosen = np.asarray((judged.probabilities.max(axis=1) >= threshold) & (top < 3))
    numbers = list(range(len(top))) if groups is None else groups
    return choose_cases(judged, NAMES, 3, chosen, numbers)


def test_the_surest_mistakes_come_first_and_those_that_were_sorted_before_all() -> None:
    judged = judged_of([(0.6, 0, 1), (0.89, 3, 2), (0.95, 1, 0), (0.99, 0, 0), (0.7, 2, 0)])

    found = cases_of(judged).mistakes

    assert [(case.said, case.truth) for case in found] == [
        ("claim", "invoice"),  # sorted alone
        ("letter", "invoice"),
        ("invoice", "claim"),
        ("other", "letter"),  # a person sees it
    ]
    assert [case.sorted_alone for case in found] == [True, False, False, False]


def test_a_foreign_document_that_is_sorted_is_a_mistake_and_one_that_is_refused_is_not() -> None:
    judged = judged_of([(0.95, 0, 3), (0.95, 3, 3)])

    found = cases_of(judged).mistakes

    assert [(case.said, case.truth, case.sorted_alone) for case in found] == [
        ("invoice", "other", True)
    ]


def test_twenty_mistakes_on_one_template_are_shown_twice() -> None:
    judged = judged_of([(0.95, 0, 1)] * 20 + [(0.6, 1, 0)])

    found = cases_of(judged, [7] * 20 + [8]).mistakes

    assert [case.said for case in found] == ["invoice", "invoice", "claim"]


def test_competing_labels_are_the_closest_calls_between_two_labels() -> None:
    judged = judged_of([(0.99, 0, 0)] * 3)
    shares = np.array([[0.5, 0.48, 0.01, 0.01], [0.9, 0.05, 0.03, 0.02], [0.1, 0.09, 0.01, 0.8]])
    torn = Judged(judged.samples, judged.targets, shares, judged.novelty)

    found = cases_of(torn).competing

    assert [case.probabilities[0] for case in found] == [0.5]


def test_no_document_is_shown_twice() -> None:
    rng = np.random.default_rng(0)
    rows = [
        (float(rng.uniform(0.3, 1)), int(rng.integers(4)), int(rng.integers(4))) for _ in range(300)
    ]

    found = cases_of(judged_of(rows))

    shown = [case.sample.path for case in (*found.mistakes, *found.competing, *found.close)]
    assert len(shown) == len(set(shown)) > 12
    assert [case.sorted_alone for case in found.close] == [True] * len(found.close)
