"""The frozen types that all packages share: documents, predictions, verdicts, moves and answers.

A document travels inbox -> spool -> sorted | review | rejected. `State` says what is being waited
for, `Place` says where its bytes are; both are committed together in the store.
"""

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def percent(share: float | None, digits: int = 1) -> str:
    """Write a share, 0-1, for people, rounded down: no "100.0 %" where doubt is left; "" for none.

    >>> percent(0.99999)
    '99.9 %'
    """
    if share is None:
        return ""
    scale = 10.0**digits
    return f"{math.floor(100 * share * scale + 1e-9) / scale:.{digits}f} %"


def at_most_percent(share: float) -> str:
    """Write an upper bound, or a share of errors, rounded up so that the sentence stays true."""
    return f"{math.ceil(1000 * share - 1e-9) / 10:.1f} %"


class VerdictKind(StrEnum):
    """What happens to a document."""

    SORT = "sort"
    REVIEW = "review"
    REJECT = "reject"


class ReasonCode(StrEnum):
    """The closed list of reasons; docs/use/reasons.md has the remedy of each."""

    # sorted because
    SURE = "sure"
    ANSWERED = "answered"
    # to a person because
    UNSURE = "unsure"
    UNLIKE_TRAINING = "unlike_training"
    PAGES_DISAGREE = "pages_disagree"
    SEVERAL_DOCUMENTS = "several_documents"
    BLANK = "blank"
    UNDRAWABLE = "undrawable"
    LABEL_POLICY = "label_policy"
    RETIRED_LABEL = "retired_label"
    DUPLICATE = "duplicate"
    UNDONE = "undone"
    EARNING = "earning"
    PROBATION = "probation"
    REVIEWERS_DISAGREE = "reviewers_disagree"
    # refused because
    EMPTY = "empty"
    UNSUPPORTED = "unsupported"
    ENCRYPTED = "encrypted"
    TRUNCATED = "truncated"
    DAMAGED = "damaged"
    TOO_LARGE = "too_large"
    TIME_LIMIT = "time_limit"
    MEMORY_LIMIT = "memory_limit"
    REJECTED_BY_PERSON = "rejected_by_person"
    # waits because
    CHANGED = "changed"
    BUSY = "busy"
    DISK_FULL = "disk_full"
    READ_ONLY = "read_only"
    NO_PERMISSION = "no_permission"
    STORAGE_GONE = "storage_gone"
    MISSING = "missing"
    PROGRAM_MISSING = "program_missing"
    NO_RESOURCES = "no_resources"
    DATABASE = "database"
    INTERNAL = "internal"


REFUSED_FOR = frozenset(
    {
        ReasonCode.EMPTY, ReasonCode.UNSUPPORTED, ReasonCode.ENCRYPTED, ReasonCode.TRUNCATED,
        ReasonCode.DAMAGED, ReasonCode.TOO_LARGE, ReasonCode.TIME_LIMIT, ReasonCode.MEMORY_LIMIT,
        ReasonCode.DUPLICATE, ReasonCode.REJECTED_BY_PERSON,
    }
)  # fmt: skip
"""Why a document may be rejected, and nothing else."""
UNSEEN = frozenset({ReasonCode.BLANK, ReasonCode.UNDRAWABLE})
"""Why the model has nothing to see of a document that can be read: a person gets it."""
WAITS_FOR = frozenset(
    {
        ReasonCode.CHANGED, ReasonCode.BUSY, ReasonCode.DISK_FULL, ReasonCode.READ_ONLY,
        ReasonCode.NO_PERMISSION, ReasonCode.STORAGE_GONE, ReasonCode.MISSING,
        ReasonCode.PROGRAM_MISSING, ReasonCode.NO_RESOURCES, ReasonCode.DATABASE,
        ReasonCode.INTERNAL,
    }
)  # fmt: skip
"""Why a document or the whole daemon may wait, and nothing else."""
TRANSIENT = frozenset({ReasonCode.CHANGED, ReasonCode.BUSY})
"""Waits that end without anybody doing anything."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, as a code for machines and a sentence for people."""

    code: ReasonCode
    text: str


@dataclass(frozen=True, slots=True)
class PageSet:
    """The pages of a document as the classifier sees them: those with something on them.

    Attributes:
        pixels: (pages, height, width, 3) uint8, RGB, 0-255, upright.
        total_pages: Pages of the document; more than those named here when the page cap was met.
        media_type: What the bytes are, whatever the name says, e.g. "application/pdf".
        producer: What the scanner says of itself ("" when it says nothing).
        notes: Harmless oddities met while reading, one line each.
        traits: Properties of the scan, see `docsorter.pages.fit`.
        numbers: Which pages of the document the rows of `pixels` are, counted from 0, ascending;
            when not given the first ones.
        blank: Pages that were left out because nothing is on them, counted from 0.
        undrawable: Pages that could not be drawn, counted from 0, and why.
    """

    pixels: "NDArray[np.uint8]"
    total_pages: int
    media_type: str
    producer: str = ""
    notes: tuple[str, ...] = ()
    traits: dict[str, float | str] = field(default_factory=dict)
    numbers: tuple[int, ...] = ()
    blank: tuple[int, ...] = ()
    undrawable: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.numbers:
            object.__setattr__(self, "numbers", tuple(range(len(self.pixels))))


@dataclass(frozen=True, slots=True)
class Word:
    """A word that a person can see on a page.

    Attributes:
        text: 1-64 characters, none of them a control character.
        box: Left, top, right, bottom as shares, 0-1, of the page as it is drawn for a person.
    """

    text: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class PageWords:
    """The words of one page.

    Attributes:
        page: Which page of the document, counted from 0.
        words: In reading order.
        source: The text layer of a PDF, or recognition of the picture.
    """

    page: int
    words: tuple[Word, ...]
    source: Literal["layer", "ocr"]


@dataclass(frozen=True, slots=True)
class RawOutput:
    """What a classifier returns for a batch of pages.

    Attributes:
        logits: (pages, labels) float32, before temperature.
        features: (pages, width) float32, the pooled features that novelty is measured on.
    """

    logits: "NDArray[np.float32]"
    features: "NDArray[np.float32]"


@dataclass(frozen=True, slots=True)
class Likeness:
    """A sample page of the model that a page is like.

    Attributes:
        name: What it is called in the bundle, e.g. "claim-cash".
        label: What it is, "other" included; "" where its name is none of the model's labels.
        distance: Whitened; about 1 is as far as pages of one kind usually are from its centre.
    """

    name: str
    label: str
    distance: float


class PageRole(StrEnum):
    """What a page is to the document that it came with."""

    PART = "part"  # the first page with something on it, or one that may confirm what that says
    UNLIKE = "unlike"  # a later page unlike anything of the labels: terms, receipts, photographs
    BEGINS = "begins"  # a later page that looks like the first page of another document


@dataclass(frozen=True, slots=True)
class PagePrediction:
    """Calibrated view of one page.

    Attributes:
        probabilities: One per label of the model, summing to 1.
        novelty: Percentile 0-100 of the distance from the training data.
        nearest: The sample pages that it is most like, the nearest first.
        number: Which page of the document it is, counted from 0.
        role: What it is to the document.
        first: Probability that it is the first page of a document; None where the model does not
            say so.
        turned: By how many degrees, clockwise, it was turned when it was scanned; it was judged
            upright.
    """

    probabilities: tuple[float, ...]
    novelty: float
    nearest: tuple[Likeness, ...] = ()
    number: int = 0
    role: PageRole = PageRole.PART
    first: float | None = None
    turned: int = 0


def pages_named(numbers: Sequence[int]) -> str:
    """Name pages counted from 0, ascending, for people: "page 2 is", "pages 2, 4-6 are"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    said = ", ".join(
        f"{run[0] + 1}" if len(run) == 1 else f"{run[0] + 1}-{run[-1] + 1}" for run in runs
    )
    return f"page {said} is" if len(numbers) == 1 else f"pages {said} are"


@dataclass(frozen=True, slots=True)
class WordsRead:
    """What was made of the words of a document, beside its picture.

    Attributes:
        source: Where they come from, see `PageWords`.
        page: The page that was read, counted from 0.
        known: How many different words of it the model knows.
        picture: What the picture alone says, in the order of the labels.
        words: What the words alone say.
    """

    source: Literal["layer", "ocr"]
    page: int
    known: int
    picture: tuple[float, ...]
    words: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Tone:
    """How the words of a document sound by a lexicon, -1 bad to 1 good: a hint, never a verdict.

    Attributes:
        language: Of the lexicon, by Tesseract's name, e.g. "deu".
        score: The mean of the words that have a score.
        low: Lower end of the interval of that mean, 95 % sure.
        high: Its upper end.
        words: How many have a score.
        histogram: How many of them fall into each of ten equal parts of -1 to 1.
        negative: The strongest words below zero, the strongest first, each with its score.
        positive: The same above zero.
        mixed: The mean may be zero, though there are strong words of both signs.
    """

    language: str
    score: float
    low: float
    high: float
    words: int
    histogram: tuple[int, ...]
    negative: tuple[tuple[str, float], ...]
    positive: tuple[tuple[str, float], ...]
    mixed: bool

    @property
    def leaning(self) -> Literal["negative", "positive", "mixed", "neutral"]:
        """What may be said of it in one word; a sign only where the whole interval has it."""
        if self.high < 0:
            return "negative"
        if self.low > 0:
            return "positive"
        return "mixed" if self.mixed else "neutral"

    @property
    def sentence(self) -> str:
        """The same in a line for people, with the words that it rests on."""
        signs = {"negative": self.negative, "positive": self.positive}
        named = (
            f"; {sign}: {', '.join(w for w, _ in said)}" for sign, said in signs.items() if said
        )
        return (
            f"tone {self.leaning}: {self.score:+.2f} (95 % sure: {self.low:+.2f} to "
            f"{self.high:+.2f}), {self.words} words{''.join(named)}"
        )


@dataclass(frozen=True, slots=True)
class Prediction:
    """Probabilities over labels for a document, with the model that made them.

    Attributes:
        model: Name of the model bundle, e.g. "starter-1".
        labels: The labels of that model, in the order of the probabilities.
        probabilities: Pooled over pages, calibrated, summing to 1.
        novelty: Percentile 0-100 of the first page with something on it.
        pages: The same, page by page, of those with something on them.
        blank: Pages that were left out because nothing is on them, counted from 0.
        undrawable: Pages that could not be drawn, counted from 0, and why.
        read: What its words add; None where they were not read. The probabilities are then those
            of picture and words together.
        tone: How its words sound, where that was asked for and they were read.
    """

    model: str
    labels: tuple[str, ...]
    probabilities: tuple[float, ...]
    novelty: float
    pages: tuple[PagePrediction, ...]
    blank: tuple[int, ...] = ()
    undrawable: dict[int, str] = field(default_factory=dict)
    read: WordsRead | None = None
    tone: Tone | None = None

    @property
    def cut_before(self) -> tuple[int, ...]:
        """Pages with which another document seems to begin, counted from 0."""
        return tuple(page.number for page in self.pages if page.role is PageRole.BEGINS)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is to be said of single pages, and of the tone, one line each."""
        unlike = [page.number for page in self.pages if page.role is PageRole.UNLIKE]
        said = [
            f"{pages_named(self.blank)} blank: left out" if self.blank else "",
            f"{pages_named(unlike)} unlike any of the labels: no say in it" if unlike else "",
            *(f"page {page + 1} cannot be drawn: {why}" for page, why in self.undrawable.items()),
            *(
                f"page {page.number + 1} lay turned by {page.turned} degrees: judged upright"
                for page in self.pages
                if page.turned
            ),
            *(
                f"page {page + 1} begins another document: cut before it"
                for page in self.cut_before
            ),
            "" if self.tone is None else self.tone.sentence,
        ]
        return tuple(filter(None, said))

    @property
    def ranked(self) -> tuple[tuple[str, float], ...]:
        """Labels with their probabilities, the most probable first."""
        pairs = zip(self.labels, self.probabilities, strict=True)
        return tuple(sorted(pairs, key=lambda pair: -pair[1]))

    @property
    def label(self) -> str:
        """The most probable label."""
        return self.ranked[0][0]

    @property
    def confidence(self) -> float:
        """The calibrated probability of the most probable label."""
        return self.ranked[0][1]

    def renamed(self, names: Mapping[str, str]) -> "Prediction":
        """Return it in the labels of today; those that were merged have their probabilities added.

        Args:
            names: What labels of the model are called today.
        """
        if not names.keys() & set(self.labels):
            return self
        today = [names.get(label, label) for label in self.labels]
        labels = tuple(dict.fromkeys(today))

        def added(shares: Sequence[float]) -> tuple[float, ...]:
            pairs = list(zip(today, shares, strict=True))
            return tuple(sum(share for each, share in pairs if each == label) for label in labels)

        return replace(
            self,
            labels=labels,
            probabilities=added(self.probabilities),
            pages=tuple(
                replace(
                    page,
                    probabilities=added(page.probabilities),
                    nearest=tuple(
                        replace(one, label=names.get(one.label, one.label)) for one in page.nearest
                    ),
                )
                for page in self.pages
            ),
            read=self.read
            and replace(self.read, picture=added(self.read.picture), words=added(self.read.words)),
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to happen to a document, and why.

    Attributes:
        kind: sort, review or reject.
        label: Where it is sorted to; for review the best guess; None when nothing was predicted.
        confidence: Of that label, None when nothing was predicted.
        reason: Why.
        threshold: The confidence that was needed, None when it did not come to that.
    """

    kind: VerdictKind
    reason: Reason
    label: str | None = None
    confidence: float | None = None
    threshold: float | None = None

    def renamed(self, names: Mapping[str, str]) -> "Verdict":
        """Return it with the label of today; its reason keeps the words of the model, and says so.

        Args:
            names: What labels of the model are called today.
        """
        text = self.reason.text
        said = [old for old in names if old == self.label or f"{old} 0." in text]
        if not said:
            return self
        told = f" ({', '.join(f'{old} is {names[old]} now' for old in said)})"
        reason = self.reason if told in text else replace(self.reason, text=text + told)
        return replace(self, reason=reason, label=names.get(self.label or "", self.label))


_LEAST_USUAL = 1e-3  # the percentile of a page beyond all training pages is 100


@dataclass(frozen=True, slots=True)
class WordsRule:
    """What is asked of a document whose words were read, in place of the same of `SortRule`.

    Attributes:
        offsets: Per label, by how much the log odds of the threshold are raised for it.
        novelty_weight: How much surer picture and words must be of an unusual page, >= 0.
        first_look: By how much the log odds of the threshold are raised, >= 0, for what the picture
            decides alone: where the words can be asked they are asked more often.
        languages: In which words are recognised; evidence about some holds for no others.
    """

    offsets: dict[str, float] = field(default_factory=dict)
    novelty_weight: float = 0.0
    first_look: float = 0.0
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SortRule:
    """The complete rule by which a document is sorted without a person.

    Attributes:
        temperature: Divides the logits (> 0).
        threshold: Least confidence to sort, 0-1.
        novelty_limit: Greatest novelty percentile to sort, 0-100.
        policies: Per label "auto", "review" or "never"; a label not named is "auto".
        offsets: Per label, by how much the log odds of the threshold are raised for it; 0 for a
            label not named. See `docsorter.decide.policy`.
        blank: Whether pages with nothing on them are left out ("skip") or count as pages.
        novelty_weight: How much surer the model must be of an unusual page, >= 0; see `offset`.
        words: For documents whose words were read; None where words are not read.
    """

    temperature: float
    threshold: float
    novelty_limit: float
    policies: dict[str, str] = field(default_factory=dict)
    offsets: dict[str, float] = field(default_factory=dict)
    blank: str = "skip"
    novelty_weight: float = 0.0
    words: WordsRule | None = None

    def offset(self, label: str, novelty: float = 0.0, *, read: bool = False) -> float:
        """Return by how much the log odds of the threshold are raised for a document.

        To the offset of its label comes `-novelty_weight * log(1 - novelty / 100)`: where a share q
        of the training pages is as unusual, the odds of the threshold are divided by q to the
        power of the weight. A model is often sure of paper that it never saw the like of.

        Args:
            label: What the document is taken for.
            novelty: Percentile, 0-100; 0 is the most usual page.
            read: Whether its words were read.
        """
        usual = max(1.0 - novelty / 100.0, _LEAST_USUAL)
        asked: SortRule | WordsRule = self
        more = 0.0
        if self.words is not None:
            asked, more = (self.words, 0.0) if read else (self, self.words.first_look)
        return more + asked.offsets.get(label, 0.0) - asked.novelty_weight * math.log(usual)

    def required_confidence(self, label: str, novelty: float = 0.0, *, read: bool = False) -> float:
        """Return the least confidence, 0-1, with which a document is sorted; see `offset`."""
        offset = self.offset(label, novelty, read=read)
        if offset == 0 or not 0 < self.threshold < 1:
            return self.threshold
        odds = self.threshold * math.exp(offset)
        # A hair less, so that no rounding turns away a document that lies on the threshold.
        return odds / (1 - self.threshold + odds) * (1 - 1e-12)


@dataclass(frozen=True, slots=True)
class SortEvidence:
    """What a test of a sort rule showed, on documents the model never saw.

    Attributes:
        documents: Documents in the test.
        sorted_alone: Documents the rule would have sorted without a person.
        errors: Of those, how many to a wrong label.
        confidence: Confidence level of `upper_bound`, e.g. 0.95.
        upper_bound: Exact binomial (Clopper-Pearson, one-sided) upper bound of the error, 0-1.
        description: On what kind of documents.
    """

    documents: int
    sorted_alone: int
    errors: int
    confidence: float
    upper_bound: float
    description: str


class Place(StrEnum):
    """A root of the workspace; a path is always relative to its place."""

    INBOX = "inbox"
    SPOOL = "spool"
    SORTED = "sorted"
    REVIEW = "review"
    REJECTED = "rejected"


class State(StrEnum):
    """What a document is waiting for."""

    CLAIMING = "claiming"  # a move from the inbox to the spool is planned, perhaps done
    SPOOLED = "spooled"  # claimed; waits for inspection, or for its next try
    REVIEW = "review"  # waits for a person
    SORTED = "sorted"  # delivered
    REJECTED = "rejected"  # refused, with a reason
    WITHDRAWN = "withdrawn"  # taken out of the inbox by somebody else before the claim


@dataclass(frozen=True, slots=True)
class Document:
    """One incoming file, as the store knows it.

    Attributes:
        id: Number given at the claim; what people type.
        name: File name it arrived with.
        source: Inbox sub-folder it arrived in ("" for the inbox itself).
        state: What it waits for.
        place: Root its bytes are under.
        path: Path relative to that root, with forward slashes.
        size: Bytes, at the claim.
        mtime_ns: Modification time at the claim, nanoseconds since the epoch.
        sha256: Hex digest of the bytes; None until they are hashed.
        arrived_at: When it was claimed (UTC).
        decided_at: When the last verdict fell.
        finished_at: When it reached sorted or rejected.
        verdict: The last verdict, if any.
        model: Bundle that made the prediction, if any.
        pages: Number of pages, once known.
        attempts: Failed tries since the last success.
        next_try_at: Not before this time, when it waits after a failed try.
        waiting: Why it waits, after a failed try.
        answered_by: Name of the person whose answer it was.
        duplicate_of: Id of the earlier document with the same bytes.
    """

    id: int
    name: str
    source: str
    state: State
    place: Place
    path: str
    size: int
    mtime_ns: int
    arrived_at: dt.datetime
    sha256: str | None = None
    decided_at: dt.datetime | None = None
    finished_at: dt.datetime | None = None
    verdict: Verdict | None = None
    model: str | None = None
    pages: int | None = None
    attempts: int = 0
    next_try_at: dt.datetime | None = None
    waiting: Reason | None = None
    answered_by: str | None = None
    duplicate_of: int | None = None


class Purpose(StrEnum):
    """What a review entry, and the answer to it, is for."""

    DECIDE = "decide"  # the document waits for it
    CHECK = "check"  # drawn by chance from those sorted alone, to keep the promise alive
    SECOND = "second"  # a second opinion of what a person said


class CheckOutcome(StrEnum):
    """What a blind check showed of the model's label."""

    RIGHT = "right"
    WRONG = "wrong"
    VOID = "void"  # the answer was taken back, or the document forgotten: no evidence


class MoveState(StrEnum):
    """Where a move of bytes stands."""

    PLANNED = "planned"
    DONE = "done"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class Move:
    """One move of a document's bytes, committed before it begins and after it is done.

    Attributes:
        id: Number of the move.
        document_id: Whose bytes.
        from_place: Root they leave.
        from_path: Path under it.
        to_place: Root they go to.
        to_path: Path under it.
        state: planned, done or abandoned.
        next_state: State of the document once the move is done.
        sidecar: JSON text published beside the document, None for places without one.
        planned_at: When it was committed.
    """

    id: int
    document_id: int
    from_place: Place
    from_path: str
    to_place: Place
    to_path: str
    state: MoveState
    next_state: State
    planned_at: dt.datetime
    sidecar: str | None = None


@dataclass(frozen=True, slots=True)
class ReviewEntry:
    """A document that waits for a person.

    Attributes:
        id: Number of the entry (not of the document).
        document: The document.
        prediction: Of the model, None when nothing was predicted.
        created_at: Since when it waits.
        skips: How often it was put back.
        lease_owner: Who holds it just now.
        lease_expires_at: Until when.
        purpose: What the answer is for; only `decide` moves a document out of review.
        blind: Nothing of the model may be shown before the answer.
        not_for: Who answered first; somebody else is asked before them.
    """

    id: int
    document: Document
    prediction: Prediction | None
    created_at: dt.datetime
    skips: int = 0
    lease_owner: str | None = None
    lease_expires_at: dt.datetime | None = None
    purpose: Purpose = Purpose.DECIDE
    blind: bool = False
    not_for: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said of a review entry.

    Attributes:
        id: Number of the answer.
        entry_id: Of which entry.
        document_id: Of which document.
        label: The label given; None means "reject it".
        reviewer: Unix user name.
        uid: Unix user id.
        answered_at: When.
        undone_at: When it was taken back, if it was.
        purpose: What it was asked for.
        blind: It was given without seeing the prediction.
        seconds: From the page being shown to the answer, None when nobody measured.
        batch: What joins the answers of one gesture, None for a single one.
        guess: The label that the verdict named before it, None without one.
    """

    id: int
    entry_id: int
    document_id: int
    label: str | None
    reviewer: str
    uid: int
    answered_at: dt.datetime
    undone_at: dt.datetime | None = None
    purpose: Purpose = Purpose.DECIDE
    blind: bool = False
    seconds: float | None = None
    batch: str | None = None
    guess: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the append-only log.

    Attributes:
        id: Number, growing.
        at: When.
        kind: What, e.g. "claimed", "verdict", "delivered", "answered", "undone".
        actor: Who: "daemon", or a Unix user name.
        document_id: Of which document, None for the service itself.
        detail: Facts, JSON-serializable.
    """

    id: int
    at: dt.datetime
    kind: str
    actor: str
    document_id: int | None = None
    detail: dict[str, object] = field(default_factory=dict)
