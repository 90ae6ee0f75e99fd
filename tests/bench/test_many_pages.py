"""Documents in many forms: how they are made and how their verdicts are counted."""

import numpy as np
from PIL import Image

from bench.many_pages import (
    ALONE,
    BACKS,
    BEHIND,
    TURNS,
    Answer,
    Remembering,
    Subject,
    back,
    counted,
    forms,
)
from docsorter.documents import RawOutput


def page(ink: int) -> Image.Image:
    drawn = Image.new("RGB", (60, 90), "white")
    drawn.paste((ink, ink, ink), (10, 10, 40, 30))
    return drawn


INVOICE, LETTER = Subject("invoice", page(0), "generated"), Subject("letter", page(90), "generated")


def test_every_document_is_shown_alone_with_four_backs_turned_and_with_others_behind_it() -> None:
    again = Subject("invoice", page(40), "generated")
    made = dict(forms(INVOICE, [INVOICE, again, LETTER], np.random.default_rng(0)))
    assert tuple(made) == (ALONE, *BACKS, *TURNS, *BEHIND)
    assert [len(pages) for pages in made.values()] == [1, 2, 2, 2, 2, 1, 1, 1, 2, 2]
    assert made["same label behind"] == [INVOICE.page, again.page]
    assert made["other label behind"] == [INVOICE.page, LETTER.page]


def test_a_page_is_turned_clockwise() -> None:
    (turned,) = dict(forms(INVOICE, [], np.random.default_rng(0)))["turned by 90"]
    assert turned.size == (90, 60)
    expected = np.rot90(np.asarray(INVOICE.page), -1)
    assert np.array_equal(np.asarray(turned), expected)


def test_backs_are_as_large_as_the_page_and_nearly_white() -> None:
    for kind in BACKS:
        made = back(kind, INVOICE.page, np.random.default_rng(1))
        assert made.size == INVOICE.page.size
        assert np.asarray(made).min() > 200


def test_what_was_sorted_alone_is_followed_through_every_form() -> None:
    def inspect(pages: list[Image.Image]) -> Answer | None:
        if pages[0].width > pages[0].height:
            return None  # cannot be read
        label = "claim" if pages == [LETTER.page] else "invoice"
        return Answer(label, alone=len(pages) == 1, several=len(pages) == 2)

    rows = {row.form: row for row in counted([INVOICE, LETTER], inspect)}  # type: ignore[arg-type]

    alone, white, turned = rows[ALONE], rows["white back"], rows["turned by 90"]
    assert (alone.documents, alone.before, alone.still, alone.wrong) == (2, 2, 2, 1)
    assert (white.before, white.still, white.relabelled, white.several) == (2, 0, 1, 2)
    assert (turned.before, turned.still, turned.relabelled) == (2, 0, 0)


def test_the_model_is_asked_about_a_page_once() -> None:
    class Counting:
        asked = 0

        def classify(self, pixels: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]") -> RawOutput:
            self.asked += len(pixels)
            sums = pixels.reshape(len(pixels), -1).sum(axis=1, keepdims=True)
            return RawOutput(sums.astype(np.float32), sums.astype(np.float32))

    counting = Counting()
    classifier = Remembering(counting)
    pages = np.arange(2 * 4 * 4 * 3, dtype=np.uint8).reshape(2, 4, 4, 3)
    first = classifier.classify(pages)
    second = classifier.classify(pages[::-1])
    assert counting.asked == 2
    assert np.array_equal(first.logits, second.logits[::-1])
