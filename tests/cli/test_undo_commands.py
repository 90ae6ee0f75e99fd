"""Many answers and undos as a user types them; one workspace, filled without a model."""

import json
import os
import pwd
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from docsorter.cli.main import app
from docsorter.clock import SystemClock
from docsorter.configuration import Configuration
from docsorter.documents import Place, State
from docsorter.errors import DocsorterError, ExitCode
from docsorter.service.review.service import ReviewService
from docsorter.store import Findings
from tests.service.desk import Desk

ME = pwd.getpwuid(os.getuid()).pw_name


class Typed:
    """Types commands in a workspace."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.configuration = desk.configuration

    def __call__(self, *words: str, settings: tuple[str, ...] = (), typed: str = "") -> Result:
        where = ["-w", str(self.configuration.workspace)]
        chosen = [part for setting in settings for part in ("--set", setting)]
        return CliRunner().invoke(app, [*where, *chosen, *words], input=typed)

    def states(self) -> str:
        """Return the first letters of the documents' states, by number."""
        documents = reversed(self.desk.store.documents.find(limit=100))
        return "".join(document.state.value[0] for document in documents)


def failed(result: Result, code: ExitCode) -> str:
    """Return the message of a command that failed as it should."""
    error = result.exception
    if isinstance(error, DocsorterError):
        assert error.exit_code == code
        return str(error)
    assert result.exit_code == code
    return result.output


@pytest.fixture
def typed(configuration: Configuration, monkeypatch: pytest.MonkeyPatch) -> Iterator[Typed]:
    """Documents 1-4 wait (claims), 5 and 6 are sorted as letters."""
    monkeypatch.setenv("NO_COLOR", "1")
    desk = Desk(configuration, SystemClock())  # type: ignore[arg-type]
    for number, sure in enumerate(("0.5", "0.6", "0.7", "0.8")):
        content = f"claim {sure} {number}".encode()
        desk.pipeline.handle(desk.drop(f"scan-{number}.pdf", content).id)
    for number in range(2):
        content = f"letter 0.95 {number}".encode()
        desk.pipeline.handle(desk.drop(f"sure-{number}.pdf", content).id)
    yield Typed(desk)
    desk.store.close()


def test_several_are_answered_in_one_gesture_and_one_that_fails_stops_nothing(
    typed: Typed,
) -> None:
    done = typed("review", "answer", "1", "2", "99", "invoice", "--json")
    assert done.exit_code == ExitCode.CONFLICT
    said = json.loads(done.stdout)
    assert said["done"] == [1, 2]
    assert [each["document_id"] for each in said["failed"]] == [99]
    answers = [typed.desk.store.review.answers(number) for number in (1, 2)]
    assert {answer.batch for each in answers for answer in each} == {said["batch"]}
    assert typed.states() == "ssrrss"

    back = typed("review", "undo", "--batch")
    assert "2 documents taken back" in back.stdout
    assert typed.states() == "rrrrss"
    assert "answered nothing together" in failed(
        typed("review", "undo", "--batch"), ExitCode.NOT_FOUND
    )


def test_all_that_match_are_shown_first_and_answered_when_that_is_wanted(typed: Typed) -> None:
    where = ("review", "answer", "--where", "reason=unsure", "name=scan", "claim")
    shown = typed(*where, "--dry-run")
    assert "4 documents, to be claim" in shown.stdout
    assert "nobody can be asked" in failed(typed(*where), ExitCode.USAGE)
    assert typed.states() == "rrrrss"
    assert "4 documents answered" in typed(*where, "--yes").stdout
    assert typed.states() == "ssssss"
    assert "nothing matches" in typed(*where, "--yes").stdout


def test_documents_are_found_by_the_words_on_them(typed: Typed) -> None:
    ways = (("history", "--words"), ("review", "list", "--words"))
    for way in ways:
        assert "words.keep" in failed(typed(*way, "tariff"), ExitCode.USAGE)
    typed.desk.store.documents.record_prediction(2, Findings(text="claim number tariff"))
    for way in ways:
        (found,) = json.loads(typed(*way, "tariff claim", "--json").stdout)
        assert found.get("document", found)["id"] == 2
        assert json.loads(typed(*way, '"NEAR*', "--json").stdout) == []
    assert typed("review", "answer", "--where", "words=tar", "claim", "--yes").exit_code == 0
    assert typed.states() == "rsrrss"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("1", "2"), "either a label or --reject"),
        (("invoice",), "by their numbers, or by --where"),
        (("1", "tax", "form"), "two labels"),
        (("1", "2", "nonsense"), "no label 'nonsense'"),
        (("--where", "colour=red", "invoice"), "no condition"),
        (("--where", "reason=nothing", "invoice"), "no reason 'nothing'"),
        (("--where", "age=soon", "invoice"), "'soon' is no age"),
        (("--where", "purpose=fun", "invoice"), "no purpose 'fun'"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_done(
    typed: Typed, words: tuple[str, ...], says: str
) -> None:
    assert says in failed(typed("review", "answer", *words), ExitCode.USAGE)
    assert typed.states() == "rrrrss"


def test_a_blind_answer_shows_and_tells_nothing(typed: Typed) -> None:
    typed.desk.store.close()
    service = ReviewService(typed.configuration, typed.desk.store, typed.desk.mover)
    service.answer(1, "letter", reviewer="ben", uid=2)
    double = ("review.double=1",)
    asked = ReviewService(
        typed.configuration, typed.desk.store, typed.desk.mover, chance=lambda: -1.0
    )
    asked.answer(2, "letter", reviewer="ben", uid=2)
    for command in (("list",), ("show", "2"), ("list", "--json"), ("show", "2", "--json")):
        said = typed("review", *command, settings=double).stdout
        part = said if "2" in command else said[said.index("scan-1") :]
        assert "letter/" not in part
        assert "test-1" not in part.partition("scan-2")[0]
    assert "judge by the page alone" in typed("review", "show", "2").stdout
    noted = typed("review", "answer", "2", "letter").stdout
    assert noted.strip() == "your answer to document 2 is noted"


def test_documents_are_taken_back_by_who_sorted_them(typed: Typed) -> None:
    shown = typed("undo", "--by", "machine", "--label", "letter", "--dry-run")
    assert "2 documents to go back to review" in shown.stdout
    assert typed.states() == "rrrrss"
    assert "nobody can be asked" in failed(typed("undo", "--label", "letter"), ExitCode.USAGE)
    done = typed("undo", "--by", "machine", "--since", "1h", "--yes")
    assert "2 documents taken back, now 2 review" in done.stdout
    assert typed.states() == "rrrrrr"
    assert typed("verify").exit_code == ExitCode.OK
    assert "nothing is to be taken back" in typed("undo", "--since", "1h", "--yes").stdout


def test_what_somebody_moved_by_hand_is_reported_and_left_alone(typed: Typed, near: Path) -> None:
    five = typed.desk.store.documents.get(5)
    typed.desk.path(five).rename(near / "mine.pdf")
    done = typed("undo", "5", "6", "1", "--yes")
    assert done.exit_code == ExitCode.CONFLICT
    assert "document 5 was moved by hand" in done.stdout
    assert "document 1 is not sorted" in done.stdout
    assert typed.states() == "rrrrsr"


def test_a_read_only_destination_leaves_everything_as_it_was(typed: Typed) -> None:
    review = typed.configuration.root(Place.REVIEW)
    if os.geteuid() == 0:  # to whom modes mean nothing: a file in the way does as well
        moved = review.with_name("review-away")
        review.rename(moved)
        done = typed("undo", "5", "--yes")
        moved.rename(review)
    else:
        review.chmod(0o500)
        done = typed("undo", "5", "--yes")
        review.chmod(0o770)
    assert done.exit_code == ExitCode.ENVIRONMENT
    document = typed.desk.store.documents.get(5)
    assert (document.state, document.answered_by) == (State.SORTED, None)
    assert document.verdict is not None
    assert document.verdict.label == "letter"
    assert typed.desk.path(document).is_file()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ((), ExitCode.USAGE, "say which documents"),
        (("letters-6",), ExitCode.USAGE, "no number of a document"),
        (("99", "--yes"), ExitCode.NOT_FOUND, "no document 99"),
        (("--since", "tomorrowish"), ExitCode.USAGE, "is no time"),
        (("5", "--decide-again", "no-such-model", "--yes"), ExitCode.MODEL, "no model bundle"),
    ],
)
def test_an_undo_that_cannot_be_meant_is_refused(
    typed: Typed, words: tuple[str, ...], code: ExitCode, says: str
) -> None:
    assert says in failed(typed("undo", *words), code)
    assert typed.states() == "rrrrss"


def test_statistics_name_every_reviewer_and_day(typed: Typed) -> None:
    assert "no answers in that time" in typed("review", "stats").stdout
    typed("review", "answer", "1", "claim")
    typed("review", "answer", "2", "letter")
    typed("review", "undo", "2")
    shown = typed("review", "stats", "--since", "1d").stdout
    assert ME in shown
    assert "50.0 %" in shown
    told = json.loads(typed("review", "stats", "--json").stdout)
    assert (told["total"]["answers"], told["total"]["undone"]) == (2, 1)
    assert told["second_opinions"] == {"pairs": 0, "agreed": 0, "kappa": None}
