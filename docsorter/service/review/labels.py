"""Renaming and merging labels: the store first, then the sorted files, one durable move each.

From the first commit on models, reviewers and settings that say the old label mean the new one.
Stopped at any time, the same command moves what is left.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

from docsorter.deliver.names import label_folder, parse_template, render
from docsorter.deliver.recovery import recover
from docsorter.deliver.sidecar import document_of, relabelled, sidecar_path
from docsorter.deliver.transfer import PlanPoint
from docsorter.documents import Document, Move, MoveState, Place, State
from docsorter.errors import ConflictError, DocsorterError, NotFoundError, UsageError
from docsorter.filesystem import Disk
from docsorter.model.card import NONE_OF_THESE
from docsorter.review.choices import check_label, nearest_label
from docsorter.service.engine import policies_of
from docsorter.service.review.service import ReviewService
from docsorter.service.review.session import BatchFailure, Progress
from docsorter.service.review.undo import DocumentUndo
from docsorter.store import Destination, LabelChange

Follow = Callable[[Document, LabelChange], Document]

_THREADS = 8  # whose writes share a commit, and whose files are flushed side by side
_AT_ONCE = 64
_PASSES = 5  # documents that were being sorted meanwhile come with the next one


@dataclass(frozen=True, slots=True)
class LabelLine:
    """What there is of one label.

    Attributes:
        label: As it is called today.
        sorted: Documents that are sorted to it.
        waiting: Waiting documents of which it is the best guess.
        policy: auto, review or never; "" for one that the model does not know.
        origin: "model", or "own" where people made it.
        folder: Where its documents go; "" where the template does not tell labels apart.
        formerly: What it was called before, or was merged into it.
    """

    label: str
    sorted: int
    waiting: int
    policy: str
    origin: str
    folder: str
    formerly: tuple[str, ...]


@dataclass(slots=True)
class Relabelled:
    """What became of the sorted documents of a label."""

    moved: list[Document] = field(default_factory=list)
    left: list[BatchFailure] = field(default_factory=list)


class Labels:
    """The labels of a workspace, and their renaming.

    Args:
        service: The workspace.
        actor: Unix name of who renames.
    """

    def __init__(self, service: ReviewService, *, actor: str) -> None:
        self._service = service
        self._store = service.store
        self._actor = actor
        self._disk = Disk()
        self._files = DocumentUndo(service, actor=actor, batch="")
        self._settings = service.configuration.settings

    def listing(self) -> list[LabelLine]:
        """Return every label: those of the model in its order, then those that people made."""
        names, card = self._store.documents.label_names(), self._service.card
        counts, waiting = self._store.documents.counts().labels, self._store.labels.waiting()
        taught = self._service.labels
        own = sorted(label for label in self._known() if label not in taught)
        asked = policies_of(card, self._settings.decide.policies, names)
        template = parse_template(self._settings.deliver.template)
        root = self._service.configuration.root(Place.SORTED)
        lines = []
        for label in (*taught, *own):
            former = tuple(old for old, new in names.items() if new == label)
            said = [asked.get(each, card.policies.get(each, "auto")) for each in (label, *former)]
            policy = max(said, key=("auto", "review", "never").index) if label in taught else ""
            folder = label_folder(template, label)
            lines.append(
                LabelLine(
                    label=label,
                    sorted=counts.get(label, 0) + sum(counts.get(old, 0) for old in former),
                    waiting=waiting.get(label, 0),
                    policy=policy,
                    origin="model" if label in taught else "own",
                    folder="" if folder is None else str(root / folder),
                    formerly=former,
                )
            )
        return lines

    def begin(self, old: str, new: str, *, merge: bool) -> LabelChange:
        """Let one label be another from now on, or find the change that was stopped in the middle.

        Raises:
            UsageError: A label does not exist, or the new one cannot be, or exists already.
            ConflictError: Blind checks of the label are open.
        """
        stopped = self.check(old, new, merge=merge)
        return stopped or self._store.labels.begin(old, new, merged=merge, actor=self._actor)

    def check(self, old: str, new: str, *, merge: bool) -> LabelChange | None:
        """Refuse what cannot be; return the change that was stopped in the middle, if it was."""
        names, known = self._store.documents.label_names(), self._known()
        if names.get(old) == new:
            return self._stopped(old, new)
        if old == new:
            raise UsageError(f"{old} is called so already", remedy="name two labels")
        for label in (old, *([new] if merge else [])):
            if label not in known:
                raise _unknown(label, names, known)
        for label in (old, new):
            if label.casefold() == NONE_OF_THESE:  # it would be renamed in every prediction
                raise UsageError(
                    f"{label} is what models say of what is none of the labels",
                    remedy="choose another name"
                    if label == new
                    else "docsorter undo --label other puts its documents before people again",
                )
        if new in names and names[new] != old:
            raise UsageError(
                f"{new} is {names[new]} now, and models may still say it",
                remedy=f"choose another name, or merge into {names[new]}",
            )
        if not merge:
            self._refuse_name(old, new, known)
        checks = self._store.labels.open_checks(old)
        if checks:
            raise ConflictError(
                f"{checks} blind checks of {old} are not answered yet; they certify that label",
                remedy="answer them first: docsorter review --only purpose:check",
            )
        return None

    def _refuse_name(self, old: str, new: str, known: list[str]) -> None:
        if new in known:
            raise UsageError(
                f"there is a label {new} already", remedy=f"docsorter label merge {old} {new}"
            )
        check_label(new, [label for label in known if label != old], new=True)

    def _stopped(self, old: str, new: str) -> LabelChange:
        change = next(
            each
            for each in reversed(self._store.labels.changes())
            if each.undone_at is None and each.old == old
        )
        if not self._store.labels.sorted_under(old) and not self._interrupted():
            raise UsageError(
                f"{old} is {new} already", remedy="docsorter label list shows the labels"
            )
        return change

    def _known(self) -> list[str]:
        names, used = self._store.documents.label_names(), self._store.documents.counts().labels
        own = sorted(label for label, number in used.items() if label and number)
        known = dict.fromkeys((*self._service.labels, *own))
        return [label for label in known if label not in names]

    def last(self) -> LabelChange:
        """Return the change that `take_back` would take back.

        Raises:
            NotFoundError: There is none.
        """
        changes = self._store.labels.changes()
        if changes and changes[-1].undone_at and self._store.labels.moved_by(changes[-1]):
            return changes[-1]  # it was stopped while it was taken back
        standing = [change for change in changes if change.undone_at is None]
        if not standing:
            raise NotFoundError(
                "no label was renamed or merged that could be taken back",
                remedy="docsorter label list shows the labels",
            )
        return standing[-1]

    def take_back(self, change: LabelChange) -> LabelChange:
        """Let the old label be itself again; see `LabelRepository.take_back`."""
        return self._store.labels.take_back(change.id, actor=self._actor)

    def documents(self, change: LabelChange) -> Iterator[Document]:
        """Yield the sorted documents that are to follow a change, or one that is taken back.

        All that was renamed is its old label again; of what was merged just what was moved.
        """
        return (document for document, _ in self._to_follow(change))

    def _to_follow(self, change: LabelChange) -> Iterator[tuple[Document, Follow]]:
        stored = self._store.labels
        if change.undone_at is None:
            for document in _paged(lambda after: stored.sorted_under(change.old, after_id=after)):
                yield document, self._send
            return
        moved = {d.id for d in _paged(lambda after: stored.moved_by(change, after_id=after))}
        if not change.merged:  # first what is told from others by nothing but its label
            for document in _paged(lambda after: stored.sorted_under(change.new, after_id=after)):
                if document.id not in moved:
                    yield document, self._send_back
        for number in sorted(moved):
            yield self._store.documents.get(number), self._return

    def refuse_touched(self, document: Document) -> None:
        """Refuse a document that somebody moved or changed by hand."""
        self._files.refuse_touched(document)

    def follow(self, change: LabelChange, progress: Progress) -> Relabelled:
        """Move the sorted documents of a change, or of one that was taken back.

        What somebody moved or changed by hand is left alone and told.
        """
        recover(self._store, self._service.mover, moves=self._interrupted(), actor=self._actor)
        done = Relabelled()
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="labels") as pool:
            for _ in range(_PASSES):
                before, done.left = len(done.moved), []
                waiting = self._to_follow(change)
                while some := list(islice(waiting, _AT_ONCE)):
                    for outcome in pool.map(partial(self._outcome, change), some):
                        if isinstance(outcome, BatchFailure):
                            done.left.append(outcome)
                        else:
                            done.moved.append(outcome)
                        progress(len(done.moved) + len(done.left))
                if len(done.moved) == before:
                    break
        return done

    def _outcome(
        self, change: LabelChange, todo: tuple[Document, Follow]
    ) -> Document | BatchFailure:
        document, act = todo
        try:
            return act(document, change)
        except DocsorterError as error:
            return BatchFailure(document.id, error)

    def _interrupted(self) -> list[Move]:
        return [
            move
            for move in self._store.moves.planned()
            if move.from_place is Place.SORTED and move.next_state is State.SORTED
        ]

    def _send(self, document: Document, change: LabelChange) -> Document:
        there = self._renamed(document, change.old, change.new)
        return self._move(document, there, change.new, change.id)

    def _send_back(self, document: Document, change: LabelChange) -> Document:
        there = self._renamed(document, change.new, change.old)
        return self._move(document, there, change.old, -change.id)

    def _renamed(self, document: Document, old: str, new: str) -> Destination:
        text = self._moves(document)[-1].sidecar
        sidecar = None if text is None else relabelled(text, {old: new})
        path = render(parse_template(self._settings.deliver.template), document, new)
        return Destination(Place.SORTED, str(path), State.SORTED, sidecar)

    def _return(self, document: Document, change: LabelChange) -> Document:
        *earlier, last = self._moves(document)
        sidecar = earlier[-1].sidecar if earlier else None
        there = Destination(Place.SORTED, last.from_path, State.SORTED, sidecar)
        return self._move(document, there, change.old, -change.id)

    def _moves(self, document: Document) -> list[Move]:
        moves = self._store.moves.of_document(document.id)
        return [move for move in moves if move.state is MoveState.DONE]

    def _move(self, document: Document, there: Destination, label: str, change: int) -> Document:
        self.refuse_touched(document)
        old = self._service.path_of(document)
        point = PlanPoint.ANSWER_PLANNED if change > 0 else PlanPoint.UNDO_PLANNED
        with self._service.mover.step(point):
            move = self._store.labels.plan(document, there, label, change=change, actor=self._actor)
        if move is not None:
            moved = self._service.carry(move, self._actor)
            _remove_empty(old.parent, self._service.configuration.root(Place.SORTED))
            return moved
        beside = sidecar_path(old)
        if there.sidecar is not None and document_of(beside) == document.id:
            mode = beside.stat().st_mode & 0o7777
            self._disk.write_durably(beside, there.sidecar.encode(), mode)
        return self._store.documents.get(document.id)


def _paged(page_after: Callable[[int], list[Document]]) -> Iterator[Document]:
    after = 0
    while page := page_after(after):
        yield from page
        after = page[-1].id


def _remove_empty(folder: Path, root: Path) -> None:
    """Remove the folders that a document was the last thing in."""
    while folder != root and folder.is_relative_to(root):
        try:
            folder.rmdir()
        except OSError:  # something is in it
            return
        folder = folder.parent


def _unknown(label: str, names: Mapping[str, str], known: list[str]) -> UsageError:
    if label in names:
        return UsageError(
            f"{label} is {names[label]} now", remedy=f"say {names[label]} in its place"
        )
    near = nearest_label(label, known)
    return UsageError(
        f"there is no label {label!r}; the labels are {', '.join(known)}",
        remedy=f"did you mean {near}?" if near else "docsorter label list shows them",
    )
