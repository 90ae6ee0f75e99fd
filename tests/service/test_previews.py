import datetime as dt
import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from docsorter.documents import Document, Place, State
from docsorter.service.review.previews import PagePreviews, RenderGate


def test_work_begins_at_once_while_nothing_is_drawn() -> None:
    began = time.monotonic()
    RenderGate(longest=30).wait()
    assert time.monotonic() - began < 10


def test_work_waits_for_the_end_of_a_drawing() -> None:
    gate, done = RenderGate(longest=30), threading.Event()

    def work() -> None:
        gate.wait()
        done.set()

    gate.begin()
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(work)
        assert not done.wait(0.05)
        gate.end()
        found.result(10)
    assert done.is_set()


def test_an_end_that_never_comes_holds_nothing_up_for_good() -> None:
    gate = RenderGate(longest=0.05)
    gate.begin()
    began = time.monotonic()
    gate.wait()
    assert time.monotonic() - began >= 0.04


class LyingPages:
    """A reader of pages that lie turned clockwise by 90 degrees: their upper edge is dark."""

    def preview(self, path: Path, page: int = 0, max_px: int = 1600) -> bytes:
        del path, page, max_px
        upright = np.full((40, 30), 255, np.uint8)
        upright[:4] = 0
        data = io.BytesIO()
        Image.fromarray(np.rot90(upright, -1)).save(data, "PNG")
        return data.getvalue()

    def close(self) -> None:
        pass


def test_a_page_that_was_scanned_sideways_is_shown_upright() -> None:
    at = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    document = Document(1, "a.pdf", "", State.REVIEW, Place.REVIEW, "a.pdf", 1, 1, at)
    previews = PagePreviews(LyingPages(), lambda _: Path("a.pdf"))
    try:
        page = np.asarray(previews.page(document, 0, turned=90).result(10).convert("L"))
    finally:
        previews.close()
    assert page.shape == (40, 30)
    assert page[:4].max() == 0
    assert page[4:].min() == 255
