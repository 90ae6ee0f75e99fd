"""What a waiting document is most like, by the features of the model."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import select

from docsorter.decide.novelty import NoveltyModel
from docsorter.documents import Document, PageSet, RawOutput
from docsorter.errors import DocumentError, ModelError
from docsorter.model.bundle import ModelBundle
from docsorter.model.golden import GoldenPage, GoldenSet
from docsorter.service.review.similar import PER_LABEL, Embedder, SimilarDocuments, latest_examples
from docsorter.store import LabelledDocument
from docsorter.store.tables import EntryRow
from tests.model.bundles import make_card
from tests.service.desk import Desk
from tests.service.learning.answered import answered

GREY = {"claim-cash": 10, "invoice-pad": 120, "other-map": 250, "receipt-till": 60}


class Greyness:
    """A classifier whose only feature is how bright a page is."""

    def classify(self, pixels: NDArray[np.uint8]) -> RawOutput:
        bright = pixels.reshape(len(pixels), -1).mean(axis=1)
        features = np.stack([bright, np.zeros(len(pixels))], axis=1)
        return RawOutput(np.zeros((len(pixels), 4), np.float32), features.astype(np.float32))


class GreyPages:
    """Reads a file that holds a number as a page that is so bright."""

    def __init__(self) -> None:
        self.read_count = 0

    def read(self, path: Path, *, name: str = "") -> PageSet:
        self.read_count += 1
        text = path.read_text()
        if not text.strip().isdigit():
            raise DocumentError("damaged", f"{name} is damaged")
        return PageSet(np.full((1, 8, 8, 3), int(text), np.uint8), 1, "image/png")


@pytest.fixture
def embedder(tmp_path: Path) -> Embedder:
    golden = tmp_path / "bundle" / "golden"
    golden.mkdir(parents=True)
    pages = []
    for name, grey in GREY.items():
        Image.new("RGB", (8, 8), (grey,) * 3).save(golden / f"{name}.png")
        # the answers expected are all wrong: what a page is stands in its name
        wrong = (0.0, 0.0, 1.0, 0.0)
        pages.append(GoldenPage(file=f"{name}.png", logits=wrong, probabilities=wrong))
    (golden / "golden.json").write_text(GoldenSet(pages=tuple(pages)).model_dump_json())
    rng = np.random.default_rng(7)
    features = rng.normal(100, 50, (40, 2))
    novelty = NoveltyModel.fit(features, np.repeat([0, 1], 20), features)
    bundle = ModelBundle(tmp_path / "bundle", make_card(), dict(novelty.to_arrays()))
    return Embedder(bundle, Greyness())


@pytest.fixture
def reader() -> GreyPages:
    return GreyPages()


def document(desk: Desk, name: str, grey: int | str) -> Document:
    return desk.drop(name, str(grey).encode())


def names(similar: SimilarDocuments, of: Document) -> list[tuple[str, str]]:
    return [(one.label, one.name) for one in similar.nearest(of).result(30)]


def test_the_nearest_sample_page_comes_first_and_is_what_its_name_says(
    desk: Desk, embedder: Embedder, reader: GreyPages
) -> None:
    similar = SimilarDocuments(lambda: embedder, reader, desk.path)
    assert names(similar, document(desk, "a.png", 20)) == [
        ("claim", "claim-cash"),
        ("", "receipt-till"),  # no label of this model
        ("invoice", "invoice-pad"),
    ]
    assert names(similar, document(desk, "b.png", 255))[0] == ("other", "other-map")
    similar.close()


def test_what_was_answered_in_this_sitting_is_compared_with_until_it_is_taken_back(
    desk: Desk, embedder: Embedder, reader: GreyPages
) -> None:
    similar = SimilarDocuments(lambda: embedder, reader, desk.path)
    known, new = document(desk, "a.png", 200), document(desk, "b.png", 201)
    similar.answered(known, "letter")  # never looked at: nothing to compare with
    assert ("letter", "a.png") not in names(similar, known)
    similar.answered(known, "letter")
    assert names(similar, new)[0] == ("letter", "a.png")
    assert ("letter", "a.png") not in names(similar, known)  # not with itself
    similar.taken_back(known)
    assert ("letter", "a.png") not in names(similar, new)
    assert reader.read_count == 2  # each document once
    similar.close()


def test_the_model_is_opened_by_the_first_look_alone(
    desk: Desk, embedder: Embedder, reader: GreyPages
) -> None:
    opened = []

    def opening() -> Embedder:
        opened.append(1)
        return embedder

    similar = SimilarDocuments(opening, reader, desk.path)
    assert not opened
    for name in ("a.png", "b.png"):
        names(similar, document(desk, name, 7))
    assert opened == [1]
    similar.close()


def test_what_cannot_be_read_or_opened_is_an_error_of_the_look_alone(
    desk: Desk, embedder: Embedder, reader: GreyPages
) -> None:
    def broken() -> Embedder:
        raise ModelError("the model bundle is damaged")

    unopened = SimilarDocuments(broken, reader, desk.path)
    with pytest.raises(ModelError):
        unopened.nearest(document(desk, "a.png", 7)).result(30)
    unopened.close()
    similar = SimilarDocuments(lambda: embedder, reader, desk.path)
    with pytest.raises(DocumentError):
        similar.nearest(document(desk, "b.png", "no page")).result(30)
    assert names(similar, document(desk, "c.png", 20))
    similar.close()


def test_documents_that_were_answered_before_are_compared_with_one_by_one(
    desk: Desk, embedder: Embedder, reader: GreyPages
) -> None:
    earlier = [document(desk, f"old-{grey}.png", grey) for grey in (31, 34)]
    gone = document(desk, "gone.png", "no page")
    given = [LabelledDocument(one, "dun", trained=False) for one in (gone, *earlier)]
    similar = SimilarDocuments(lambda: embedder, reader, desk.path, examples=lambda: given)
    try:
        new = document(desk, "new.png", 32)
        assert ("dun", "old-31.png") not in names(similar, new)  # it has only begun
        looks = [names(similar, new) for _ in range(3)]
        assert looks[-1][:2] == [("dun", "old-31.png"), ("dun", "old-34.png")]
        assert reader.read_count == 4, "each is read once"
        similar.taken_back(earlier[0])
        assert names(similar, new)[0] == ("dun", "old-34.png")
    finally:
        similar.close()


def test_what_was_answered_before_is_asked_for_by_label_and_never_while_it_waits(
    desk: Desk,
) -> None:
    taught, *others = [answered(desk, b"claim 0.5 %d" % n, "invoice") for n in range(12)]
    desk.store.learning.record_learned("answers-1", {taught.id: "invoice"})
    claim = answered(desk, b"letter 0.5 x", "claim")
    waits = answered(desk, b"letter 0.5 y", "claim")
    with desk.store.database.write() as session:
        entry = session.scalars(select(EntryRow).where(EntryRow.document_id == waits.id)).one()
        entry.closed_at = None

    found = latest_examples(desk.store, "answers-1")
    assert found[0].document.id == taught.id
    assert found[0].trained
    assert [one.document.id for one in found if one.label == "claim"] == [claim.id]
    newest = [one.id for one in reversed(others)][: PER_LABEL - 1]
    assert [one.document.id for one in found[1:] if one.label == "invoice"] == newest
