"""The script that one would write in an afternoon: pdf2image at 200 dpi, Keras `predict`, move.

The network is the one that docsorter runs, in Keras and float32, with the weights read back from
the bundle, and the pages go through it 32 at a time. Nothing survives a kill, nothing is shut in.
"""

import shutil
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from bench.baselines.baseline import Measurement, cpu_seconds
from bench.mix import Paper
from docsorter.decide.calibration import label_probabilities
from docsorter.model.bundle import CARD
from docsorter.model.card import read_card
from docsorter.resources import starter_bundle_dir

_DPI: Final = 200
_BATCH: Final = 32
_loaded: list[Any] = []


class AfternoonScript:
    """Runs the script in a process of its own, with TensorFlow's threads on every core."""

    def __enter__(self) -> Self:
        self._process = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        self._process.submit(_warm_up).result()
        return self

    def __exit__(self, *raised: object) -> None:
        self._process.shutdown()

    def sort(self, folder: Path, papers: Sequence[Paper]) -> Measurement:
        """Sort documents; see `bench.baselines.baseline.Baseline`."""
        return self._process.submit(_script, folder, list(papers)).result()


def _warm_up() -> None:
    import keras  # noqa: PLC0415 -- TensorFlow stays in the process of the script

    from docsorter.training.dataset import ClassPlan  # noqa: PLC0415 -- as above
    from docsorter.training.network import (  # noqa: PLC0415 -- as above
        build_network,
        load_runtime_weights,
    )

    bundle = starter_bundle_dir()
    card = read_card(bundle / CARD)
    kinds = card.kinds or tuple((label, label) for label in card.prediction_labels)
    network = build_network(ClassPlan(card.labels, kinds), size=card.input.size)
    load_runtime_weights(network, bundle)
    model = keras.Sequential(
        [
            keras.layers.Input((network.size, network.size, 3)),
            keras.layers.Rescaling(1 / 127.5, offset=-1),
            network.trunk,
            keras.layers.GlobalAveragePooling2D(),
            network.head,
        ]
    )
    _loaded.extend([model, network, card])
    model.predict(np.zeros((_BATCH, network.size, network.size, 3), np.uint8), verbose=0)


def _script(folder: Path, papers: list[Paper]) -> Measurement:
    from pdf2image import convert_from_path  # noqa: PLC0415 -- as above
    from PIL import Image, ImageOps  # noqa: PLC0415 -- as above

    model, network, card = _loaded
    labels = {}
    with tempfile.TemporaryDirectory(prefix="docsorter-script-") as name:
        inbox = Path(name) / "inbox"
        inbox.mkdir()
        for paper in papers:
            shutil.copyfile(folder / paper.file, inbox / paper.file)
        began, used = time.perf_counter(), cpu_seconds()
        files = sorted(inbox.iterdir())
        for start in range(0, len(files), _BATCH):
            batch = files[start : start + _BATCH]
            pages = []
            for path in batch:
                is_pdf = path.suffix == ".pdf"
                page = convert_from_path(path, dpi=_DPI)[0] if is_pdf else Image.open(path)
                square = (network.size, network.size)
                pages.append(np.array(ImageOps.pad(page.convert("RGB"), square, color="white")))
            kinds = model.predict(np.stack(pages), verbose=0)
            shares = label_probabilities(
                np.array(network.label_logits(kinds)), card.temperature, card.background
            )
            for path, row in zip(batch, shares, strict=True):
                labels[path.name] = card.prediction_labels[int(np.argmax(row))]
                target = Path(name) / "sorted" / labels[path.name]
                target.mkdir(parents=True, exist_ok=True)
                shutil.move(path, target / path.name)
        seconds, used = time.perf_counter() - began, cpu_seconds() - used
    return Measurement(len(papers), seconds, used, labels)
