"""What a document is most like stands beside it, where there is room and it may be seen."""

import asyncio
from concurrent.futures import Future

import numpy as np
import pytest
from PIL import Image

from docsorter.cli.reviewer.page_view import NearestPages
from docsorter.documents import Document
from docsorter.errors import ModelError
from docsorter.review.items import Item, ItemSource, QueueSource
from docsorter.service.review.similar import SimilarDocuments, SimilarPage
from docsorter.store import ReviewFilter
from tests.cli.reviewer.scene import Scene


class Same(SimilarDocuments):
    """Finds the same page beside everything, or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.told: list[tuple[str, str]] = []

    def nearest(self, document: Document) -> "Future[tuple[SimilarPage, ...]]":
        assert document.place.value == "review"
        found: Future[tuple[SimilarPage, ...]] = Future()
        if self.error is not None:
            found.set_exception(self.error)
        else:
            picture = Image.new("RGB", (299, 299), "white")
            found.set_result((SimilarPage("claim-cash", "claim", picture, np.zeros(2)),))
        return found

    def answered(self, document: Document, label: str) -> None:
        self.told.append((document.name, label))

    def taken_back(self, document: Document) -> None:
        self.told.append((document.name, "taken back"))


class Blind:
    """Judges everything blind."""

    def __init__(self, queue: QueueSource) -> None:
        self._queue = queue

    def take(self, wanted: ReviewFilter) -> Item | None:
        item = self._queue.take(wanted)
        return None if item is None else Item(item.lease, blind=True)


def shown(
    scene: Scene,
    neighbours: SimilarDocuments,
    *,
    size: tuple[int, int] = (120, 40),
    source: ItemSource | None = None,
) -> str:
    async def drive() -> str:
        async with scene.screen(size=size, source=source, neighbours=neighbours) as screen:
            text = "\n".join(screen.lines())
            assert screen.screen.query_one(NearestPages).display == ("nearest pages" in text)
            await screen.press("1", "u")
            return text

    return asyncio.run(drive())


def test_it_stands_beside_the_page_and_learns_of_answers(scene: Scene) -> None:
    scene.wait("invoice-1.png")
    neighbours = Same()
    text = shown(scene, neighbours)
    assert "claim-cash" in text
    assert neighbours.told == [("invoice-1.png", "invoice"), ("invoice-1.png", "taken back")]


@pytest.mark.parametrize("size", [(80, 24), (109, 40), (120, 29)])
def test_a_small_terminal_shows_the_page_alone(scene: Scene, size: tuple[int, int]) -> None:
    scene.wait("invoice-1.png")
    assert "claim-cash" not in shown(scene, Same(), size=size)


def test_a_blind_check_shows_none(scene: Scene) -> None:
    scene.wait("invoice-1.png")
    source = Blind(QueueSource(scene.desk.store, owner="ada", seconds=600))
    assert "claim-cash" not in shown(scene, Same(), source=source)


def test_without_a_model_the_page_is_still_there(scene: Scene) -> None:
    scene.wait("invoice-1.png")
    text = shown(scene, Same(ModelError("the model bundle is damaged")))
    assert "nearest pages" not in text
    assert "1 invoice" in text
