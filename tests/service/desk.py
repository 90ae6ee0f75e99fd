"""A workspace with everything real but the eye: what a file is stands in its first word.

What follows the number are the words that can be read on it.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from docsorter.clock import ManualClock
from docsorter.configuration import Configuration
from docsorter.deliver.mover import Mover
from docsorter.documents import (
    Document,
    Likeness,
    PagePrediction,
    PageSet,
    PageWords,
    Place,
    Prediction,
    Reason,
    ReasonCode,
    Verdict,
    VerdictKind,
    Word,
)
from docsorter.errors import DocumentError
from docsorter.service.daemon.assembly import open_mover
from docsorter.service.daemon.pipeline import Pipeline
from docsorter.service.engine import Inspection
from docsorter.service.promise.controller import AutonomyController
from docsorter.service.workspace.layout import open_workspace_store
from docsorter.settings import IntakeSettings, WordsSettings
from docsorter.store import Arrival, Store

LABELS = ("invoice", "claim", "letter")


class WordReader:
    """Reads the label off the file: b"invoice 0.99" is sorted, below 0.9 goes to a person."""

    def __init__(self) -> None:
        self.before_answer: Callable[[Path], object] = lambda _: None

    def inspect(self, path: Path, name: str) -> Inspection:
        assert name
        word, _, number = path.read_bytes().partition(b" ")
        self.before_answer(path)
        if word == b"broken":
            raise DocumentError("damaged", "the file is damaged", remedy="scan it again")
        label, confidence = word.decode(), float(number.split()[0])
        rest = (1 - confidence) / 2
        shares = tuple(confidence if each == label else rest for each in LABELS)
        page = PagePrediction(shares, 10.0, (Likeness("claim-cash", "claim", 0.84),))
        prediction = Prediction("test-1", LABELS, shares, 10.0, (page,))
        kind = VerdictKind.SORT if confidence >= 0.9 else VerdictKind.REVIEW
        code = ReasonCode.SURE if kind is VerdictKind.SORT else ReasonCode.UNSURE
        verdict = Verdict(kind, Reason(code, f"{label} {confidence}"), label, confidence, 0.9)
        pixels = np.zeros((1, 8, 8, 3), np.uint8)
        pages = PageSet(pixels, 1, "application/pdf")
        words = tuple(Word(each, (0, 0, 1, 1)) for each in number.decode().split()[1:])
        read = (PageWords(0, words, "layer"),)
        return Inspection(pages, prediction, verdict, "a statement", words=read)


class Desk:
    """Everything one needs to push documents through the pipeline by hand."""

    def __init__(
        self,
        configuration: Configuration,
        clock: ManualClock,
        intake: IntakeSettings | None = None,
    ) -> None:
        self.configuration = configuration
        self.clock = clock
        self.reader = WordReader()
        self.store: Store = open_workspace_store(configuration, clock)
        self.mover: Mover = open_mover(configuration, self.store, clock)
        self._settings = configuration.settings
        if intake is not None:
            self._settings = self._settings.model_copy(update={"intake": intake})
        self.pipeline = self.make_pipeline()

    def make_pipeline(self, earning: AutonomyController | None = None) -> Pipeline:
        """Return a pipeline from the spool to the folders."""
        return Pipeline(self.reader, self.mover, self._settings, autonomy=earning)

    def keep_words(self) -> None:
        """Let what is read from now on be searched for."""
        self._settings = self._settings.model_copy(update={"words": WordsSettings(keep=True)})
        self.pipeline = self.make_pipeline()

    def drop(self, name: str, content: bytes) -> Document:
        """Put a file into the inbox and claim it."""
        file = self.configuration.root(Place.INBOX) / name
        file.write_bytes(content)
        status = file.stat()
        arrival = Arrival(name, "", name, status.st_size, status.st_mtime_ns)
        _, move = self.store.documents.plan_claim(arrival, actor="test")
        return self.mover.complete(move, actor="test", inode=status.st_ino)

    def path(self, document: Document) -> Path:
        """Return where a document's bytes are."""
        return self.configuration.root(document.place) / document.path

    def files(self, place: Place) -> list[str]:
        """Return the names of the visible files under a root."""
        root = self.configuration.root(place)
        found = (p.relative_to(root) for p in root.rglob("*") if p.is_file())
        return sorted(str(p) for p in found if not any(x.startswith(".") for x in p.parts))
