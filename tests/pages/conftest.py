from collections.abc import Callable, Iterator
from pathlib import Path

import pillow_heif
import pytest

from docsorter.documents import ReasonCode
from docsorter.errors import DocumentError
from docsorter.pages.reader import PageReader
from docsorter.settings import PagesSettings

pillow_heif.register_heif_opener()

Refusal = Callable[[Path], DocumentError]


@pytest.fixture(scope="session")
def reader() -> Iterator[PageReader]:
    with PageReader(PagesSettings(time_limit_seconds=30.0), concurrency=8) as reader:
        yield reader


@pytest.fixture
def refusal(reader: PageReader) -> Refusal:
    """Read a file that must be refused, and return the refusal, checked for being one line."""

    def read(path: Path) -> DocumentError:
        with pytest.raises(DocumentError) as caught:
            reader.read(path)
        assert caught.value.code in set(ReasonCode)
        assert caught.value.message
        assert caught.value.remedy
        assert "\n" not in str(caught.value)
        return caught.value

    return read
