"""Writes a model bundle, whole or not at all, and reads it back before it counts."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from docsorter.errors import EnvironmentFaultError
from docsorter.filesystem import environment_reason
from docsorter.model.bundle import CARD, CHECKSUMS, GOLDEN, NOVELTY, RUNTIME, digest, load_bundle
from docsorter.model.card import ModelCard
from docsorter.model.classifier import LiteRTClassifier, open_classifier
from docsorter.model.golden import (
    DEFAULT_TOLERANCE,
    GoldenPage,
    GoldenSet,
    check_golden,
    probabilities,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from docsorter.documents import RawOutput

_NOT_LISTED: Final = {CHECKSUMS}


@dataclass(frozen=True, slots=True)
class GoldenPicture:
    """A golden page to be: file name and pixels, (size, size, 3) uint8; always synthetic."""

    name: str
    pixels: "NDArray[np.uint8]"


@dataclass(frozen=True, slots=True)
class BundleParts:
    """Everything that a bundle consists of.

    Attributes:
        card: What is known of the model.
        runtime: The LiteRT file, to be copied.
        novelty: Arrays of the novelty model.
        golden: The golden pages; their answers are asked while writing.
        texts: Further text files by name: the model card in words, the report, the log.
    """

    card: ModelCard
    runtime: Path
    novelty: "dict[str, NDArray[np.generic]]"
    golden: Sequence[GoldenPicture]
    texts: dict[str, str]


def write_bundle(parts: BundleParts, target: Path) -> None:
    """Write a bundle next to `target`, check it, and only then give it that name.

    A bundle that was there is replaced. After an error or an interrupt `target` is what it was
    before, and nothing half written stays behind.

    Raises:
        ModelError: The bundle does not survive being read back.
        EnvironmentFaultError: The disk is full, or the folder cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise _fault(error, target) from error
    try:
        _fill(building, parts)
        bundle = load_bundle(building)
        check_golden(bundle, open_classifier(bundle))
        building.chmod(0o755)
        _swap(building, target)
    except OSError as error:
        raise _fault(error, target) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _fill(folder: Path, parts: BundleParts) -> None:
    shutil.copyfile(parts.runtime, folder / RUNTIME)
    (folder / CARD).write_text(parts.card.model_dump_json(indent=2) + "\n", encoding="utf-8")
    with (folder / NOVELTY).open("wb") as stream:
        np.savez(stream, **parts.novelty)  # type: ignore[arg-type] # numpy#28985
    for name, text in parts.texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    _write_golden(folder, parts)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [f"{digest(path)}  {path.relative_to(folder).as_posix()}\n" for path in files]
    (folder / CHECKSUMS).write_text("".join(lines), encoding="utf-8")
    for path in (*files, folder / CHECKSUMS):
        _flush(path)


def _write_golden(folder: Path, parts: BundleParts) -> None:
    (folder / GOLDEN).parent.mkdir()
    pages = []
    classifier = LiteRTClassifier(folder / RUNTIME, parts.card)
    for picture in parts.golden:
        said: RawOutput = classifier.classify(picture.pixels[np.newaxis])
        shares = probabilities(said.logits, parts.card.temperature)[0]
        pages.append(
            GoldenPage(
                file=picture.name,
                logits=tuple(round(float(value), 5) for value in said.logits[0]),
                probabilities=tuple(round(float(value), 6) for value in shares),
            )
        )
        Image.fromarray(picture.pixels).save((folder / GOLDEN).parent / picture.name, optimize=True)
    golden = GoldenSet(tolerance=DEFAULT_TOLERANCE, pages=tuple(pages))
    (folder / GOLDEN).write_text(golden.model_dump_json(indent=1) + "\n", encoding="utf-8")


def _swap(building: Path, target: Path) -> None:
    """Put the new folder in place; the old one comes back when that fails."""
    if not target.exists():
        building.rename(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent)) / "bundle"
    target.rename(old)
    try:
        building.rename(target)
    except BaseException:
        old.rename(target)
        raise
    finally:
        shutil.rmtree(old.parent, ignore_errors=True)


def _flush(path: Path) -> None:
    with path.open("rb") as stream, contextlib.suppress(OSError):
        os.fsync(stream.fileno())


def _fault(error: OSError, target: Path) -> EnvironmentFaultError:
    reason = environment_reason(error)
    return EnvironmentFaultError(
        f"the model bundle {target} cannot be written: {reason.text}",
        remedy="make room or choose another folder, then start the same command again",
    )
