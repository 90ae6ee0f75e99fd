"""Labelled documents: which files there are, what they are and where they come from.

Three ways to say it: a folder per label, the index of generated documents, and a manifest of
collected ones that also says what each may be used for.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from docsorter.model.card import Origin

SUFFIXES: Final = frozenset(
    {".pdf", ".tif", ".tiff", ".jpg", ".jpeg", ".png", ".webp", ".bmp", ".heic"}
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled document.

    Attributes:
        path: The file.
        label: What it is: a label, or "other" for none of them.
        kind: Finer than the label, "" where nobody said.
        layout: Same vendor or template, same layout; never cut by a split.
        source: Where it came from: "synthetic", a repository, a folder.
        licence: Licence of the source.
        split: Split it is bound to, "" where that is still free.
        origin: "synthetic" or "real".
    """

    path: Path
    label: str
    kind: str
    layout: str
    source: str
    licence: str = ""
    split: str = ""
    origin: str = "real"


def fingerprint(samples: Iterable[Sample]) -> str:
    """Return the SHA-256 over the sorted digests of all files with their labels."""
    lines = sorted(
        f"{hashlib.sha256(sample.path.read_bytes()).hexdigest()} {sample.label}"
        for sample in samples
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


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
