"""Documents that look the same: the same bytes, one page scanned twice, one form filled in twice.

Two signs, since each alone is fooled: the difference hash by sparse pages whose few dark cells
coincide, features by pages of one kind. Where both are known, a pair has to be near by both.

Measured with the starter model on 310 real documents: 59 pairs, of which all but one are by their
names one page or one sender's form. Of 140 generated documents, no two of which are alike, the
nearest two have a distance of 0.046 and 47 bits, and there is no pair.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from docsorter.training.dataset import Sample
from docsorter.training.progress import Progress
from docsorter.training.rasters import BASE, RasterCache
from docsorter.training.splits import NEAR, difference_hash, near_duplicates

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEARLY_BLANK: Final = 24
"""With at most this many of the 256 bits set, hashes are alike without being of one page."""

NEAR_BY_FEATURES: Final = 0.05
"""Pooled features of two fillings of one form have at most this cosine distance."""

SAME_BY_FEATURES: Final = 0.005
"""So near, two pages are the same although their hashes are less near, or nearly blank."""

LOOSELY_NEAR: Final = 32
"""Hash bits that may differ then."""


@dataclass(frozen=True, slots=True)
class Copy:
    """Two documents whose first pages are the same.

    Attributes:
        first: Index of the one document.
        second: Index of the other, greater.
        bits: Hash bits in which they differ, 0-256.
        distance: Cosine distance of their features, 0-2; None when features are not known.
        identical: Whether the files are the same byte for byte.
    """

    first: int
    second: int
    bits: int
    distance: float | None
    identical: bool = False


def page_hashes(
    samples: Sequence[Sample], cache: RasterCache, progress: Progress
) -> "NDArray[np.uint64]":
    """Return the difference hash of each first page, (n, 4)."""
    rows: list[NDArray[np.uint64]] = []
    for number, sample in enumerate(samples, 1):
        rows.append(difference_hash(cache.pages(sample.path, BASE)[0]).reshape(-1))
        progress("comparing pages", number, len(samples))
    return np.stack(rows) if rows else np.zeros((0, 4), np.uint64)


def file_digests(samples: Sequence[Sample]) -> list[str]:
    """Return the SHA-256 of each file as hex digits."""
    digests: list[str] = []
    for sample in samples:
        with sample.path.open("rb") as stream:
            digests.append(hashlib.file_digest(stream, "sha256").hexdigest())
    return digests


def copies(
    hashes: "NDArray[np.uint64]",
    digests: Sequence[str],
    features: "NDArray[np.float32] | None" = None,
) -> list[Copy]:
    """Return all pairs that are the same page, in the order of their indices.

    Args:
        hashes: (n, 4), of `page_hashes`.
        digests: n, of `file_digests`; the same bytes are always a pair.
        features: (n, width) pooled features of the first pages; None to go by hashes alone.
    """
    pairs = _near_by_hash(hashes) if features is None else _near_by_both(hashes, features)
    found: list[Copy] = []
    for i, j in sorted({*pairs, *_same(digests)}):
        bits = int(np.bitwise_count(hashes[i] ^ hashes[j]).sum())
        distance = None if features is None else cosine_distance(features[i], features[j])
        found.append(Copy(i, j, bits, distance, digests[i] == digests[j]))
    return found


def cosine_distance(one: "NDArray[np.float32]", other: "NDArray[np.float32]") -> float:
    """Return 1 - cosine of the angle between two vectors, 0-2; 1 when one of them is zero."""
    length = float(np.linalg.norm(one)) * float(np.linalg.norm(other))
    return max(0.0, 1.0 - float(one @ other) / length) if length else 1.0


def _near_by_hash(hashes: "NDArray[np.uint64]") -> list[tuple[int, int]]:
    ink = _ink(hashes)
    return [(i, j) for i, j in near_duplicates(hashes) if min(ink[i], ink[j]) > NEARLY_BLANK]


def _near_by_both(
    hashes: "NDArray[np.uint64]", features: "NDArray[np.float32]"
) -> list[tuple[int, int]]:
    inked = _ink(hashes) > NEARLY_BLANK
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    units = features / np.maximum(lengths, np.finfo(np.float32).tiny)
    pairs: list[tuple[int, int]] = []
    for i in range(len(hashes) - 1):
        bits = np.bitwise_count(hashes[i + 1 :] ^ hashes[i]).sum(axis=1)
        distance = 1 - units[i + 1 :] @ units[i]
        alike = (bits <= NEAR) & (distance <= NEAR_BY_FEATURES) & inked[i] & inked[i + 1 :]
        same = (bits <= LOOSELY_NEAR) & (distance <= SAME_BY_FEATURES)
        pairs += [(i, i + 1 + int(j)) for j in np.flatnonzero(alike | same)]
    return pairs


def _ink(hashes: "NDArray[np.uint64]") -> "NDArray[np.int64]":
    return np.bitwise_count(hashes).sum(axis=1).astype(np.int64)


def _same(digests: Sequence[str]) -> list[tuple[int, int]]:
    """Return pairs of equal digests, each document with the first of its kind."""
    places: dict[str, list[int]] = defaultdict(list)
    for index, digest in enumerate(digests):
        places[digest].append(index)
    return [(found[0], other) for found in places.values() for other in found[1:]]
