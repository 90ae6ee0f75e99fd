"""The words of documents: reading them, and putting them together with the picture."""

import json
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
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
from docsorter.settings import Settings
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


def read_texts(
    samples: Sequence[Sample], folder: Path, settings: Settings, progress: Progress
) -> list[str]:
    """Return the words of first pages, "" where none can be read.

    Args:
        samples: The documents.
        folder: Where words are kept, see `kept_views`.
        settings: How pages and words are read.
        progress: Is told how many were read.
    """
    paths = [sample.path for sample in samples]
    views = kept_views(paths, folder, settings, _first_page, progress)
    return [first for first, *_ in views]


def _first_page(reader: PageReader, path: Path) -> list[str]:
    page = reader.read(path).numbers[0]
    return [" ".join(word.text for word in reader.words(path, page).words)]


def kept_views(
    paths: Sequence[Path],
    folder: Path,
    settings: Settings,
    view: Callable[[PageReader, Path], list[str]],
    progress: Progress,
) -> list[list[str]]:
    """Return views of the words of documents, [""] where they cannot be read.

    What was read is kept by the bytes of a document, and who comes back goes on.

    Args:
        paths: The documents.
        folder: Where views are kept; made for its owner alone when missing.
        settings: How pages and words are read.
        view: Reads a document; the first view is what the daemon reads.
        progress: Is told how many were read.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found: list[list[str]] = []
    cores = usable_cores()

    def read(path: Path) -> list[str]:
        kept = folder / f"{digest(path)}.json"
        if not kept.is_file():
            try:
                views = view(reader, path)
            except DocsorterError as error:
                _LOG.info("no words: %s", error)
                views = [""]
            part = kept.with_suffix(".part")
            part.write_text(json.dumps(views), encoding="utf-8")
            part.replace(kept)
        again: list[str] = json.loads(kept.read_text(encoding="utf-8"))
        return again

    with (
        PageReader(settings.pages, concurrency=cores, words=settings.words) as reader,
        ThreadPoolExecutor(cores) as pool,
    ):
        for views in pool.map(read, paths):
            found.append(views)
            progress(STAGE, len(found), len(paths))
    return found
