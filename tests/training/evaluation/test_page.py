"""The report is read as a browser would: tags that close, nothing fetched, nothing unescaped."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from docsorter.training.dataset import Predictions
from docsorter.training.evaluation.evaluation import Evaluation, evaluate_predictions
from docsorter.training.evaluation.report import CachePictures, html_page
from starter.rasters import image_cache
from tests.model.bundles import make_card
from tests.training.evaluation.predictions import LABELS, RULE, predictions_of, realistic

_VOID = {"meta", "br", "img", "link"}


class _Reader(HTMLParser):
    """Checks that tags nest, and collects text, attributes and tag names."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in _VOID and tag not in {"path", "circle", "rect"} and tag != "p":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in {"path", "circle", "rect", "p"}:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: str) -> _Reader:
    reader = _Reader()
    reader.feed(page)
    assert reader.open == []
    return reader


def evaluation_of(predictions: Predictions, labels: tuple[str, ...] = LABELS) -> Evaluation:
    features = np.random.default_rng(0).normal(0, 1, (len(predictions.samples), 8))
    return evaluate_predictions(
        predictions, labels, RULE, rng=np.random.default_rng(0), features=features
    )


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return evaluation_of(realistic(400, np.random.default_rng(0)))


def test_the_page_needs_nothing_from_outside_and_runs_nothing(evaluation: Evaluation) -> None:
    page = html_page({"test documents": evaluation}, make_card())
    reader = read(page)

    assert not {"script", "link", "iframe", "object"} & set(reader.tags)
    assert not re.search(r"https?://|url\(|@import", page)
    targets = [value for name, value in reader.attributes if name in {"href", "src"}]
    anchors = {value for name, value in reader.attributes if name == "id"}
    assert targets
    assert all(target.removeprefix("#") in anchors for target in targets)
    assert not any(name.startswith("on") for name, _ in reader.attributes)


def test_a_page_for_a_bundle_shows_no_page_and_names_no_file(evaluation: Evaluation) -> None:
    page = html_page({"test documents": evaluation}, make_card())

    assert "<img" not in page
    assert "scan-" not in page
    assert "source 0" not in page
    assert "source 1" in page  # numbered instead


def test_plots_say_what_they_show_and_have_a_table_beside_them(evaluation: Evaluation) -> None:
    reader = read(html_page({"test documents": evaluation}, make_card()))

    drawings = [value for name, value in reader.attributes if name == "aria-label"]
    assert any("Reliability" in text for text in drawings)
    assert any("Risk-coverage" in text for text in drawings)
    assert any("Novelty" in text for text in drawings)
    assert reader.tags.count("details") >= 3
    assert reader.tags.count("table") >= 8


def test_what_the_headline_says_is_what_was_counted() -> None:
    found = evaluation_of(
        predictions_of([(0.95, k % 3, k % 3) for k in range(99)] + [(0.95, 0, 1)])
    )

    text = read(html_page({"mine": found}, make_card())).text

    assert "Of all 100 so sorted 1 went wrong" in text
    assert "at most 4.7\u202f% of what it sorts" in text
    assert "100 documents: 100 of the model's labels, 0 foreign" in text


def test_the_page_says_how_many_mistakes_a_look_at_the_least_sure_finds() -> None:
    rows = [(0.95, 0, 0)] * 57 + [(0.5, 0, 1)] * 3 + [(0.95, 0, 3)]

    text = read(html_page({"mine": evaluation_of(predictions_of(rows))}, make_card())).text

    caught = text.split("errors caught by reviewing the least sure 11 %")[1]
    assert "100.0\u202f%" in caught[:120]
    assert "Of all 58 so sorted 1 went wrong, 1 of them foreign:" in " ".join(text.split())


def test_real_documents_come_first_on_the_page(evaluation: Evaluation) -> None:
    sets = dict.fromkeys(("generated documents", "real documents", "more"), evaluation)

    page = html_page(sets, make_card())

    assert re.findall(r'<h2 id="set\d">([^<]*)', page) == [
        "real documents", "generated documents", "more"
    ]  # fmt: skip


def test_names_from_outside_cannot_write_html(tmp_path: Path) -> None:
    nasty = '<b onclick="x">&\x1b[31m'
    predictions = realistic(90, np.random.default_rng(0))
    samples = tuple(
        replace(sample, path=Path(nasty + sample.path.name), source=nasty + sample.source,
                label=nasty if sample.label == "other" else sample.label)
        for sample in predictions.samples
    )  # fmt: skip
    labels = (nasty, *LABELS[1:])
    found = evaluation_of(replace(predictions, samples=samples), labels)

    page = html_page({nasty: found}, make_card(), names=True, cost={nasty: nasty})

    assert "<b onclick" not in page
    assert "\x1b" not in page
    assert "&lt;b onclick=&#34;x&#34;&gt;&amp;\\x1b[31m" in page
    read(page)


def test_pictures_are_shown_where_they_are_given(tmp_path: Path) -> None:
    predictions = predictions_of([(0.95, 0, 1)] * 2 + [(0.95, k % 3, k % 3) for k in range(40)])
    for sample in predictions.samples[:1]:
        (tmp_path / sample.path).parent.mkdir(exist_ok=True)
        Image.new("RGB", (210, 297), "grey").save(tmp_path / f"{sample.path}.png")
    samples = tuple(
        replace(s, path=tmp_path / f"{s.path}.png", layout=str(k))
        for k, s in enumerate(predictions.samples)
    )
    found = evaluation_of(replace(predictions, samples=samples))

    page = html_page(
        {"mine": found},
        make_card(),
        pictures=CachePictures(image_cache(tmp_path / "pages"), 96),
        names=True,
    )

    reader = read(page)
    assert reader.tags.count("img") == 1  # the other files are gone
    assert ("alt", "first page of a document that is claim, taken for invoice") in reader.attributes
    assert "scan-0.pdf" in reader.text


@pytest.mark.parametrize("rows", [
    [(0.95, 0, 0)],
    [(0.95, 0, 3)],
    [(0.25, 0, 1)] * 40,
    [(1.0, k % 4, k % 4) for k in range(600)],
])  # fmt: skip
def test_odd_sets_still_make_a_page(rows: list[tuple[float, int, int]]) -> None:
    found = evaluation_of(predictions_of(rows))

    text = read(html_page({"one": found, "two": found}, make_card())).text

    assert "How to read this" in text
    assert "nan" not in text.lower().replace("nanosecond", "")


def test_many_labels_are_told_by_the_likeliest_and_the_true_one() -> None:
    labels = tuple(f"label{number}" for number in range(20))
    shares = np.full((40, 20), 0.01)
    shares[:, 3] = 1 - 0.19
    predictions = predictions_of([(0.9, 0, 0)] * 40)
    found = evaluation_of(
        Predictions(predictions.samples, np.full(40, 17), shares, np.zeros(40)), labels
    )

    text = read(html_page({"mine": found}, make_card())).text

    assert "said label3, is label17" in text
    assert "13 more" in text
