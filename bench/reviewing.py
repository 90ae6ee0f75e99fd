"""From a key to the next page: the reviewer's screen, driven over mixed documents.

    python -m bench.reviewing [--documents 60] [--pace 1.5 0.4] [--size 120x40] [--drawing blocks]

The documents are those of the benchmark, every fifth of them made a noisy colour scan of 300 dpi. A
real daemon reads them and, asked for a certainty that no document has, gives all of them to a
person. Then the real screen is driven by Textual's pilot: a page is looked at for the pace, a label
is given, and the time is taken from the key until the screen was drawn with the next page on it.
Everything is there that is there in a session: leases, moves, the sandboxed reader, the model that
looks for neighbours where the window has room for them.
"""

import argparse
import asyncio
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image
from textual.pilot import Pilot

from bench.mix import mix
from docsorter.cli.reviewer.drawing import DisplayOptions, DrawingMode
from docsorter.cli.reviewer.launch import open_prefetcher, session_of
from docsorter.cli.reviewer.screen import ReviewApp
from docsorter.configuration import Configuration, load
from docsorter.resources import usable_cores
from docsorter.service.review.service import open_review_service
from docsorter.service.review.session import Reviewer
from docsorter.service.workspace.layout import create, migrate_workspace
from docsorter.store import ReviewOrder

AIM_MS: Final = 100.0
_EVERY: Final = 5  # of so many documents one is a noisy scan
_GRAIN: Final = 14.0  # standard deviation, shades; a cheap sensor at a high gain
_A4: Final = (2480, 3508)
_DPI: Final = 300
_PATIENCE: Final = 300.0  # seconds for the daemon to read everything
_POLL: Final = 0.001  # seconds; how exact the figures are
_WHO: Final = Reviewer("bench", os.getuid())


def noisy(page: Image.Image, seed: int) -> bytes:
    """Return a PDF with one colour scan of a page in it, full of grain that compresses badly."""
    grain = np.random.default_rng(seed).normal(0, _GRAIN, (_A4[1], _A4[0], 3)).astype(np.float32)
    pixels = np.asarray(page.convert("RGB").resize(_A4), np.float32) + grain
    buffer = io.BytesIO()
    made = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    made.save(buffer, "PDF", resolution=_DPI, quality=92)
    return buffer.getvalue()


def fill(inbox: Path, count: int) -> None:
    """Put so many documents into an inbox."""
    folder, papers = mix(-(-count // 20) * 20)
    pictures = [folder / paper.file for paper in papers if paper.family == "jpeg"]
    for number, paper in enumerate(papers[:count]):
        if number % _EVERY == _EVERY - 1:
            with Image.open(pictures[number // _EVERY % len(pictures)]) as page:
                (inbox / f"noisy-{number:03}.pdf").write_bytes(noisy(page, number))
        else:
            shutil.copyfile(folder / paper.file, inbox / f"{paper.family}-{paper.file}")


@contextmanager
def waiting(count: int) -> Iterator[Configuration]:
    """Make a workspace in which so many documents wait for a person."""
    with tempfile.TemporaryDirectory(prefix="docsorter-reviewing-") as scratch:
        made, _ = create(Path(scratch) / "paper")
        migrate_workspace(made)
        configuration = load(made.workspace)
        fill(configuration.workspace / "inbox", count)
        command = [sys.executable, "-m", "docsorter", "--set", "decide.threshold=1.0"]
        with subprocess.Popen([*command, "run", str(made.workspace)]) as daemon:
            try:
                _wait_for(configuration, count)
            finally:
                daemon.terminate()
        yield configuration


def _wait_for(configuration: Configuration, count: int) -> None:
    until = time.monotonic() + _PATIENCE
    with open_review_service(configuration) as acts:
        while (waits := acts.store.review.count_waiting()) < count:
            if time.monotonic() > until:
                raise SystemExit(f"only {waits} of {count} documents wait for a person")
            time.sleep(0.2)


async def drive(app: ReviewApp, size: tuple[int, int], pace: float, answers: int) -> list[float]:
    """Answer so many documents; return seconds from each key to the next page."""
    async with app.run_test(size=size) as pilot:
        await _shown(app, None)
        found = []
        for number in range(answers):
            await asyncio.sleep(pace)
            found.append(await _answered(app, pilot, str(number % 3 + 1)))
        await app.review_screen.flow.end()
    return found


async def _answered(app: ReviewApp, pilot: Pilot[None], key: str) -> float:
    before = app.review_screen.flow.item
    seen = asyncio.create_task(_shown(app, before))
    began = time.perf_counter()
    # The pilot comes back when the processor rests, which may be long after the page is there.
    await pilot.press(key)
    return await seen - began


async def _shown(app: ReviewApp, before: object) -> float:
    """Wait for another page to be drawn; return when it was."""
    flow, view = app.review_screen.flow, None
    while flow.item is None or flow.item is before or view is None or not view.shows_page:
        await asyncio.sleep(_POLL)
        view = app.review_screen.page_view if app.review_screen.is_mounted else None
    drawn: asyncio.Future[float] = asyncio.get_running_loop().create_future()
    view.call_after_refresh(lambda: drawn.set_result(time.perf_counter()))
    return await drawn


def sit(
    configuration: Configuration,
    *,
    size: tuple[int, int],
    drawing: DrawingMode,
    pace: float,
    answers: int,
) -> list[float]:
    """Review so many documents at a pace, seconds; return what `drive` does."""
    with open_review_service(configuration) as acts:
        session = session_of(configuration, acts, _WHO, ReviewOrder.HELPS)
        with open_prefetcher(configuration, session) as prefetcher:
            app = ReviewApp(prefetcher, lambda _: None, DisplayOptions(drawing))
            return asyncio.run(drive(app, size, pace, answers))


def figures(seconds: Sequence[float]) -> dict[str, Any]:
    """Return count, median, 95th percentile, greatest, and how many were late, milliseconds."""
    ms = sorted(1000 * each for each in seconds)
    return {
        "answers": len(ms),
        "median_ms": round(statistics.median(ms), 1),
        "p95_ms": round(float(np.percentile(ms, 95)), 1),
        "max_ms": round(ms[-1], 1),
        "over_aim": sum(each >= AIM_MS for each in ms),
    }


def main() -> None:
    """Measure and print a line per pace."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--documents", type=int, default=64, help="answers per pace, and a few")
    parser.add_argument("--pace", type=float, nargs="+", default=[1.5, 0.4], help="seconds")
    parser.add_argument("--size", default="120x40", help="columns x lines")
    parser.add_argument(
        "--drawing", type=DrawingMode, default=DrawingMode.BLOCKS, choices=list(DrawingMode)
    )
    options = parser.parse_args()
    columns, lines = map(int, options.size.split("x"))
    sitting = partial(sit, size=(columns, lines), drawing=options.drawing)
    for pace in options.pace:
        with waiting(options.documents) as configuration:
            load_before = os.getloadavg()[0]
            measured = sitting(configuration, pace=pace, answers=options.documents - 4)
        row = {"pace_s": pace, "size": options.size, "drawing": options.drawing.value}
        row |= figures(measured) | {"load": round(load_before, 2), "cores": usable_cores()}
        sys.stdout.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
