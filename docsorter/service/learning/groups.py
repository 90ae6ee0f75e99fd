"""Groups of documents that are like nothing that was taught, as people see them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import AwareDatetime, BaseModel, ConfigDict

from docsorter.decide.grouping import CUT, group_alike, places_of
from docsorter.documents import Document, Prediction
from docsorter.errors import NotFoundError
from docsorter.model.card import NONE_OF_THESE


class Group(BaseModel):
    """Documents that look alike.

    Attributes:
        number: What people call it, until the next listing.
        waiting: Documents that wait for a person, the most typical first.
        answered: Documents of it that people gave a label that the model was not taught.
        called: Those labels, the most frequent first.
        nearest: Label of the model that it is most like, "" for none.
        nearest_probability: What the model gave that label on average.
        tightness: Mean distance of its members, as a share of what joins a group, 0-1.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: int
    waiting: tuple[int, ...]
    answered: tuple[int, ...]
    called: tuple[str, ...]
    nearest: str
    nearest_probability: float
    tightness: float


class Listing(BaseModel):
    """The groups as they were last listed, so that what is answered is what was seen.

    Attributes:
        at: When.
        model: Name on the card of the model whose features were compared.
        looked_at: Documents that were compared.
        unreadable: Documents that could not be looked at.
        left_over: Waiting documents that are like no other.
        cut: Mean distance up to which documents were of one group.
        groups: The groups with somebody who waits, the largest first.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: AwareDatetime
    model: str
    looked_at: int
    unreadable: int
    left_over: int
    cut: float = CUT
    groups: tuple[Group, ...]

    def group(self, number: int) -> Group:
        """Return a group by its number.

        Raises:
            NotFoundError: There is none.
        """
        for group in self.groups:
            if group.number == number:
                return group
        raise NotFoundError(
            f"there is no group {number}", remedy="list them with: docsorter review groups"
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """A document that was looked at.

    Attributes:
        document: The document.
        waits: Whether it waits for a person; otherwise people have said what it is.
        prediction: What the model said of it when it was decided.
        features: (F,) pooled features of its first page.
    """

    document: Document
    waits: bool
    prediction: Prediction | None
    features: NDArray[np.float32]


def grouped(seen: Sequence[Seen], cut: float) -> tuple[tuple[Group, ...], int]:
    """Gather documents into groups with somebody who waits.

    Args:
        seen: The documents.
        cut: See `docsorter.decide.grouping.group_alike`.

    Returns:
        The groups, the largest first, and how many waiting documents are in none.
    """
    if not seen:
        return (), 0
    places = places_of(np.stack([one.features for one in seen]))
    groups: list[Group] = []
    gathered: set[int] = set()
    for alike in group_alike(places, cut):
        members = [seen[row] for row in alike.members]
        waiting = tuple(one.document.id for one in members if one.waits)
        if not waiting:
            continue
        gathered |= set(waiting)
        groups.append(_group(len(groups) + 1, members, waiting, alike.tightness))
    left_over = sum(one.waits and one.document.id not in gathered for one in seen)
    return tuple(groups), left_over


def _group(
    number: int, members: Sequence[Seen], waiting: tuple[int, ...], tightness: float
) -> Group:
    answered = [one.document for one in members if not one.waits]
    labels = Counter(d.verdict.label for d in answered if d.verdict and d.verdict.label)
    nearest, probability = _nearest([one.prediction for one in members if one.prediction])
    return Group(
        number=number,
        waiting=waiting,
        answered=tuple(document.id for document in answered),
        called=tuple(label for label, _ in labels.most_common()),
        nearest=nearest,
        nearest_probability=probability,
        tightness=round(tightness, 3),
    )


def _nearest(predictions: Sequence[Prediction]) -> tuple[str, float]:
    total: dict[str, float] = {}
    for prediction in predictions:
        for label, probability in zip(prediction.labels, prediction.probabilities, strict=True):
            if label != NONE_OF_THESE:
                total[label] = total.get(label, 0.0) + probability
    if not total:
        return "", 0.0
    label = max(total, key=lambda each: total[each])
    return label, total[label] / len(predictions)
