"""Waiting documents that are like nothing in training, in groups of alike ones."""

import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, ImageOps
from pydantic import AwareDatetime

from docsorter.clock import Clock
from docsorter.configuration import Configuration
from docsorter.decide.similarity import DEFAULT_CUT, group_similar, linkage_cut, unit_vectors
from docsorter.documents import Document, Prediction, ReasonCode
from docsorter.errors import ConflictError, DocumentError, EnvironmentFaultError, NotFoundError
from docsorter.filesystem import Disk
from docsorter.model.bundle import ModelBundle
from docsorter.model.card import NONE_OF_THESE
from docsorter.model.classifier import Classifier
from docsorter.model.golden import label_of, read_golden
from docsorter.pages.reader import PageReader
from docsorter.service.engine import LoadedModel
from docsorter.service.workspace.layout import StateRecord
from docsorter.service.workspace.process import Progress
from docsorter.settings import PagesSettings
from docsorter.store import DocumentFilter, ReviewFilter, Store

MOST: Final = 24
_COLUMNS: Final = 6
_CELL: Final = (220, 300)
_CAPTION: Final = 26
_GAP: Final = 10
_INK: Final = "#1f2933"
_FRAME: Final = "#9aa5b1"
_MODE: Final = 0o600
MOST_WAITING: Final = 400
MOST_ANSWERED: Final = 150
_STAGE: Final = "comparing unknown documents"
_LISTING: Final = "groups.json"


class Group(StateRecord):
    """Documents with similar pages.

    Attributes:
        number: What people call it, until the next listing.
        waiting: Documents that wait for a person, the most typical first.
        answered: Documents of it that people gave a label that the model was not trained on.
        called: Those labels, the most frequent first.
        nearest: Label of the model that it is most like, "" for none.
        nearest_probability: What the model gave that label on average.
        tightness: Mean distance of its members, as a share of what joins a group, 0-1.
    """

    number: int
    waiting: tuple[int, ...]
    answered: tuple[int, ...]
    called: tuple[str, ...]
    nearest: str
    nearest_probability: float
    tightness: float


class GroupListing(StateRecord):
    """The groups as they were last listed, so that what is answered is what was seen.

    Attributes:
        model: Name on the card of the model whose features were compared.
        left_over: Waiting documents that are like no other.
        cut: Mean distance up to which documents were of one group.
        groups: The groups with somebody who waits, the largest first.
    """

    at: AwareDatetime
    model: str
    looked_at: int
    unreadable: int
    left_over: int
    cut: float = DEFAULT_CUT
    groups: tuple[Group, ...]

    def group(self, number: int) -> Group:
        """Return a group by its number."""
        for group in self.groups:
            if group.number == number:
                return group
        raise NotFoundError(
            f"there is no group {number}", remedy="list them with: docsorter review groups"
        )


@dataclass(frozen=True, slots=True)
class ComparedDocument:
    """A document with the features that it is compared by.

    Attributes:
        waits: Whether it waits for a person; otherwise people have said what it is.
        prediction: What the model said of it when it was decided.
        features: (F,) pooled features of its first page.
    """

    document: Document
    waits: bool
    prediction: Prediction | None
    features: NDArray[np.float32]


class UnknownDocuments:
    """Groups what waits by the features of the model in use, and keeps them privately."""

    def __init__(self, configuration: Configuration, store: Store, clock: Clock) -> None:
        self._configuration = configuration
        self._store = store
        self._clock = clock
        self._root = configuration.state / "learning"

    def gather(self, model: LoadedModel, workers: int, progress: Progress) -> GroupListing:
        """Group what waits, and keep the listing."""
        documents = [*self._waiting(), *self._answered(model.card.labels)]
        folder = self._root / "features" / model.fingerprint[:16]
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._root.chmod(0o700)
        seen = []
        for number, one in enumerate(self._compared(documents, model, folder, workers), 1):
            if one is not None:
                seen.append(one)
            progress(_STAGE, number, len(documents))
        cut = cut_by_samples(model.bundle, model.classifier)
        groups, left_over = grouped(seen, cut)
        listing = GroupListing(
            at=self._clock.now(),
            model=model.card.name,
            looked_at=len(seen),
            unreadable=len(documents) - len(seen),
            left_over=left_over,
            cut=cut,
            groups=groups,
        )
        listing.write(self._root / _LISTING, _MODE)
        return listing

    def last(self) -> GroupListing:
        """Return the groups as they were last listed."""
        found = GroupListing.read(self._root / _LISTING)
        if found is None:
            raise NotFoundError(
                "no groups were listed yet", remedy="list them with: docsorter review groups"
            )
        return found

    def _waiting(self) -> "list[tuple[Document, Prediction | None, bool]]":
        wanted = ReviewFilter(reason=ReasonCode.UNLIKE_TRAINING)
        entries = self._store.review.entries(filter=wanted, limit=MOST_WAITING)
        return [(one.document, one.prediction, True) for one in entries if not one.blind]

    def _answered(self, taught: Sequence[str]) -> "list[tuple[Document, Prediction | None, bool]]":
        found: list[tuple[Document, Prediction | None, bool]] = []
        names = self._store.documents.label_names()
        known = {names.get(label, label) for label in taught} | {""}
        new = sorted(set(self._store.documents.counts().labels) - known)
        for label in new:
            room = MOST_ANSWERED // len(new)
            documents = self._store.documents.find(DocumentFilter(label=label), limit=room)
            found += [(one, None, False) for one in documents if one.answered_by]
        return found

    def _compared(
        self,
        documents: "Sequence[tuple[Document, Prediction | None, bool]]",
        model: LoadedModel,
        folder: Path,
        workers: int,
    ) -> Iterator[ComparedDocument | None]:
        settings = self._configuration.settings.pages.model_copy(update={"page_cap": 1})
        size = model.card.input.size
        with (
            PageReader(settings, size=size, concurrency=workers) as reader,
            ThreadPoolExecutor(max(1, workers)) as pool,
        ):

            def features_of(
                one: tuple[Document, Prediction | None, bool],
            ) -> ComparedDocument | None:
                document, prediction, waits = one
                kept = folder / f"{document.id}.npy"
                if kept.is_file():
                    return ComparedDocument(
                        document, waits, prediction, np.load(kept, allow_pickle=False)
                    )
                path = self._configuration.root(document.place) / document.path
                try:
                    pages = reader.read(path, name=document.name)
                except (OSError, DocumentError, EnvironmentFaultError):
                    return None
                features = model.classifier.classify(pages.pixels[:1]).features[0]
                stream = io.BytesIO()
                np.save(stream, features, allow_pickle=False)
                Disk().write_durably(kept, stream.getvalue(), _MODE)
                return ComparedDocument(document, waits, prediction, features)

            yield from pool.map(features_of, documents)


def grouped(seen: Sequence[ComparedDocument], cut: float) -> tuple[tuple[Group, ...], int]:
    """Gather documents into groups with somebody who waits.

    Returns:
        The groups, the largest first, and how many waiting documents are in none.
    """
    if not seen:
        return (), 0
    places = unit_vectors(np.stack([one.features for one in seen]))
    groups: list[Group] = []
    gathered: set[int] = set()
    for alike in group_similar(places, cut):
        members = [seen[row] for row in alike.members]
        waiting = tuple(one.document.id for one in members if one.waits)
        if not waiting:
            continue
        gathered |= set(waiting)
        groups.append(_group(len(groups) + 1, members, waiting, alike.tightness))
    left_over = sum(one.waits and one.document.id not in gathered for one in seen)
    return tuple(groups), left_over


def _group(
    number: int, members: Sequence[ComparedDocument], waiting: tuple[int, ...], tightness: float
) -> Group:
    answered = [one.document for one in members if not one.waits]
    labels = Counter(d.verdict.label for d in answered if d.verdict and d.verdict.label)
    nearest, probability = _nearest([one.prediction for one in members if one.prediction])
    return Group(
        number=number,
        waiting=waiting,
        answered=tuple(document.id for document in answered),
        called=tuple(label for label, _ in labels.most_common()),
        nearest=nearest,
        nearest_probability=probability,
        tightness=round(tightness, 3),
    )


def _nearest(predictions: Sequence[Prediction]) -> tuple[str, float]:
    total: dict[str, float] = {}
    for prediction in predictions:
        for label, probability in zip(prediction.labels, prediction.probabilities, strict=True):
            if label != NONE_OF_THESE:
                total[label] = total.get(label, 0.0) + probability
    if not total:
        return "", 0.0
    label = max(total, key=lambda each: total[each])
    return label, total[label] / len(predictions)


def cut_by_samples(bundle: ModelBundle, classifier: Classifier) -> float:
    """Return the linkage cut of a model; `DEFAULT_CUT` for one without sample pages."""
    golden, labels = bundle.golden_file, bundle.card.prediction_labels
    if not golden.is_file():
        return DEFAULT_CUT
    files = [page.file for page in read_golden(golden).pages]
    features = []
    for file in files:
        with Image.open(golden.parent / file) as opened:
            pixels = np.asarray(opened.convert("RGB"), np.uint8)
        features.append(classifier.classify(pixels[np.newaxis]).features[0])
    named = [label_of(Path(file).stem, labels) for file in files]
    return linkage_cut(unit_vectors(np.stack(features)), named)


def write_sheet(
    target: Path,
    title: str,
    documents: Sequence[Document],
    path_of: Callable[[Document], Path],
    settings: PagesSettings,
) -> int:
    """Write a PNG with the first pages of documents, readable by its owner only.

    Returns:
        How many are shown; what cannot be read is left out.

    Raises:
        ConflictError: The target exists.
        EnvironmentFaultError: It cannot be written.
    """
    if target.exists():
        raise ConflictError(f"{target} exists", remedy="name a file that does not exist")
    cells = []
    alone = settings.model_copy(update={"page_cap": 1})
    with PageReader(alone, size=299, concurrency=1) as reader:
        for document in documents[:MOST]:
            try:
                path = path_of(document)
                number = reader.read(path, name=document.name).numbers[0]
                data = reader.preview(path, number, _CELL[1])
            except (OSError, DocumentError, EnvironmentFaultError):
                continue
            with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
                cells.append((str(document.id), ImageOps.contain(picture.convert("RGB"), _CELL)))
    data = _png(_composed(title, cells))
    Disk().write_durably(target, data, _MODE)
    return len(cells)


def _composed(title: str, cells: Sequence[tuple[str, Image.Image]]) -> Image.Image:
    columns = max(1, min(_COLUMNS, len(cells)))
    rows = -(-len(cells) // columns)
    wide, high = _CELL[0] + _GAP, _CELL[1] + _CAPTION + _GAP
    font = ImageFont.load_default(16)
    size = (max(columns * wide + _GAP, round(font.getlength(title)) + 2 * _GAP), rows * high + 50)
    sheet = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(sheet)
    pen.text((_GAP, _GAP), title, fill=_INK, font=font)
    for number, (caption, page) in enumerate(cells):
        left = _GAP + wide * (number % columns)
        top = 40 + high * (number // columns)
        place = (left + (_CELL[0] - page.width) // 2, top)
        sheet.paste(page, place)
        corner = (place[0] + page.width, top + page.height)
        pen.rectangle((place[0] - 1, top - 1, *corner), outline=_FRAME)
        pen.text((left, top + _CELL[1] + 2), caption, fill=_INK, font=font)
    return sheet


def _png(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()
