"""Who decided, where several people use one account: on the command line, in log and figures."""

import json
import os

import pytest

from docsorter.configuration import Configuration
from docsorter.errors import ExitCode
from tests.cli.test_undo_commands import ME, Typed, failed, typed

__all__ = ["typed"]


def test_a_name_that_was_said_stands_in_log_and_figures_beside_the_account(typed: Typed) -> None:
    assert typed("--as", "Ada", "review", "answer", "1", "invoice").exit_code == 0
    assert typed("review", "answer", "2", "claim").exit_code == 0
    (first,), (second,) = typed.desk.store.review.answers(1), typed.desk.store.review.answers(2)
    assert (first.reviewer, second.reviewer) == ("Ada", ME)
    (event,) = [e for e in typed.desk.store.documents.events(document_id=1) if e.kind == "answered"]
    assert (event.actor, event.detail["uid"]) == ("Ada", os.getuid())
    told = json.loads(typed("review", "stats", "--json").stdout)
    assert {"Ada", ME} <= {row["reviewer"] for row in told["per_reviewer"]}


def test_the_environment_says_it_as_well_and_the_option_wins(
    typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCSORTER_REVIEWER", "Bea")
    typed("review", "answer", "1", "invoice")
    typed("--as", "Cem", "review", "answer", "2", "invoice")
    assert [typed.desk.store.review.answers(n)[0].reviewer for n in (1, 2)] == ["Bea", "Cem"]
    assert typed("--as", "Bea", "review", "undo", "--batch").exit_code != 0, "there is no gesture"


def test_a_shared_account_has_to_say_who_types_and_nothing_changes_until_then(
    typed: Typed, configuration: Configuration
) -> None:
    shared = (f'review.shared_accounts=["{ME}"]',)
    said = failed(typed("review", "answer", "1", "invoice", settings=shared), ExitCode.USAGE)
    assert "say who you are" in said
    assert typed.states() == "rrrrss"
    assert typed("review", "list", settings=shared).exit_code == 0, "to look needs no name"
    assert typed("--as", "Ada", "review", "answer", "1", "invoice", settings=shared).exit_code == 0
    assert typed.desk.store.review.answers(1)[0].reviewer == "Ada"
    assert configuration.settings.review.shared_accounts == ()
