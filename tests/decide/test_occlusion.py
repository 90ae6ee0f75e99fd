import numpy as np
import pytest

from docsorter.decide.occlusion import GRID, LEVELS, REFINED, Cell, occlude
from docsorter.errors import UsageError

SIDE = 120
PAGE = Cell(0, 20, 120, 100)


def page() -> np.ndarray:
    """White paper with a black seal and a black stamp."""
    pixels = np.full((SIDE, SIDE, 3), 255, np.uint8)
    pixels[20:40, 60:80] = 0
    pixels[80:100, 30:50] = 0
    return pixels


def seal_says_yes(pixels: np.ndarray) -> np.ndarray:
    """A model for which the seal speaks for the label, and the stamp against it."""
    ink = 1 - pixels[..., 0] / 255
    seal = ink[:, 20:40, 60:80].mean(axis=(1, 2))
    stamp = ink[:, 80:100, 30:50].mean(axis=(1, 2))
    return np.asarray(1 / (1 + np.exp(-(4 * seal - 2 * stamp))))


def test_what_spoke_for_a_label_and_what_against_it_is_found_where_it_is() -> None:
    found = occlude(page(), seal_says_yes, PAGE)
    assert found.density[20:40, 60:80].mean() > 10 * abs(found.density[60:70, 60:80]).mean()
    assert found.density[80:100, 30:50].mean() < 0
    assert found.density[:, :20].sum() == 0  # beside the page nothing is asked
    assert found.probability == pytest.approx(1 / (1 + np.exp(-2.0)))
    assert found.without < found.probability
    centre = ((found.strongest.top + found.strongest.bottom) / 2 - 30) ** 2
    assert centre < 30**2


def test_the_shares_of_a_page_add_up_to_what_its_cells_cost() -> None:
    coarse = occlude(page(), seal_says_yes, PAGE)
    total = coarse.density.sum()
    # covering any one cell of the first grid is all that was measured; dividing keeps the sum
    assert total == pytest.approx(4.0 - 2.0, abs=0.05)


def test_it_never_asks_more_often_than_it_said() -> None:
    told: list[tuple[int, int]] = []
    found = occlude(page(), seal_says_yes, PAGE, progress=lambda *each: told.append(each))
    most = told[-1][1]
    assert told[-1][0] == most
    assert found.evaluations <= most <= 1 + GRID * GRID + 4 * REFINED * (LEVELS - 1)
    assert all(done <= total for done, total in told)


def test_a_model_that_sees_nothing_lights_nothing_up() -> None:
    found = occlude(page(), lambda pixels: np.full(len(pixels), 0.7), PAGE)
    assert not found.density.any()
    assert found.without == found.probability == 0.7


def test_without_a_page_nothing_can_be_covered() -> None:
    with pytest.raises(UsageError):
        occlude(page(), seal_says_yes, Cell(0, 0, 0, 10))
