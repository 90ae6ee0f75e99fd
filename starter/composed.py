"""Documents of several pages, composed of pages that a model saw, and what a rule does to them.

Nobody has enough real documents of several pages. A first page of a document, real or generated,
with later pages behind it is one, as far as the decision goes: it takes what the model says of each
page. Two first pages in one scan are what has to be noticed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from docsorter.decide.calibration import label_probabilities
from docsorter.decide.novelty import NoveltyModel
from docsorter.decide.policy import eligible_of, reaches, scores_of
from docsorter.decide.prediction import PageHeads, PooledPages, pool_document
from docsorter.documents import SortRule
from docsorter.model.bundle import ModelBundle
from docsorter.model.card import NONE_OF_THESE
from docsorter.training.evaluation.curves import Resampler

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from starter.page_heads import Page

    Floats = NDArray[np.float64]

ONE_PAGE: Final = "1 page"
AS_SCANNED: Final = "several pages, as scanned"
SEVERAL: Final = ("two, same label", "two, other label", "two, foreign second")
"""Scans of two documents."""

ATTACHED: Final = frozenset(
    {
        "receipt", "photo", "id-card", "delivery-note", "email", "drawing", "plot", "map",
        "wage-slip", "handwriting", "certificate", "ticket", "spreadsheet", "data-sheet",
    }
)  # fmt: skip
"""Kinds of page that come as attachments."""


@dataclass(frozen=True, slots=True)
class Composed:
    """One document: what it is, and which pages it has.

    Attributes:
        name: What kind of composition it is.
        target: Column of its label; the number of labels for a foreign one.
        rows: Its pages, by their places among all pages, the first one first.
    """

    name: str
    target: int
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Scans:
    """Pages to compose documents of.

    Attributes:
        pages: Of documents; those of a real document in order.
        tails: What may come behind a first page.
        odds: (n,) log odds of each of the pages, then of the tails, that it is a first page, from
            heads that did not learn from it.
    """

    pages: Sequence["Page"]
    tails: Sequence["Page"]
    odds: "Floats"

    def documents(self, labels: Sequence[str], seed: int = 0) -> list[Composed]:
        """Return every first page, alone and with others behind it.

        Args:
            labels: Of the model.
            seed: Of the draws.
        """
        draws = _Draws(self.pages, self.tails, labels, np.random.default_rng(seed))
        return [made for row in draws.firsts for made in draws.documents(row)]


class _Draws:
    def __init__(
        self,
        pages: Sequence["Page"],
        tails: Sequence["Page"],
        labels: Sequence[str],
        rng: np.random.Generator,
    ) -> None:
        self._pages, self._labels, self._rng = pages, list(labels), rng
        self.firsts = [row for row, page in enumerate(pages) if page.begins]
        behind = list(enumerate(tails, len(pages)))
        self._attached = [row for row, page in behind if page.kind in ATTACHED]
        self._later = {
            kind: [row for row, page in behind if page.kind == f"later-{kind}"]
            for kind in ("invoice", "claim", "letter", "terms", "annex")
        }
        self._others: dict[str, list[int]] = {}
        for row in self.firsts:
            self._others.setdefault(pages[row].label, []).append(row)

    def documents(self, row: int) -> list[Composed]:
        """Return the documents that begin with one page."""
        page = self._pages[row]
        known = page.label in self._labels
        own = page.label if known else str(self._rng.choice(["invoice", "claim", "letter"]))
        behind = self._behind(own)
        if known:
            behind |= self._second_documents(row)
        target = self._labels.index(page.label) if known else len(self._labels)
        made = [
            Composed(name, target, (row, *tail))
            for name, tail in behind.items()
            if tail or name == ONE_PAGE
        ]
        end = row + 1
        while end < len(self._pages) and self._pages[end].number:
            end += 1
        if end > row + 1:
            made.append(Composed(AS_SCANNED, target, tuple(range(row, end))))
        return made

    def _behind(self, label: str) -> dict[str, list[int]]:
        going_on, terms = self._later[label], self._later["terms"]
        annexes = [*self._later["annex"], *self._attached]
        return {
            ONE_PAGE: [],
            "2 pages": self._drawn(going_on, 1),
            "3 pages": self._drawn(going_on, 2),
            "8 pages": [*self._drawn(going_on, 2), *self._drawn([*going_on, *annexes, *terms], 5)],
            "terms on the back": self._drawn(terms, 1),
            "two annexes": self._drawn(annexes, 2),
        }

    def _second_documents(self, row: int) -> dict[str, list[int]]:
        page = self._pages[row]
        same = [
            other
            for other in self._others[page.label]
            if self._pages[other].document != page.document
        ]
        rest = [
            other
            for label in self._labels
            if label != page.label
            for other in self._others.get(label, ())
        ]
        foreign = self._others.get(NONE_OF_THESE, [])
        return dict(
            zip(SEVERAL, (self._drawn(rows, 1) for rows in (same, rest, foreign)), strict=True)
        )

    def _drawn(self, rows: Sequence[int], number: int) -> list[int]:
        places = self._rng.integers(max(1, len(rows)), size=number if rows else 0)
        return [int(rows[place]) for place in places]


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rule does to composed documents.

    Attributes:
        documents: The documents.
        probabilities: (n, labels + 1), pooled.
        several: (n,) whether another document is said to begin in it.
        alone: (n,) whether it is sorted without a person.
    """

    documents: tuple[Composed, ...]
    probabilities: "Floats"
    several: "NDArray[np.bool_]"
    alone: "NDArray[np.bool_]"

    @property
    def targets(self) -> "NDArray[np.int64]":
        """Columns of the labels, (n,)."""
        return np.array([document.target for document in self.documents], np.int64)

    def loss(self) -> float:
        """Return the mean log loss, every kind of composition counting alike."""
        shares = self.probabilities[np.arange(len(self.targets)), self.targets]
        losses = -np.log(np.maximum(shares, 1e-12))
        names = np.array([document.name for document in self.documents])
        return float(np.mean([losses[names == name].mean() for name in np.unique(names)]))

    def share_several(self) -> float:
        """Return the share that is said to be several documents, compositions counting alike."""
        names = np.array([document.name for document in self.documents])
        return float(np.mean([self.several[names == name].mean() for name in np.unique(names)]))

    def named(self, *names: str) -> "NDArray[np.bool_]":
        """Say which documents are of some kinds, (n,)."""
        return np.array([document.name in names for document in self.documents], np.bool_)


class Judge:
    """Decides about composed documents as the daemon would.

    Args:
        bundle: Its card has the rule.
        scans: The pages.
    """

    def __init__(self, bundle: ModelBundle, scans: Scans) -> None:
        card = bundle.card
        self._rule: SortRule = card.rule()
        self._labels = card.labels
        self._background = card.background > 0
        pages = [*scans.pages, *scans.tails]
        logits = np.concatenate([page.output.logits for page in pages])
        features = np.concatenate([page.output.features for page in pages])
        self._shares = label_probabilities(logits, self._rule.temperature, card.background)
        self._novelty = NoveltyModel.from_arrays(bundle.novelty).percentile(features)
        self._odds = scans.odds

    @property
    def labels(self) -> int:
        """How many labels there are: the column of a foreign document."""
        return len(self._labels)

    def judge(self, documents: Sequence[Composed], limit: float, confirm: float = 0.0) -> Judged:
        """Decide about all of them under some numbers of the rule of several pages."""
        none = np.zeros((1, 4))
        # Its one feature is the odds themselves.
        heads = PageHeads(
            np.ones(1), np.array(0.0), none, none[0], confirm=confirm, first_limit=limit
        )
        found = [self._pooled(document, heads) for document in documents]
        shares = np.stack([pooled.probabilities for pooled in found])
        several = np.array([pooled.held for pooled in found], np.bool_)
        novelty = self._novelty[[document.rows[0] for document in documents]]
        sure = reaches(scores_of(shares, novelty, self._labels, self._rule), self._rule.threshold)
        alone = sure & eligible_of(shares, novelty, self._labels, self._rule) & ~several
        return Judged(tuple(documents), shares, several, np.asarray(alone, np.bool_))

    def _pooled(self, document: Composed, heads: PageHeads) -> PooledPages:
        rows = list(document.rows)
        return pool_document(
            self._shares[rows],
            self._novelty[rows],
            self._odds[rows, np.newaxis],
            self._rule.novelty_limit,
            background=self._background,
            heads=heads,
        )


def table(judged: Judged, pages: Sequence["Page"]) -> dict[str, dict[str, Any]]:
    """Return what was done to each kind of composition, as plain values with their intervals.

    Args:
        judged: The documents.
        pages: The pages that they begin with.
    """
    names = {name: row for row, name in enumerate(sorted({page.group for page in pages}))}
    groups = [names[pages[document.rows[0]].group] for document in judged.documents]
    resampler = Resampler(groups, np.random.default_rng(0))
    targets, top = judged.targets, judged.probabilities.argmax(axis=1)
    foreign = targets == judged.probabilities.shape[1] - 1
    found: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys(document.name for document in judged.documents):
        mine = judged.named(name) & ~foreign
        wrong = judged.alone & (top != targets)
        if name in SEVERAL:
            found[name] = {
                "said to be several": resampler.share(judged.several, mine).model_dump(),
                "sorted alone": resampler.share(judged.alone, mine).model_dump(),
            }
            continue
        found[name] = {
            "sorted alone": resampler.share(judged.alone, mine).model_dump(),
            "error among sorted": resampler.share(wrong, mine & judged.alone).model_dump(),
            "said to be several": resampler.share(judged.several, mine).model_dump(),
            "foreign documents sorted": resampler.share(
                judged.alone, judged.named(name) & foreign
            ).model_dump(),
        }
    return found
