"""An eye that costs nothing: what a file is stands in its first words; and a clock that jumps."""

import datetime as dt
import time
from pathlib import Path
from typing import Any, Final

import numpy as np

from docsorter.documents import (
    PagePrediction,
    PageSet,
    Prediction,
    Reason,
    ReasonCode,
    Verdict,
    VerdictKind,
)
from docsorter.errors import DocumentError
from docsorter.model.bundle import CARD, ModelBundle
from docsorter.model.card import read_card
from docsorter.pages.reader import PageReader
from docsorter.resources import starter_bundle_dir
from docsorter.service.engine import Engine, Inspection, LoadedModel
from docsorter.settings import PagesSettings

LABELS: Final = ("invoice", "claim", "letter")
_SURE: Final = 0.9


class Eye(Engine):
    """Reads the label and the confidence off the first line of a file.

    Its card is the starter's; its page reader is never asked and so starts no process.
    """

    def __init__(self) -> None:
        starter = starter_bundle_dir()
        bundle = ModelBundle(starter, read_card(starter / CARD), {})
        nothing: Any = None
        model = LoadedModel("starter", "", bundle, nothing, bundle.card.rule(), nothing, 0.0)
        super().__init__(model, PageReader(PagesSettings()))

    def inspect(self, path: Path, name: str) -> Inspection:
        """Return what the file says it is; "broken" cannot be read."""
        del name
        words = path.read_bytes().partition(b"\n")[0].split()
        if len(words) < 2 or words[0].decode() not in LABELS:
            raise DocumentError("damaged", "the file is damaged", remedy="scan it again")
        label, confidence = words[0].decode(), float(words[1])
        rest = (1 - confidence) / (len(LABELS) - 1)
        shares = tuple(confidence if each == label else rest for each in LABELS)
        prediction = Prediction("eye", LABELS, shares, 10.0, (PagePrediction(shares, 10.0),))
        kind = VerdictKind.SORT if confidence >= _SURE else VerdictKind.REVIEW
        code = ReasonCode.SURE if kind is VerdictKind.SORT else ReasonCode.UNSURE
        verdict = Verdict(kind, Reason(code, f"{label} {confidence}"), label, confidence, _SURE)
        pages = PageSet(np.zeros((1, 1, 1, 3), np.uint8), 1, "application/pdf")
        return Inspection(pages, prediction, verdict)


class JumpingClock:
    """The machine's clocks, moved ahead at will."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> dt.datetime:
        """Return the wall clock, as far ahead as it was moved."""
        return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self._ahead)

    def monotonic(self) -> float:
        """Return seconds, moved together with `now`."""
        return time.monotonic() + self._ahead

    def advance(self, seconds: float) -> None:
        """Move both ahead."""
        self._ahead += seconds
