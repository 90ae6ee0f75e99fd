"""Who decides, where several people may use one account."""

import pytest

from docsorter.errors import UsageError
from docsorter.service.review.session import Reviewer, who

SCANROOM = Reviewer("scanroom", 1500)
ACCOUNTS = {"scanroom": 1500, "bob": 1001}


def said(name: str | None, *, shared: tuple[str, ...] = ()) -> Reviewer:
    return who(SCANROOM, name, shared, ACCOUNTS.get)


def test_who_says_nothing_is_called_like_the_account() -> None:
    assert said(None) == SCANROOM


def test_a_name_is_taken_and_the_account_is_kept_beside_it() -> None:
    assert said("Ada L.-B@2") == Reviewer("Ada L.-B@2", 1500)
    assert said("Øystein") == Reviewer("Øystein", 1500)


def test_the_accounts_own_name_may_be_said_where_it_is_one_persons() -> None:
    assert said("scanroom") == SCANROOM


def test_from_a_shared_account_everybody_has_to_say_who_they_are() -> None:
    with pytest.raises(UsageError, match="several people use") as refused:
        said(None, shared=("scanroom",))
    assert "--as NAME" in refused.value.remedy
    with pytest.raises(UsageError, match="no person"):
        said("scanroom", shared=("scanroom",))
    assert said("ada", shared=("scanroom",)).name == "ada"


def test_nobody_answers_in_the_name_of_another_account() -> None:
    with pytest.raises(UsageError, match="another Unix account"):
        said("bob")


@pytest.mark.parametrize("name", ["daemon", "Machine", "docsorter"])
def test_nobody_is_called_like_what_no_person_did(name: str) -> None:
    with pytest.raises(UsageError, match="no person"):
        said(name)


@pytest.mark.parametrize("name", ["", " ada", "ada ", "-a", "a\nb", "a/b", "\x1b[31m", "a" * 65])
def test_what_cannot_be_a_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name"):
        said(name)
