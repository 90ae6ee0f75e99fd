"""retrain, groups, drift, explain and reread as a user types them."""

import json
import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from typer.testing import CliRunner

from docsorter.cli.main import app
from docsorter.clock import ManualClock
from docsorter.configuration import Configuration
from docsorter.errors import DependencyError, DocsorterError, ExitCode, UsageError
from docsorter.model.card import read_card
from docsorter.resources import starter_bundle_dir
from docsorter.service import explain
from docsorter.service.learning import retraining
from docsorter.service.learning.groups import Group, GroupListing
from docsorter.service.learning.snapshots import Snapshots
from docsorter.service.promise import drift
from docsorter.service.review import reread, words
from docsorter.service.review.words import WordsJudge
from tests.model.bundles import make_card
from tests.service.desk import Desk
from tests.service.learning.answered import answered
from tests.service.test_reread import make_reading, wait
from tests.service.words import TypedPage, words_model


@pytest.fixture
def desk(configuration: Configuration, clock: ManualClock) -> Iterator[Desk]:
    made = Desk(configuration, clock)
    yield made
    made.store.close()


def run(desk: Desk, *words: str | Path) -> tuple[int, str]:
    """Run a command in this process; what it raises is raised here."""
    given = ["-w", str(desk.configuration.workspace), *map(str, words)]
    done = CliRunner().invoke(app, given)
    if isinstance(done.exception, DocsorterError):
        raise done.exception
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout


def test_without_the_extra_retrain_says_what_to_install_and_leaves_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(desk, b"claim 0.5 a", "invoice")
    monkeypatch.setattr(retraining, "find_spec", lambda name: None if name == "keras" else name)
    with pytest.raises(DependencyError, match="keras"):
        run(desk, "retrain")
    assert not (desk.configuration.state / "learning").exists()


def test_by_itself_it_does_nothing_for_a_few_answers(desk: Desk) -> None:
    answered(desk, b"claim 0.5 a", "invoice")
    code, said = run(desk, "retrain", "--auto")
    assert code == 0
    assert "1 corrections among 1 answers are not learned yet" in said
    assert "nothing to do: 50 new answers are needed" in said


def test_a_list_of_numbers_is_asked_for(desk: Desk) -> None:
    with pytest.raises(UsageError, match="no list of numbers"):
        run(desk, "retrain", "--confirm", "x")
    with pytest.raises(UsageError, match="nobody has answered"):
        run(desk, "retrain", "--dry-run")


def test_status_says_what_is_not_learned_and_what_drifts(desk: Desk) -> None:
    answered(desk, b"claim 0.5 a", "invoice")
    report = drift.DriftReport(
        at=desk.clock.now(), now=60, before=60, comparisons=7,
        findings=(
            drift.DriftFinding(
                source="post", what="novelty", test="KS", before=60, now=60, effect=0.4,
                p_value=0.001, text="novelty in post: 40 before, 90 now",
            ),
        ),
    )  # fmt: skip
    drift.write_report(desk.configuration.state, report)
    _, said = run(desk, "status")
    assert "learning  1 corrections among 1 answers are not learned yet" in said
    assert "DRIFT     novelty in post: 40 before, 90 now" in said
    _, text = run(desk, "status", "--json")
    assert json.loads(text)["unlearned"]["corrections"] == 1


def test_drift_says_that_there_is_too_little_and_shows_the_last_look(desk: Desk) -> None:
    code, said = run(desk, "drift")
    assert code == 0
    assert "too few documents to compare" in said
    code, text = run(desk, "drift", "--kept", "--json")
    assert json.loads(text)["comparisons"] == 0


def test_a_group_becomes_a_label_in_one_gesture_and_comes_back_in_one(desk: Desk) -> None:
    numbers = [
        desk.pipeline.handle(desk.drop(f"{n}.pdf", b"claim 0.5 %d" % n).id).id for n in range(4)
    ]
    group = Group(
        number=1, waiting=tuple(numbers), answered=(), called=(), nearest="claim",
        nearest_probability=0.4, tightness=0.5,
    )  # fmt: skip
    listing = GroupListing(
        at=desk.clock.now(), model="m", looked_at=4, unreadable=0, left_over=0, groups=(group,)
    )
    folder = Snapshots(desk.configuration.state).root
    folder.mkdir()
    (folder / "groups.json").write_text(listing.model_dump_json())
    left = str(numbers[3])
    code, said = run(desk, "review", "groups", "1", "--label", "receipt", "--without", left)
    assert (code, "3 documents answered" in said) == (0, True)
    labels = [desk.store.documents.get(number).state.value for number in numbers]
    assert labels == ["sorted", "sorted", "sorted", "review"]
    assert len({desk.store.review.answers(number)[0].batch for number in numbers[:3]}) == 1
    code, said = run(desk, "review", "undo", "--batch")
    assert code == 0
    assert [desk.store.documents.get(n).state.value for n in numbers] == ["review"] * 4


def test_explain_says_who_learned_from_it_and_when_a_correction_counts(desk: Desk) -> None:
    document = answered(desk, b"claim 0.5 a", "invoice")
    _, said = run(desk, "explain", str(document.id))
    used = read_card(starter_bundle_dir() / "card.json").name
    assert f"not yet {used}: it counts from the next model on" in said
    assert "invoice by anna" in said
    assert "page 1 is most like claim-cash (0.8)" in said
    desk.store.learning.record_learned(used, {document.id: "invoice"})
    _, text = run(desk, "explain", str(document.id), "--json")
    assert json.loads(text)["learned"][0]["model"] == used
    code, said = run(desk, "forget", str(document.id), "--yes")
    assert code == ExitCode.OK
    assert f"keep what they learned: {used}" in said


@pytest.fixture
def second_reader(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words are read off the same page, by a model that knows some."""
    judge = WordsJudge(make_card(name="test-1", background=0), words_model(), {})
    for module in (words, explain):
        monkeypatch.setattr(module, "open_words_judge", lambda _: judge)
        monkeypatch.setattr(module, "open_reader", lambda *_: TypedPage("Claim policy invoice"))
    opened = nullcontext((make_reading(desk), 1))
    monkeypatch.setattr(reread, "open_rereading", lambda *_: opened)
    monkeypatch.setattr(os, "nice", lambda more: more)


@pytest.mark.usefixtures("second_reader")
def test_what_waits_is_read_again_and_every_surface_tells_its_words(
    desk: Desk, tmp_path: Path
) -> None:
    numbers = [
        wait(desk, f"{n}.pdf", b"claim 0.5 " + more).id
        for n, more in enumerate((b"0.95", b"0.7", b""))
    ]
    code, said = run(desk, "review", "reread", "--limit", "1")
    assert (code, said) == (0, "1 document: 1 sorted with their words\n")
    code, said = run(desk, "review", "reread", "--json")
    assert json.loads(said) == {
        "sorted": [], "still_waiting": numbers[1:2], "without_words": numbers[2:],
        "left_alone": [],
    }  # fmt: skip
    code, said = run(desk, "review", "reread")
    assert (code, said) == (0, "nothing waits whose words could change that\n")

    spoke = "for claim: Claim, policy; against: invoice"
    assert f"words: {spoke}" in run(desk, "review", "show", str(numbers[1]))[1]
    _, said = run(desk, "explain", str(numbers[1]), "--words", tmp_path / "words.png")
    assert f"words  {spoke}" in said
    assert [line.split() for line in said.splitlines() if line.startswith("invoice ")] == [
        ["invoice", "50.0", "%", "90.0", "%", "15.0", "%"]
    ]
    assert (tmp_path / "words.png").is_file()
    told = json.loads(run(desk, "explain", str(numbers[1]), "--json")[1])["words"]
    assert [word["text"] for word in told["spoke_for"]] == ["Claim", "policy"]
    said = " ".join(run(desk, "explain", str(numbers[2]))[1].split())
    assert "words read again: test-1 knows too few of them" in said


@pytest.mark.usefixtures("second_reader")
def test_what_somebody_took_meanwhile_is_left_alone_and_said(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = wait(desk, "a.pdf", b"claim 0.5 0.95").id
    reading = make_reading(desk)
    monkeypatch.setattr(reading, "waiting", lambda _: [number])
    monkeypatch.setattr(reread, "open_rereading", lambda *_: nullcontext((reading, 1)))
    entry = desk.store.review.entry_for_document(number)
    desk.store.review.lease(entry.id, owner="ada", seconds=600)
    code, said = run(desk, "review", "reread")
    assert code == ExitCode.CONFLICT
    assert said.splitlines()[-1] == "1 document: 1 left alone"
    code, said = run(desk, "review", "show", str(number), "--json")
    assert json.loads(said)["words"] is None
