"""Taking a snapshot: answered documents get a second name, or a copy, that nobody else touches."""

import datetime as dt
import errno
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, Literal

from docsorter.configuration import Configuration
from docsorter.deliver.folders import locate
from docsorter.disk import Disk, environment_reason
from docsorter.errors import EnvironmentFaultError, UsageError
from docsorter.model.card import NONE_OF_THESE
from docsorter.service.learning.manifest import LeftOut, Manifest, Taught, Why
from docsorter.service.learning.snapshot_folders import DOCUMENTS, Snapshots
from docsorter.store import Store
from docsorter.store.learning import Lesson

LEAST: Final = 5
"""Documents that a new label needs before it is taught."""

Progress = Callable[[str, int, int], None]
_STAGE: Final = "freezing answered documents"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a snapshot is to hold.

    Attributes:
        name: Of it, and of the model.
        base: Bundle the model starts from.
        base_model: Name on its card.
        labels: Labels of that model: each is taught however few documents it has.
        now: When it is taken.
        until: Only answers given before.
        confirmed: Documents to learn from whatever speaks against them.
        sure_of_another: Probability of another label from which on an answer is suspicious.
        seed: Of the training.
    """

    name: str
    base: str
    base_model: str
    labels: tuple[str, ...]
    now: dt.datetime
    until: dt.datetime
    confirmed: frozenset[int] = frozenset()
    sure_of_another: float = 0.95
    seed: int = 0


def take_snapshot(
    configuration: Configuration,
    store: Store,
    wanted: Wanted,
    progress: Progress,
    disk: Disk | None = None,
) -> Manifest:
    """Freeze all answered documents; a kill in between leaves no snapshot.

    Args:
        configuration: The workspace.
        store: Its database.
        wanted: What to hold.
        progress: Is told how far it is.
        disk: Links, copies and digests.

    Raises:
        UsageError: Nobody answered anything yet.
        EnvironmentFaultError: The state folder is full or cannot be written.
    """
    disk = disk or Disk()
    snapshots = Snapshots(configuration.state, disk)
    lessons = list(_all_lessons(store, wanted.until))
    if not lessons:
        raise UsageError(
            "there is nothing to learn from: no answer stands",
            remedy="decide documents with: docsorter review",
        )
    kept, left_out = _sift(lessons, wanted)
    taught: list[Taught] = []
    try:
        folder = snapshots.begin(wanted.name)
        for number, lesson in enumerate(kept, 1):
            frozen = _freeze(configuration, lesson, folder, wanted, disk)
            if isinstance(frozen, Taught):
                taught.append(frozen)
            else:
                left_out.append(frozen)
            progress(_STAGE, number, len(kept))
        manifest = Manifest(
            name=wanted.name,
            base=wanted.base,
            base_model=wanted.base_model,
            taken_at=wanted.now,
            until=wanted.until,
            seed=wanted.seed,
            taught=tuple(taught),
        ).without(tuple(left_out))
        manifest = manifest.without(too_few(manifest, wanted.labels))
        snapshots.write(manifest)
    except OSError as error:
        snapshots.remove(wanted.name)
        raise EnvironmentFaultError(
            f"the answered documents cannot be frozen: {environment_reason(error).text}",
            remedy="make room in the state folder, then begin again",
        ) from error
    return manifest


def too_few(manifest: Manifest, labels: Collection[str]) -> tuple[LeftOut, ...]:
    """Return the documents of new labels that have too few of them to be taught.

    Args:
        manifest: What is learned from so far.
        labels: Labels that the base knows.
    """
    counts = Counter(one.label for one in manifest.taught)
    return tuple(
        LeftOut(
            document=one.document,
            answer=one.answer,
            label=one.label,
            why=Why.TOO_FEW,
            text=f"{one.label} is new and has {counts[one.label]} of {LEAST} documents",
        )
        for one in manifest.taught
        if one.label not in labels and counts[one.label] < LEAST
    )


def _all_lessons(store: Store, until: dt.datetime) -> Iterator[Lesson]:
    last = 0
    while page := store.lessons(after_id=last, until=until):
        yield from page
        last = page[-1].document.id


def _sift(lessons: Sequence[Lesson], wanted: Wanted) -> tuple[list[Lesson], list[LeftOut]]:
    """Tell what may be learned from what a person is asked about first."""
    digests: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for lesson in lessons:
        if lesson.document.sha256:
            digests[lesson.document.sha256][lesson.label].append(lesson.document.id)
    kept: list[Lesson] = []
    left: list[LeftOut] = []
    for lesson in lessons:
        doubt = None
        if lesson.document.id not in wanted.confirmed:
            doubt = _contradicted(lesson, digests.get(lesson.document.sha256 or "", {}))
            doubt = doubt or _disputed(lesson) or _doubted(lesson, wanted)
        if doubt is None:
            kept.append(lesson)
        else:
            left.append(doubt)
    return kept, left


def _contradicted(lesson: Lesson, labels: dict[str, list[int]]) -> LeftOut | None:
    others = sorted(n for label, ids in labels.items() if label != lesson.label for n in ids)
    if not others:
        return None
    named = ", ".join(sorted(label for label in labels if label != lesson.label))
    return _left(lesson, Why.CONFLICT, f"the same bytes were also said to be {named}", others)


def _disputed(lesson: Lesson) -> LeftOut | None:
    if not lesson.disputed:
        return None
    return _left(lesson, Why.DISPUTED, "another answer that stands says something else")


def _doubted(lesson: Lesson, wanted: Wanted) -> LeftOut | None:
    if lesson.doubt < wanted.sure_of_another or lesson.agreeing > 1:  # two who agree are believed
        return None
    if lesson.seen_as == NONE_OF_THESE and lesson.label not in wanted.labels:
        return None  # of a label that it was not taught a model can say nothing truer
    text = f"the model was sure of another label: {lesson.seen_as} {lesson.doubt:.3f}"
    return _left(lesson, Why.SUSPICIOUS, text)


def _left(lesson: Lesson, why: Why, text: str, others: Sequence[int] = ()) -> LeftOut:
    return LeftOut(
        document=lesson.document.id,
        answer=lesson.answer_id,
        label=lesson.label,
        why=why,
        text=text,
        others=tuple(others),
    )


def _freeze(
    configuration: Configuration, lesson: Lesson, folder: Path, wanted: Wanted, disk: Disk
) -> Taught | LeftOut:
    document = lesson.document
    source = locate(configuration.root(document.place), document.path)
    suffix = PurePosixPath(document.path).suffix.lower()
    file = f"{DOCUMENTS}/{lesson.label}/{document.id}{suffix or '.bin'}"
    target = folder / file
    try:
        if disk.sha256(source) != document.sha256:
            return _left(lesson, Why.CHANGED, "its file is not the one that was answered")
    except OSError as error:
        text = f"its file cannot be read: {environment_reason(error).text}"
        return _left(lesson, Why.MISSING, text)
    target.parent.mkdir(mode=0o700, exist_ok=True)
    return Taught(
        document=document.id,
        answer=lesson.answer_id,
        label=lesson.label,
        sha256=document.sha256 or "",
        file=file,
        kept=_keep(source, target, disk),
        confirmed=document.id in wanted.confirmed or lesson.agreeing > 1,
    )


def _keep(source: Path, target: Path, disk: Disk) -> Literal["link", "copy"]:
    try:
        if disk.link(source, target):
            return "link"
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    disk.copy_durably(source, target)
    return "copy"
