"""The card: its format, its rule, and two cards side by side."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from docsorter.documents import SortRule, WordsRule
from docsorter.errors import ModelError
from docsorter.model.card import Measured, compare_cards, read_card
from tests.model.bundles import make_card

RULE = SortRule(2.0, 0.95, 99.0, offsets={"invoice": -0.5, "letter": 0.0})


def test_a_rule_without_offsets_is_written_in_the_format_that_everybody_reads() -> None:
    written = json.loads(make_card().with_rule(SortRule(2.0, 0.95, 99.0)).model_dump_json())

    assert written["format_version"] == 1
    assert "offsets" not in written
    assert (written["temperature"], written["threshold"]) == (2.0, 0.95)


def test_offsets_of_labels_need_the_second_format_and_survive_it(tmp_path: Path) -> None:
    card = make_card(policies={"claim": "review"}).with_rule(RULE)
    (tmp_path / "card.json").write_text(card.model_dump_json())

    again = read_card(tmp_path / "card.json")

    assert again.format_version == 2
    assert again.rule().offsets == {"invoice": -0.5}
    assert again.rule().policies == {"claim": "review", "other": "never"}
    assert (
        again.rule().required_confidence("invoice")
        < again.rule().required_confidence("claim")
        == 0.95
    )
    assert again.threshold_text() == "0.9500 (invoice 0.9202, claim 0.9500, letter 0.9500)"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"offsets": {"bill": 0.5}, "format_version": 2}, "an offset for 'bill'"),
        ({"offsets": {"claim": 0.5}}, "belong to format 2"),
        ({"offsets": {"claim": float("nan")}, "format_version": 2}, "offsets.claim"),
    ],
)
def test_offsets_that_mean_nothing_are_refused(changes: dict[str, object], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        make_card(**changes)


def test_a_weight_of_novelty_needs_the_third_format_and_survives_it(tmp_path: Path) -> None:
    card = make_card().with_rule(replace(RULE, novelty_weight=2.0))
    (tmp_path / "card.json").write_text(card.model_dump_json())

    assert read_card(tmp_path / "card.json").rule().novelty_weight == 2.0
    assert card.format_version == 3
    assert "novelty_weight" not in make_card().with_rule(RULE).model_dump()
    with pytest.raises(ValidationError, match="belongs to format 3"):
        make_card(novelty_weight=2.0, format_version=2)


def test_a_format_that_is_not_known_is_refused_and_not_guessed_at(tmp_path: Path) -> None:
    card = json.loads(make_card().model_dump_json()) | {"format_version": 5, "later": 1}
    (tmp_path / "card.json").write_text(json.dumps(card))

    with pytest.raises(ModelError, match="has format 5, this docsorter reads up to 4"):
        read_card(tmp_path / "card.json")


def figures(**values: Measured) -> dict[str, object]:
    return {"metrics": {"real": values}}


def test_only_intervals_that_do_not_overlap_are_a_difference() -> None:
    low = Measured(value=0.90, n=400, low=0.87, high=0.93)
    near = Measured(value=0.92, n=400, low=0.89, high=0.95)
    far = Measured(value=0.97, n=400, low=0.94, high=0.99)
    first = make_card(**figures(accuracy=low, f1=low, ece=low))
    second = make_card(**figures(accuracy=near, f1=far, aurc=low))

    found = {pair.figure: pair for pair in compare_cards(first, second).figures}

    assert not found["accuracy"].differs
    assert found["f1"].differs
    assert found["ece"].second is None
    assert found["aurc"].first is None
    assert not found["ece"].differs


def test_a_figure_without_an_interval_never_differs() -> None:
    first = make_card(**figures(accuracy=Measured(value=0.1, n=3)))
    second = make_card(**figures(accuracy=Measured(value=0.9, n=400, low=0.8, high=0.95)))

    assert not compare_cards(first, second).figures[0].differs


def test_facts_stand_side_by_side() -> None:
    facts = compare_cards(make_card(), make_card(temperature=2.5, labels=("bill", "note"))).facts

    assert ("temperature", "1.000", "2.500") in facts
    assert ("labels", "invoice, claim, letter", "bill, note") in facts
    assert ("evidence", "none", "none") in facts


def test_what_is_asked_where_words_were_read_needs_the_fourth_format(tmp_path: Path) -> None:
    words = WordsRule({"claim": 0.5}, novelty_weight=1.0, first_look=0.25)
    card = make_card().with_rule(replace(RULE, words=words))
    (tmp_path / "card.json").write_text(card.model_dump_json())

    rule = read_card(tmp_path / "card.json").rule()
    assert rule.words == words
    assert card.format_version == 4
    asked = [rule.required_confidence("claim", read=read) for read in (False, True)]
    assert RULE.required_confidence("claim") < asked[0] < asked[1]
    assert "words" not in make_card().with_rule(RULE).model_dump()
    with pytest.raises(ValidationError, match="belongs to format 4"):
        make_card(words={}, format_version=3)
