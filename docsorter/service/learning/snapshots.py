"""Snapshots of answered documents, frozen for training, and what is not in one yet."""

import datetime as dt
import errno
import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Final, Literal

from pydantic import AwareDatetime, Field

from docsorter.configuration import Configuration
from docsorter.deliver.permissions import locate
from docsorter.errors import EnvironmentFaultError, StoreError, UsageError
from docsorter.filesystem import Disk, environment_reason
from docsorter.model.card import NONE_OF_THESE
from docsorter.service.workspace.layout import StateRecord
from docsorter.service.workspace.process import Progress
from docsorter.store import AnsweredDocument, Store

FILE: Final = "manifest.json"
DOCUMENTS: Final = "documents"
OPINIONS: Final = "said.json"
"""What models said of checked documents."""

_MODE: Final = 0o600
LEAST: Final = 5
"""Documents that a new label needs before it is taught."""

_STAGE: Final = "freezing answered documents"


class ExclusionReason(StrEnum):
    """Why an answered document is left out of the training."""

    CONFLICT = "conflict"  # the same page stands under two labels
    DISPUTED = "disputed"  # two people said two things
    SUSPICIOUS = "suspicious"  # everything but the answer speaks for another label
    MISSING = "missing"  # its file is no longer where it was put
    CHANGED = "changed"  # its file is not the one that was answered
    TOO_FEW = "too_few"  # a new label that has too few documents yet
    UNREADABLE = "unreadable"  # the page reader refuses it


CONFIRMABLE: Final = (
    ExclusionReason.CONFLICT,
    ExclusionReason.DISPUTED,
    ExclusionReason.SUSPICIOUS,
)
"""What a person may confirm, so that it is learned from all the same; listed first."""


class SnapshotDocument(StateRecord):
    """A document of the training.

    Attributes:
        answer: Number of the answer that says what it is.
        file: Relative to the snapshot, e.g. "documents/claim/17.pdf".
        kept: Whether the file is a second name of the sorted one, or a copy.
        confirmed: A person confirmed it, or two people agree: it is not doubted any more.
    """

    document: int
    answer: int
    label: str
    sha256: str
    file: str
    kept: Literal["link", "copy"]
    confirmed: bool = False


class ExcludedDocument(StateRecord):
    """An answered document that is left out of the training.

    Attributes:
        answer: Number of the answer.
        text: The reason in words, without names of files.
        others: Documents that it contradicts.
    """

    document: int
    answer: int
    label: str
    why: ExclusionReason
    text: str
    others: tuple[int, ...] = ()


class SnapshotManifest(StateRecord):
    """One frozen snapshot of answered documents.

    Attributes:
        name: Of the snapshot, and of the model that learns from it.
        base: Bundle it starts from.
        until: Only answers given before were looked at; checks drawn later judge the model.
        left_out: What is not, what a person may confirm first.
        inspected: Near-duplicates and wrong labels were looked for.
        generated: Generated documents added by label, for labels with too few answers.
        renamed: What labels were called today when it was taken, by the names that the base may
            know them by.
    """

    name: str
    base: str
    base_model: str
    taken_at: AwareDatetime
    until: AwareDatetime
    seed: int = 0
    taught: tuple[SnapshotDocument, ...] = ()
    left_out: tuple[ExcludedDocument, ...] = ()
    inspected: bool = False
    generated: dict[str, int] = Field(default_factory=dict)
    renamed: dict[str, str] = Field(default_factory=dict)

    def today(self, labels: Iterable[str]) -> tuple[str, ...]:
        """Return what labels of the base are called today, each once."""
        return tuple(dict.fromkeys(self.renamed.get(label, label) for label in labels))

    @property
    def counts(self) -> dict[str, int]:
        """Documents to learn from by label."""
        return dict(sorted(Counter(one.label for one in self.taught).items()))

    @property
    def documents(self) -> frozenset[int]:
        """Numbers of all documents that are named in it."""
        taught = {one.document for one in self.taught}
        return frozenset(taught | {one.document for one in self.left_out})

    @property
    def asked(self) -> tuple[ExcludedDocument, ...]:
        """What a person may confirm."""
        return tuple(one for one in self.left_out if one.why in CONFIRMABLE)

    def without(self, left: "tuple[ExcludedDocument, ...]") -> "SnapshotManifest":
        """Return the same with documents left out; those that may be confirmed come first."""
        gone = {one.document for one in left}
        every = sorted(
            (*self.left_out, *left), key=lambda one: (one.why not in CONFIRMABLE, one.why)
        )
        return self.model_copy(
            update={
                "taught": tuple(one for one in self.taught if one.document not in gone),
                "left_out": tuple(every),
            }
        )


def stamp(time: dt.datetime) -> dt.datetime:
    """Return a time to the second, in UTC, as a card carries it."""
    return time.astimezone(dt.UTC).replace(microsecond=0)


class Snapshots:
    """The snapshots of a workspace, each a private folder under `learning/` in the state folder."""

    def __init__(self, state: Path, disk: Disk | None = None) -> None:
        self.root = state / "learning"
        self._models = state / "models"
        self._disk = disk or Disk()

    def folder(self, name: str) -> Path:
        """Return where a snapshot is, or would be."""
        return self.root / name

    def names(self) -> tuple[str, ...]:
        """Return the names of all snapshots, the oldest first."""
        if not self.root.is_dir():
            return ()
        found = [(self.read(path.parent.name), path.parent) for path in self.root.glob(f"*/{FILE}")]
        return tuple(
            path.name for manifest, path in sorted(found, key=lambda each: each[0].taken_at)
        )

    def begin(self, name: str) -> Path:
        """Make the folder of a snapshot, empty and private."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.root.chmod(0o700)
        folder = self.folder(name)
        self.remove(name)
        (folder / DOCUMENTS).mkdir(mode=0o700, parents=True)
        folder.chmod(0o700)
        return folder

    def write(self, manifest: SnapshotManifest) -> None:
        """Write a manifest, whole or not at all; with it the snapshot is there."""
        manifest.write(self.folder(manifest.name) / FILE, _MODE, self._disk)

    def read(self, name: str) -> SnapshotManifest:
        """Return the manifest of a snapshot."""
        path = self.folder(name) / FILE
        found = SnapshotManifest.read(path)
        if found is None:
            raise StoreError(
                f"the snapshot {name} is damaged: {path} is no manifest",
                remedy=f"remove {path.parent} and begin a new training",
            )
        return found

    def remove(self, name: str) -> None:
        """Remove a snapshot with its documents."""
        folder = self.folder(name)
        if folder.is_dir():
            shutil.rmtree(folder)

    def drop_documents(self, name: str) -> None:
        """Remove the documents of a snapshot that nobody trains on any more; its list stays."""
        shutil.rmtree(self.folder(name) / DOCUMENTS, ignore_errors=True)

    def erase(self, document_id: int) -> tuple[Path, ...]:
        """Erase a document from every snapshot, and what shows its pages.

        A training that learns from it just now, or was interrupted, has to begin anew without it;
        the report with pictures of a model that learned from it is removed.

        Returns:
            The files and folders that are gone.
        """
        removed = []
        for name in self.names():
            for path in sorted((self.folder(name) / DOCUMENTS).rglob(f"{document_id}.*")):
                if path.is_file():
                    self._disk.unlink(path)
                    removed.append(path)
            manifest = self.read(name)
            if document_id in manifest.documents:
                removed += self._erase_pages(name)
                self.write(_erased(manifest, document_id))
        for path in self.root.glob(f"*/{OPINIONS}"):
            self._erase_opinion(path, document_id)
        for path in sorted(self.root.glob(f"features/*/{document_id}.npy")):
            self._disk.unlink(path)
            removed.append(path)
        return tuple(removed)

    def _erase_opinion(self, path: Path, document_id: int) -> None:
        said = json.loads(path.read_bytes())
        if said["documents"].pop(str(document_id), None) is not None:
            self._disk.write_durably(path, json.dumps(said).encode(), _MODE)

    def _erase_pages(self, name: str) -> list[Path]:
        work = self._models / f".{name}.training"
        report = self._models / f"{name}-report.html"
        found = [path for path in (work, report) if path.exists()]
        if work in found:
            shutil.rmtree(work)
        if report in found:
            self._disk.unlink(report)
        return found


def _erased(manifest: SnapshotManifest, document_id: int) -> SnapshotManifest:
    return manifest.model_copy(
        update={
            "taught": tuple(one for one in manifest.taught if one.document != document_id),
            "left_out": tuple(one for one in manifest.left_out if one.document != document_id),
        }
    )


def next_name(taken: set[str]) -> str:
    """Return the next free name of a model that learned from answers: answers-1, answers-2, ..."""
    number = 1
    while f"answers-{number}" in taken:
        number += 1
    return f"answers-{number}"


@dataclass(frozen=True, slots=True)
class SnapshotRequest:
    """What a snapshot is to hold.

    Attributes:
        name: Of it, and of the model.
        labels: Labels of that model: each is trained on however few documents it has.
        until: Only answers given before.
        confirmed: Documents to learn from whatever speaks against them.
        sure_of_another: Probability of another label from which on an answer is suspicious.
        renamed: What labels are called today, by older names; `labels` are those of today.
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
    renamed: Mapping[str, str] = field(default_factory=dict)


def take_snapshot(
    configuration: Configuration,
    store: Store,
    wanted: SnapshotRequest,
    progress: Progress,
    disk: Disk | None = None,
) -> SnapshotManifest:
    """Freeze all answered documents; a kill in between leaves no snapshot.

    Raises:
        UsageError: Nobody answered anything yet.
        EnvironmentFaultError: The state folder is full or cannot be written.
    """
    disk = disk or Disk()
    snapshots = Snapshots(configuration.state, disk)
    answered = list(_all_answered(store, wanted.until))
    if not answered:
        raise UsageError(
            "there is nothing to learn from: nobody has answered anything",
            remedy="decide documents with: docsorter review",
        )
    kept, left_out = _separate(answered, wanted)
    taught: list[SnapshotDocument] = []
    try:
        folder = snapshots.begin(wanted.name)
        for number, answer in enumerate(kept, 1):
            frozen = _freeze(configuration, answer, folder, wanted, disk)
            if isinstance(frozen, SnapshotDocument):
                taught.append(frozen)
            else:
                left_out.append(frozen)
            progress(_STAGE, number, len(kept))
        manifest = SnapshotManifest(
            name=wanted.name,
            base=wanted.base,
            base_model=wanted.base_model,
            taken_at=wanted.now,
            until=wanted.until,
            seed=wanted.seed,
            taught=tuple(taught),
            renamed=dict(wanted.renamed),
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


def too_few(manifest: SnapshotManifest, labels: Collection[str]) -> tuple[ExcludedDocument, ...]:
    """Return the documents of new labels that have too few of them to be trained on."""
    counts = Counter(one.label for one in manifest.taught)
    return tuple(
        ExcludedDocument(
            document=one.document,
            answer=one.answer,
            label=one.label,
            why=ExclusionReason.TOO_FEW,
            text=f"{one.label} is new and has {counts[one.label]} of {LEAST} documents",
        )
        for one in manifest.taught
        if one.label not in labels and counts[one.label] < LEAST
    )


def _all_answered(store: Store, until: dt.datetime) -> Iterator[AnsweredDocument]:
    last = 0
    while page := store.learning.answered_documents(after_id=last, until=until):
        yield from page
        last = page[-1].document.id


def _separate(
    answered: Sequence[AnsweredDocument], wanted: SnapshotRequest
) -> tuple[list[AnsweredDocument], list[ExcludedDocument]]:
    """Separate what is trained on from what a person is asked about first."""
    digests: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for answer in answered:
        if answer.document.sha256:
            digests[answer.document.sha256][answer.label].append(answer.document.id)
    kept: list[AnsweredDocument] = []
    left: list[ExcludedDocument] = []
    for answer in answered:
        doubt = None
        if answer.document.id not in wanted.confirmed:
            doubt = _contradicted(answer, digests.get(answer.document.sha256 or "", {}))
            doubt = doubt or _disputed(answer) or _doubted(answer, wanted)
        if doubt is None:
            kept.append(answer)
        else:
            left.append(doubt)
    return kept, left


def _contradicted(
    answer: AnsweredDocument, labels: dict[str, list[int]]
) -> ExcludedDocument | None:
    others = sorted(n for label, ids in labels.items() if label != answer.label for n in ids)
    if not others:
        return None
    named = ", ".join(sorted(label for label in labels if label != answer.label))
    return _left(
        answer, ExclusionReason.CONFLICT, f"the same bytes were also said to be {named}", others
    )


def _disputed(answer: AnsweredDocument) -> ExcludedDocument | None:
    if not answer.disputed:
        return None
    return _left(answer, ExclusionReason.DISPUTED, "another answer names another label")


def _doubted(answer: AnsweredDocument, wanted: SnapshotRequest) -> ExcludedDocument | None:
    if answer.doubt < wanted.sure_of_another or answer.agreeing > 1:  # two who agree are believed
        return None
    if answer.predicted == NONE_OF_THESE and answer.label not in wanted.labels:
        return None  # of a label that it was not taught a model can say nothing truer
    text = f"the model was confident of another label: {answer.predicted} {answer.doubt:.3f}"
    return _left(answer, ExclusionReason.SUSPICIOUS, text)


def _left(
    answer: AnsweredDocument, why: ExclusionReason, text: str, others: Sequence[int] = ()
) -> ExcludedDocument:
    return ExcludedDocument(
        document=answer.document.id,
        answer=answer.answer_id,
        label=answer.label,
        why=why,
        text=text,
        others=tuple(others),
    )


def _freeze(
    configuration: Configuration,
    answer: AnsweredDocument,
    folder: Path,
    wanted: SnapshotRequest,
    disk: Disk,
) -> SnapshotDocument | ExcludedDocument:
    document = answer.document
    source = locate(configuration.root(document.place), document.path)
    suffix = PurePosixPath(document.path).suffix.lower()
    file = f"{DOCUMENTS}/{answer.label}/{document.id}{suffix or '.bin'}"
    target = folder / file
    try:
        if disk.sha256(source) != document.sha256:
            return _left(
                answer, ExclusionReason.CHANGED, "its file is not the one that was answered"
            )
    except OSError as error:
        text = f"its file cannot be read: {environment_reason(error).text}"
        return _left(answer, ExclusionReason.MISSING, text)
    target.parent.mkdir(mode=0o700, exist_ok=True)
    return SnapshotDocument(
        document=document.id,
        answer=answer.answer_id,
        label=answer.label,
        sha256=document.sha256 or "",
        file=file,
        kept=_keep(source, target, disk),
        confirmed=document.id in wanted.confirmed or answer.agreeing > 1,
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


@dataclass(frozen=True, slots=True)
class UntrainedAnswers:
    """What people said since the model in use learned.

    Attributes:
        answers: Answered documents that it has not learned from.
        corrections: Of those, how many differ from what was suggested.
    """

    model: str
    answers: int
    corrections: int

    def sentence(self) -> str:
        """Return the same in words."""
        if not self.answers:
            return "it has learned every answer"
        return (
            f"{self.corrections} corrections among {self.answers} answers are not learned yet; "
            "they count from the next model on: docsorter retrain"
        )


def count_untrained_answers(store: Store, model: str) -> UntrainedAnswers:
    """Count what a model has not learned yet."""
    return UntrainedAnswers(
        model,
        store.learning.count_unlearned(model, corrections=False),
        store.learning.count_unlearned(model, corrections=True),
    )
