from docsorter.model.card import Measured, compare_cards
from tests.model.bundles import make_card


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
