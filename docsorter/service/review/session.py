"""One person's session at the review queue, for the screen and the plain prompts."""

import dataclasses
import pwd
import re
import secrets
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from typing import Final

from docsorter.documents import Document
from docsorter.errors import ConflictError, DocsorterError, NotFoundError, UsageError
from docsorter.review.choices import LabelChoice, label_choices
from docsorter.review.items import EVERYTHING, Item, ItemSource
from docsorter.service.review.service import ReviewService
from docsorter.store import Lease, Manner, ReviewFilter, Store

_NAME: Final = re.compile(r"[^\W_][\w .@+-]{0,63}")
_MACHINES: Final = frozenset({"daemon", "machine", "docsorter"})
"""Names under which the log has what no person did."""

AccountOf = Callable[[str], int | None]
Progress = Callable[[int], None]
"""Told how many are done."""

_PAGE = 500


@dataclasses.dataclass(frozen=True, slots=True)
class Reviewer:
    """Who decides.

    Attributes:
        name: What they are called: the Unix user name, or what they said with --as.
        uid: Unix user id, whatever they said.
    """

    name: str
    uid: int


@dataclasses.dataclass(frozen=True, slots=True)
class LeaseTimes:
    """How long things are held and put back, seconds.

    Attributes:
        lease: A document is held for so long, and longer while it is looked at.
        skip: A skipped document comes last for so long.
    """

    lease: float = 600.0
    skip: float = 3600.0


def account_of(name: str) -> int | None:
    """Return the number of the Unix account of a name, None for none."""
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return None


def name_of(uid: int) -> str:
    """Return the name of a Unix account; one without an entry, as in a container, is `uid-N`."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid-{uid}"


def who(
    account: Reviewer, said: str | None, shared: Collection[str], number_of: AccountOf = account_of
) -> Reviewer:
    """Return who decides at a Unix account.

    Args:
        account: The account, under its own name.
        said: The name that was given; None for none.
        shared: Accounts that several people use.
        number_of: Returns the number of the Unix account of a name.

    Raises:
        UsageError: The account is shared and nobody said who they are, or the name cannot be one,
            or it is that of another account, whose answers it would be mistaken for.
    """
    if said is None:
        if account.name in shared:
            raise UsageError(
                f"several people use the account {account.name}: say who you are",
                remedy="docsorter --as NAME before the command, or set DOCSORTER_REVIEWER",
            )
        return account
    if not _NAME.fullmatch(said) or said != said.strip(" ."):
        raise UsageError(
            f"{said!r} cannot be the name of a reviewer",
            remedy="use at most 64 letters, digits, spaces and . + - _ @, beginning with a letter",
        )
    if said.casefold() in _MACHINES or (said in shared and said == account.name):
        raise UsageError(f"{said} is no person", remedy="give your own name with --as")
    number = number_of(said)
    if number is not None and number != account.uid:
        raise UsageError(
            f"{said} is another Unix account: its answers are given from there",
            remedy=f"log in as {said}, or choose another name",
        )
    return Reviewer(said, account.uid)


_PLAIN: Final = Manner()


@dataclasses.dataclass(frozen=True, slots=True)
class BatchFailure:
    """What could not be done."""

    document_id: int
    error: DocsorterError


@dataclasses.dataclass(slots=True)
class BatchResult:
    """What became of one answer to many documents.

    Attributes:
        batch: What joins its answers.
        done: Documents as they are now.
        failed: What could not be done; those documents are as they were.
    """

    batch: str
    done: list[Document] = dataclasses.field(default_factory=list)
    failed: list[BatchFailure] = dataclasses.field(default_factory=list)


class ReviewSession:
    """Takes documents out of the queue, and carries out what is said of them.

    Every call may wait for disk and database; none leaves anything half done.

    Args:
        service: Moves files; closed by whoever opened it.
        source: What comes next.
        reviewer: Who decides.
        patience: How long documents are held.
        reserved: Letters that no label may have.
    """

    def __init__(
        self,
        service: ReviewService,
        source: ItemSource,
        *,
        reviewer: Reviewer,
        patience: LeaseTimes,
        reserved: frozenset[str] = frozenset(),
    ) -> None:
        self.service = service
        self.reviewer = reviewer
        self.patience = patience
        self.wanted = EVERYTHING
        """Only such entries are taken."""
        self._source = source
        self._reserved = reserved
        self._seen_blind: set[int] = set()
        self._passed_over: int | None = None
        self._held: dict[int, str] = {}  # token by entry

    def monotonic(self) -> float:
        """Return seconds that only ever grow, to measure how long somebody looks."""
        return self.service.mover.clock.monotonic()

    def take(self) -> Item | None:
        """Hold the next document; None when none waits that is wanted and free.

        What this person held in a session that ended without giving it back is free.
        """
        queue, name = self.service.store.review, self.reviewer.name
        item = self._source.take(self.wanted)
        if item is None and queue.release_ended(name):
            item = self._source.take(self.wanted)
        if item is not None:
            self._held[item.entry.id] = item.token
            if item.blind:
                self._seen_blind.add(item.document.id)
        return item

    def held_elsewhere(self) -> int:
        """Return how many documents this person holds in other sessions that may still run."""
        own = set(self._held.values())
        return self.service.store.review.count_held(self.reviewer.name, own)

    def take_over(self) -> int:
        """Free what this person holds in other sessions, which are told so when they go on."""
        return self.service.store.review.take_over(self.reviewer.name, set(self._held.values()))

    def close(self) -> None:
        """Give back all that is still held, however the session ends; may be repeated."""
        while self._held:
            entry_id, token = self._held.popitem()
            with suppress(DocsorterError):  # it runs out by itself
                self.service.store.review.release(entry_id, token)

    def narrow(self, wanted: ReviewFilter) -> None:
        """Take only such entries from now on.

        Raises:
            UsageError: They are to be found by words, and none are named or kept.
        """
        if wanted.words is not None:
            self.service.store.review.entries(filter=wanted, limit=1)  # before it is in use
        self.wanted = wanted

    def waiting(self) -> int:
        """Return how many documents wait for people."""
        return self.service.store.review.count_waiting()

    def offered(self) -> tuple[LabelChoice, ...]:
        """Return the labels that can be given, those of the model first, each with its keys."""
        known = self.service.labels
        used = self.service.store.documents.counts().labels
        renamed = self.service.store.documents.label_names()
        made = [label for label, number in used.items() if label and number]
        made = sorted((each for each in made if each not in renamed), key=lambda each: -used[each])
        return label_choices(known, made, reserved=self._reserved)

    def answer(
        self, item: Item, label: str, *, new: bool = False, manner: Manner = _PLAIN
    ) -> Document:
        """Say what a document is; its file moves at once.

        Raises:
            DocsorterError: It could not be done, and nothing was.
        """
        document = self.service.answer(
            item.document.id,
            label,
            reviewer=self.reviewer.name,
            uid=self.reviewer.uid,
            new_label=new,
            token=item.token,
            manner=manner,
        )
        self._held.pop(item.entry.id, None)
        return document

    def answer_all(
        self, laid_aside: Sequence[tuple[Item, float | None]], label: str, *, new: bool = False
    ) -> BatchResult:
        """Say the same of several documents; each is an answer of its own.

        Returns:
            What was done and what failed; one that fails does not keep the others.
        """
        batch = new_batch()
        items = {item.document.id: (item, seconds) for item, seconds in laid_aside}

        def answer(document_id: int) -> Document:
            item, seconds = items[document_id]
            return self.answer(item, label, new=new, manner=Manner(seconds, batch))

        return for_each(items, answer, batch=batch)

    def undo_all(self) -> BatchResult:
        """Take back what stands of this person's newest answer to many documents.

        Raises:
            NotFoundError: No answer to several documents at once stands.
        """
        name = self.reviewer.name
        batch = self.service.store.review.last_batch(name)
        if batch is None:
            raise NotFoundError(f"{name} answered no documents together that could be taken back")
        numbers = [
            answer.document_id for answer in self.service.store.review.answers_of_batch(batch)
        ]
        return for_each(
            numbers,
            lambda number: self.service.undo(number, reviewer=name, uid=self.reviewer.uid),
            batch=batch,
        )

    def reject(self, item: Item, why: str = "", *, manner: Manner = _PLAIN) -> Document:
        """Refuse a document; its file moves at once, and its sidecar says why.

        Raises:
            DocsorterError: It could not be done, and nothing was.
        """
        document = self.service.answer(
            item.document.id,
            None,
            reviewer=self.reviewer.name,
            uid=self.reviewer.uid,
            token=item.token,
            why=why,
            manner=manner,
        )
        self._held.pop(item.entry.id, None)
        return document

    def skip(self, item: Item) -> None:
        """Put a document to the end of the queue.

        Raises:
            ConflictError: Somebody else took it meanwhile.
        """
        self.service.store.review.skip(item.entry.id, item.token, seconds=self.patience.skip)
        self._held.pop(item.entry.id, None)

    def undo(self) -> tuple[Document, Item | None]:
        """Take this person's newest answer back, however old it is.

        One that cannot be taken back is passed over by the next undo.

        Returns:
            The document, back in the review folder, and the same held again; None in its place
            when somebody else took it at once.

        Raises:
            NotFoundError: No answer of this person stands.
            ConflictError: The file was moved or changed by hand since.
        """
        name = self.reviewer.name
        answer = self.service.store.review.last_answer(name, before_id=self._passed_over)
        if answer is None:
            raise NotFoundError(
                f"there is no answer of {name} to take back"
                if self._passed_over is None
                else f"no answer of {name} is left that can be taken back"
            )
        try:
            document = self.service.undo(answer.document_id, reviewer=name, uid=self.reviewer.uid)
        except DocsorterError as error:
            if isinstance(error, (ConflictError, NotFoundError, UsageError)):
                self._passed_over = answer.id
            raise
        return document, self._hold(document.id)

    def renew(self, item: Item) -> Item:
        """Hold a document longer.

        Raises:
            ConflictError: Somebody else took or answered it.
        """
        try:
            lease = self.service.store.review.renew(
                item.entry.id, item.token, seconds=self.patience.lease
            )
        except (ConflictError, NotFoundError):
            self._held.pop(item.entry.id, None)
            raise
        return dataclasses.replace(item, lease=lease)

    def held_again(self, item: Item) -> Item | None:
        """Return an item as it is held now, after an act on it failed; None when it is lost."""
        try:
            return self.renew(item)
        except (ConflictError, NotFoundError):
            return self._hold(item.document.id)

    def put_back(self, item: Item) -> None:
        """Give a document back, for somebody else or for later."""
        self.service.store.review.release(item.entry.id, item.token)
        self._held.pop(item.entry.id, None)

    def _hold(self, document_id: int) -> Item | None:
        store = self.service.store
        try:
            entry = store.review.entry_for_document(document_id)
            expires = entry.lease_expires_at
            if expires is not None and expires > self.service.now():
                return None  # another terminal has it, perhaps of the same person
            lease: Lease = store.review.lease(
                entry.id, owner=self.reviewer.name, seconds=self.patience.lease
            )
        except (ConflictError, NotFoundError):
            return None
        self._held[lease.entry.id] = lease.token
        return Item(lease, blind=lease.entry.blind or document_id in self._seen_blind)


def new_batch() -> str:
    """Return a name for one answer to many documents that no other has."""
    return secrets.token_hex(8)


def for_each(
    document_ids: Iterable[int],
    act: Callable[[int], Document],
    *,
    batch: str = "",
    progress: Progress = lambda _: None,
) -> BatchResult:
    """Do the same to many documents; one that fails does not keep the others.

    Args:
        document_ids: Which ones; named twice is done once.
        act: What to do to one.
        batch: What joins the answers.
        progress: Told after each.
    """
    result = BatchResult(batch)
    for count, number in enumerate(dict.fromkeys(document_ids), start=1):
        try:
            result.done.append(act(number))
        except DocsorterError as error:
            result.failed.append(BatchFailure(number, error))
        progress(count)
    return result


def matching(store: Store, wanted: ReviewFilter) -> Sequence[int]:
    """Return the numbers of all documents that wait and match, the oldest first."""
    found: list[int] = []
    while True:
        page = store.review.entries(filter=wanted, limit=_PAGE, offset=len(found))
        found += [entry.document.id for entry in page]
        if len(page) < _PAGE:
            return found
