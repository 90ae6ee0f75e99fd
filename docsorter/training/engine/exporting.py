"""From the network to the file that runs, and what that file says of documents."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from docsorter.documents import RawOutput
from docsorter.errors import ModelError
from docsorter.model.card import ModelCard
from docsorter.model.classifier import LiteRTClassifier
from docsorter.settings import PagesSettings
from docsorter.training.batches import prefetched
from docsorter.training.dataset import Sample
from docsorter.training.engine.request import Effort
from docsorter.training.engine.views import first_page
from docsorter.training.export import (
    CALIBRATION_PAGES,
    ExportCost,
    check_gate,
    compare,
    export,
    trained_logits,
)
from docsorter.training.looking import Looked
from docsorter.training.network import Network, build_network, copy_weights
from docsorter.training.progress import Progress
from docsorter.training.rasters import RasterCache

if TYPE_CHECKING:
    from numpy.typing import NDArray

_COST_PAGES: Final = 200
_STAGE: Final = "exporting"
_LOOKING: Final = "asking the exported model"


@dataclass(frozen=True, slots=True)
class Exported:
    """A file that passed the gate.

    Attributes:
        file: The LiteRT file.
        classifier: Runs it.
        cost: What it lost against the network.
        draft: The card as far as it is known.
        cache: Has the pages.
    """

    file: Path
    classifier: LiteRTClassifier
    cost: ExportCost
    draft: ModelCard
    cache: RasterCache

    def look(self, samples: Sequence[Sample], progress: Progress) -> Looked:
        """Return what the file says of documents, all the pages that the daemon looks at."""
        size, cap = self.draft.input.size, PagesSettings().page_cap
        columns = {label: number for number, label in enumerate(self.draft.labels)}
        outputs: list[RawOutput] = []
        made = prefetched(
            lambda row: self.cache.pages(samples[row].path, size, cap=cap), range(len(samples))
        )
        for pages in made:
            outputs.append(self.classifier.classify(pages))
            progress(_LOOKING, len(outputs), len(samples))
        targets = [columns.get(sample.label, len(columns)) for sample in samples]
        return Looked(tuple(samples), np.array(targets, np.int64), tuple(outputs))


@dataclass(frozen=True, slots=True)
class ExportPages:
    """Documents that an export needs.

    Attributes:
        learned: The rounding of biases is corrected on some of these.
        compared: The file and the network are compared on some of these.
        cache: Has their pages.
    """

    learned: Sequence[Sample]
    compared: Sequence[Sample]
    cache: RasterCache

    def first(
        self, samples: Sequence[Sample], most: int, size: int
    ) -> "tuple[list[Sample], NDArray[np.uint8]]":
        """Return some of the documents and their first pages, (n, size, size, 3)."""
        rows = np.random.default_rng(0).permutation(len(samples))[:most]
        chosen = [samples[row] for row in rows]
        return chosen, np.stack([first_page(self.cache, s.path, size) for s in chosen])


def export_within_limits(
    network: Network,
    draft: ModelCard,
    pages: ExportPages,
    work: Path,
    effort: Effort,
    progress: Progress,
) -> Exported:
    """Export in the first way that loses little enough.

    Args:
        network: The trained network, in whatever precision it computes.
        draft: The card as far as it is known.
        pages: Documents to correct on and to compare on.
        work: Folder for the files.
        effort: The ways to export, and the limits.
        progress: Is told how far it is.

    Raises:
        ModelError: No way passes the gate; the message is that of the first.
    """
    exact = build_network(network.plan, size=network.size)
    copy_weights(network, exact)
    _, learned = pages.first(pages.learned, CALIBRATION_PAGES, network.size)
    chosen, pixels = pages.first(pages.compared, _COST_PAGES, network.size)
    columns = {name: number for number, name in enumerate(network.plan.outputs)}
    targets = np.array([columns.get(s.label, len(columns) - 1) for s in chosen], np.int32)
    steps = 2 * len(effort.variants) + 1
    trained = trained_logits(exact, pixels)
    progress(_STAGE, 1, steps)
    refusals: list[ModelError] = []
    for number, variant in enumerate(effort.variants):
        file = work / f"model-{variant}.tflite"
        export(exact, file, variant, learned)
        progress(_STAGE, 2 + 2 * number, steps)
        classifier = LiteRTClassifier(file, draft)
        cost = compare(variant, file, trained, classifier.classify(pixels), targets)
        try:
            check_gate(cost, effort.gate)
        except ModelError as error:
            refusals.append(error)
        else:
            progress(_STAGE, steps, steps)
            return Exported(file, classifier, cost, draft, pages.cache)
    raise refusals[0]
