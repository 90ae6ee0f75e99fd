"""A workspace in which documents wait, everything real but the eye of the model."""

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from textual.pilot import Pilot
from textual.widgets import Static

from docsorter.cli.reviewer.dialogs import RESERVED, Question
from docsorter.cli.reviewer.drawing import DisplayOptions, DrawingMode
from docsorter.cli.reviewer.flow import Prefetcher
from docsorter.cli.reviewer.screen import ReviewApp, ReviewScreen
from docsorter.documents import (
    Document,
    PagePrediction,
    PageSet,
    Prediction,
    Reason,
    ReasonCode,
    Tone,
    Verdict,
    VerdictKind,
    WordsRead,
)
from docsorter.errors import NotFoundError
from docsorter.review.items import ItemSource, QueueSource
from docsorter.service.daemon.pipeline import Pipeline
from docsorter.service.engine import Inspection
from docsorter.service.review.previews import PagePreviews
from docsorter.service.review.service import ReviewService
from docsorter.service.review.session import LeaseTimes, Reviewer, ReviewSession
from docsorter.service.review.similar import SimilarDocuments
from docsorter.service.review.words import DocumentWords
from tests.service.desk import Desk

LABELS = ("invoice", "claim", "letter")
SHARES = {
    "invoice": (0.54, 0.41, 0.05),
    "claim": (0.1, 0.7, 0.2),
    "letter": (0.2, 0.2, 0.6),
}


def png(text: str, size: tuple[int, int] = (300, 424)) -> bytes:
    """Return a page with a word on it."""
    page = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(page)
    draw.rectangle((20, 20, 140, 60), fill="black")
    for line in range(90, 400, 20):
        draw.text((20, line), f"{text} and so on and on", fill="black")
    data = io.BytesIO()
    page.save(data, "PNG")
    return data.getvalue()


class SeenAs:
    """An eye that sees what a file name begins with: `claim-7.png` is a claim, unsure."""

    def __init__(self) -> None:
        self.pages = 1
        self.number, self.turned, self.blank = 0, 0, tuple[int, ...]()
        self.tone: Tone | None = None
        self.read: WordsRead | None = None

    def inspect(self, path: Path, name: str) -> Inspection:
        assert path.is_file()
        label = name.partition("-")[0]
        shares = SHARES[label]
        page = PagePrediction(shares, 12.5, number=self.number, turned=self.turned)
        prediction = Prediction(
            "test-1", LABELS, shares, 12.5, (page,), self.blank, read=self.read, tone=self.tone
        )
        first, second = prediction.ranked[:2]
        reason = Reason(
            ReasonCode.UNSURE,
            f"unsure: {first[0]} {first[1]:.2f}, {second[0]} {second[1]:.2f}",
        )
        verdict = Verdict(VerdictKind.REVIEW, reason, first[0], first[1], 0.9)
        pixels = np.zeros((1, 8, 8, 3), np.uint8)
        return Inspection(PageSet(pixels, self.pages, "image/png"), prediction, verdict)


class DrawnPages:
    """A page reader that draws what it is asked for, at once or when it is let go."""

    def __init__(self, pages: int = 1) -> None:
        self.pages = pages
        self.asked: list[tuple[str, int]] = []
        self.sizes: list[int] = []
        self.closed = False
        self.held: Future[None] | None = None

    def preview(self, path: Path, page: int = 0, max_px: int = 1600) -> bytes:
        self.asked.append((path.name, page))
        self.sizes.append(max_px)
        if self.held is not None:
            self.held.result(30)
        if not path.is_file():
            raise NotFoundError(f"{path.name} is gone")
        return png(f"{path.stem} {page + 1}", (300, 424) if max_px >= 424 else (max_px, max_px))

    def close(self) -> None:
        self.closed = True


@dataclass
class Scene:
    """Documents that wait, and what reviews them."""

    desk: Desk
    eye: SeenAs = field(default_factory=SeenAs)
    reader: DrawnPages = field(default_factory=DrawnPages)
    opened: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        desk = self.desk
        desk.pipeline = Pipeline(self.eye, desk.mover, desk.configuration.settings)

    def wait(self, *names: str, pages: int = 1) -> list[Document]:
        """Let documents wait, in this order."""
        self.eye.pages = self.reader.pages = pages
        found = []
        for name in names:
            found.append(self.desk.pipeline.handle(self.desk.drop(name, png(name)).id))
            self.desk.clock.advance(1)
        return found

    def now(self, document: Document) -> Document:
        """Return a document as it stands now."""
        return self.desk.store.documents.get(document.id)

    def service(self) -> ReviewService:
        return ReviewService(self.desk.configuration, self.desk.store, self.desk.mover)

    def session(
        self, name: str = "ada", *, source: ItemSource | None = None, lease: float = 600.0
    ) -> ReviewSession:
        return ReviewSession(
            self.service(),
            source or QueueSource(self.desk.store, owner=name, seconds=lease),
            reviewer=Reviewer(name, 1000),
            patience=LeaseTimes(lease=lease),
            reserved=RESERVED,
        )

    @contextlib.asynccontextmanager
    async def screen(
        self,
        name: str = "ada",
        *,
        size: tuple[int, int] = (80, 24),
        source: ItemSource | None = None,
        drawing: DrawingMode = DrawingMode.BLOCKS,
        colour: bool = True,
        least: float = 0.0,
        poll: float = 3600.0,
        lease: float = 600.0,
        settle: bool = True,
        neighbours: SimilarDocuments | None = None,
        words: DocumentWords | None = None,
    ) -> "AsyncIterator[Shown]":
        """Open the screen of a person."""
        session = self.session(name, source=source, lease=lease)
        pictures = PagePreviews(self.reader, session.service.path_of)
        looks = DisplayOptions(drawing, colour=colour, least_seconds=least, poll_seconds=poll)
        prefetcher = Prefetcher(session, pictures, neighbours, words=words)
        app = ReviewApp(prefetcher, self.opened.append, looks)
        try:
            async with app.run_test(size=size) as pilot:
                shown = Shown(app, pilot)
                if settle:
                    await shown.settle()
                yield shown
        finally:
            pictures.close()


@dataclass
class Shown:
    """A screen that is driven by keys."""

    app: ReviewApp
    pilot: Pilot[None]

    @property
    def screen(self) -> ReviewScreen:
        return self.app.review_screen

    async def settle(self) -> None:
        """Wait until nothing is under way."""
        for _ in range(2):
            await self.app.workers.wait_for_complete()
            await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
            if not isinstance(self.app.screen, Question):  # into which one types on
                await self.settle()

    def text(self, name: str) -> str:
        return str(self.screen.query_one(name, Static).render())

    @property
    def status(self) -> str:
        return self.text("#status")

    @property
    def panel(self) -> str:
        return self.text("#panel")

    @property
    def name(self) -> str:
        """Name of the document that is shown."""
        item = self.screen.flow.item
        return item.document.name if item else ""

    def lines(self) -> list[str]:
        """Return what stands on the screen, line by line."""
        return list(_lines(self.app))


def _lines(app: ReviewApp) -> Iterator[str]:
    for line in app.screen._compositor.render_strips():
        yield "".join(segment.text for segment in line)


Drive = Callable[[Shown], Awaitable[None]]


def run(scene: Scene, drive: Drive, **how: object) -> None:
    """Open the screen and let `drive` use it, to the end."""

    async def driven() -> None:
        async with scene.screen(**how) as shown:  # type: ignore[arg-type]
            await drive(shown)

    asyncio.run(driven())
