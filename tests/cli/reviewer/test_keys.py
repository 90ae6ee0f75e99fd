"""Every key of the screen, pressed."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from docsorter.cli.reviewer.dialogs import KEYS, RESERVED
from docsorter.documents import (
    PagePrediction,
    PageSet,
    Place,
    Prediction,
    Reason,
    ReasonCode,
    State,
    Verdict,
    VerdictKind,
)
from docsorter.review.choices import LabelChoice, label_choices
from docsorter.review.items import suggestion
from docsorter.service.daemon.pipeline import Pipeline
from docsorter.service.engine import Inspection
from docsorter.store import Findings
from tests.cli.reviewer.scene import LABELS, Scene, Shown, run


def test_the_page_its_labels_and_why_it_waits_are_on_the_screen(scene: Scene) -> None:
    scene.wait("invoice-1.png", "claim-2.png")

    async def drive(shown: Shown) -> None:
        assert "invoice-1.png" in shown.panel
        assert "unsure: invoice 0.54, claim 0.41" in shown.panel
        assert "▸ 1 invoice" in shown.panel
        assert "0.41" in shown.panel
        assert shown.screen.page_view.shows_page
        assert "2 waiting" in shown.text("#top")
        assert "Enter invoice" in shown.text("#keys")

    run(scene, drive)


def test_enter_takes_the_top_label_and_the_next_document_is_there(scene: Scene) -> None:
    first, _ = scene.wait("invoice-1.png", "claim-2.png")

    async def drive(shown: Shown) -> None:
        await shown.press("enter")
        assert shown.name == "claim-2.png"
        assert "invoice-1.png is invoice" in shown.status

    run(scene, drive)
    done = scene.now(first)
    assert (done.state, done.answered_by) == (State.SORTED, "ada")
    assert done.path.startswith("invoice/")
    assert scene.desk.path(done).is_file()


@pytest.mark.parametrize(("key", "label"), [("2", "claim"), ("c", "claim"), ("L", "letter")])
def test_a_number_or_a_letter_gives_its_label(scene: Scene, key: str, label: str) -> None:
    (document,) = scene.wait("invoice-1.png")

    async def drive(shown: Shown) -> None:
        await shown.press(key)

    run(scene, drive)
    assert scene.now(document).path.startswith(f"{label}/")


def test_a_key_without_a_meaning_changes_nothing(scene: Scene) -> None:
    (document,) = scene.wait("invoice-1.png")

    async def drive(shown: Shown) -> None:
        await shown.press("9", "z", "f5")
        assert shown.name == "invoice-1.png"

    run(scene, drive)
    assert scene.now(document).state is State.REVIEW


def test_u_takes_answers_back_one_after_the_other_without_end(scene: Scene) -> None:
    documents = scene.wait("invoice-1.png", "claim-2.png", "letter-3.png")

    async def drive(shown: Shown) -> None:
        await shown.press("1", "1", "1", "u")
        assert shown.name == "letter-3.png"
        assert "taken back" in shown.status
        await shown.press("u", "u")
        assert shown.name == "invoice-1.png"
        await shown.press("u")
        assert "no answer of ada to take back" in shown.status
        await shown.press("3")
        assert shown.name == "claim-2.png"

    run(scene, drive)
    states = [scene.now(document).state for document in documents]
    assert states == [State.SORTED, State.REVIEW, State.REVIEW]
    assert scene.now(documents[0]).path.startswith("letter/")


def test_u_reaches_answers_of_an_earlier_day(scene: Scene) -> None:
    (document,) = scene.wait("invoice-1.png")
    scene.session().service.answer(document.id, "claim", reviewer="ada", uid=1000)
    scene.desk.clock.advance(90_000)

    async def drive(shown: Shown) -> None:
        await shown.press("u")
        assert shown.name == "invoice-1.png"

    run(scene, drive)
    assert scene.now(document).state is State.REVIEW


def test_u_does_not_touch_what_others_answered(scene: Scene) -> None:
    (document,) = scene.wait("invoice-1.png")
    scene.session("bob").service.answer(document.id, "claim", reviewer="bob", uid=1001)

    async def drive(shown: Shown) -> None:
        await shown.press("u")
        assert "no answer of ada" in shown.status

    run(scene, drive)
    assert scene.now(document).state is State.SORTED


def test_s_skips_and_the_document_comes_last(scene: Scene) -> None:
    scene.wait("invoice-1.png", "claim-2.png")

    async def drive(shown: Shown) -> None:
        await shown.press("s")
        assert shown.name == "claim-2.png"
        assert "last for a while" in shown.status
        await shown.press("enter")
        assert shown.name == "invoice-1.png"

    run(scene, drive)


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        (("x", "enter"), "ada refused it"),
        (("x", "1"), "ada refused it: blank or illegible"),
        (("x", *"torn", "enter"), "ada refused it: torn"),
    ],
)
def test_x_rejects_and_the_reason_stands_in_the_sidecar(
    scene: Scene, keys: tuple[str, ...], why: str
) -> None:
    (document,) = scene.wait("invoice-1.png")

    async def drive(shown: Shown) -> None:
        await shown.press(*keys)
        assert "is rejected" in shown.status

    run(scene, drive)
    done = scene.now(document)
    assert done.state is State.REJECTED
    file = scene.desk.path(done)
    sidecar = json.loads(file.with_name(file.name + ".json").read_text())
    assert why in json.dumps(sidecar)


def test_escape_leaves_a_question_and_nothing_is_done(scene: Scene) -> None:
    (document,) = scene.wait("invoice-1.png")

    async def drive(shown: Shown) -> None:
        await shown.press("x", "escape", "n", "escape", "slash", "escape")
        assert shown.name == "invoice-1.png"

    run(scene, drive)
    assert scene.now(document).state is State.REVIEW


def test_n_completes_a_label_that_exists(scene: Scene) -> None:
    (document,) = scene.wait("invoice-1.png")

    async def drive(shown: Shown) -> None:
        await shown.press("n", "l", "e", "tab", "enter")

    run(scene, drive)
    assert scene.now(document).path.startswith("letter/")


def test_n_asks_twice_before_it_makes_a_label(scene: Scene) -> None:
    first, second = scene.wait("invoice-1.png", "claim-2.png")

    async def drive(shown: Shown) -> None:
        await shown.press("n", *"invoicee", "enter")
        hint = str(shown.app.screen.query_one("#hint").render())
        assert "Did you mean invoice?" in hint
        await shown.press("enter")
        assert "is invoicee" in shown.status
        await shown.press("4")  # it has a number from now on

    run(scene, drive)
    assert scene.now(first).path.startswith("invoicee/")
    assert scene.now(second).path.startswith("invoicee/")


def test_a_label_that_cannot_be_a_folder_is_refused(scene: Scene) -> None:
    (document,) = scene.wait("invoice-1.png")

    async def drive(shown: Shown) -> None:
        await shown.press("n", ".", ".", "enter", "enter")
        assert "cannot be a label" in shown.status
        assert shown.name == "invoice-1.png"

    run(scene, drive)
    assert scene.now(document).state is State.REVIEW


def test_slash_shows_only_what_matches_and_empty_shows_all_again(scene: Scene) -> None:
    scene.wait("invoice-1.png", "claim-2.png", "letter-3.png")

    async def drive(shown: Shown) -> None:
        await shown.press("slash", *"ter-3", "enter")
        assert shown.name == "letter-3.png"
        await shown.press("enter")
        assert shown.name == ""
        assert "nothing free matches ter-3" in "".join(shown.lines())
        await shown.press("slash", "backspace", "enter")
        assert shown.name == "invoice-1.png"

    run(scene, drive)


def test_a_search_for_an_unknown_reason_says_which_there_are(scene: Scene) -> None:
    scene.wait("invoice-1.png")

    async def drive(shown: Shown) -> None:
        await shown.press("slash", *"reason:boring", "enter")
        assert "no reason 'boring'" in shown.status
        assert shown.name == "invoice-1.png"

    run(scene, drive)


def test_words_are_searched_for_where_they_are_kept(scene: Scene) -> None:
    _, second = scene.wait("invoice-1.png", "claim-2.png")

    async def drive(shown: Shown) -> None:
        await shown.press("slash", *"words:tariff", "enter")
        assert "no words of documents are kept" in shown.status
        assert shown.name == "invoice-1.png"
        scene.desk.store.documents.record_prediction(second.id, Findings(text="Tariff 7"))
        await shown.press("slash", *"words:tar", "enter")
        assert shown.name == "claim-2.png"

    run(scene, drive)


def test_o_opens_the_file_outside(scene: Scene) -> None:
    (document,) = scene.wait("invoice-1.png")

    async def drive(shown: Shown) -> None:
        await shown.press("o")
        assert "opened" in shown.status

    run(scene, drive)
    assert scene.opened == [scene.desk.path(scene.now(document))]


@pytest.mark.parametrize(
    ("forth", "back"),
    [("pagedown", "pageup"), ("right_square_bracket", "left_square_bracket")],
)
def test_pages_are_turned_over(scene: Scene, forth: str, back: str) -> None:
    scene.wait("invoice-1.png", pages=2)

    async def drive(shown: Shown) -> None:
        await shown.press(forth)
        assert "page 2 of 2" in shown.panel
        await shown.press(forth)
        assert "last page" in shown.status
        await shown.press(back, back)
        assert "page 1 of 2" in shown.panel
        assert "first page" in shown.status

    run(scene, drive)


def test_zoom_pan_and_turn_change_what_is_seen(scene: Scene) -> None:
    scene.wait("invoice-1.png")

    async def drive(shown: Shown) -> None:
        seen = [_colours(shown)]
        for key in ("plus", "plus", "plus", "right", "down", "left", "up", "minus", "r"):
            await shown.press(key)
            seen.append(_colours(shown))
        assert all(one != other for one, other in itertools.pairwise(seen))
        assert shown.screen.page_view.view.turns == 1
        await shown.press("plus", "0")
        assert shown.screen.page_view.view.zoom == 1

    run(scene, drive)


def _colours(shown: Shown) -> str:
    strips = shown.app.screen._compositor.render_strips()
    return repr([[(s.text, str(s.style)) for s in strip] for strip in strips])


def test_question_mark_shows_every_key_and_any_key_closes_it(scene: Scene) -> None:
    scene.wait("invoice-1.png")

    async def drive(shown: Shown) -> None:
        await shown.press("question_mark")
        text = "\n".join(shown.lines())
        assert "it is: invoice" in text
        assert all(key.shown in text for key in KEYS)
        await shown.press("1")
        assert shown.name == "invoice-1.png"
        assert shown.app.screen is shown.screen

    run(scene, drive, size=(100, 40))


def test_q_gives_back_what_is_held(scene: Scene) -> None:
    documents = scene.wait("invoice-1.png", "claim-2.png", "letter-3.png")

    async def drive(shown: Shown) -> None:
        held = [scene.desk.store.review.entry_for_document(d.id).lease_owner for d in documents]
        assert held == ["ada"] * 3
        await shown.press("q")

    run(scene, drive)
    owners = {scene.desk.store.review.entry_for_document(d.id).lease_owner for d in documents}
    assert owners == {None}
    assert not scene.desk.files(Place.SORTED)


def test_every_key_in_the_table_is_bound_to_something_that_exists(scene: Scene) -> None:
    async def drive(shown: Shown) -> None:
        for key in KEYS:
            name = key.action.partition("(")[0]
            assert callable(getattr(shown.screen, f"action_{name}")), key

    run(scene, drive)


def test_no_label_gets_a_key_that_means_something_else() -> None:
    offered = label_choices([*LABELS, "order", "report", "statement", "quote"], reserved=RESERVED)
    assert not {each.letter for each in offered} & RESERVED


def test_after_an_undo_nothing_is_suggested_that_was_not_before(scene: Scene) -> None:
    scene.wait("invoice-1.png")
    verdict = Verdict(
        VerdictKind.REVIEW,
        Reason(ReasonCode.UNLIKE_TRAINING, "looks like none of the labels"),
        "claim",
        0.41,
    )
    strange = SeesNothingKnown(verdict)
    scene.desk.pipeline = Pipeline(strange, scene.desk.mover, scene.desk.configuration.settings)
    other = scene.desk.pipeline.handle(scene.desk.drop("strange.png", b"strange").id)

    async def drive(shown: Shown) -> None:
        await shown.press("slash", *"strange", "enter")
        assert shown.name == "strange.png"
        await shown.press("2")
        await shown.press("u")
        assert shown.name == "strange.png"
        assert "Enter" not in shown.text("#keys")
        await shown.press("enter")
        assert "nothing is suggested here" in shown.status

    run(scene, drive)
    assert scene.now(other).state is State.REVIEW
    assert scene.now(other).verdict.label == "claim"  # type: ignore[union-attr]


@pytest.mark.parametrize("label", ["other", "retired"])
def test_enter_offers_no_label_that_the_model_in_use_does_not_have(
    scene: Scene, label: str
) -> None:
    verdict = Verdict(VerdictKind.REVIEW, Reason(ReasonCode.UNDONE, "undone"), label, 0.6)
    eye = SeesNothingKnown(verdict, label)
    scene.desk.pipeline = Pipeline(eye, scene.desk.mover, scene.desk.configuration.settings)
    scene.desk.pipeline.handle(scene.desk.drop("old.png", b"old").id)
    sitting = scene.session()
    item = sitting.take()
    assert item is not None
    assert suggestion(item, sitting.offered()) == ""
    assert suggestion(item, [*sitting.offered(), LabelChoice(label, "", "", trained=False)]) == ""


class SeesNothingKnown:
    """An eye for which every page is first of all none of the labels."""

    def __init__(self, verdict: Verdict, label: str = "other") -> None:
        self._verdict = verdict
        self._label = label

    def inspect(self, path: Path, name: str) -> Inspection:
        assert path.is_file()
        assert name
        page = PagePrediction((0.6, 0.4), 12.5)
        seen = Prediction("test-1", (self._label, "claim"), (0.6, 0.4), 12.5, (page,))
        pixels = np.zeros((1, 8, 8, 3), np.uint8)
        return Inspection(PageSet(pixels, 1, "image/png"), seen, self._verdict)
