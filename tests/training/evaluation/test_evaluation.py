import json
from dataclasses import replace

import numpy as np
import pytest

from docsorter.documents import SortRule
from docsorter.errors import UsageError
from docsorter.model.card import Measured
from docsorter.training.dataset import Predictions
from docsorter.training.evaluation.evaluation import (
    Cases,
    Evaluation,
    choose_cases,
    evaluate_predictions,
    layout_groups,
)
from tests.training.evaluation.predictions import LABELS, NAMES, RULE, predictions_of, realistic


def evaluate(predictions: Predictions, rule: SortRule = RULE) -> Evaluation:
    return evaluate_predictions(predictions, LABELS, rule, rng=np.random.default_rng(0))


def figures(
    predictions: Predictions, names: tuple[str, ...], rule: SortRule
) -> dict[str, Measured]:
    return evaluate_predictions(predictions, names, rule, rng=np.random.default_rng(0)).metrics()


@pytest.fixture(scope="module")
def large() -> Evaluation:
    rng = np.random.default_rng(1)
    predictions = realistic(900, rng)
    features = rng.normal(0, 1, (900, 12)).astype(np.float32)
    return evaluate_predictions(predictions, LABELS, RULE, rng=rng, features=features)


def test_every_figure_has_its_n_and_an_interval_or_a_reason(large: Evaluation) -> None:
    for name, measured in large.metrics().items():
        if measured.value is None:
            assert measured.note, name
        else:
            assert measured.n, name
            assert measured.low is not None, name
            assert measured.high is not None, name
            assert measured.low <= measured.value <= measured.high, name


def test_the_counts_add_up(large: Evaluation) -> None:
    rule = large.at_rule
    assert sum(map(sum, large.confusion)) == large.documents == 900
    assert large.own + rule.foreign == 900
    assert sum(large.confidences) == large.own
    assert sum(one.documents for one in large.sources) == 900
    assert sum(one.sorted_alone for one in large.sources) == rule.sorted_alone
    assert sum(one.errors for one in large.sources) == rule.errors
    assert rule.error.value == pytest.approx(rule.errors / rule.sorted_alone)


def test_the_numbers_are_plain_json_and_name_nothing_unless_asked(large: Evaluation) -> None:
    silent, open_ = json.dumps(large.as_json()), json.dumps(large.as_json(names=True))

    assert "scan-" not in silent
    assert '"source 0"' not in silent
    assert "scan-" in open_
    assert '"source 0"' in open_
    found = json.loads(silent)
    assert found["risk"][-1]["coverage"] == 1.0
    assert found["figures"]["accuracy"]["n"] == large.own
    assert [curve["name"] for curve in found["novelty"]] == ["", *LABELS]


def test_the_same_seed_gives_the_same_evaluation() -> None:
    predictions = realistic(200, np.random.default_rng(2))

    assert evaluate(predictions) == evaluate(predictions)


def test_pages_that_disagree_are_not_sorted() -> None:
    predictions = predictions_of([(0.99, 0, 0)] * 40)

    held = evaluate_predictions(
        predictions, LABELS, RULE, rng=np.random.default_rng(0), held=np.arange(40) < 10
    )

    assert evaluate(predictions).at_rule.sorted_alone == 40
    assert held.at_rule.sorted_alone == 30


def test_documents_known_to_be_sorted_count_in_place_of_those_the_rule_would_sort() -> None:
    predictions = predictions_of([(0.99, 0, 0)] * 39 + [(0.99, 1, 0)], source="here")
    by_others = np.arange(40) >= 30

    found = evaluate_predictions(
        predictions, LABELS, RULE, rng=np.random.default_rng(0), sorted_alone=by_others
    )

    assert (found.at_rule.sorted_alone, found.at_rule.errors) == (10, 1)
    assert (found.sources[0].sorted_alone, found.sources[0].errors) == (10, 1)
    assert [case.sorted_alone for case in found.cases.close] == [True] * 6
    assert found.metrics()["wrong label among sorted"].value == 0.1


def test_only_foreign_documents_still_tell_how_many_would_be_sorted() -> None:
    found = evaluate(predictions_of([(0.95, 0, 3)] * 2 + [(0.95, 3, 3)] * 38))

    assert (found.own, found.figures, found.risk) == (0, {}, ())
    assert (found.at_rule.foreign_sorted, found.at_rule.foreign_share.value) == (2, 0.05)
    assert found.automation[0].certified.value is None
    assert "accuracy" not in found.metrics()


def test_a_model_without_background_takes_foreign_documents_for_a_label() -> None:
    shares = np.tile([0.9, 0.06, 0.04], (70, 1))
    samples = predictions_of([(0.9, 0, 0)] * 35 + [(0.9, 0, 3)] * 35).samples
    targets = np.repeat([0, 3], 35)
    predictions = Predictions(samples, targets, shares, np.full(70, 5.0))

    found = evaluate(predictions, replace(RULE, threshold=0.8))

    assert found.names == LABELS
    assert found.confusion == ((35, 0, 0), (0, 0, 0), (0, 0, 0), (35, 0, 0))
    assert (found.at_rule.errors, found.at_rule.foreign_sorted) == (35, 35)


def test_documents_of_one_layout_are_one_group() -> None:
    plain = predictions_of([(0.9, 0, 0)] * 3).samples
    laid = [replace(sample, layout="A", source="x") for sample in plain]
    other = [replace(sample, layout="A", source="y") for sample in plain]

    assert layout_groups(plain) == [0, 1, 2]
    assert layout_groups([*laid, *other]) == [0, 0, 0, 1, 1, 1]


def test_no_document_and_arguments_that_do_not_fit_are_refused() -> None:
    with pytest.raises(UsageError, match="no document"):
        evaluate(predictions_of([]))
    with pytest.raises(UsageError, match="as many groups"):
        evaluate_predictions(
            predictions_of([(0.9, 0, 0)] * 3),
            LABELS,
            RULE,
            groups=[1],
            rng=np.random.default_rng(0),
        )
    with pytest.raises(UsageError, match="as many groups"):
        evaluate_predictions(
            predictions_of([(0.9, 0, 0)] * 3),
            LABELS,
            RULE,
            rng=np.random.default_rng(0),
            sorted_alone=np.array([True]),
        )


def test_the_figures_of_a_card_on_few_documents_say_so() -> None:
    rows = [(0.95, column, column) for column in range(4) for _ in range(5)]

    found = figures(predictions_of(rows), LABELS, RULE)

    for name in ("accuracy", "accuracy of claim", "ECE", "macro-F1", "automation at 99.0%, oracle"):
        assert found[name].value is None, name
    assert found["accuracy of claim"].n == 5
    assert found["automation rate"].value == 1.0
    assert found["foreign documents sorted"].value == 0.0


def test_progress_is_told_from_nothing_to_everything() -> None:
    told: list[tuple[str, int, int]] = []
    evaluate_predictions(
        predictions_of([(0.9, 0, 0)] * 3),
        LABELS,
        RULE,
        rng=np.random.default_rng(0),
        progress=lambda *step: told.append(step),
    )

    assert told[0][1] == 0
    assert told[-1][1] == told[-1][2]


def cases_of(
    predictions: Predictions, groups: list[int] | None = None, threshold: float = 0.9
) -> Cases:
    top = predictions.probabilities.argmax(axis=1)
    chosen = np.asarray((predictions.probabilities.max(axis=1) >= threshold) & (top < 3))
    numbers = list(range(len(top))) if groups is None else groups
    return choose_cases(predictions, NAMES, 3, chosen, numbers)


def test_the_surest_mistakes_come_first_and_those_that_were_sorted_before_all() -> None:
    predictions = predictions_of(
        [(0.6, 0, 1), (0.89, 3, 2), (0.95, 1, 0), (0.99, 0, 0), (0.7, 2, 0)]
    )

    found = cases_of(predictions).mistakes

    assert [(case.said, case.truth) for case in found] == [
        ("claim", "invoice"),  # sorted alone
        ("letter", "invoice"),
        ("invoice", "claim"),
        ("other", "letter"),  # a person sees it
    ]
    assert [case.sorted_alone for case in found] == [True, False, False, False]


def test_a_foreign_document_that_is_sorted_is_a_mistake_and_one_that_is_refused_is_not() -> None:
    predictions = predictions_of([(0.95, 0, 3), (0.95, 3, 3)])

    found = cases_of(predictions).mistakes

    assert [(case.said, case.truth, case.sorted_alone) for case in found] == [
        ("invoice", "other", True)
    ]


def test_twenty_mistakes_on_one_template_are_shown_twice() -> None:
    predictions = predictions_of([(0.95, 0, 1)] * 20 + [(0.6, 1, 0)])

    found = cases_of(predictions, [7] * 20 + [8]).mistakes

    assert [case.said for case in found] == ["invoice", "invoice", "claim"]


def test_competing_labels_are_the_closest_calls_between_two_labels() -> None:
    predictions = predictions_of([(0.99, 0, 0)] * 3)
    shares = np.array([[0.5, 0.48, 0.01, 0.01], [0.9, 0.05, 0.03, 0.02], [0.1, 0.09, 0.01, 0.8]])
    torn = Predictions(predictions.samples, predictions.targets, shares, predictions.novelty)

    found = cases_of(torn).competing

    assert [case.probabilities[0] for case in found] == [0.5]


def test_no_document_is_shown_twice() -> None:
    rng = np.random.default_rng(0)
    rows = [
        (float(rng.uniform(0.3, 1)), int(rng.integers(4)), int(rng.integers(4))) for _ in range(300)
    ]

    found = cases_of(predictions_of(rows))

    shown = [case.sample.path for case in (*found.mistakes, *found.competing, *found.close)]
    assert len(shown) == len(set(shown)) > 12
    assert [case.sorted_alone for case in found.close] == [True] * len(found.close)
