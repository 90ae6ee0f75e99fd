"""Snapshots of drawn pages, as if people had answered them."""

import datetime as dt
import hashlib
from pathlib import Path

from docsorter.service.learning.snapshots import SnapshotDocument, SnapshotManifest, Snapshots
from tests.training.papers import draw

NOW = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)


def drawn(
    state: Path, base: str, pages: list[tuple[str, str, int]]
) -> tuple[Snapshots, SnapshotManifest]:
    """Write a snapshot.

    Args:
        state: The state folder.
        base: Bundle that the training starts from.
        pages: For each document the label it was given, what is drawn on it, and a seed.
    """
    snapshots = Snapshots(state)
    folder = snapshots.begin("answers-1")
    taught = []
    for number, (label, what, seed) in enumerate(pages, 1):
        file = folder / "documents" / label / f"{number}.png"
        file.parent.mkdir(exist_ok=True)
        draw(what, seed).save(file)
        taught.append(
            SnapshotDocument(
                document=number, answer=number, label=label, kept="copy",
                sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
                file=str(file.relative_to(folder)),
            )
        )  # fmt: skip
    manifest = SnapshotManifest(
        name="answers-1", base=base, base_model=base, taken_at=NOW, until=NOW, taught=tuple(taught)
    )
    snapshots.write(manifest)
    return snapshots, manifest
