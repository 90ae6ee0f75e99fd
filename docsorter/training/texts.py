"""The words of documents: reading them, and putting them together with the picture.

What is learned from them is in `docsorter.training.words`, which needs more of training.
"""

import logging
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from docsorter.decide.policy import eligible_of, reaches, scores_of
from docsorter.decide.words import LEAST_WORDS, WordsModel
from docsorter.documents import SortRule
from docsorter.errors import DocsorterError
from docsorter.model.bundle import digest
from docsorter.pages.reader import PageReader
from docsorter.resources import usable_cores
from docsorter.service.workspace.process import Progress
from docsorter.settings import PagesSettings
from docsorter.training.dataset import Predictions, Sample

_LOG: Final = logging.getLogger(__name__)
STAGE: Final = "reading words"


def with_words(
    predictions: Predictions,
    rule: SortRule,
    labels: Sequence[str],
    model: WordsModel,
    read: Callable[[Sequence[Sample]], list[str]],
) -> Predictions:
    """Put picture and words together where the picture leaves it open, as the engine does.

    Args:
        predictions: What the picture says, with a column for "other".
        rule: With the rule of words.
        labels: The labels.
        model: The reader of words.
        read: Returns the words of documents.
    """
    shares, novelty = predictions.probabilities, predictions.novelty
    free = eligible_of(shares, novelty, labels, rule)
    sure = reaches(scores_of(shares, novelty, labels, rule), rule.threshold)
    none = shares.argmax(axis=1) == len(labels)
    rows = np.flatnonzero((free & ~sure) | none)
    texts = read([predictions.samples[row] for row in rows])
    known = model.known(texts) >= LEAST_WORDS
    both = shares.copy()
    asked = rows[known]
    if len(asked):
        logits = model.logits([text for text, enough in zip(texts, known, strict=True) if enough])
        both[asked] = model.together(shares[asked], logits)
    seen = np.isin(np.arange(len(shares)), asked)
    return replace(predictions, probabilities=both, read=seen)


def read_texts(samples: Sequence[Sample], folder: Path, progress: Progress) -> list[str]:
    """Return the words of first pages, "" where none can be read; what was read is kept.

    Args:
        samples: The documents.
        folder: Where words are kept, by the bytes of a document.
        progress: Is told how many were read.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found: list[str] = []
    cores = usable_cores()
    with (
        closing(PageReader(PagesSettings(), concurrency=cores)) as reader,
        ThreadPoolExecutor(cores) as pool,
    ):
        read = partial(_text, reader, folder)
        for text in pool.map(read, (sample.path for sample in samples)):
            found.append(text)
            progress(STAGE, len(found), len(samples))
    return found


def _text(reader: PageReader, folder: Path, path: Path) -> str:
    kept = folder / f"{digest(path)}.txt"
    if kept.is_file():
        return kept.read_text(encoding="utf-8")
    try:
        page = reader.read(path).numbers[0]
        text = " ".join(word.text for word in reader.words(path, page).words)
    except DocsorterError as error:
        _LOG.info("no words: %s", error)
        text = ""
    part = kept.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, kept)  # noqa: PTH105 -- says that it replaces
    return text
