"""A person's own labelled documents: one folder per label, whatever the labels are called.

    DIR/invoice/a.pdf            label "invoice", source unknown
    DIR/invoice/Acme/b.pdf       label "invoice", source "invoice/Acme"
    DIR/delivery note/c.jpg      label "delivery note"
    DIR/other/d.pdf              none of the labels; nothing is ever sorted there

A sub-folder inside a label says "these come from one place"; what comes from one place is never
cut by a split. Names of years and months are no such hint: they are how documents are filed.
"""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from docsorter.errors import EnvironmentFaultError, UsageError
from docsorter.model.card import NONE_OF_THESE
from docsorter.resources import usable_cores
from docsorter.training.copies import copies, file_digests, page_hashes
from docsorter.training.dataset import Sample
from docsorter.training.grouping import grouped
from docsorter.training.label_names import label_of, name_problem
from docsorter.training.labelled_files import files_of, label_folders, left_beside, source_of
from docsorter.training.progress import Progress
from docsorter.training.rasters import BASE, RasterCache

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEAST_DOCUMENTS: Final = 5
"""With fewer of a label there is not one for each of the four sets and one to spare."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that cannot be learned from.

    Attributes:
        path: The file, or a folder that may not be entered.
        label: The label it lies under, "" when it lies beside the folders.
        reason: Why, in one line.
    """

    path: Path
    label: str
    reason: str


@dataclass(frozen=True, slots=True)
class LabelledFolder:
    """What a folder of labelled documents holds.

    Attributes:
        root: The folder.
        samples: Readable documents, by label and then by path; `source` is the sub-folder they
            share with others ("" when they lie in the label's folder), `layout` the same or, where
            there is none, their own path, so that it may serve as a key for groups.
        unreadable: What cannot be used, with reasons.
        folders: Names of the label folders as they are on disk, sorted.
    """

    root: Path
    samples: tuple[Sample, ...]
    unreadable: tuple[Unreadable, ...]
    folders: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels, sorted, those without a readable document and "other" included."""
        named = {label_of(name) for name in self.folders}
        return tuple(sorted(named | {sample.label for sample in self.samples}))

    def counts(self) -> dict[str, int]:
        """Return the number of readable documents by label."""
        found = Counter(sample.label for sample in self.samples)
        return {label: found[label] for label in self.labels}


def read_labelled(root: Path, cache: RasterCache, progress: Progress) -> LabelledFolder:
    """Read a folder with one sub-folder per label, every document once.

    Hidden and housekeeping files, and sidecars of docsorter, are passed over; links are not
    followed.

    Args:
        root: The folder.
        cache: Keeps the pages; `daemon_pages.daemon_cache` reads them as the daemon does.
        progress: Is told how far it is.

    Raises:
        UsageError: There is no such folder, it has no sub-folders, or nothing is in them.
        EnvironmentFaultError: The reader fails at every document.
        DependencyError: A program that reading takes is not installed.
    """
    folders = label_folders(root)
    problems = [Unreadable(path, "", reason) for path, reason in left_beside(root)]
    found: list[Sample] = []
    for folder in folders:
        for path, problem in files_of(folder):
            if problem:
                problems.append(Unreadable(path, label_of(folder.name), problem))
            else:
                found.append(_sample(folder, path))
    if not found and not any(problem.label for problem in problems):
        raise UsageError(
            f"there is nothing to learn from: the sub-folders of {root} are empty",
            remedy="put the documents of each label into its sub-folder",
        )
    reasons = _unreadable([sample.path for sample in found], cache, progress)
    problems += [Unreadable(s.path, s.label, reasons[s.path]) for s in found if s.path in reasons]
    return LabelledFolder(
        root,
        tuple(sample for sample in found if sample.path not in reasons),
        tuple(sorted(problems, key=lambda problem: str(problem.path))),
        tuple(folder.name for folder in folders),
    )


def require_trainable(folder: LabelledFolder) -> None:
    """Refuse what no model can be learned from.

    Raises:
        UsageError: What is wrong with the folder, and what to do.
    """
    problem = (
        name_problem(folder.folders or folder.labels)
        or _too_few_labels(folder)
        or _too_few_documents(folder)
    )
    if problem is not None:
        message, remedy = problem
        raise UsageError(message, remedy=remedy)


def document_groups(
    folder: LabelledFolder,
    cache: RasterCache,
    progress: Progress,
    features: "NDArray[np.float32] | None" = None,
) -> list[int]:
    """Number the groups that no split may cut: copies of one page, and documents of one source.

    Args:
        folder: The documents.
        cache: Has their pages.
        progress: Is told how far it is.
        features: (n, width) pooled features of the first pages, in the order of the samples; with
            them a pair must be near by hash and by features.

    Returns:
        One number per sample, from 0 in the order of first occurrence.
    """
    hashes = page_hashes(folder.samples, cache, progress)
    found = copies(hashes, file_digests(folder.samples), features)
    return grouped(folder.samples, [(copy.first, copy.second) for copy in found])


def _sample(folder: Path, path: Path) -> Sample:
    label = label_of(folder.name)
    hint = source_of(folder, path)
    source = f"{label}/{hint}" if hint else ""
    layout = source or f"{label}/{path.relative_to(folder).as_posix()}"
    return Sample(path, label, "", layout, source)


def _unreadable(paths: Sequence[Path], cache: RasterCache, progress: Progress) -> dict[Path, str]:
    """Read all documents, several at a time; return the reasons of those that cannot be."""

    def problem(path: Path) -> str:
        try:
            cache.pages(path, BASE)
        except ValueError as error:
            return str(error)
        except FileNotFoundError:
            return "it is gone: somebody moved or removed it just now"
        except PermissionError as error:
            return f"it cannot be opened: {error.strerror}"
        except EnvironmentFaultError as error:
            faults.append(error)
            return error.message
        return ""

    faults: list[EnvironmentFaultError] = []
    reasons: dict[Path, str] = {}
    pool = ThreadPoolExecutor(usable_cores())
    try:
        answers = zip(paths, pool.map(problem, paths), strict=True)
        for number, (path, reason) in enumerate(answers, 1):
            if reason:
                reasons[path] = reason
            progress("reading documents", number, len(paths))
    finally:
        pool.shutdown(cancel_futures=True)  # an interrupt does not wait for the rest
    if faults and len(faults) == len(paths):  # not the documents, but what reads them
        raise faults[0]
    return reasons


def _too_few_labels(folder: LabelledFolder) -> tuple[str, str] | None:
    labels = [label for label in folder.labels if label != NONE_OF_THESE]
    if len(labels) > 1:
        return None
    beside = f" beside {NONE_OF_THESE!r}" if NONE_OF_THESE in folder.labels else ""
    known = f"only the label {labels[0]!r}" if labels else "no label"
    return (
        f"there is nothing to tell apart: {folder.root} has {known}{beside}",
        "add a sub-folder for at least one more label, with its documents",
    )


def _too_few_documents(folder: LabelledFolder) -> tuple[str, str] | None:
    few = {label: n for label, n in folder.counts().items() if n < LEAST_DOCUMENTS}
    if not few:
        return None
    named = ", ".join(f"{label!r} has {number or 'none'}" for label, number in few.items())
    bad = sum(problem.label in few for problem in folder.unreadable)
    unread = f" ({bad} more cannot be used)" if bad else ""
    return (
        f"there are too few documents to learn from: {named}{unread}",
        f"put at least {LEAST_DOCUMENTS} documents into each folder, better 20, or take it away",
    )
