"""Two models looking at the same documents: where they differ, and which is right more often.

Each document is read once, as the daemon reads it, and judged by both models with their own rules.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from docsorter.documents import PageSet, Prediction, VerdictKind
from docsorter.errors import DocumentError, EnvironmentFaultError, UsageError
from docsorter.model.card import NONE_OF_THESE
from docsorter.pages.reader import PageReader
from docsorter.service.comparison import Comparison, Pair, Said, summarize
from docsorter.service.engine import LoadedModel, Sight
from docsorter.settings import PagesSettings

_IGNORED_SUFFIXES = frozenset({".json", ".toml", ".md"})


@dataclass(frozen=True, slots=True)
class LabelledFile:
    """A file to look at; its label is "" where the folder does not tell it."""

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
    settings: PagesSettings,
    workers: int,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Comparison:
    """Let two models judge the same documents.

    Args:
        first: A model.
        second: Another.
        files: The documents.
        settings: Limits of reading one.
        workers: Documents read side by side.
        progress: Called with how many are done, and how many there are.

    Raises:
        ModelError: A model answered with something that is no probability.
        DependencyError: A program that reading takes is not installed.
    """
    pairs: list[Pair] = []
    unreadable: list[tuple[str, str]] = []
    sizes = {model.card.input.size for model in (first, second)}
    readers = {s: PageReader(settings, size=s, concurrency=workers) for s in sizes}
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
        one, two = (model.judge(read[model.card.input.size]) for model in (first, second))
        return _pair(file, one, two)

    with ThreadPoolExecutor(max(1, workers)) as pool:
        yield from zip(files, pool.map(look, files), strict=True)


def _pair(file: LabelledFile, one: Sight, two: Sight) -> Pair:
    gap = _gap(one.prediction, two.prediction)
    return Pair(file.name, file.label, _said(one), _said(two), gap)


def _said(sight: Sight) -> Said:
    prediction = sight.prediction
    sorts = sight.verdict.kind is VerdictKind.SORT
    return Said(prediction.label, prediction.confidence, sorts)


def _gap(one: Prediction, two: Prediction) -> float:
    """Return the greatest difference; a label that only one model knows has 0 from the other."""
    left = dict(zip(one.labels, one.probabilities, strict=True))
    right = dict(zip(two.labels, two.probabilities, strict=True))
    return max(abs(left.get(k, 0.0) - right.get(k, 0.0)) for k in left.keys() | right.keys())
