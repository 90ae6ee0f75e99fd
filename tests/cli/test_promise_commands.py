"""promise, what-if, status and explain, as a person types them."""

import datetime as dt
import json
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner, Result

from docsorter.cli.main import app
from docsorter.clock import ManualClock
from docsorter.configuration import Configuration
from docsorter.errors import ExitCode, UsageError
from tests.service.earning_desk import QUICK, EarningDesk


@pytest.fixture
def desk(configuration: Configuration) -> Iterator[EarningDesk]:
    made = EarningDesk(configuration, ManualClock(dt.datetime.now(dt.UTC)))  # as commands see it
    yield made
    made.store.close()


def run(desk: EarningDesk, *words: str, earned: bool = True) -> Result:
    """Run in this process, with the settings of the desk."""
    flags = [f"--set={name}={json.dumps(value)}" for name, value in QUICK.items() if earned]
    workspace = str(desk.configuration.workspace)
    return CliRunner().invoke(app, ["--workspace", workspace, *flags, *words])


def test_promise_tells_evidence_history_and_the_next_step_at_80_columns(
    desk: EarningDesk,
) -> None:
    asked = run(desk, "promise")
    assert "evidence begins after 3 documents more" in asked.output
    desk.earn()
    alone = desk.sees()
    found = run(desk, "promise")

    assert found.exit_code == 0, found.exception
    assert "certified on" in found.output
    assert "new evidence begins" in found.output
    table = found.output[found.output.index("week of") :]
    assert max(len(line) for line in table.splitlines()) <= 80
    told = json.loads(run(desk, "promise", "--json").output)
    assert told["autonomy"] == "earned"
    assert told["checks"]["open"] == 1
    assert told["history"][-1]["why"] == "certified"
    assert told["threshold"] == desk.position.threshold
    state = run(desk, "status")
    assert "1 for a blind check, sorted already" in state.output
    assert "certified on" in state.output
    asked = run(desk, "explain", str(alone.id))
    assert "sorted alone" not in asked.output, "nobody is led before the answer"
    desk.says(alone)
    explained = " ".join(run(desk, "explain", str(alone.id)).output.split())
    assert "sorted alone at 0.9900, threshold" in explained


def test_in_starter_mode_every_surface_says_uncertified(desk: EarningDesk) -> None:
    for command in ("promise", "status"):
        assert "uncertified on your paper" in run(desk, command, earned=False).output


def test_status_shows_an_alarm_until_something_is_certified_again(desk: EarningDesk) -> None:
    desk.grant()
    while desk.position.threshold is not None:
        wrong = desk.sees()
        desk.says(wrong, "claim")
        desk.says(wrong, "claim", "ben")
    state = run(desk, "status")

    assert "ALARM" in state.output
    assert "nothing is sorted alone now" in state.output
    assert json.loads(run(desk, "status", "--json").output)["alarm"]["why"] == "alarm"


def test_what_if_names_the_mistakes_that_a_stricter_promise_would_have_caught(
    desk: EarningDesk,
) -> None:
    desk.grant(0.6)
    wrong = desk.sees("invoice", 0.7)
    desk.says(wrong, "claim")
    desk.says(wrong, "claim", "ben")
    for _ in range(12):
        desk.says(desk.sees())
    answer = json.loads(run(desk, "what-if", "--target-error", "0.05", "--json").output)

    assert answer["mistakes"] == 1
    assert answer["caught"] == [wrong.id]
    assert answer["threshold"] is None or answer["threshold"] > 0.7
    assert answer["unknown"]
    said = run(desk, "what-if", "--target-error", "0.05").output
    assert "1 of 1 known mistakes would have gone to a person" in said
    assert "not known" in said


@pytest.mark.parametrize(
    "words", [["--target-error", "0"], ["--target-error", "0.01", "--confidence", "1"]]
)
def test_what_if_refuses_what_cannot_be_promised(desk: EarningDesk, words: list[str]) -> None:
    refused = run(desk, "what-if", *words)
    assert isinstance(refused.exception, UsageError)
    assert refused.exception.exit_code is ExitCode.USAGE
