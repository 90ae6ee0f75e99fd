"""A model that knows some words, and a reader of pages on which they stand."""

import io
import zlib
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from PIL import Image

from docsorter.decide.words import WordsModel
from docsorter.documents import PageWords, Word, WordsRead
from docsorter.errors import DocsorterError

READ = WordsRead("ocr", 0, 9, (0.5, 0.3, 0.2), (0.9, 0.05, 0.05))
KNOWN = {"claim": 2.0, "policy": 1.0, "loss": 0.5, "invoice": -3.0, "total": -1.0, "the": 0.01}
"""Words by what they add to the second label."""


def words_model(outputs: int = 3) -> WordsModel:
    """Return a model that knows these words, of so many outputs."""
    keyed = sorted((zlib.crc32(word.encode()), value) for word, value in KNOWN.items())
    weights = np.zeros((len(keyed), outputs), np.float16)
    weights[:, 1] = [value for _, value in keyed]
    return WordsModel(
        np.array([key for key, _ in keyed], np.uint32),
        np.ones(len(keyed), np.float16),
        weights,
        np.zeros(outputs, np.float32),
        np.zeros(1, np.float32),
        np.zeros(2 + outputs, np.float32),
    )


class TypedPage:
    """Reads the same words off every page, one below the other, or fails."""

    def __init__(self, text: str = "", error: DocsorterError | None = None) -> None:
        self.text, self.error = text, error
        self.asked: list[tuple[str, int, int]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Nothing was opened."""

    def words(self, path: Path, page: int = 0, *, turned: int = 0) -> PageWords:
        self.asked.append((path.name, page, turned))
        if self.error is not None:
            raise self.error
        texts = self.text.split()
        high = 1 / max(1, len(texts))
        boxes = ((0.1, row * high, 0.4, (row + 0.5) * high) for row in range(len(texts)))
        return PageWords(page, tuple(map(Word, texts, boxes)), "ocr")

    def preview(self, path: Path, page: int = 0, max_px: int = 1600) -> bytes:
        assert path.is_file()
        assert page == 0
        data = io.BytesIO()
        Image.new("RGB", (100, max_px // 10), "white").save(data, "PNG")
        return data.getvalue()
