import numpy as np
import pytest

from docsorter.decide.novelty import NoveltyModel
from docsorter.decide.similarity import SHOWN, Samples
from docsorter.errors import ModelError
from tests.decide.test_novelty import model, pages

__all__ = ["model"]  # the fixture

NAMES = ("claim-cash", "invoice-web", "letter-agency", "other-article")
LABELS = ("claim", "invoice", "letter", "")


@pytest.fixture(scope="module")
def samples(model: NoveltyModel) -> Samples:
    return Samples.placed(NAMES, LABELS, list(pages(11, 4)[0]), model)


def test_a_sample_page_is_most_like_itself(samples: Samples, model: NoveltyModel) -> None:
    found = samples.nearest(pages(11, 4)[0], model)
    assert [page[0].name for page in found] == list(NAMES)
    assert [page[0].label for page in found] == list(LABELS)
    assert [page[0].distance for page in found] == pytest.approx([0.0] * 4)


def test_a_few_are_named_the_nearest_first(samples: Samples, model: NoveltyModel) -> None:
    for page in samples.nearest(pages(12, 20)[0], model):
        distances = [one.distance for one in page]
        assert len(page) == SHOWN
        assert distances == sorted(distances)


def test_the_distance_is_that_between_whitened_features(
    samples: Samples, model: NoveltyModel
) -> None:
    here, there = model.place(pages(12, 1)[0])[0], model.place(pages(11, 4)[0])
    ((nearest, *_),) = samples.nearest(pages(12, 1)[0], model)
    apart = np.linalg.norm(there[NAMES.index(nearest.name)] - here)
    assert nearest.distance == pytest.approx(apart)
    # Another sum than the product's, so the last bits are the processor's.
    least = min(np.linalg.norm(place - here) for place in there)
    assert nearest.distance == pytest.approx(least)


def test_features_of_another_width_are_refused(samples: Samples, model: NoveltyModel) -> None:
    with pytest.raises(ModelError, match="width 7"):
        samples.nearest(np.zeros((1, 7)), model)
