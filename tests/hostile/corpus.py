"""The corpus of hostile files, made anew from code by each run; nothing in it was copied."""

from collections.abc import Iterator

from tests.hostile import disguises, pdf_streams, pdf_structure, pdfs, pictures, tiffs
from tests.hostile.cases import Hostile


def corpus() -> Iterator[Hostile]:
    """Return every hostile file; making its bytes is left to the caller."""
    for family in (pdfs, pdf_streams, pdf_structure, pictures, tiffs, disguises):
        yield from family.cases()
