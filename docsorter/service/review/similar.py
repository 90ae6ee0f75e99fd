"""Which answered documents and sample pages a waiting document is most like.

Compared are the sample pages that a model bundle carries, the documents that were answered last,
those first that the model learned from, and those answered in this session. The distance is that of
`docsorter.decide.novelty`: Euclidean, after whitening within the main components. A bundle has few
sample pages and none of anybody's documents, so without answers the nearest may still be far.

Earlier documents are read one by one, each after a document that was asked for: so they cost
no start, and never more than what is shown.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from docsorter.configuration import Configuration
from docsorter.decide.novelty import NoveltyModel
from docsorter.decide.similarity import SHOWN
from docsorter.documents import Document, PageSet
from docsorter.errors import DocsorterError
from docsorter.model.bundle import ModelBundle, load_bundle
from docsorter.model.classifier import Classifier
from docsorter.model.golden import label_of, read_golden
from docsorter.model.registry import ModelRegistry
from docsorter.service.review.previews import RenderGate
from docsorter.store import LabelledDocument, Store

PER_LABEL: Final = 8
MOST: Final = 40
_LOOKED_THROUGH: Final = 400  # answers

Examples = Callable[[], Sequence[LabelledDocument]]
"""Returns them; waits for the database."""


def latest_examples(store: Store, model: str) -> list[LabelledDocument]:
    """Return the latest answered documents, a few of each label, those of the training first.

    Nothing that waits for another answer is among them: what was said of it may lead nobody.
    """
    found = store.learning.labelled_documents(model, most=_LOOKED_THROUGH)
    chosen: list[LabelledDocument] = []
    seen: Counter[str] = Counter()
    for one in sorted(found, key=lambda example: not example.trained):
        if seen[one.label] < PER_LABEL and len(chosen) < MOST:
            seen[one.label] += 1
            chosen.append(one)
    return chosen


_REMEMBERED: Final = 500

Features = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SimilarPage:
    """A page that something else is compared with.

    Attributes:
        name: What it is called.
        label: What it is; "" where that is no label of the model.
        picture: RGB, small.
        features: Whitened features, (k,) float64.
    """

    name: str
    label: str
    picture: Image.Image
    features: Features


class Reader(Protocol):
    """What turns a file into pages; `docsorter.pages.reader.PageReader` does."""

    def read(self, path: Path, *, name: str = "") -> PageSet:
        """Return the pages as the classifier sees them."""
        ...


class Embedder:
    """Turns a page into the features by which pages are compared, with a model."""

    def __init__(self, bundle: ModelBundle, classifier: Classifier) -> None:
        self._classifier = classifier
        self._novelty = NoveltyModel.from_arrays(bundle.novelty)
        self.model = bundle.card.name
        """Name on its card."""
        self.size = bundle.card.input.size
        """Side of the pages it takes, pixels."""
        self.samples = self._samples(bundle)
        """The sample pages of the bundle."""

    def embed(self, pixels: NDArray[np.uint8]) -> Features:
        """Return the whitened features of a page."""
        features = self._classifier.classify(pixels[np.newaxis]).features
        whitened: Features = self._novelty.whiten(features)[0]
        return whitened

    def _samples(self, bundle: ModelBundle) -> tuple[SimilarPage, ...]:
        labels = bundle.card.prediction_labels
        found = []
        for page in read_golden(bundle.golden_file).pages:
            with Image.open(bundle.golden_file.parent / page.file) as opened:
                picture = opened.convert("RGB")
            label = label_of(Path(page.file).stem, labels)
            features = self.embed(np.asarray(picture, np.uint8))
            found.append(SimilarPage(Path(page.file).stem, label, picture, features))
        return tuple(found)


def open_embedder(configuration: Configuration) -> Embedder:
    """Open the model in use, to compare one page at a time.

    Raises:
        ModelError: It is missing or damaged.
        DependencyError: LiteRT is not installed.
    """
    from docsorter.model.classifier import open_classifier  # noqa: PLC0415 -- heavy, and often unused

    registry = ModelRegistry(configuration.state / "models")
    bundle = load_bundle(registry.resolve(configuration.settings.model.bundle))
    return Embedder(bundle, open_classifier(bundle, threads=1))


class SimilarDocuments:
    """Finds similar pages in a thread of its own, for the screen; the first search opens the model.

    Args:
        opened: Opens the model.
        reader: Reads documents; closed by whoever made it.
        path_of: Where the bytes of a document are now.
        gate: Says when a search may begin.
        examples: Returns the documents that were answered before this session.
    """

    def __init__(
        self,
        opened: Callable[[], Embedder],
        reader: Reader,
        path_of: Callable[[Document], Path],
        gate: RenderGate | None = None,
        examples: Examples = tuple,
    ) -> None:
        self._gate = gate or RenderGate()
        self._examples = examples
        self._earlier: deque[LabelledDocument] | None = None
        self._taken_back: set[int] = set()
        self._opened = opened
        self._reader = reader
        self._path_of = path_of
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="similar")
        self._embedder: Embedder | None = None
        self._seen: dict[int, SimilarPage] = {}
        self._answered: dict[int, SimilarPage] = {}
        self._lock = threading.Lock()

    def nearest(self, document: Document) -> "Future[tuple[SimilarPage, ...]]":
        """Return the pages most like the first one of a document, the nearest first.

        Returns:
            A future of at most three; its error is a `DocsorterError`.
        """
        found = self._thread.submit(self._nearest, document)
        with suppress(RuntimeError):  # closed meanwhile
            self._thread.submit(self._add_one)
        return found

    def answered(self, document: Document, label: str) -> None:
        """Compare with this document from now on, if its features are known."""
        with self._lock:
            seen = self._seen.get(document.id)
            if seen is not None and len(self._answered) < _REMEMBERED:
                self._answered[document.id] = SimilarPage(
                    document.name, label, seen.picture, seen.features
                )

    def taken_back(self, document: Document) -> None:
        """Forget what a document was said to be."""
        with self._lock:
            self._answered.pop(document.id, None)
            self._taken_back.add(document.id)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _nearest(self, document: Document) -> tuple[SimilarPage, ...]:
        self._gate.wait()
        if self._embedder is None:
            self._embedder = self._opened()
        seen = self._seen.get(document.id) or self._embed(self._embedder, document)
        with self._lock:
            others = [one for number, one in self._answered.items() if number != document.id]
        others += self._embedder.samples
        return tuple(
            sorted(others, key=lambda one: float(np.linalg.norm(one.features - seen.features)))[
                :SHOWN
            ]
        )

    def _add_one(self) -> None:
        """Look at one more of the documents that were answered before."""
        self._gate.wait()
        try:
            if self._embedder is None:
                return
            if self._earlier is None:
                self._earlier = deque(self._examples())
            if self._earlier:
                self._add(self._embedder, self._earlier.popleft())
        except DocsorterError:
            return  # one that cannot be read is like nothing

    def _add(self, embedder: Embedder, example: LabelledDocument) -> None:
        document = example.document
        seen = self._seen.get(document.id) or self._embed(embedder, document)
        with self._lock:
            if document.id not in self._taken_back:
                self._answered.setdefault(
                    document.id,
                    SimilarPage(document.name, example.label, seen.picture, seen.features),
                )

    def _embed(self, embedder: Embedder, document: Document) -> SimilarPage:
        pixels = self._reader.read(self._path_of(document), name=document.name).pixels[0]
        picture = Image.fromarray(np.asarray(pixels, np.uint8))
        seen = SimilarPage(document.name, "", picture, embedder.embed(pixels))
        with self._lock:
            self._seen[document.id] = seen
            while len(self._seen) > _REMEMBERED:
                del self._seen[next(iter(self._seen))]
        return seen
