"""Which pages become golden pages: generated ones of the test split, no picture of a customer."""

from typing import Final

from docsorter.training.bundle_writer import GoldenPicture
from docsorter.training.classes import ClassPlan
from docsorter.training.corpus import Corpus
from docsorter.training.rasters import RasterCache

PER_OUTPUT: Final = 2


def choose_golden(
    corpus: Corpus, plan: ClassPlan, cache: RasterCache, size: int
) -> tuple[GoldenPicture, ...]:
    """Choose the first generated test page of each of the first kinds of every output.

    Args:
        corpus: All documents; only generated ones of "test" are considered.
        plan: The outputs.
        cache: Where pages are kept.
        size: Side of a page in pixels.

    Returns:
        At most `PER_OUTPUT` pages for each output, in the order of the outputs.
    """
    pictures = []
    for output in plan.outputs:
        mine = [s for s in corpus.of("test", "synthetic") if s.label == output]
        for kind in sorted({sample.kind for sample in mine})[:PER_OUTPUT]:
            sample = next(s for s in mine if s.kind == kind)
            pixels = cache.pages(sample.path, size)[0]
            name = kind if kind.startswith(output) else f"{output}-{kind or 'page'}"
            pictures.append(GoldenPicture(f"{name}.png", pixels))
    return tuple(pictures)
