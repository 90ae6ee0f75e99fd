"""The bare limit: decode and inference alone, a process per core, with nothing around them.

Decoding is what docsorter's children do, without the child; nothing is stored, moved or flushed.
"""

import multiprocessing
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np

from bench.baselines.baseline import Measurement, cpu_seconds
from bench.mix import Paper
from docsorter.decide.calibration import label_probabilities
from docsorter.model.bundle import load_bundle
from docsorter.model.classifier import LiteRTClassifier, open_classifier
from docsorter.pages import server
from docsorter.pages.families import preload
from docsorter.pages.protocol import ReadRequest
from docsorter.resources import starter_bundle_dir
from docsorter.settings import PagesSettings

_model: list[LiteRTClassifier] = []
_REQUEST_SETTINGS = PagesSettings()
_MEGA = 1_000_000


class BareLimit:
    """Decodes and classifies in as many processes as there are cores, each with one thread."""

    def __enter__(self) -> Self:
        self._bundle = load_bundle(starter_bundle_dir())
        context = multiprocessing.get_context("spawn")
        self._pool = context.Pool(len(os.sched_getaffinity(0)), _prepare)
        return self

    def __exit__(self, *raised: object) -> None:
        self._pool.terminate()
        self._pool.join()

    def sort(self, folder: Path, papers: Sequence[Paper]) -> Measurement:
        """Look at documents; see `bench.baselines.baseline.Baseline`."""
        files = [str(folder / paper.file) for paper in papers]
        began = time.perf_counter()
        found = list(self._pool.imap_unordered(_look, files))
        seconds = time.perf_counter() - began
        card = self._bundle.card
        labels = {}
        for path, logits, *_ in found:
            shares = label_probabilities(logits, card.temperature, card.background)[0]
            labels[Path(path).name] = card.prediction_labels[int(np.argmax(shares))]
        parts = {
            "decode": sum(decode for _, _, decode, _ in found),
            "inference": sum(inference for _, _, _, inference in found),
        }
        return Measurement(len(files), seconds, sum(parts.values()), labels, parts)


def _prepare() -> None:
    preload(lambda: None)
    bundle = load_bundle(starter_bundle_dir())
    _model.append(open_classifier(bundle, threads=1))
    size = bundle.card.input.size
    _model[0].classify(np.zeros((1, size, size, 3), np.uint8))


def _look(path: str) -> tuple[str, np.ndarray, float, float]:
    began = cpu_seconds()
    header, squares = server.read_document(_take(path))
    assert "refused" not in header, f"{path}: {header}"
    pixels = np.frombuffer(squares[0], np.uint8).reshape(1, 299, 299, 3)
    decoded = cpu_seconds()
    logits = _model[0].classify(pixels).logits
    return path, logits, decoded - began, cpu_seconds() - decoded


def _take(path: str) -> ReadRequest:
    """Put a document where a child finds it, and return what the daemon would ask of it."""
    descriptor = os.open(path, os.O_RDONLY)
    os.dup2(descriptor, 0)
    os.close(descriptor)
    return ReadRequest(
        "pages",
        size=299,
        count=_REQUEST_SETTINGS.page_cap,
        max_pixels=round(_REQUEST_SETTINGS.max_megapixels * _MEGA),
        time_limit=_REQUEST_SETTINGS.time_limit_seconds,
        memory_limit=_REQUEST_SETTINGS.memory_limit_mb * _MEGA,
        suffix=Path(path).suffix,
    )
