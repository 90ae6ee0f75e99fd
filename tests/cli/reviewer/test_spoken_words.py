"""Which words spoke is told beside the page, unless it may not be seen or they had no say."""

import asyncio
from pathlib import Path

import pytest

from docsorter.cli.reviewer.page_view import SpokenWords
from docsorter.cli.reviewer.plain import Console, PlainReview
from docsorter.documents import Document, Prediction
from docsorter.errors import DocumentError
from docsorter.review.items import ItemSource, QueueSource
from docsorter.service.review.words import DocumentWords, WordsJudge
from tests.cli.reviewer.scene import Scene
from tests.cli.reviewer.test_nearest_pages import Blind
from tests.model.bundles import make_card
from tests.service.words import READ, TypedPage, words_model

TEXT = "Claim policy invoice"


def shown(
    scene: Scene,
    page: TypedPage,
    *,
    model: str = "test-1",
    source: ItemSource | None = None,
) -> str:
    judge = WordsJudge(make_card(name=model, background=0), words_model(), {})
    words = DocumentWords(lambda: judge, page, lambda document: Path(document.name))

    async def drive() -> str:
        async with scene.screen(source=source, words=words) as screen:
            line = screen.screen.query_one(SpokenWords)
            return str(line.render()) if line.display else ""

    try:
        return asyncio.run(drive())
    finally:
        words.close()


def test_the_words_stand_beside_the_page(scene: Scene) -> None:
    scene.eye.read = READ
    scene.eye.turned = 90
    scene.wait("claim-1.png", "claim-2.png")
    page = TypedPage(TEXT)
    assert shown(scene, page) == "words: for claim: Claim, policy; against: invoice"
    assert page.asked == [("claim-1.png", 0, 90), ("claim-2.png", 0, 90)], "the next one, too"


def test_a_blind_check_shows_and_reads_none(scene: Scene) -> None:
    scene.eye.read = READ
    scene.wait("claim-1.png")
    source = Blind(QueueSource(scene.desk.store, owner="ada", seconds=600))
    page = TypedPage(TEXT)
    assert shown(scene, page, source=source) == ""
    assert page.asked == []


def test_words_that_had_no_say_are_not_read(scene: Scene) -> None:
    scene.wait("claim-1.png")
    page = TypedPage(TEXT)
    assert shown(scene, page) == ""
    assert page.asked == []


@pytest.mark.parametrize(
    ("page", "model"),
    [
        (TypedPage(error=DocumentError("damaged", "it cannot be read")), "test-1"),
        (TypedPage(TEXT), "test-2"),
    ],
)
def test_without_them_the_page_is_still_there(scene: Scene, page: TypedPage, model: str) -> None:
    scene.eye.read = READ
    scene.wait("claim-1.png")
    assert shown(scene, page, model=model) == ""


@pytest.mark.parametrize(
    ("read", "blind", "answer"),
    [
        (True, False, "Words for claim: policy."),
        (False, False, "Its words had no say."),
        (True, True, "a check: please judge by the page alone."),
    ],
)
def test_line_by_line_they_are_told_when_asked_for(
    scene: Scene, *, read: bool, blind: bool, answer: str
) -> None:
    scene.eye.read = READ if read else None
    scene.wait("claim-1.png")
    queue = QueueSource(scene.desk.store, owner="ada", seconds=600)
    session = scene.session(source=Blind(queue) if blind else queue)
    lines, said = iter(["words", "quit"]), list[str]()

    def spoken(document: Document, seen: Prediction) -> str:
        assert (document.name, seen.read) == ("claim-1.png", READ)
        return "for claim: policy"

    console = Console(lambda _: next(lines), said.append)
    PlainReview(session, console, scene.opened.append, spoken).run()
    assert said[-1] == answer
