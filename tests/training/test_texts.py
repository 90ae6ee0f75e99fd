"""Words are read once of each document, whatever becomes of some."""

from pathlib import Path

import numpy as np
import pytest

from docsorter.documents import PageSet, PageWords, ReasonCode, Word
from docsorter.errors import DocumentError
from docsorter.pages.reader import PageReader
from docsorter.settings import Settings
from docsorter.training import texts
from docsorter.training.dataset import Sample
from docsorter.training.texts import read_texts


class Reader(PageReader):
    """Reads one word of each page, and counts how often."""

    reads = 0

    def read(self, path: Path, *, name: str = "") -> PageSet:
        del name
        if path.stem == "broken":
            raise DocumentError(ReasonCode.DAMAGED, "broken")
        return PageSet(np.zeros((1, 8, 8, 3), np.uint8), 3, "application/pdf", numbers=(2,))

    def words(self, path: Path, page: int = 0, *, turned: int = 0) -> PageWords:
        del turned
        Reader.reads += 1
        return PageWords(
            page, (Word(path.stem, (0, 0, 1, 1)), Word(str(page), (0, 0, 1, 1))), "ocr"
        )


def test_words_that_were_read_once_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "PageReader", Reader)
    samples = []
    for name in ("one", "broken", "two"):
        path = tmp_path / f"{name}.png"
        path.write_bytes(name.encode())
        samples.append(Sample(path, "claim", "", "", ""))
    steps: list[int] = []
    for _ in range(2):
        found = read_texts(
            samples, tmp_path / "words", Settings(), lambda *told: steps.append(told[1])
        )
        assert found == ["one 2", "", "two 2"]
    assert Reader.reads == 2
    assert steps == [1, 2, 3] * 2
