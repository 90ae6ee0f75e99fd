"""A person's own labelled documents: one folder per label, whatever the labels are called.

    DIR/invoice/a.pdf            label "invoice", source unknown
    DIR/invoice/Acme/b.pdf       label "invoice", source "invoice/Acme"
    DIR/delivery note/c.jpg      label "delivery note"
    DIR/other/d.pdf              none of the labels; nothing is ever sorted there

A sub-folder inside a label says "these come from one place"; what comes from one place is never
cut by a split. Names of years and months are no such hint: they are how documents are filed.
"""

import os
import re
import stat
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from docsorter.deliver.names import safe_name
from docsorter.errors import EnvironmentFaultError, UsageError
from docsorter.intake.ignore import IgnoreRules
from docsorter.model.card import NONE_OF_THESE
from docsorter.resources import usable_cores
from docsorter.service.workspace.process import Progress
from docsorter.training.dataset import Sample
from docsorter.training.rasters import BASE, RasterCache
from docsorter.training.splits import copies, file_digests, grouped, page_hashes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_CHARACTERS: Final = 64
_RENAME: Final = "rename the folder"


def label_of(folder_name: str) -> str:
    """Return the label that a folder stands for: its name in Unicode form C."""
    return unicodedata.normalize("NFC", folder_name)


def name_problem(folder_names: Iterable[str]) -> tuple[str, str] | None:
    """Say what is wrong with the names of label folders.

    Returns:
        What is wrong and what to do, or None when nothing is.
    """
    names = sorted(folder_names)
    for name in names:
        problem = _odd(label_of(name))
        if problem is not None:
            return problem
    return _twins(names)


def _odd(label: str) -> tuple[str, str] | None:
    if len(label) > MOST_CHARACTERS:
        return (
            f"the label {label[:20] + '…'!r} is too long: it has {len(label)} characters",
            f"{_RENAME}; a label has at most {MOST_CHARACTERS} characters",
        )
    if safe_name(label) != label:
        return (
            f"{label!r} cannot be a label: it becomes a folder, which not every system can name so",
            f"{_RENAME}, for example to {safe_name(label)!r}",
        )
    if label != NONE_OF_THESE and _folded(label) == NONE_OF_THESE:
        return (
            f"the label {label!r} looks like {NONE_OF_THESE!r}, which means none of the labels",
            f"{_RENAME} to {NONE_OF_THESE!r} if that is meant, else to another word",
        )
    return None


def _twins(names: Sequence[str]) -> tuple[str, str] | None:
    seen: dict[str, str] = {}
    for name in names:
        twin = seen.setdefault(_folded(name), name)
        if twin != name:
            how = "in upper and lower case" if label_of(twin) != label_of(name) else "in Unicode"
            return (
                f"two folders stand for one label: {_apart(twin, name)} differ only {how}",
                "move the documents of the one into the other and remove it",
            )
    return None


def _apart(one: str, other: str) -> str:
    """Write two names so that they can be told apart even where they look the same."""
    if label_of(one) == label_of(other):
        return f"{one!a} and {other!a}"
    return f"{one!r} and {other!r}"


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


_RULES: Final = IgnoreRules()
_REMEDY: Final = "make one sub-folder per label and put its documents there"
_LINK: Final = "it is a link, and links are not followed: put the file itself here"
_BESIDE: Final = "it lies beside the folders of the labels: put it into one of them"
_FILED = re.compile(r"((19|20)\d\d([-_. ]?\d\d){0,2}|[01]?\d|q[1-4])", re.IGNORECASE)


def label_folders(root: Path) -> list[Path]:
    """Return the sub-folders of a folder that stand for labels, by name.

    Raises:
        UsageError: There is no such folder, it may not be read, or it has no sub-folders.
    """
    if not root.is_dir():
        there = "is a file" if root.exists() else "does not exist"
        raise UsageError(
            f"there is no folder of labelled documents: {root} {there}", remedy=_REMEDY
        )
    try:
        found = [each for each in root.iterdir() if not _RULES.matches(each.name)]
    except PermissionError as error:
        raise UsageError(
            f"the folder may not be read: {root}", remedy="ask for permission to read it"
        ) from error
    folders = sorted(each for each in found if each.is_dir() and not each.is_symlink())
    if not folders:
        raise UsageError(f"there are no labels: {root} has no sub-folders", remedy=_REMEDY)
    return folders


def left_beside(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield what lies in the folder itself and belongs to no label, with the reason."""
    for each in sorted(root.iterdir()):
        if _RULES.matches(each.name):
            continue
        if each.is_symlink():
            yield each, _LINK
        elif not each.is_dir():
            yield each, _BESIDE


def files_of(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield every file of a label's folder by path, with the reason why it cannot be one, or "".

    Hidden and housekeeping files are passed over, and the sidecars that docsorter writes: somebody
    will point it at a folder of sorted documents.
    """
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield folder, f"the folder cannot be read: {error.strerror}"
        return
    names = {entry.name for entry in entries}
    for entry in entries:
        path = folder / entry.name
        if _RULES.matches(entry.name) or _is_sidecar(entry.name, names):
            continue
        if entry.is_symlink():
            yield path, _LINK
        elif entry.is_dir():
            yield from files_of(path)
        elif stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
            yield path, ""
        else:
            yield path, "it is a device or a pipe and not a file"


def source_of(folder: Path, path: Path) -> str:
    """Return the sub-folder below a label's folder that a document shares with others.

    Names of years, months and days say how documents are filed, not where they come from.
    """
    parts = path.relative_to(folder).parts[:-1]
    return "/".join(part for part in parts if not _FILED.fullmatch(part))


def _is_sidecar(name: str, names: set[str]) -> bool:
    return name.endswith(".json") and name.removesuffix(".json") in names


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
