"""Runtimes are compared on the same pages, and what differs shows."""

import numpy as np
import pytest

from bench.cores import counts
from bench.runtimes import Classify, golden_pages, litert, measure
from docsorter.documents import RawOutput
from docsorter.model.bundle import ModelBundle, load_bundle
from docsorter.resources import starter_bundle_dir

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bundle() -> ModelBundle:
    return load_bundle(starter_bundle_dir())


def one_thread(bundle: ModelBundle) -> Classify:
    return litert(bundle, threads=1)


def contrary(bundle: ModelBundle) -> Classify:
    """The same model, which means the reverse of what it says."""
    ours = litert(bundle, threads=1)

    def classify(pixels: "np.typing.NDArray[np.uint8]") -> RawOutput:
        raw = ours(pixels)
        return RawOutput(-raw.logits, raw.features)

    return classify


def test_a_way_that_answers_differently_is_seen(bundle: ModelBundle) -> None:
    pages = golden_pages(bundle)[:3]
    ours, other = measure(bundle, {"ours": one_thread, "other": contrary}, pages, 2)
    assert (ours.apart, ours.same_label, ours.pages) == (0, 3, 3)
    assert other.apart > 0.5
    assert other.same_label == 0
    assert 0 < ours.work_ms < 5000
    assert 60 < ours.resident_mb < 400


@pytest.mark.parametrize(
    ("cores", "found"), [(1, [1]), (2, [1, 2]), (6, [1, 2, 4, 6]), (8, [1, 2, 4, 8])]
)
def test_cores_are_doubled_up_to_all_of_them(cores: int, found: list[int]) -> None:
    assert counts(cores) == found
