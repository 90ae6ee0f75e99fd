import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from docsorter.clock import ManualClock
from docsorter.configuration import Configuration
from docsorter.documents import Purpose, WordsRead
from docsorter.errors import ConflictError, DocumentError, NotFoundError, UsageError
from docsorter.resources import starter_bundle_dir
from docsorter.service.engine import load_model
from docsorter.service.explain import (
    Explanation,
    drawn_words,
    explain_document,
    tell_words,
    write_heatmap,
)
from docsorter.service.review.service import ReviewService, open_review_service
from docsorter.service.review.words import SpokenWord, WordsEvidence, WordsJudge
from docsorter.settings import Settings, WordsSettings
from docsorter.store.rows import open_entry_row
from docsorter.store.tables import CheckRow, PromiseRow
from tests.model.bundles import make_card
from tests.service.desk import Desk
from tests.service.words import READ, TypedPage, words_model


def tell(desk: Desk, document_id: int) -> Explanation:
    with open_review_service(desk.configuration, desk.clock) as service:
        return explain_document(desk.configuration, service, document_id)


def promise(desk: Desk, threshold: float | None, **values: object) -> None:
    with desk.store.database.write() as session:
        session.add(
            PromiseRow(
                at=desk.clock.now(), model="test-1", rule="r", threshold=threshold, target=0.01,
                confidence=0.95, checked=300, errors=0, upper_bound=0.0099, why="certified",
                detail={}, **values,
            )
        )  # fmt: skip


def test_it_tells_the_evidence_at_the_time_not_that_of_today(desk: Desk) -> None:
    promise(desk, 0.97)
    desk.clock.advance(60)
    document = desk.pipeline.handle(desk.drop("a.pdf", b"invoice 0.99").id)
    desk.clock.advance(60)
    promise(desk, None)
    told = tell(desk, document.id)
    assert told.promise is not None
    assert told.promise.threshold == 0.97
    assert told.policy == "auto"
    assert not told.blind
    assert [event.kind for event in told.events][:2] == ["claim_planned", "claimed"]


def test_answers_checks_and_who_learned_are_part_of_it(desk: Desk) -> None:
    document = desk.pipeline.handle(desk.drop("a.pdf", b"claim 0.5").id)
    with open_review_service(desk.configuration, desk.clock) as service:
        service.answer(document.id, "invoice", reviewer="anna", uid=1)
    with desk.store.database.write() as session:
        session.add(
            CheckRow(
                document_id=document.id, drawn_at=desk.clock.now(), model="test-1", rule="r",
                source="", label="claim", score=0.5, inclusion=0.25,
            )
        )  # fmt: skip
    desk.store.learning.record_learned("answers-1", {document.id: "invoice"})
    told = tell(desk, document.id)
    assert [answer.label for answer in told.answers] == ["invoice"]
    assert [check.draw.inclusion for check in told.checks] == [0.25]
    assert [(one.model, one.label) for one in told.learned] == [("answers-1", "invoice")]
    assert told.unlearned.corrections == 1  # the model in use is still the starter


def test_nothing_of_the_model_is_told_while_a_blind_answer_is_awaited(desk: Desk) -> None:
    document = desk.pipeline.handle(desk.drop("a.pdf", b"claim 0.5").id)
    with desk.store.database.write() as session:
        entry = open_entry_row(session, document.id)
        assert entry is not None
        entry.blind, entry.purpose = True, Purpose.DECIDE
    told = tell(desk, document.id)
    assert told.blind
    assert (told.prediction, told.events, told.policy) == (None, (), "")


def test_a_document_that_is_not_there(configuration: Configuration, clock: ManualClock) -> None:
    service: ReviewService
    with open_review_service(configuration, clock) as service, pytest.raises(NotFoundError):
        explain_document(configuration, service, 99)


TEXT = "Claim: policy, POLICY loss the unknown invoice total"


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> TypedPage:
    """What is read where words are read again."""
    typed = TypedPage(TEXT)
    judge = WordsJudge(make_card(name="test-1", background=0), words_model(), {})
    monkeypatch.setattr("docsorter.service.explain.open_words_judge", lambda _: judge)
    monkeypatch.setattr("docsorter.service.explain.open_reader", lambda *_: typed)
    return typed


def spoken(desk: Desk, read: WordsRead | None = READ, content: bytes = b"claim 0.5") -> Explanation:
    document = desk.pipeline.handle(desk.drop("a.pdf", content).id)
    told = tell(desk, document.id)
    assert told.prediction is not None
    return replace(told, prediction=replace(told.prediction, read=read))


def test_it_tells_what_picture_and_words_said_alone_and_which_words_spoke(
    desk: Desk, page: TypedPage
) -> None:
    said = tell_words(desk.configuration, spoken(desk))
    assert said.picture == {"invoice": 0.5, "claim": 0.3, "letter": 0.2}
    assert said.words == {"invoice": 0.9, "claim": 0.05, "letter": 0.05}
    assert said.both["claim"] == 0.5
    found = said.evidence
    assert found is not None
    assert page.asked == [("a.pdf", 0, 0)]
    assert found.sentence() == "for claim: Claim, policy, loss; against: invoice, total"
    assert [len(word.boxes) for word in found.spoke_for] == [1, 2, 1]
    assert [word.text for word in found.words][-3:] == ["the", "total", "invoice"]
    json = said.as_json()
    assert (json["label"], json["known"], json["source"], json["why_not"]) == (
        "claim",
        6,
        "ocr",
        "",
    )


def test_another_label_may_be_asked_for_but_no_unknown_one(desk: Desk, page: TypedPage) -> None:
    told = spoken(desk)
    found = tell_words(desk.configuration, told, label="letter").evidence
    assert found is not None
    assert found.sentence() == "for letter: invoice, total; against: Claim, policy, loss"
    with pytest.raises(UsageError, match="not taught"):
        tell_words(desk.configuration, told, label="tree")


def test_the_words_are_drawn_in_two_colours_and_only_their_owner_may_see_it(
    desk: Desk, page: TypedPage, tmp_path: Path
) -> None:
    target, told = tmp_path / "words.png", spoken(desk, None)
    said = tell_words(desk.configuration, told, target)
    assert (said.both, said.evidence is None) == ({}, False), "they had no say, and are drawn"
    with Image.open(target) as picture:
        pixels = np.asarray(picture.convert("RGB"), np.int16)[:140]
    warm, cold = (pixels[..., a] > pixels[..., b] + 60 for a, b in ((0, 2), (2, 0)))
    assert warm.any()
    assert cold.any()
    assert np.flatnonzero(warm.any(axis=1)).min() < np.flatnonzero(cold.any(axis=1)).min()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with pytest.raises(ConflictError):
        tell_words(desk.configuration, told, target)


def test_the_words_of_a_page_that_lies_turned_are_coloured_where_they_stand_upright() -> None:
    word = SpokenWord("INVOICE", 1.0, ((0.8, 0.0, 1.0, 0.1),))  # upper right, as it lies
    found = WordsEvidence("invoice", 0, "ocr", 5, (word,))
    sheet = drawn_words(Image.new("RGB", (200, 100), "white"), found, ("a", "b"), turned=90)
    pixels = np.asarray(sheet.convert("RGB"), np.int16)[:200]
    rows, columns = np.nonzero(pixels[..., 0] > pixels[..., 2] + 60)
    left = (sheet.width - 100) // 2
    assert (rows.min(), rows.max()) == (0, 39), "upper left, once it is turned back"
    assert (columns.min() - left, columns.max() - left) == (0, 9)


def test_words_that_cannot_be_read_again_are_a_line_and_a_picture_of_them_an_error(
    desk: Desk, page: TypedPage, tmp_path: Path
) -> None:
    page.error = DocumentError("time_limit", "it took too long")
    told = spoken(desk)
    said = tell_words(desk.configuration, told)
    assert (said.why_not, said.evidence) == ("it took too long", None)
    assert said.both
    with pytest.raises(DocumentError):
        tell_words(desk.configuration, told, tmp_path / "words.png")
    other = replace(told, prediction=replace(told.prediction, model="test-2"))  # type: ignore[type-var]
    assert "read for test-2" in tell_words(desk.configuration, other).why_not


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"claim 0.95", "the picture was sure"),
        (b"claim 0.5", 'words.read is "never"'),
        (b"broken 0", ""),
    ],
)
def test_a_line_says_why_no_words_were_read(desk: Desk, content: bytes, why: str) -> None:
    document = desk.pipeline.handle(desk.drop("a.pdf", content).id)
    settings = Settings(words=WordsSettings(read="never"))
    said = tell_words(replace(desk.configuration, settings=settings), tell(desk, document.id))
    assert said.why_not == why


@pytest.mark.slow
def test_the_picture_shows_the_page_with_a_legend_and_only_its_owner_may_see_it(
    desk: Desk, tmp_path: Path
) -> None:
    """With the real model, on a real page; also what cannot be drawn is refused."""
    page = next((starter_bundle_dir() / "golden").glob("invoice*.png"))
    document = desk.drop("a.png", page.read_bytes())
    model = load_model(desk.configuration)
    target = tmp_path / "heat.png"
    heat = write_heatmap(desk.configuration, model, document, target)
    assert heat.label == "invoice"
    assert heat.probability > 0.5
    assert heat.without <= heat.probability
    assert "with the strongest region covered" in heat.sentence()
    with Image.open(target) as picture:
        pixels = np.asarray(picture.convert("RGB"), np.int16)
    assert (pixels[..., 0] > pixels[..., 2] + 60).any()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with pytest.raises(ConflictError):
        write_heatmap(desk.configuration, model, document, target)
    with pytest.raises(UsageError, match="not at page 2"):
        write_heatmap(desk.configuration, model, document, tmp_path / "b.png", page=1)
    with pytest.raises(UsageError, match="not taught"):
        write_heatmap(desk.configuration, model, document, tmp_path / "b.png", label="tree")
