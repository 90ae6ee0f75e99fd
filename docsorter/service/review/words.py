"""Which words of a document spoke for a label and against it; read again, for none are stored."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, Protocol

from docsorter.configuration import Configuration
from docsorter.decide.words import WordsModel
from docsorter.documents import Document, PageWords, Prediction
from docsorter.errors import ConflictError, UsageError
from docsorter.model.bundle import load_bundle
from docsorter.model.card import ModelCard
from docsorter.model.registry import ModelRegistry
from docsorter.service.engine import label_names, open_reader, words_fault
from docsorter.service.review.previews import RenderGate

SHOWN: Final = 5
"""Words that are named for a label, and against it."""

_WORTH_NAMING: Final = 0.05  # of what the strongest says
_PUNCTUATION: Final = ".,;:!?()[]{}<>\"'|*_-"
_KEPT: Final = 12

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word of a page, wherever it stands there.

    Attributes:
        text: As it stands first, without the punctuation around it.
        weight: How much it adds to the logit of the label beyond that of the others; below 0 it
            spoke against the label.
        boxes: Where it stands, see `Word`.
    """

    text: str
    weight: float
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class WordsEvidence:
    """What the words of a page say of a label.

    Attributes:
        label: As it is called today.
        page: Which page, counted from 0.
        source: The text layer of a PDF, or recognition of the picture.
        known: How many different words the model knows.
        words: Those that say something, what speaks for the label most first.
    """

    label: str
    page: int
    source: Literal["layer", "ocr"]
    known: int
    words: tuple[SpokenWord, ...]

    @property
    def strongest(self) -> float:
        """What the word that says most adds or takes away; above 0, 1 where none says anything."""
        return max((abs(word.weight) for word in self.words), default=1.0)

    @property
    def spoke_for(self) -> tuple[SpokenWord, ...]:
        """The words that spoke for the label most, the strongest first."""
        least = _WORTH_NAMING * self.strongest
        return tuple(word for word in self.words[:SHOWN] if word.weight >= least)

    @property
    def spoke_against(self) -> tuple[SpokenWord, ...]:
        """The words that spoke against it most, the strongest first."""
        least = _WORTH_NAMING * self.strongest
        return tuple(word for word in self.words[: -SHOWN - 1 : -1] if word.weight <= -least)

    def as_json(self) -> dict[str, object]:
        """Return the same as plain values, the strongest words alone."""
        about = {"label": self.label, "page": self.page, "source": self.source}
        words = {"spoke_for": self.spoke_for, "spoke_against": self.spoke_against}
        return {**about, "known": self.known, **words}

    def sentence(self) -> str:
        """Name these words on one line."""
        sides = {f"for {self.label}": self.spoke_for, "against": self.spoke_against}
        return "; ".join(
            f"{side}: {', '.join(word.text for word in words) or 'none'}"
            for side, words in sides.items()
        )


class ReadsWords(Protocol):
    """What reads words; `docsorter.pages.reader.PageReader` does."""

    def words(self, path: Path, page: int = 0, *, turned: int = 0) -> PageWords:
        """Return the words of one page."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class WordsJudge:
    """What the model in use makes of words.

    Attributes:
        card: Of that model.
        model: What it knows of words.
        names: What labels are called today, by what the model calls them.
    """

    card: ModelCard
    model: WordsModel
    names: Mapping[str, str]

    def evidence(
        self,
        reader: ReadsWords,
        path: Path,
        prediction: Prediction,
        label: str = "",
        page: int | None = None,
    ) -> WordsEvidence:
        """Read a page of a document again and weigh its words.

        Args:
            reader: Reads it.
            path: Where the bytes of the document are.
            prediction: What was seen of it.
            label: "" for the most probable one.
            page: Counted from 0; None for the one that was read, else the first with something on.

        Raises:
            UsageError: The model was not taught the label.
            DocsorterError: The page cannot be read; see `PageReader.words`.
        """
        first = prediction.pages[0].number if prediction.read is None else prediction.read.page
        number = first if page is None else page
        turned = next((one.turned for one in prediction.pages if one.number == number), 0)
        label = self.names.get(label, label) or prediction.label
        column = self._column(label)
        found = reader.words(path, number, turned=turned)
        texts = [word.text for word in found.words]
        values = self.model.evidence(texts, column).tolist()
        known = int(self.model.known([" ".join(texts)])[0])
        return WordsEvidence(label, number, found.source, known, _gathered(found, values))

    def _column(self, label: str) -> int:
        """Return the output of a label; of merged labels the first."""
        today = [self.names.get(one, one) for one in self.card.prediction_labels]
        if label not in today:
            raise UsageError(
                f"the model {self.card.name} was not taught {label!r}",
                remedy=f"one of: {', '.join(dict.fromkeys(today))}",
            )
        return today.index(label)


def _gathered(found: PageWords, values: list[float]) -> tuple[SpokenWord, ...]:
    """Add up what the same word says where it stands several times."""
    each: dict[str, SpokenWord] = {}
    for word, value in zip(found.words, values, strict=True):
        if value:
            text = word.text.strip(_PUNCTUATION) or word.text
            before = each.get(text.casefold(), SpokenWord(text, 0.0, ()))
            boxes = (*before.boxes, word.box)
            each[text.casefold()] = replace(before, weight=before.weight + value, boxes=boxes)
    return tuple(sorted(each.values(), key=lambda word: -word.weight))


def open_words_judge(configuration: Configuration) -> WordsJudge:
    """Open what the model in use knows of words; runs nothing of its pictures.

    Raises:
        ModelError: It is missing or damaged, or knows no words.
        SettingsError: No words are to be read.
        DependencyError: Nothing that recognises words is installed.
    """
    registry = ModelRegistry(configuration.state / "models")
    bundle = load_bundle(registry.resolve(configuration.settings.model.bundle))
    fault = words_fault(bundle, configuration.settings.words)
    if fault is not None:
        raise fault
    return WordsJudge(bundle.card, WordsModel.from_arrays(bundle.words), label_names(configuration))


def spoken_words(configuration: Configuration, path: Path, prediction: Prediction) -> WordsEvidence:
    """Read once again which words of a document spoke for its likeliest label.

    Raises:
        ConflictError: They were read for another model than the one in use.
        DocsorterError: They cannot be read; see `open_words_judge` and `PageReader.words`.
    """
    judge = open_words_judge(configuration)
    refuse_other_model(judge.card, prediction)
    with open_reader(configuration.settings, judge.card.input.size, 1) as reader:
        return judge.evidence(reader, path, prediction)


class DocumentWords:
    """Reads words again in a thread of its own, for the screen; the first time opens the model.

    Args:
        opened: Opens it.
        reader: Reads documents; closed by whoever made it.
        path_of: Where the bytes of a document are now.
        gate: Says when reading may begin.
    """

    def __init__(
        self,
        opened: Callable[[], WordsJudge],
        reader: ReadsWords,
        path_of: Callable[[Document], Path],
        gate: RenderGate | None = None,
    ) -> None:
        self._opened = opened
        self._reader = reader
        self._path_of = path_of
        self._gate = gate or RenderGate()
        self._judge: WordsJudge | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="words")
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, Future[WordsEvidence]] = OrderedDict()

    def evidence(self, document: Document, prediction: Prediction) -> "Future[WordsEvidence]":
        """Return which words spoke, read or about to be.

        Args:
            document: One that waits.
            prediction: For which its words were read.

        Returns:
            A future; its error is a `DocsorterError`, `ConflictError` where another model has
            taken the place of the one that read them.
        """
        with self._lock:
            found = self._kept.get(document.id)
            if found is None:
                found = self._thread.submit(self._evidence, document, prediction)
                self._kept[document.id] = found
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)[1].cancel()
            return found

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _evidence(self, document: Document, prediction: Prediction) -> WordsEvidence:
        self._gate.wait()
        self._judge = self._judge or self._opened()
        refuse_other_model(self._judge.card, prediction)
        return self._judge.evidence(self._reader, self._path_of(document), prediction)


def refuse_other_model(card: ModelCard, prediction: Prediction) -> None:
    """Refuse to tell by one model which words spoke to another.

    Raises:
        ConflictError: It is another one.
    """
    if prediction.model != card.name:
        raise ConflictError(
            f"its words were read for {prediction.model}; the model in use is {card.name}"
        )
