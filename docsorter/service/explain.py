"""Why a document is where it is, for `docsorter explain`: what it is like, regions, words."""

import datetime as dt
import io
import math
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from docsorter.configuration import Configuration
from docsorter.decide.calibration import label_probabilities
from docsorter.decide.occlusion import Cell, Occlusion, occlude
from docsorter.decide.similarity import SHOWN
from docsorter.decide.words import LEAST_WORDS
from docsorter.documents import (
    Answer,
    Document,
    Event,
    Prediction,
    Reason,
    ReasonCode,
    State,
    Verdict,
    VerdictKind,
    percent,
)
from docsorter.errors import (
    ConflictError,
    DocsorterError,
    DocumentError,
    EnvironmentFaultError,
    UsageError,
)
from docsorter.filesystem import Disk
from docsorter.model.bundle import load_bundle
from docsorter.model.registry import ModelRegistry
from docsorter.pages.reader import PageReader
from docsorter.service.engine import (
    LoadedModel,
    is_left_open,
    label_names,
    open_reader,
    policies_of,
    words_fault,
)
from docsorter.service.learning.snapshots import UntrainedAnswers, count_untrained_answers
from docsorter.service.review.service import ReviewService
from docsorter.service.review.similar import Embedder, Features, latest_examples, open_embedder
from docsorter.service.review.words import (
    WordsEvidence,
    WordsJudge,
    open_words_judge,
    refuse_other_model,
)
from docsorter.store import Check, PromiseChange, Store

_HISTORY = 1000  # changes of the threshold that are looked through


@dataclass(frozen=True, slots=True)
class TrainedFrom:
    """A model that was trained on the document.

    Attributes:
        model: Name on its card.
        label: As what.
        at: When that was written down, before it was trained.
    """

    model: str
    label: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that explains where a document is.

    Attributes:
        document: The document.
        file: Where its bytes are.
        blind: It waits for an answer that must not be led: nothing of the model is told.
        prediction: What the model saw.
        policy: Of the most probable label: auto, review or never; "" when nothing was seen.
        novelty_limit: Above it nothing is sorted alone, percent; None when the model is gone.
        promise: The change of the threshold that was in force when it was decided.
        statement: What the promise of the model in use is worth now.
        answers: What people said, the oldest first.
        checks: Whether chance drew it for a blind answer, and what came of it.
        learned: Which models learned from it.
        unlearned: What the model in use has not learned yet; of all documents.
        events: The log.
    """

    document: Document
    file: str
    blind: bool
    prediction: Prediction | None
    policy: str
    novelty_limit: float | None
    promise: PromiseChange | None
    statement: str
    answers: tuple[Answer, ...]
    checks: tuple[Check, ...]
    learned: tuple[TrainedFrom, ...]
    unlearned: UntrainedAnswers
    events: tuple[Event, ...]


def explain_document(
    configuration: Configuration, service: ReviewService, document_id: int
) -> Explanation:
    """Gather what explains where a document is.

    Raises:
        NotFoundError: There is none of that number.
        ModelError: The model in use is gone.
    """
    store, card = service.store, service.card
    document = store.documents.get(document_id)
    blind = service.is_blind(document_id)
    prediction = None if blind else store.documents.prediction(document_id)
    policy, limit = "", None
    if prediction is not None:
        names = store.documents.label_names()
        asked = policies_of(card, configuration.settings.decide.policies, names)
        policies = {**card.policies, **asked}
        policy = policies.get(prediction.label, "auto") if prediction.label in card.labels else ""
        limit = card.novelty_limit if prediction.model == card.name else None
        prediction = prediction.renamed(names)
    return Explanation(
        document=document,
        file=str(service.path_of(document)),
        blind=blind,
        prediction=prediction,
        policy=policy,
        novelty_limit=limit,
        promise=None if blind else _promise(store, document),
        statement=service.statement(),
        answers=() if blind else tuple(store.review.answers(document_id)),
        checks=() if blind else tuple(store.checks.of_document(document_id)),
        learned=tuple(TrainedFrom(*one) for one in store.learning.learned_by(document_id)),
        unlearned=count_untrained_answers(store, card.name),
        events=() if blind else tuple(store.documents.events(document_id=document_id)),
    )


def _promise(store: Store, document: Document) -> PromiseChange | None:
    """Return what the threshold rested on when the document was decided."""
    decided = _decided_at(store, document)
    if decided is None or document.model is None:
        return None
    found = [
        move
        for move in store.checks.promises(limit=_HISTORY)
        if move.model == document.model and move.at is not None and move.at <= decided
    ]
    return found[-1] if found else None


def _decided_at(store: Store, document: Document) -> dt.datetime | None:
    """Return when the model decided, which an answer later writes over."""
    events = store.documents.events(document_id=document.id)
    verdicts = [event.at for event in events if event.kind == "verdict"]
    return verdicts[-1] if verdicts else document.decided_at


Kind = Literal["sample", "taught", "answered"]


@dataclass(frozen=True, slots=True)
class NearestPage:
    """A page that it is like.

    Attributes:
        name: What a sample page is called in the bundle, else the name of the document.
        label: What it is; "" for a foreign one.
        distance: Whitened; about 1 is as far as pages of one kind usually are from its centre.
        kind: A sample page of the model, a document that the model learned from, or one that people
            answered and the model has not learned.
        document: Number of that document, None for a sample page.
    """

    name: str
    label: str
    distance: float
    kind: Kind = "sample"
    document: int | None = None


def nearest_pages(
    configuration: Configuration, store: Store, document: Document
) -> tuple[NearestPage, ...]:
    """Return the pages most like the first page of a document, the nearest first.

    Args:
        configuration: The workspace.
        store: Has the answered documents that it is compared with; they are read again as well.
        document: Read again, in the sandbox.

    Raises:
        DocumentError: It cannot be read.
        ModelError: The model is missing or damaged.
        EnvironmentFaultError: The file is gone, or the disk fails.
    """
    embedder = open_embedder(configuration)
    settings = configuration.settings.pages.model_copy(update={"page_cap": 1})
    with PageReader(settings, size=embedder.size, concurrency=1) as reader:

        def features(one: Document) -> Features:
            path = configuration.root(one.place) / one.path
            return embedder.embed(reader.read(path, name=one.name).pixels[0])

        here = features(document)

        def distance(there: Features) -> float:
            return float(np.linalg.norm(there - here))

        def answered() -> Iterator[NearestPage]:
            for example in latest_examples(store, embedder.model):
                other = example.document
                if other.id == document.id:
                    continue
                try:
                    far = distance(features(other))
                except (DocumentError, EnvironmentFaultError):
                    continue  # moved by hand since, or not readable any more
                kind: Kind = "taught" if example.trained else "answered"
                yield NearestPage(other.name, example.label, far, kind, other.id)

        found = [*_samples(embedder, here), *answered()]
    return tuple(sorted(found, key=lambda near: near.distance)[:SHOWN])


def _samples(embedder: Embedder, here: Features) -> list[NearestPage]:
    return [
        NearestPage(one.name, one.label, float(np.linalg.norm(one.features - here)))
        for one in embedder.samples
    ]


LONGEST: Final = 1400
"""Longest side of the page in the picture, pixels."""

_FOR: Final = np.array([213, 94, 0], np.float64)
_AGAINST: Final = np.array([0, 114, 178], np.float64)
# Vermilion and blue of Okabe and Ito: told apart with every kind of colour blindness.
_STRONGEST: Final = 0.62  # opacity
_FAINT: Final = 0.12  # of the strongest; less is noise and is not shown
_BLUR: Final = 0.012  # radius, of the longest side
_MARGIN: Final = 24
_INK: Final = "#1f2933"
_LINE: Final = 100  # characters of a line below the picture
_PICTURE_WAS_SURE: Final = {ReasonCode.SURE, ReasonCode.EARNING, ReasonCode.PROBATION}
_SOURCES: Final = {"layer": "from the text layer", "ocr": "recognised"}
_MODE: Final = 0o600


@dataclass(frozen=True, slots=True)
class Heatmap:
    """What was looked for and found.

    Attributes:
        label: Whose regions.
        page: Which page, counted from 0.
        probability: Of the label on this page.
        without: With the strongest region covered.
        looks: How often the model was asked.
    """

    label: str
    page: int
    probability: float
    without: float
    looks: int

    def sentence(self) -> str:
        """Say what the strongest region did."""
        return (
            f"{self.label} {percent(self.probability)} on page {self.page + 1}; with the "
            f"strongest region covered {percent(self.without)}"
        )


def write_heatmap(
    configuration: Configuration,
    model: LoadedModel,
    document: Document,
    target: Path,
    *,
    label: str = "",
    page: int = 0,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Heatmap:
    """Look at a page again and again with regions covered; write the picture of what that showed.

    Args:
        configuration: The workspace.
        model: The model in use.
        document: Whose page.
        target: A PNG file that does not exist; readable by its owner only.
        label: Whose regions, "" for the most probable label of the page.
        page: Which page, counted from 0.
        progress: Is told how far it is.

    Raises:
        ConflictError: The target exists.
        UsageError: There is no such page, or no such label.
        DocumentError: The document cannot be read.
        EnvironmentFaultError: The picture cannot be written.
    """
    if target.exists():
        raise ConflictError(f"{target} exists", remedy="name a file that does not exist")
    path = configuration.root(document.place) / document.path
    settings, size = configuration.settings.pages, model.card.input.size
    with PageReader(settings, size=size, concurrency=1) as reader:
        read = reader.read(path, name=document.name)
        if page not in read.numbers:
            seen = ", ".join(str(number + 1) for number in read.numbers)
            raise UsageError(
                f"the model looked at page {seen} of document {document.id}, not at page {page + 1}"
            )
        pixels = read.pixels[read.numbers.index(page)]
        picture = _decoded(reader.preview(path, page, LONGEST))
    names = label_names(configuration)
    known = model.card.prediction_labels
    # Of merged labels the first: each has regions of its own.
    label = next((each for each in known if names.get(each, each) == label), label)
    column = _column(model, pixels, label)
    found = occlude(
        pixels,
        lambda covered: _probabilities(model, covered)[:, column],
        _page_area(picture.size, size),
        progress=progress,
    )
    chosen = names.get(known[column], known[column])
    heat = Heatmap(chosen, page, found.probability, found.without, found.evaluations)
    title = f"document {document.id}, page {page + 1}, model {model.card.name}"
    data = _png(drawn(picture, found, (title, heat.sentence()), chosen))
    Disk().write_durably(target, data, _MODE)
    return heat


def drawn(
    picture: Image.Image, found: Occlusion, lines: tuple[str, ...], label: str
) -> Image.Image:
    """Return a page with its regions coloured, and a legend below."""
    area = _page_area(picture.size, len(found.density))
    density = found.density[area.top : area.bottom, area.left : area.right]
    return _sheet(_coloured(picture, density), lines, label)


def _sheet(page: Image.Image, lines: tuple[str, ...], label: str) -> Image.Image:
    font = ImageFont.load_default(20)
    line = 30
    width = max(page.width, *(round(font.getlength(text)) + 2 * _MARGIN for text in lines))
    sheet = Image.new("RGB", (width, page.height + (len(lines) + 3) * line), "white")
    sheet.paste(page, ((width - page.width) // 2, 0))
    pen = ImageDraw.Draw(sheet)
    top = page.height + line // 2
    for number, text in enumerate(lines):
        pen.text((_MARGIN, top + number * line), text, fill=_INK, font=font)
    _legend(pen, (_MARGIN, top + len(lines) * line + 6, width - _MARGIN), label, font)
    return sheet


@dataclass(frozen=True, slots=True)
class WordsTold:
    """What the words of a document had to do with its prediction.

    Attributes:
        picture: What the picture alone said, by label; empty where no words were read.
        words: What the words alone said.
        both: What both said together.
        why_not: Why no words were read, or which words spoke cannot be told now; "" for neither.
        evidence: Which words spoke, read again; None where that cannot be told.
    """

    picture: Mapping[str, float] = field(default_factory=dict)
    words: Mapping[str, float] = field(default_factory=dict)
    both: Mapping[str, float] = field(default_factory=dict)
    why_not: str = ""
    evidence: WordsEvidence | None = None

    def as_json(self) -> dict[str, object]:
        """Return the same as plain values, the strongest words alone."""
        found = self.evidence
        said: dict[str, object] = {"picture": self.picture, "words": self.words, "both": self.both}
        return said | (found.as_json() if found else {}) | {"why_not": self.why_not}


def tell_words(
    configuration: Configuration,
    told: Explanation,
    target: Path | None = None,
    *,
    label: str = "",
    page: int | None = None,
) -> WordsTold:
    """Tell what picture and words said, each alone, and which words spoke.

    Args:
        configuration: The workspace.
        told: What else explains the document; nothing is told of one that is judged blind.
        target: A PNG file that does not exist, for the page with its words coloured; None to tell
            only what had a say.
        label: For which words spoke; "" for the most probable one.
        page: Of the picture, counted from 0; None for the page that was read.

    Raises:
        ConflictError: The target exists.
        DocsorterError: A picture is asked for, and the words cannot be read.
    """
    seen = told.prediction
    if target is not None and target.exists():
        raise ConflictError(f"{target} exists", remedy="name a file that does not exist")
    if seen is None or (seen.read is None and target is None):
        if target is not None:
            raise UsageError(f"no model has looked at document {told.document.id}")
        return WordsTold(why_not=_why_unread(configuration, told))
    said = WordsTold()
    if seen.read is not None:
        shares = (seen.read.picture, seen.read.words, seen.probabilities)
        picture, words, both = (dict(zip(seen.labels, each, strict=True)) for each in shares)
        said = WordsTold(picture, words, both)
    try:
        judge = open_words_judge(configuration)
        if target is None:
            refuse_other_model(judge.card, seen)
        with open_reader(configuration.settings, judge.card.input.size, 1) as reader:
            evidence = judge.evidence(reader, Path(told.file), seen, label, page)
            if target is not None:
                _write_words(reader, told, judge, evidence, target)
    except DocsorterError as error:
        if target is not None or isinstance(error, UsageError):
            raise
        return replace(said, why_not=error.message)
    return replace(said, evidence=evidence)


def _why_unread(  # noqa: PLR0911 -- a reason a line
    configuration: Configuration, told: Explanation
) -> str:
    """Say in one line why the words of a document were not read."""
    seen = told.prediction
    verdicts = [event.detail for event in told.events if event.kind == "verdict"]
    if seen is None or not verdicts:
        return ""
    code = ReasonCode(str(verdicts[-1].get("reason", ReasonCode.UNSURE)))
    if code in _PICTURE_WAS_SURE:
        return "the picture was sure"
    if not is_left_open(Verdict(VerdictKind.REVIEW, Reason(code, "")), seen):
        return "they could not have changed why it waits"
    registry = ModelRegistry(configuration.state / "models")
    bundle = load_bundle(registry.resolve(configuration.settings.model.bundle))
    fault = words_fault(bundle, configuration.settings.words)
    if fault is not None:
        return fault.message.removeprefix("no words are read: ")
    if any(event.kind == "reread" for event in told.events):
        return f"fewer than {LEAST_WORDS} of them are known"
    if told.document.state is State.REVIEW and seen.model == bundle.card.name:
        return f"not yet, or fewer than {LEAST_WORDS} are known: docsorter review reread"
    return "not needed, or not readable then"


def _write_words(
    reader: PageReader, told: Explanation, judge: WordsJudge, found: WordsEvidence, target: Path
) -> None:
    seen = told.prediction
    pages = () if seen is None else seen.pages
    turned = next((page.turned for page in pages if page.number == found.page), 0)
    picture = _decoded(reader.preview(Path(told.file), found.page, LONGEST))
    title = f"document {told.document.id}, page {found.page + 1}, model {judge.card.name}"
    line = f"{found.known} known words, {_SOURCES[found.source]}; {found.sentence()}"
    drawn = drawn_words(picture, found, (title, *textwrap.wrap(line, _LINE)), turned)
    Disk().write_durably(target, _png(drawn), _MODE)


def drawn_words(
    picture: Image.Image, found: WordsEvidence, lines: tuple[str, ...], turned: int = 0
) -> Image.Image:
    """Return a page with its words coloured by what they say, and a legend below.

    Args:
        picture: The page as it lies, which is what the boxes of words are shares of.
        found: Its words.
        lines: What stands below.
        turned: By how many degrees, clockwise, it is to be turned back.
    """
    scaled = np.zeros((picture.height, picture.width))
    for word in found.words:
        for left, top, right, bottom in word.boxes:
            across = slice(int(left * picture.width), math.ceil(right * picture.width))
            down = slice(int(top * picture.height), math.ceil(bottom * picture.height))
            scaled[down, across] = word.weight / found.strongest
    tinted = _tinted(picture, scaled)
    page = tinted.rotate(turned, expand=True) if turned else tinted
    return _sheet(page, lines, found.label)


def _column(model: LoadedModel, pixels: NDArray[np.uint8], label: str) -> int:
    labels = model.card.prediction_labels
    if not label:
        return int(_probabilities(model, pixels[np.newaxis])[0].argmax())
    if label not in labels:
        raise UsageError(
            f"the model {model.card.name} was not taught {label!r}",
            remedy=f"one of: {', '.join(labels)}",
        )
    return labels.index(label)


def _probabilities(model: LoadedModel, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    logits = model.classifier.classify(pixels).logits
    return label_probabilities(logits, model.card.temperature, model.card.background)


def _page_area(page: tuple[int, int], side: int) -> Cell:
    """Return where a page of this width and height lies in the square; see pages/fit.py."""
    longest = max(page)
    width, height = (max(1, round(length * side / longest)) for length in page)
    top, left = (side - height) // 2, (side - width) // 2
    return Cell(top, left, top + height, left + width)


def _coloured(picture: Image.Image, density: NDArray[np.float64]) -> Image.Image:
    smooth = _smoothed(density)
    strongest = float(np.abs(smooth).max()) or 1.0
    heat = Image.fromarray((smooth / strongest).astype(np.float32))
    return _tinted(
        picture, np.asarray(heat.resize(picture.size, Image.Resampling.BILINEAR), np.float64)
    )


def _tinted(picture: Image.Image, scaled: NDArray[np.float64]) -> Image.Image:
    """Colour a page by numbers from -1, against, to 1, for, one for every pixel."""
    opacity = np.where(np.abs(scaled) < _FAINT, 0.0, np.abs(scaled) * _STRONGEST)[..., np.newaxis]
    colour = np.where(scaled[..., np.newaxis] > 0, _FOR, _AGAINST)
    grey = np.asarray(picture.convert("L").convert("RGB"), np.float64)
    # Multiplied, not laid over: the ink below stays black and can be read.
    tinted = grey * (1 - opacity) + grey * opacity * colour / 255
    return Image.fromarray(np.clip(tinted, 0, 255).astype(np.uint8))


def _smoothed(density: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean over a window around each pixel, twice, which is nearly Gaussian."""
    radius = max(1, round(max(density.shape) * _BLUR))
    found = density
    for axis in (0, 1, 0, 1):
        padded = np.pad(found, [(radius, radius) if a == axis else (0, 0) for a in (0, 1)], "edge")
        windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * radius + 1, axis=axis)
        found = windows.mean(axis=-1)
    return found


def _legend(
    pen: ImageDraw.ImageDraw,
    place: tuple[int, int, int],
    label: str,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:
    left, top, right = place
    middle, high = (left + right) // 2, 16
    for x in range(left, right):
        share = (x - middle) / (right - middle)
        colour = _FOR if share > 0 else _AGAINST
        mixed = 255 * (1 - abs(share) * _STRONGEST) + colour * abs(share) * _STRONGEST
        red, green, blue = (round(value) for value in mixed)
        pen.line((x, top, x, top + high), fill=(red, green, blue))
    pen.rectangle((left, top, right, top + high), outline=_INK)
    below = top + high + 4
    pen.text((left, below), f"spoke against {label}", fill=_INK, font=font)
    pen.text((right, below), f"spoke for {label}", fill=_INK, font=font, anchor="ra")


def _decoded(data: bytes) -> Image.Image:
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
            return picture.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DocumentError("damaged", "the picture of this page cannot be shown") from error


def _png(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()
