"""A folder of labelled documents evaluated as the daemon would see it, and the report as HTML.

The page is made from the template `evaluation.html.j2`.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from docsorter.decide.novelty import NoveltyModel
from docsorter.decide.prediction import PageHeads
from docsorter.decide.words import WordsModel
from docsorter.documents import RawOutput, ReasonCode
from docsorter.errors import DocumentError, UsageError
from docsorter.model.bundle import ModelBundle
from docsorter.model.card import NONE_OF_THESE, ModelCard, real_first
from docsorter.model.classifier import Classifier
from docsorter.service.engine import words_rule
from docsorter.service.workspace.process import Progress
from docsorter.settings import Settings
from docsorter.training.dataset import DocumentJudge, RawPredictions, Sample
from docsorter.training.evaluation import plots
from docsorter.training.evaluation.curves import RiskPoint
from docsorter.training.evaluation.evaluation import Case, Evaluation, evaluate_predictions
from docsorter.training.evaluation.metrics import CAUGHT
from docsorter.training.labelled import LabelledFolder, Unreadable, document_groups, read_labelled
from docsorter.training.rasters import RasterCache
from docsorter.training.report import jpeg_uri, not_writable, render, without_padding, write_whole
from docsorter.training.texts import read_texts, with_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

_Read = Callable[[Sample], "NDArray[np.uint8]"]

SIDE: Final = 512
_QUALITY: Final = 72
_MOST_LABELS: Final = 6
_MEANING: Final = {
    "accuracy": "top answer is right",
    "accuracy among labels": "the likeliest label is right",
    "macro-F1": "precision and recall, every label alike",
    "ECE": "confidence is off by so much on average",
    "Brier": "squared distance from the truth: 0 best, 2 worst",
    "AURC": "mean error over all thresholds: 0 best",
    "E-AURC": "of that, due to mistakes that are not the least sure",
    **dict.fromkeys(CAUGHT, "of the mistakes so many; n counts mistakes"),
}
_COST: Final = {
    "variant": "how the weights are stored",
    "pages": "pages compared",
    "trained_accuracy": "accuracy before the export",
    "exported_accuracy": "accuracy after it",
    "equal_labels": "share of pages with an equal top label",
    "difference": "greatest change of a probability",
    "mean_difference": "mean over pages of the greatest change",
    "megabytes": "size of the file, MB",
}
REPORT: Final = "report.html"
NUMBERS: Final = "evaluation.json"
_READERS: Final = 2
_AHEAD: Final = 8
"""Documents that are read before the model asks for them."""


@dataclass(frozen=True, slots=True)
class FolderEvaluation:
    """An evaluation with what it was made from.

    Attributes:
        evaluation: The figures.
        folder: The folder.
        unreadable: Files that could not be used, with reasons.
        foreign: Labels of the folder that the model does not know, with their documents; those
            count as documents of no label.
        missing: Labels of the model that the folder has no document of.
    """

    evaluation: Evaluation
    folder: Path
    unreadable: tuple[Unreadable, ...]
    foreign: dict[str, int]
    missing: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """Return everything as plain values."""
        return {
            "folder": str(self.folder),
            "unreadable": [
                {"file": str(one.path), "label": one.label, "reason": one.reason}
                for one in self.unreadable
            ],
            "foreign_labels": self.foreign,
            "labels_without_documents": list(self.missing),
            **self.evaluation.as_json(names=True),
        }


def evaluate_folder(
    bundle: ModelBundle,
    classifier: Classifier,
    root: Path,
    cache: RasterCache,
    *,
    settings: Settings,
    rng: np.random.Generator,
    progress: Progress,
) -> FolderEvaluation:
    """Let a model look at labelled documents and measure everything.

    Args:
        bundle: The model.
        classifier: What runs it.
        root: A folder with one sub-folder per label; documents of labels that the model does not
            know, and those of `other`, count as foreign.
        cache: Makes and keeps the pages.
        settings: How many pages are looked at, and whether words are read.
        rng: Of the resamples.
        progress: Told how far it is.

    Raises:
        UsageError: There is no such folder, it is empty, or none of its labels is the model's.
        DocumentError: Not one of the documents can be read.
    """
    card = bundle.card
    folder = read_labelled(root, cache, progress)
    _check(folder, card)

    def read(sample: Sample) -> "NDArray[np.uint8]":
        return cache.pages(sample.path, card.input.size, cap=settings.pages.page_cap)

    outputs = _classify(classifier, folder.samples, read, progress)
    raw = RawPredictions(folder.samples, _targets(folder.samples, card), outputs)
    judge = DocumentJudge(
        card.temperature,
        card.background,
        NoveltyModel.from_arrays(bundle.novelty),
        card.novelty_limit,
        PageHeads.from_arrays(bundle.pages),
    )
    predictions, rule = judge.predict(raw), card.rule()
    rule = replace(rule, words=words_rule(rule.words, settings.words))
    if rule.words is not None and bundle.words:
        model, kept = WordsModel.from_arrays(bundle.words), cache.folder / "words"
        predictions = with_words(
            predictions,
            rule,
            card.labels,
            model,
            lambda rows: read_texts(rows, kept, settings, progress),
        )
    groups = document_groups(folder, cache, progress, raw.first_features)
    evaluation = evaluate_predictions(
        predictions,
        card.labels,
        rule,
        groups=groups,
        rng=rng,
        features=raw.first_features,
        held=judge.held(raw),
        progress=progress,
    )
    counts = folder.counts()
    return FolderEvaluation(
        evaluation=evaluation,
        folder=root,
        unreadable=folder.unreadable,
        foreign={name: n for name, n in counts.items() if name not in card.labels and n},
        missing=tuple(label for label in card.labels if not counts.get(label)),
    )


def report_folder(out: Path, documents: Path) -> Path:
    """Make the folder for the report, before anything long is begun.

    Args:
        out: The folder; files of an earlier report in it are replaced.
        documents: The folder that is evaluated; the report may not lie in it, or pictures of pages
            would be documents the next time.

    Raises:
        UsageError: The report would lie among the documents, or `out` is a file.
        EnvironmentFaultError: The folder cannot be made.
    """
    if out.resolve().is_relative_to(documents.resolve()):
        raise UsageError(
            f"the report may not lie among the documents: {out} is in {documents}",
            remedy="choose a folder outside for --out",
        )
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file", remedy="choose a folder for --out")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_writable(error, out) from error
    return out


def write_report(out: Path, page: str, numbers: object) -> tuple[Path, Path]:
    """Write the page and the numbers; return where they are.

    Raises:
        EnvironmentFaultError: The disk is full, or the folder cannot be written.
    """
    report, table = out / REPORT, out / NUMBERS
    write_whole(report, page)
    write_whole(table, json.dumps(numbers, indent=1, ensure_ascii=False) + "\n")
    return report, table


def _targets(samples: Sequence[Sample], card: ModelCard) -> "NDArray[np.int64]":
    column = {label: number for number, label in enumerate(card.labels)}
    return np.array([column.get(s.label, len(card.labels)) for s in samples], np.int64)


def _classify(
    classifier: Classifier, samples: Sequence[Sample], read: _Read, progress: Progress
) -> tuple[RawOutput, ...]:
    """Let the classifier look at documents while the next ones are being read."""
    outputs: list[RawOutput] = []
    for pages in _ahead(samples, read):
        outputs.append(classifier.classify(pages))
        progress("asking the model", len(outputs), len(samples))
    return tuple(outputs)


def _ahead(samples: Sequence[Sample], read: _Read) -> "Iterator[NDArray[np.uint8]]":
    pool = ThreadPoolExecutor(_READERS)
    try:
        rest = iter(samples)
        waiting: list[Future[NDArray[np.uint8]]] = [
            pool.submit(read, sample) for sample in islice(rest, _AHEAD)
        ]
        while waiting:
            pages = waiting.pop(0).result()
            waiting += [pool.submit(read, sample) for sample in islice(rest, 1)]
            yield pages
    finally:
        pool.shutdown(cancel_futures=True)


def _check(folder: LabelledFolder, card: ModelCard) -> None:
    if not folder.samples:
        first = folder.unreadable[0] if folder.unreadable else None
        because = f", the first because: {first.path.name}: {first.reason}" if first else ""
        raise DocumentError(
            ReasonCode.DAMAGED,
            f"not one of the {len(folder.unreadable)} files in {folder.root} can be read{because}",
            remedy="`docsorter data report` lists every file with its reason",
        )
    known = {*card.labels, NONE_OF_THESE}
    if not known & {sample.label for sample in folder.samples}:
        raise UsageError(
            f"none of the labels in {folder.root} is one of the model {card.name}: the folder has "
            f"{_listed(folder.labels)}, the model knows {_listed(card.labels)}",
            remedy="name the sub-folders like the labels of the model; documents that are none of "
            f"them go into {NONE_OF_THESE!r}",
        )


def _listed(labels: Sequence[str], most: int = 8) -> str:
    more = f" and {len(labels) - most} more" if len(labels) > most else ""
    return ", ".join(labels[:most]) + more


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A picture of a page as a `data:` URI, with its pixels."""

    uri: str
    width: int
    height: int


class CachePictures:
    """Pictures of the squares that a cache makes; `side` is the longer one, pixels."""

    def __init__(self, cache: RasterCache, side: int = SIDE) -> None:
        self._cache = cache
        self._side = side

    def picture(self, sample: Sample) -> PagePicture | None:
        """Return the first page; None when it cannot be read (any more)."""
        try:
            pixels = self._cache.pages(sample.path, self._side)[0]
        except (ValueError, OSError):
            return None
        image = Image.fromarray(without_padding(pixels))
        return PagePicture(jpeg_uri(image, _QUALITY), image.width, image.height)


def html_page(
    evaluations: Mapping[str, Evaluation],
    card: ModelCard,
    *,
    cost: Mapping[str, object] | None = None,
    pictures: CachePictures | None = None,
    names: bool = False,
) -> str:
    """Return the report of a model.

    Args:
        evaluations: By name of the set of documents.
        card: What is known of the model.
        cost: What the export lost, as `ExportCost.as_json` gives it.
        pictures: Gives pictures of pages; None leaves them out, as it must be in a bundle that
            leaves the house.
        names: Whether files and sources are named; as above.

    Raises:
        DependencyError: Jinja2 is not installed.
    """
    return render(
        "evaluation.html.j2",
        evaluations=real_first(evaluations),
        card=card,
        cost=[
            (
                _COST.get(what, what.replace("_", " ")),
                f"{amount:.4g}" if isinstance(amount, float) else str(amount),
            )
            for what, amount in (cost or {}).items()
        ],
        pictures=pictures,
        names=names,
        plots=plots,
        meaning=_MEANING,
        tenths=_tenths,
        likeliest=_likeliest,
    )


def _tenths(points: Sequence[RiskPoint]) -> list[RiskPoint]:
    """Return the points nearest to every tenth of the documents."""
    wanted = [step / 10 for step in range(1, 11)]
    found = [min(points, key=lambda one: abs(one.coverage - at)) for at in wanted]
    return list(dict.fromkeys(found))


def _likeliest(case: Case, columns: Sequence[str]) -> list[tuple[str, float]]:
    """Return labels with their probabilities, the likeliest first; of many those that matter."""
    pairs = sorted(zip(columns, case.probabilities, strict=True), key=lambda pair: -pair[1])
    shown = [p for k, p in enumerate(pairs) if k < _MOST_LABELS or p[0] == case.truth]
    if len(shown) < len(pairs):
        rest = sum(pair[1] for pair in pairs if pair not in shown)
        shown.append((f"{len(pairs) - len(shown)} more", rest))
    return shown
