"""Compare two models on the same documents: where they differ, which is right more often.

Each document is read once, as the daemon reads it, and judged by both models with their own rules.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from docsorter.decide.gate import mcnemar, proportion_interval
from docsorter.documents import PageSet, Prediction, VerdictKind
from docsorter.errors import DocumentError, EnvironmentFaultError, UsageError
from docsorter.model.card import NONE_OF_THESE
from docsorter.pages.reader import PageReader
from docsorter.service.engine import Inspection, LoadedModel, open_reader, words_reader
from docsorter.settings import Settings

_IGNORED_SUFFIXES = frozenset({".json", ".toml", ".md"})


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """What one model makes of one document."""

    label: str
    confidence: float
    sorts: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """What both models make of one document.

    Attributes:
        name: Relative to the folder.
        label: What it is, "" when that is not known.
        gap: Greatest difference of the probability of a label, 0-1.
    """

    name: str
    label: str
    first: ModelAnswer
    second: ModelAnswer
    gap: float

    @property
    def differs(self) -> bool:
        """Whether another label was found, or only one model would sort it."""
        return (self.first.label, self.first.sorts) != (self.second.label, self.second.sorts)


@dataclass(frozen=True, slots=True)
class Proportion:
    """So many of so many, with the exact 95 % interval."""

    k: int
    n: int
    value: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ModelTally:
    """How one model did.

    Attributes:
        sorted_alone: Of all documents that could be read.
        right: Most probable label right, of the documents whose label is known.
        wrong_alone: Sorted to a wrong label, of the documents with a known label sorted alone.
    """

    sorted_alone: Proportion
    right: Proportion
    wrong_alone: Proportion


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both models on all documents.

    Attributes:
        labelled: Of how many the label is known.
        unreadable: (name, reason) of those that could not be read.
        greatest_gap: Greatest difference of the probability of a label; None without documents.
        only_first_right: Known documents that only the first model got right.
        mcnemar_p: Two-sided, exact; None without known labels.
        differing: The documents on which they differ, greatest difference first.
    """

    documents: int
    labelled: int
    unreadable: tuple[tuple[str, str], ...]
    equal_labels: Proportion
    greatest_gap: float | None
    first: ModelTally
    second: ModelTally
    only_first_right: int
    only_second_right: int
    mcnemar_p: float | None
    differing: tuple[Pair, ...]


def summarize(pairs: Sequence[Pair], unreadable: Sequence[tuple[str, str]] = ()) -> Comparison:
    """Count where two models agree, differ and are right."""
    known = [pair for pair in pairs if pair.label]
    only_first = sum(_right(p, p.first) and not _right(p, p.second) for p in known)
    only_second = sum(_right(p, p.second) and not _right(p, p.first) for p in known)
    differing = sorted((p for p in pairs if p.differs), key=lambda p: (-p.gap, p.name))
    return Comparison(
        documents=len(pairs),
        labelled=len(known),
        unreadable=tuple(unreadable),
        equal_labels=_share(sum(p.first.label == p.second.label for p in pairs), len(pairs)),
        greatest_gap=max((pair.gap for pair in pairs), default=None),
        first=_tally([(pair, pair.first) for pair in pairs]),
        second=_tally([(pair, pair.second) for pair in pairs]),
        only_first_right=only_first,
        only_second_right=only_second,
        mcnemar_p=mcnemar(only_first, only_second) if known else None,
        differing=tuple(differing),
    )


def _right(pair: Pair, said: ModelAnswer) -> bool:
    return pair.label == said.label


def _tally(said: Sequence[tuple[Pair, ModelAnswer]]) -> ModelTally:
    known = [(pair, each) for pair, each in said if pair.label]
    alone = [(pair, each) for pair, each in known if each.sorts]
    return ModelTally(
        sorted_alone=_share(sum(each.sorts for _, each in said), len(said)),
        right=_share(sum(_right(pair, each) for pair, each in known), len(known)),
        wrong_alone=_share(sum(not _right(pair, each) for pair, each in alone), len(alone)),
    )


def _share(k: int, n: int) -> Proportion:
    return Proportion(k, n, k / n if n else None, *proportion_interval(k, n))


@dataclass(frozen=True, slots=True)
class LabelledFile:
    """A file to compare on; its label is "" where the folder does not tell it."""

    path: Path
    name: str
    label: str = ""


def files_to_compare(folder: Path, labels: Sequence[str]) -> list[LabelledFile]:
    """Return the files below a folder; in a sub-folder named like a label they are of that label.

    Hidden files, links and what is no scan by its suffix (sidecars) are left out.

    Raises:
        UsageError: There is no such folder, or no file in it.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder", remedy="name a folder of documents")
    known = {*labels, NONE_OF_THESE}
    found = []
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in relative.parts)
        if hidden or path.is_symlink() or not path.is_file() or path.suffix in _IGNORED_SUFFIXES:
            continue
        top = relative.parts[0] if len(relative.parts) > 1 else ""
        found.append(LabelledFile(path, relative.as_posix(), top if top in known else ""))
    if not found:
        raise UsageError(f"there is no document in {folder}", remedy="name a folder of documents")
    return found


def compare_on(
    first: LoadedModel,
    second: LoadedModel,
    files: Sequence[LabelledFile],
    settings: Settings,
    workers: int,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Comparison:
    """Inspect the same documents with two models and count what differs.

    Raises:
        ModelError: A model answered with something that is no probability.
        DependencyError: A program that reading takes is not installed.
    """
    pairs: list[Pair] = []
    unreadable: list[tuple[str, str]] = []
    sizes = {model.card.input.size for model in (first, second)}
    readers = {size: open_reader(settings, size, workers) for size in sizes}
    try:
        judged = _judged(first, second, files, readers, workers)
        for done, (file, said) in enumerate(judged, 1):
            if isinstance(said, Pair):
                pairs.append(said)
            else:
                unreadable.append((file.name, said))
            progress(done, len(files))
    finally:
        for reader in readers.values():
            reader.close()
    return summarize(pairs, unreadable)


def _judged(
    first: LoadedModel,
    second: LoadedModel,
    files: Sequence[LabelledFile],
    readers: dict[int, PageReader],
    workers: int,
) -> Iterator[tuple[LabelledFile, Pair | str]]:
    def look(file: LabelledFile) -> Pair | str:
        read: dict[int, PageSet] = {}
        try:
            for size, reader in readers.items():
                read[size] = reader.read(file.path, name=file.name)
        except (DocumentError, EnvironmentFaultError) as error:
            return error.message
        one, two = (
            model.inspect(read[size], words_reader(readers[size], file.path))
            for model in (first, second)
            for size in (model.card.input.size,)
        )
        return _pair(file, one, two)

    with ThreadPoolExecutor(max(1, workers)) as pool:
        yield from zip(files, pool.map(look, files), strict=True)


def _pair(file: LabelledFile, one: Inspection, two: Inspection) -> Pair:
    gap = _gap(one.prediction, two.prediction)
    return Pair(file.name, file.label, _said(one), _said(two), gap)


def _said(inspection: Inspection) -> ModelAnswer:
    prediction = inspection.prediction
    sorts = inspection.verdict.kind is VerdictKind.SORT
    return ModelAnswer(prediction.label, prediction.confidence, sorts)


def _gap(one: Prediction, two: Prediction) -> float:
    """Return the greatest difference; a label that only one model knows has 0 from the other."""
    left = dict(zip(one.labels, one.probabilities, strict=True))
    right = dict(zip(two.labels, two.probabilities, strict=True))
    return max(abs(left.get(k, 0.0) - right.get(k, 0.0)) for k in left.keys() | right.keys())
