import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docsorter.errors import UsageError
from docsorter.review.choices import by_key, by_name, check_label, label_choices

KNOWN = ("invoice", "claim", "letter")
_LABELS = st.lists(
    st.text("abcdefghijklmnop XYZé", min_size=1, max_size=12), unique=True, max_size=14
)


@settings(max_examples=40, deadline=None)
@given(_LABELS, _LABELS, st.sets(st.sampled_from("abcdefg")))
def test_no_key_is_given_twice_and_none_that_is_taken(
    taught: list[str], made: list[str], reserved: set[str]
) -> None:
    offered = label_choices(taught, made, reserved=reserved)
    keys = [key for each in offered for key in (each.digit, each.letter) if key]
    assert len(keys) == len(set(keys))
    assert not set(keys) & reserved
    assert [each.label for each in offered][: len(taught)] == taught
    for each in offered:
        assert not each.letter or each.letter in each.label.casefold()
        for key in (each.digit, each.letter):
            assert not key or by_key(offered, key) == each


def test_labels_keep_their_numbers_when_people_make_more() -> None:
    before = label_choices(("invoice", "claim"))
    after = label_choices(("invoice", "claim"), ("tax", "note"))
    assert after[:2] == before
    assert [each.digit for each in after] == ["1", "2", "3", "4"]
    assert not after[2].trained


def test_a_label_is_found_by_its_beginning_unless_two_begin_so() -> None:
    offered = label_choices(("letter", "ledger", "claim"), reserved="abcdefghijklmnopqrstuvwxyz")
    assert by_name(offered, "let") == offered[0]
    assert by_name(offered, "LEDGER") == offered[1]
    assert by_name(offered, "le") is None
    assert by_name(offered, "3") == offered[2]
    assert by_name(offered, "") is None


def test_a_label_of_the_model_may_be_given() -> None:
    assert check_label("claim", KNOWN) == "claim"


def test_a_slip_of_the_finger_is_refused_with_what_was_meant() -> None:
    with pytest.raises(UsageError, match="no label 'invioce'") as caught:
        check_label("invioce", KNOWN)
    assert "did you mean invoice" in caught.value.remedy


@pytest.mark.parametrize("label", ["tax form", "Prüfbericht", "A+", "7-up"])
def test_a_new_label_may_be_given_when_it_is_meant(label: str) -> None:
    assert check_label(label, KNOWN, new=True) == label


@pytest.mark.parametrize("label", ["", "../x", "a/b", ".hidden", "-rf", "x\n", "x" * 65, "end."])
def test_what_cannot_name_a_folder_cannot_be_a_label(label: str) -> None:
    with pytest.raises(UsageError, match="cannot be a label"):
        check_label(label, KNOWN, new=True)


def test_a_new_label_that_differs_in_case_only_is_refused() -> None:
    with pytest.raises(UsageError, match="written differently"):
        check_label("Invoice", KNOWN, new=True)
