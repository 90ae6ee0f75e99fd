"""What the data report says, as plain values: `--json` writes them as they are."""

from dataclasses import dataclass

from docsorter.training.data_report.label_errors import Suspicion


@dataclass(frozen=True, slots=True)
class Spread:
    """Three numbers for many.

    Attributes:
        known: How many documents say it.
        least: Smallest value, None when none is known.
        median: The middle value.
        most: Greatest value.
    """

    known: int
    least: int | None
    median: int | None
    most: int | None


@dataclass(frozen=True, slots=True)
class LabelFindings:
    """One label.

    Attributes:
        label: Its name.
        documents: Readable documents.
        unreadable: Files that cannot be used.
        sources: Sub-folders that say where documents come from.
        groups: Groups that no split may cut; as many as there are really different documents.
        pages: Pages of a document.
        longest_side: Pixels of the longer side of a scanned first page.
        dpi: Resolution.
        inks: Documents that are "bilevel", "grey", "colour".
        formats: Documents by format.
    """

    label: str
    documents: int
    unreadable: int
    sources: int
    groups: int
    pages: Spread
    longest_side: Spread
    dpi: Spread
    inks: dict[str, int]
    formats: dict[str, int]


@dataclass(frozen=True, slots=True)
class Document:
    """A document in a finding.

    Attributes:
        file: Path below the folder.
        label: Its label.
    """

    file: str
    label: str


@dataclass(frozen=True, slots=True)
class AlikePair:
    """Two documents whose first pages look the same.

    Attributes:
        first: File of the one.
        second: File of the other.
        bits: Bits of the 256 of the difference hash that differ.
        distance: Cosine distance of their features, 0-2.
        identical: Whether the files are the same byte for byte.
    """

    first: str
    second: str
    bits: int
    distance: float | None
    identical: bool


@dataclass(frozen=True, slots=True)
class Alike:
    """Documents that look the same.

    Attributes:
        documents: All of them.
        identical: Whether all are the same byte for byte.
        conflict: Whether they carry different labels.
        pairs: Which of them look the same as which.
    """

    documents: tuple[Document, ...]
    identical: bool
    conflict: bool
    pairs: tuple[AlikePair, ...]


@dataclass(frozen=True, slots=True)
class Suspect:
    """A document whose label may be wrong.

    Attributes:
        document: The document with its label.
        suggestion: Why, and which label it looks like.
    """

    document: Document
    suggestion: Suspicion


@dataclass(frozen=True, slots=True)
class UnreadableFile:
    """A file that cannot be used, with the reason."""

    file: str
    label: str
    reason: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why training would refuse the folder, and what to do."""

    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Giveaway:
    """How far the kind of file alone (format and colour) tells the label.

    Attributes:
        documents: How many it was counted on.
        by_kind: Share of documents that are of the most frequent label of their kind, 0-1.
        by_chance: Share of documents of the most frequent label, 0-1.
        telling: Whether a model could learn the scanner instead of the document.
    """

    documents: int
    by_kind: float
    by_chance: float
    telling: bool


@dataclass(frozen=True, slots=True)
class DataReport:
    """All findings about a folder of labelled documents.

    Attributes:
        folder: The folder.
        model: Name of the model whose features were used.
        documents: Readable documents.
        labels: By label.
        refusal: Why training would refuse; None when it would not.
        split: Documents by set ("train", ..., or one set of folds where they are few) and label;
            empty when training would refuse.
        split_by_document: Labels whose sub-folders are too few to be dealt out whole, with how
            many there are.
        alike: Groups of documents that look the same.
        suspects: Documents whose label may be wrong, the most suspicious first.
        suspects_note: Why they were not, or not all, looked for; "" when they were.
        unreadable: Files that cannot be used.
        giveaway: Whether the kind of file tells the label; None for few documents.
    """

    folder: str
    model: str
    documents: int
    labels: tuple[LabelFindings, ...]
    refusal: Refusal | None
    split: dict[str, dict[str, int]]
    split_by_document: dict[str, int]
    alike: tuple[Alike, ...]
    suspects: tuple[Suspect, ...]
    suspects_note: str
    unreadable: tuple[UnreadableFile, ...]
    giveaway: Giveaway | None

    @property
    def conflicts(self) -> tuple[Alike, ...]:
        """Groups that look the same under different labels."""
        return tuple(group for group in self.alike if group.conflict)

    @property
    def copies(self) -> int:
        """Documents that look the same as an earlier one."""
        return sum(len(group.documents) - 1 for group in self.alike)
