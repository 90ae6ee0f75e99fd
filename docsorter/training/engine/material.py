"""Everything a training learns from and measures on: documents, divided, as the trunk sees them."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import keras
import numpy as np

from docsorter.errors import ModelError
from docsorter.model.card import NONE_OF_THESE
from docsorter.training.classes import ClassPlan
from docsorter.training.copies import file_digests
from docsorter.training.dataset import Sample
from docsorter.training.engine.base import Base, base_key
from docsorter.training.engine.classes import StartingHead, starting_head
from docsorter.training.engine.division import Division, divide, with_groups_enough
from docsorter.training.engine.request import Request
from docsorter.training.engine.views import Viewer
from docsorter.training.generated import foreign_documents, foreign_kinds
from docsorter.training.labelled import LabelledFolder, document_groups
from docsorter.training.network import Network, build_network, fast_policy
from docsorter.training.progress import Progress
from docsorter.training.rasters import RasterCache

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TAUGHT_KINDS: Final = 0.6


@dataclass(frozen=True, slots=True)
class Foreign:
    """Generated documents that are none of the labels.

    Attributes:
        taught: To learn from.
        held: Of other kinds, to measure on.
        wanted: Whether the head has to learn from them: a base that knows what is foreign, from
            many more documents, is left alone (with 20 real documents per label 10 % more foreign
            ones passed when it was taught generated ones as well).
    """

    taught: tuple[Sample, ...]
    held: tuple[Sample, ...]
    wanted: bool


@dataclass(frozen=True, slots=True)
class Material:
    """What a training has in hand before it learns.

    Attributes:
        folder: The documents as they were read.
        labels: What can be sorted to, without "other".
        groups: Group of each document.
        division: Which documents serve what.
        foreign: Generated foreign documents.
        start: The head that learning starts from.
        network: The trunk of the base, with that head.
        viewer: Shows documents to the trunk.
        plain: (n, F) features of the documents as they are.
    """

    folder: LabelledFolder
    labels: tuple[str, ...]
    groups: tuple[int, ...]
    division: Division
    foreign: Foreign
    start: StartingHead
    network: Network
    viewer: Viewer
    plain: "NDArray[np.float32]"

    @property
    def samples(self) -> tuple[Sample, ...]:
        """The documents."""
        return self.folder.samples

    @property
    def targets(self) -> "NDArray[np.int64]":
        """Column of each document among the outputs."""
        plan = self.start.plan
        return np.array([plan.output_index(s.label) for s in self.samples], np.int64)


def gather(
    request: Request,
    folder: LabelledFolder,
    base: Base,
    cache: RasterCache,
    work: Path,
    progress: Progress,
) -> Material:
    """Look at all documents once, group them, divide them and make what learning starts from.

    Raises:
        UsageError: A label has nothing but one file.
        ModelError: The base cannot be loaded.
    """
    labels = tuple(label for label in folder.labels if label != NONE_OF_THESE)
    foreign = _foreign(request, labels, base, work)
    network = load_trunk(base, labels, request.seed)
    viewer = Viewer(network, cache, work / "features" / base_key(base, network.size), request.seed)
    plain = viewer.features(
        folder.samples, range(1), lambda done, total: progress("looking at documents", done, total)
    )[:, 0]
    found = document_groups(folder, cache, progress, plain)
    groups = with_groups_enough(folder.samples, found, file_digests(folder.samples))
    division = divide(folder.samples, groups, request.seed)
    names = np.array([sample.label for sample in folder.samples])
    taught = division.rows("train")
    start = starting_head(
        base.head, labels, plain[taught], names[taught],
        background=foreign.wanted or NONE_OF_THESE in names,
    )  # fmt: skip
    return Material(
        folder=folder,
        labels=labels,
        groups=tuple(groups),
        division=division,
        foreign=foreign,
        start=start,
        network=with_head(network, start.plan, start.kernel, start.bias),
        viewer=viewer,
        plain=plain,
    )


def load_trunk(base: Base, labels: tuple[str, ...], seed: int) -> Network:
    """Build a network with the trunk of the base.

    Raises:
        ModelError: The weights cannot be had.
    """
    plan = ClassPlan(labels, tuple((label, label) for label in labels))
    try:
        network = build_network(
            plan, size=base.size, weights=base.keras_weights, policy=fast_policy(), seed=seed
        )
    except Exception as error:
        if base.keras_weights is None:
            raise
        # Keras raises a bare Exception where it cannot download.
        raise ModelError(
            f"the ImageNet weights cannot be had from Keras: {error}",
            remedy="start from `starter`, which needs no download, or name an .npz file of weights",
        ) from error
    base.load(network)
    return network


def with_head(
    network: Network,
    plan: ClassPlan,
    kernel: "NDArray[np.float32]",
    bias: "NDArray[np.float32]",
) -> Network:
    """Return the same trunk with another head."""
    head = keras.layers.Dense(len(plan.kinds), dtype="float32", name="head")
    head.build((None, kernel.shape[0]))
    head.set_weights([kernel, bias])
    return replace(network, plan=plan, head=head)


def _foreign(request: Request, labels: tuple[str, ...], base: Base, work: Path) -> Foreign:
    kinds = foreign_kinds(labels)
    made = foreign_documents(work / "foreign", kinds, request.effort.foreign, request.seed)
    order = np.random.default_rng([request.seed, 6]).permutation(len(kinds))
    chosen = {kinds[row] for row in order[: round(_TAUGHT_KINDS * len(kinds))]}
    taught = tuple(sample for sample in made if sample.kind in chosen)
    knows = base.head is not None and any(owner not in labels for owner in base.head.owners)
    return Foreign(
        taught=taught,
        held=tuple(sample for sample in made if sample.kind not in chosen),
        wanted=not knows and bool(taught),
    )
