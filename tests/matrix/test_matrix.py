"""The quick cells of the matrix; `make matrix` reads all of them."""

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.matrix.cells import Cell
from tests.matrix.runner import CELLS, Matrix, opened


@pytest.fixture(scope="module")
def matrix() -> Iterator[Matrix]:
    with opened() as matrix:
        yield matrix


def test_every_cell_has_a_name_of_its_own() -> None:
    counts = Counter((cell.container, cell.name) for cell in CELLS)
    assert [name for name, count in counts.items() if count > 1] == []


def test_the_plain_page_is_sorted_with_confidence(matrix: Matrix) -> None:
    for which in ("colour", "grey", "bilevel"):
        assert matrix.plain(which).label == "invoice"
        assert matrix.plain(which).probability > 0.95


@pytest.mark.slow
@pytest.mark.parametrize(
    "cell",
    [pytest.param(cell, id=f"{cell.container} {cell.name}") for cell in CELLS if cell.quick],
)
def test_an_encoding_gets_the_verdict_of_the_plain_version(matrix: Matrix, cell: Cell) -> None:
    outcome = matrix.judge(cell)
    assert outcome.kind != "wrong", outcome.detail
