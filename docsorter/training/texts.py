"""The words of labelled documents: reading them, and the reader of words that learns from them.

Training starts from the words that the base knows and keeps how it puts picture and words together:
a folder has hardly any foreign documents that words would have to tell apart. What is asked of a
label where words were read stays the same as well. So this is done only where the labels are those
of the base.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from docsorter.decide.policy import offset_between
from docsorter.decide.words import LEAST_WORDS, WordsModel
from docsorter.documents import SortRule, WordsRule
from docsorter.errors import DocsorterError
from docsorter.model.bundle import digest
from docsorter.pages.reader import PageReader, installed_languages
from docsorter.resources import usable_cores
from docsorter.service.workspace.process import Progress
from docsorter.settings import PagesSettings, WordsSettings
from docsorter.training.base import BaseWeights
from docsorter.training.dataset import Sample
from docsorter.training.head import page_weights
from docsorter.training.material import Material
from docsorter.training.words import TextExamples, learn_words

_LOG: Final = logging.getLogger(__name__)
STAGE: Final = "reading words"


@dataclass(frozen=True, slots=True, eq=False)
class OwnWords:
    """What was learned from the words of a folder.

    Attributes:
        model: For `words.npz`.
        rule: What is asked where words were read.
        read: Documents with words enough.
        right: How many of those the words alone name right, each by a reader that had not learned
            from its fold.
    """

    model: WordsModel
    rule: WordsRule
    read: int
    right: int


def learn_own_words(
    material: Material,
    base: BaseWeights,
    rule: SortRule,
    work: Path,
    progress: Progress,
    renamed: Mapping[str, str],
) -> OwnWords | None:
    """Learn the words of a folder; None where the base or this machine does not allow it.

    Args:
        material: The documents.
        base: What the training starts from.
        rule: Of the new model, for the scale of its threshold.
        work: Folder for the words that were read; who resumes finds them there.
        progress: Is told how far it is.
        renamed: What labels of the base are called in the folder.
    """
    reader = _base_reader(base, material.labels, renamed)
    if reader is None or not installed_languages(WordsSettings().languages):
        return None
    texts = read_texts(material.samples, work / "words", progress)
    outputs, division = len(material.labels) + 1, material.division
    shares = np.full(outputs, 1.0 / outputs)
    examples = TextExamples.of(
        [[text] for text in texts],
        material.targets,
        page_weights(material.targets, np.arange(len(texts)), shares),
        np.array(material.groups, np.int64),
    )
    rows = division.rows("train")
    chosen = np.isin(np.arange(len(texts)), rows)
    folds = division.folds[chosen]
    learned = learn_words(examples.where(chosen), outputs, folds, base=reader.model)
    model = replace(learned.model, fusion=reader.model.fusion)
    enough = model.known([texts[row] for row in rows]) >= LEAST_WORDS
    right = learned.logits.argmax(axis=1) == material.targets[rows]
    offsets = {
        label: offset_between(rule.threshold, needed) for label, needed in reader.needed.items()
    }
    asked = replace(reader.rule, offsets=offsets)
    return OwnWords(model, asked, int(enough.sum()), int((right & enough).sum()))


@dataclass(frozen=True, slots=True, eq=False)
class _BaseReader:
    """The reader of words of a base, its columns in the order of the new labels."""

    model: WordsModel
    rule: WordsRule
    needed: dict[str, float]


def _base_reader(
    base: BaseWeights, labels: tuple[str, ...], renamed: Mapping[str, str]
) -> _BaseReader | None:
    rule = base.rule
    known = [renamed.get(label, label) for label in base.labels]
    if rule is None or rule.words is None or not base.words or {*known} != {*labels}:
        return None
    model = WordsModel.from_arrays(base.words)
    order = np.array([*(known.index(label) for label in labels), len(labels)])
    needed = {
        renamed.get(label, label): rule.required_confidence(label, read=True)
        for label in base.labels
    }
    moved = replace(
        model,
        weights=model.weights[:, order],
        bias=model.bias[order],
        fusion=np.append(model.fusion[:2], model.fusion[2:][order]),
    )
    return _BaseReader(moved, rule.words, needed)


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
