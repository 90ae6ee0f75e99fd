"""The documents of the starter model, each in one split: nothing learned from is measured on."""

import csv
import json
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from docsorter.errors import UsageError
from docsorter.model.card import NONE_OF_THESE, Origin
from docsorter.training.dataset import Sample
from docsorter.training.rasters import BASE, RasterCache
from docsorter.training.splits import deal, difference_hash, group, near_duplicates
from starter.rasters import unreadable

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MANIFEST_LABELS: Final = {
    "invoice": "invoice",
    "claim": "claim",
    "claim_dropout": "claim",
    "letter": "letter",
    "receipt": NONE_OF_THESE,
    "other": NONE_OF_THESE,
}  # `claim_cont`, later pages of a claim, says nothing on its own and is left out


LATER_PAGES: Final = "later"
"""Label in the index of generated pages that come after the first page of a document."""

DROPPED_FORM: Final = "claim-dropped-form"
"""Kind of a claim whose coloured form the scanner has dropped: typed words without their boxes."""


def read_synthetic(root: Path) -> list[Sample]:
    """Read generated documents: `train/` and `test/`, each with an `index.jsonl`.

    Layouts of `test/` occur nowhere in `train/`; they are bound to "held-out".

    Raises:
        UsageError: There is no index, or a line of it cannot be understood.
    """
    samples: list[Sample] = []
    for part, split in (("train", ""), ("test", "held-out")):
        index = root / part / "index.jsonl"
        if not index.is_file():
            continue
        for number, line in enumerate(index.read_text(encoding="utf-8").splitlines(), 1):
            try:
                row = json.loads(line)
                if row["label"] == LATER_PAGES:  # of no label: they teach the page heads alone
                    continue
                path = root / part / row["file"]
                layout = f"{part}:{row['kind']}:{row['layout']}"
                samples.append(
                    Sample(
                        path, row["label"], row["kind"], layout, "synthetic", "Apache-2.0", split,
                        "synthetic",
                    )
                )  # fmt: skip
            except (ValueError, KeyError, TypeError) as error:
                raise UsageError(
                    f"line {number} of the index of generated documents is wrong: {index}: {error}",
                    remedy="generate the documents again",
                ) from error
    if not samples:
        raise UsageError(
            f"there are no generated documents: {root} has no train/index.jsonl",
            remedy="generate them first",
        )
    return [sample for sample in samples if sample.path.is_file()]


def read_manifest(root: Path, *, use: str) -> list[Sample]:
    """Read collected documents from `MANIFEST.tsv`.

    Args:
        root: Folder of the manifest.
        use: Only rows that may be used so: "train-ok" or "eval-only".

    Raises:
        UsageError: There is no manifest, or a column is missing.
    """
    manifest = root / "MANIFEST.tsv"
    try:
        with manifest.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream, delimiter="\t"))
        return [
            Sample(
                root / row["file"], _MANIFEST_LABELS[row["label"]],
                DROPPED_FORM if row["label"] == "claim_dropout" else "",
                row["layout"], row["source"], row["licence"],
            )
            for row in rows
            if row["use"] == use and row["label"] in _MANIFEST_LABELS
        ]  # fmt: skip
    except (OSError, KeyError) as error:
        raise UsageError(
            f"the manifest of collected documents cannot be read: {manifest}: {error}",
            remedy="it needs the columns file, label, layout, source, licence and use",
        ) from error


def document_names(roots: Iterable[Path]) -> dict[Path, str]:
    """Return what collected documents are, by file: "receipt", "form", "memo"; "" if unsaid."""
    names: dict[Path, str] = {}
    for root in roots:
        with (root / "MANIFEST.tsv").open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream, delimiter="\t"):
                said = row.get("subclass") or row["label"]
                names[root / row["file"]] = "" if said in {*_MANIFEST_LABELS.values()} else said
    return names


_LOG: Final = logging.getLogger(__name__)
_NEARLY_BLANK: Final = 24  # set bits of a hash; such pages are alike without being copies

LAYOUT_CAP: Final = 4
"""A layout counts as at most so many documents, however many copies of it there are."""
SYNTHETIC_SHARES: Final = {"train": 0.93, "validation": 0.07}
HELD_OUT_SHARES: Final = {"calibration": 0.5, "test": 0.5}
REAL_SHARES: Final = {"train": 0.6, "calibration": 0.2, "test": 0.2}


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents by split: "train", "validation", "calibration", "test" and "eval-only".

    "eval-only" holds real documents that may be measured on and nothing else.
    """

    samples: tuple[Sample, ...]

    def of(self, split: str, origin: str | None = None) -> list[Sample]:
        """Return the documents of a split, of one origin if asked."""
        return [s for s in self.samples if s.split == split and origin in {None, s.origin}]

    def counts(self) -> dict[str, dict[str, int]]:
        """Return documents by split and label, real ones apart."""
        table: dict[str, dict[str, int]] = {}
        for (split, origin, label), number in sorted(
            Counter((s.split, s.origin, s.label) for s in self.samples).items()
        ):
            table.setdefault(f"{split}, {origin}", {})[label] = number
        return table


def served_only(corpus: Corpus, served: RasterCache, size: int) -> Corpus:
    """Leave out what the daemon would refuse, such as a purely white page.

    Args:
        corpus: The documents; generated ones to learn from are not asked for.
        served: Pages as the daemon sees them.
        size: Side of a page for the classifier.
    """
    asked = [s for s in corpus.samples if s.origin == "real" or s.split != "train"]
    problems = unreadable(served, [sample.path for sample in asked], size)
    for reason in problems.values():
        _LOG.info("left out, the daemon refuses it: %s", reason)
    return Corpus(tuple(sample for sample in corpus.samples if sample.path not in problems))


def gather(
    synthetic: Path | None, real: Sequence[Path], cache: RasterCache, *, seed: int = 0
) -> Corpus:
    """Read, check and split all documents.

    Args:
        synthetic: Folder of generated documents; their layouts for testing are never trained on.
        real: Folders of collected documents with a manifest; those that may be learned from all
            are, and `starter.cross_validate` measures on them.
        cache: Where the pages are kept.
        seed: The same seed gives the same split.
    """
    samples: list[Sample] = []
    if synthetic is not None:
        samples += split_synthetic(_readable(read_synthetic(synthetic), cache), seed)
    free = _readable([s for root in real for s in read_manifest(root, use="train-ok")], cache)
    samples += [replace(sample, split="train") for sample in free]
    kept_apart = [s for root in real for s in read_manifest(root, use="eval-only")]
    samples += [replace(sample, split="eval-only") for sample in _readable(kept_apart, cache)]
    # Such a page shows no claim, only a list: whoever is told to see claims in it sees them in
    # other lists too.
    samples = [sample for sample in samples if sample.kind != DROPPED_FORM]
    return Corpus(tuple(_without_copies(samples, _hashes(samples, cache))))


def dealt_by_source(real: Sequence[Path], cache: RasterCache, *, seed: int = 0) -> Corpus:
    """Read, check and split real documents by source, for what is measured on a part of them.

    Args:
        real: Folders of collected documents with a manifest.
        cache: Where the pages are kept.
        seed: The same seed gives the same split.
    """
    corpus = gather(None, real, cache)
    free, labels = corpus.of("train"), [sample.label for sample in corpus.of("train")]
    groups, weights = source_groups(free, cache), layout_weights(free)
    splits = deal(groups, labels, REAL_SHARES, weights=weights, seed=seed)
    dealt = [replace(s, split=split) for s, split in zip(free, splits, strict=True)]
    return Corpus((*dealt, *corpus.of("eval-only")))


def _readable(samples: list[Sample], cache: RasterCache) -> list[Sample]:
    problems = unreadable(cache, [sample.path for sample in samples], BASE)
    for reason in problems.values():
        _LOG.warning("left out, unreadable: %s", reason)
    return [sample for sample in samples if sample.path not in problems]


def _hashes(samples: Sequence[Sample], cache: RasterCache) -> "NDArray[np.uint64]":
    rows = [difference_hash(cache.pages(s.path, BASE)[0]).reshape(-1) for s in samples]
    return np.stack(rows) if rows else np.zeros((0, 4), np.uint64)


def split_synthetic(samples: list[Sample], seed: int) -> list[Sample]:
    """Split generated documents by layout: most are learned from, held-out ones tested on."""
    result: list[Sample] = []
    for bound, shares in (("", SYNTHETIC_SHARES), ("held-out", HELD_OUT_SHARES)):
        part = [sample for sample in samples if sample.split == bound]
        splits = deal(group([s.layout for s in part]), [s.kind for s in part], shares, seed=seed)
        result += [replace(s, split=split) for s, split in zip(part, splits, strict=True)]
    return result


def source_groups(samples: Sequence[Sample], cache: RasterCache) -> list[int]:
    """Number the groups of real documents: sources, joined where they share near-duplicates."""
    return group([sample.source for sample in samples], _real_copies(_hashes(samples, cache)))


def layout_weights(samples: Sequence[Sample]) -> list[float]:
    """Return how much each document counts: a layout at most as `LAYOUT_CAP` of them."""
    layouts = Counter((sample.source, sample.layout) for sample in samples)
    return [min(1.0, LAYOUT_CAP / layouts[sample.source, sample.layout]) for sample in samples]


def drawn_by_kind(samples: Sequence[Sample], most: int, seed: int) -> list[Sample]:
    """Draw at most so many generated documents, of every kind as many as there are of it."""
    order = np.random.default_rng([seed, 5]).permutation(len(samples))
    seen: Counter[tuple[str, str]] = Counter()
    ranks = []
    for row in order:
        kind = samples[row].label, samples[row].kind
        ranks.append((seen[kind], int(row)))
        seen[kind] += 1
    return [samples[row] for row in sorted(row for _, row in sorted(ranks)[:most])]


def _real_copies(
    hashes: "NDArray[np.uint64]",
) -> list[tuple[int, int]]:
    inked = np.bitwise_count(hashes).sum(axis=1) > _NEARLY_BLANK
    return [(i, j) for i, j in near_duplicates(hashes) if inked[i] and inked[j]]


def _without_copies(samples: Sequence[Sample], hashes: "NDArray[np.uint64]") -> Iterable[Sample]:
    """Drop from training what nearly equals a document of another split."""
    dropped: set[int] = set()
    for i, j in _real_copies(hashes):
        if samples[i].split != samples[j].split:
            dropped |= {k for k in (i, j) if samples[k].split in {"train", "validation"}}
    if dropped:
        _LOG.info("dropped %d pages that nearly equal one of another split", len(dropped))
    return [sample for number, sample in enumerate(samples) if number not in dropped]


def origins(samples: Iterable[Sample]) -> tuple[Origin, ...]:
    """Return every source with its licence and how many documents it gave."""
    counts: dict[tuple[str, str], int] = {}
    for sample in samples:
        key = (sample.source, sample.licence)
        counts[key] = counts.get(key, 0) + 1
    return tuple(
        Origin(name=source, licence=licence, documents=number)
        for (source, licence), number in sorted(counts.items())
    )
