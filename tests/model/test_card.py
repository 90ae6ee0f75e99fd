import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from docsorter.documents import SortRule
from docsorter.errors import ModelError
from docsorter.model.card import read_card
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
    assert again.rule().asked_for("invoice") < again.rule().asked_for("claim") == 0.95
    assert again.asks_for() == "0.9500 (invoice 0.9202, claim 0.9500, letter 0.9500)"


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


def test_a_format_that_is_not_known_is_refused_and_not_guessed_at(tmp_path: Path) -> None:
    card = json.loads(make_card().model_dump_json()) | {"format_version": 3, "later": 1}
    (tmp_path / "card.json").write_text(json.dumps(card))

    with pytest.raises(ModelError, match="has format 3, this docsorter reads up to 2"):
        read_card(tmp_path / "card.json")
