import pytest

from docsorter.errors import UsageError
from docsorter.review.choices import check_label

KNOWN = ("invoice", "claim", "letter")


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
