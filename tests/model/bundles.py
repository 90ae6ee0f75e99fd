"""A bundle that is whole, without a network: what reads bundles does not run them."""

import datetime as dt
import hashlib
import json
from pathlib import Path

import numpy as np
from PIL import Image

from docsorter.model.card import ModelCard, Origin, Provenance

PROBABILITIES = (0.7, 0.1, 0.1, 0.1)


def make_card(**changes: object) -> ModelCard:
    card = ModelCard(
        name="test-1",
        created_at=dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.UTC),
        labels=("invoice", "claim", "letter"),
        background=1,
        provenance=Provenance(
            architecture="none",
            base=Origin(name="random", licence="none"),
            data=(),
            fingerprint="",
            documents={},
        ),
        temperature=1.0,
        threshold=0.9,
        novelty_limit=99.0,
    )
    return ModelCard.model_validate({**card.model_dump(), **changes})


def write_checksums(folder: Path) -> None:
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "SHA256SUMS"
    ]
    (folder / "SHA256SUMS").write_text("".join(lines))


def write_whole_bundle(folder: Path) -> Path:
    (folder / "golden").mkdir(parents=True)
    (folder / "card.json").write_text(make_card().model_dump_json())
    (folder / "model.tflite").write_bytes(b"no network, and none is needed to read a bundle")
    np.savez(folder / "novelty.npz", mean=np.zeros(4, np.float32))
    Image.new("RGB", (299, 299), "white").save(folder / "golden" / "page.png")
    golden = {
        "tolerance": 0.05,
        "pages": [{"file": "page.png", "logits": [0, 0, 0, 0], "probabilities": PROBABILITIES}],
    }
    (folder / "golden" / "golden.json").write_text(json.dumps(golden))
    write_checksums(folder)
    return folder
