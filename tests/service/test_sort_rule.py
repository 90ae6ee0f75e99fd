import pytest

from docsorter.errors import SettingsError
from docsorter.service.engine import sort_rule
from tests.model.bundles import make_card

OFFSETS = {"offsets": {"invoice": -1.0, "letter": 0.5}, "format_version": 2}


def test_what_the_card_asks_of_each_label_is_asked() -> None:
    rule = sort_rule(make_card(**OFFSETS), None, {})
    assert (
        rule.required_confidence("invoice")
        < rule.required_confidence("claim")
        == 0.9
        < rule.required_confidence("letter")
    )


def test_no_label_is_asked_for_less_than_the_user_asks_for() -> None:
    rule = sort_rule(make_card(**OFFSETS), 0.95, {})
    assert rule.required_confidence("invoice") == rule.required_confidence("claim") == 0.95
    assert rule.required_confidence("letter") > 0.95


def test_less_than_the_card_supports_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"below 0\.9000"):
        sort_rule(make_card(**OFFSETS), 0.85, {})
