"""Draw docs/pictures/review-*.svg: the reviewer's screen over the example scans.

The real daemon sorts them first. Run it again after every change of the screen:
`python scripts/review_screenshots.py`. All documents are generated ones.
"""

import argparse
import asyncio
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from textual.pilot import Pilot

from docsorter.cli.reviewer.dialogs import RESERVED
from docsorter.cli.reviewer.drawing import DisplayOptions, DrawingMode
from docsorter.cli.reviewer.launch import open_prefetcher
from docsorter.cli.reviewer.page_view import ROOM, NearestPages
from docsorter.cli.reviewer.screen import ReviewApp
from docsorter.configuration import Configuration, load
from docsorter.review.items import QueueSource
from docsorter.review.searching import parse_search
from docsorter.service.daemon.sort_once import prepare_demo, run_demo
from docsorter.service.review.service import ReviewService, open_review_service
from docsorter.service.review.session import LeaseTimes, Reviewer, ReviewSession

_PICTURES = Path(__file__).resolve().parents[1] / "docs" / "pictures"
# Without the font faces a picture loads nothing from elsewhere.
_FONT_FACE = re.compile(r"@font-face \{.*?\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture.

    Attributes:
        name: Of the file.
        size: Columns and lines of the terminal.
        mode: How the page is drawn.
        keys: What is pressed first.
        search: Which documents are shown.
        colour: Whether colours may be used.
    """

    name: str
    size: tuple[int, int]
    mode: DrawingMode = DrawingMode.BLOCKS
    keys: Sequence[str] = ()
    search: str = ""
    colour: bool = True


SHOTS = (
    Shot("review", (120, 40), search="reason:unsure"),
    Shot("review-80x24", (80, 24), DrawingMode.DOTS, search="reason:unsure"),
    Shot("review-unusual", (80, 24), search="reason:unlike_training"),
    Shot("review-together", (100, 30), keys=("m", "m", "a")),
)

BLIND = Shot("review-blind", (100, 30), search="purpose:second")


def ask_again(workspace: Path) -> None:
    """Answer one document so that a second opinion of it is wanted."""
    with open_review_service(load(workspace, {"review.double": 1.0})) as acts:
        unsure = acts.store.review.entries(filter=parse_search("reason:unsure"), limit=1)[0]
        acts.answer(unsure.document.id, "letter", reviewer="anna", uid=1001)


async def draw(shot: Shot, acts: ReviewService, configuration: Configuration, folder: Path) -> None:
    """Draw one picture."""
    source = QueueSource(acts.store, owner="you", seconds=60)
    session = ReviewSession(
        acts, source, reviewer=Reviewer("you", 1000), patience=LeaseTimes(60), reserved=RESERVED
    )
    session.narrow(parse_search(shot.search))
    options = DisplayOptions(shot.mode, colour=shot.colour, least_seconds=0)
    with open_prefetcher(configuration, session) as prefetcher:
        app = ReviewApp(prefetcher, lambda _: None, options)
        async with app.run_test(size=shot.size) as pilot:
            screen = app.review_screen
            await until(pilot, lambda: screen.flow.item is not None)
            await until(pilot, lambda: screen.page_view.shows_page)
            for key in shot.keys:
                await pilot.press(key)
                await until(pilot, lambda: screen.page_view.shows_page)
            if shot.size[0] >= ROOM[0] and shot.size[1] >= ROOM[1]:
                await until(pilot, lambda: screen.query_one(NearestPages).display)
            await pilot.pause(0.3)
            svg = app.export_screenshot(title="docsorter review", simplify=True)
            await screen.flow.end()
    text = _FONT_FACE.sub("", svg)
    text = re.sub(r"terminal-\d+", f"terminal-{shot.name}", text)
    (folder / f"{shot.name}.svg").write_text(text, encoding="utf-8")


async def until(pilot: Pilot[None], ready: Callable[[], bool]) -> None:
    """Let the screen go on until something is so."""
    while not ready():
        await pilot.pause(0.05)


def main() -> None:
    """Draw all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=_PICTURES)
    parser.add_argument("--workspace", type=Path, help="a workspace of an earlier run")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        workspace = chosen.workspace or Path(scratch) / "paper"
        if not workspace.exists():
            prepare_demo(workspace)
            run_demo(workspace, lambda _: None)
        configuration = load(workspace)
        with open_review_service(configuration) as acts:
            for shot in SHOTS:
                asyncio.run(draw(shot, acts, configuration, chosen.out))
            ask_again(workspace)
            asyncio.run(draw(BLIND, acts, configuration, chosen.out))


if __name__ == "__main__":
    main()
