"""Other models made from the shipped one: the same network, another card, golden answers to fit."""

import shutil
from pathlib import Path

import numpy as np

from docsorter.model.card import ModelCard, read_card
from docsorter.model.golden import GoldenSet, probabilities, read_golden
from docsorter.resources import starter_bundle_dir
from tests.model.bundles import write_checksums

_KEPT = ("card.json", "model.tflite", "novelty.npz")


def write_variant(folder: Path, name: str = "", **changes: object) -> Path:
    """Write a whole bundle that runs, without asking the network: its logits are known."""
    folder.mkdir(parents=True)
    for each in _KEPT:
        shutil.copyfile(starter_bundle_dir() / each, folder / each)
    shutil.copytree(starter_bundle_dir() / "golden", folder / "golden")
    return rewrite(folder, name=name or folder.name, **changes)


def rewrite(folder: Path, **changes: object) -> Path:
    """Change a bundle's card, and what depends on it."""
    values = {**read_card(folder / "card.json").model_dump(), **changes}
    known = set(values["labels"])
    offsets = {label: one for label, one in values.get("offsets", {}).items() if label in known}
    values |= {"offsets": offsets, "words": None}  # of which the file is not copied
    card = ModelCard.model_validate(values)
    (folder / "card.json").write_text(card.model_dump_json(indent=1))
    golden = folder / "golden" / "golden.json"
    pages = [
        page.model_copy(update={"probabilities": _shares(page.logits, card.temperature)})
        for page in read_golden(golden).pages
    ]
    golden.write_text(GoldenSet(pages=tuple(pages)).model_dump_json(indent=1))
    write_checksums(folder)
    return folder


def _shares(logits: tuple[float, ...], temperature: float) -> tuple[float, ...]:
    return tuple(map(float, probabilities(np.array([logits], np.float32), temperature)[0]))
