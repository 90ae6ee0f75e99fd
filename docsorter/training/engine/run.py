"""One training from the folder to the bundle in place."""

import datetime as dt
import errno
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import tensorflow as tf

from docsorter.errors import UsageError
from docsorter.model.card import NONE_OF_THESE
from docsorter.model.registry import ModelRegistry
from docsorter.training.daemon_pages import daemon_cache
from docsorter.training.dataset import fingerprint
from docsorter.training.engine.assembly import complete_card, draft_card, publish
from docsorter.training.engine.base import open_base
from docsorter.training.engine.division import LEAST_FOR_SETS
from docsorter.training.engine.exporting import ExportPages, export_within_limits
from docsorter.training.engine.material import gather
from docsorter.training.engine.measuring import measure
from docsorter.training.engine.outcome import Outcome, outcome
from docsorter.training.engine.request import POLICIES, Request
from docsorter.training.engine.teaching import teach
from docsorter.training.engine.workfolder import claim, require_place, require_room, work_folder
from docsorter.training.labelled import read_labelled, require_trainable
from docsorter.training.progress import Progress
from docsorter.training.rasters import RasterCache

_LOG: Final = logging.getLogger(__name__)


def train(
    request: Request,
    registry: ModelRegistry,
    now: Callable[[], dt.datetime],
    progress: Progress,
) -> Outcome:
    """Turn a folder of labelled documents into a bundle.

    After an interrupt the same request goes on where it was. A bundle appears whole or not at all.

    Args:
        request: What to do.
        registry: Knows the bundles that one may start from.
        now: Gives the time for the card.
        progress: Is told how far each stage is.

    Raises:
        UsageError: The documents, a name or a policy make no training possible.
        ModelError: The base cannot be used, or the export loses too much.
        EnvironmentFaultError: The disk is full, or a folder cannot be written.
        ConflictError: Another training of this name is running.
    """
    require_place(request)
    # The same seed gives the same weights; on two cores it costs nothing that was measurable.
    tf.config.experimental.enable_op_determinism()
    with work_folder(request) as work, full_disk_named(), daemon_cache(work / "pages") as cache:
        return _train(request, registry, now, progress, work, cache)


def _train(
    request: Request,
    registry: ModelRegistry,
    now: Callable[[], dt.datetime],
    progress: Progress,
    work: Path,
    cache: RasterCache,
) -> Outcome:
    folder = read_labelled(request.folder, cache, progress)
    require_trainable(folder)
    check_policies(request.policies, folder.labels)
    fewest = min(number for name, number in folder.counts().items() if name != NONE_OF_THESE)
    tuned = request.tuning and fewest >= LEAST_FOR_SETS
    require_room(request, len(folder.samples), maps=tuned)
    base = open_base(request.base, registry, size=request.effort.size, seed=request.seed)
    resumed = claim(work, request.key(fingerprint(folder.samples), base.key))
    _LOG.info("%s: %d documents, resumed: %s", request.name, len(folder.samples), resumed)
    material = gather(request, folder, base, cache, work, progress)
    taught = teach(material, request, work, progress)
    draft = draft_card(material, taught, base, request, now())
    learned = [material.samples[row] for row in material.division.rows("train")]
    held = [
        s
        for s, split in zip(material.samples, material.division.splits, strict=True)
        if split != "train"
    ]
    pages = ExportPages(learned, held or material.samples, cache)
    exported = export_within_limits(taught.network, draft, pages, work, request.effort, progress)
    measurement = measure(material, taught, exported, request, progress)
    card = complete_card(draft, measurement)
    publish(request, card, base, exported, measurement, taught, work)
    return outcome(request, material, taught, measurement, card)


@contextmanager
def full_disk_named() -> Iterator[None]:
    """Name a full disk as the system does: TensorFlow and numpy have words of their own for it.

    Raises:
        OSError: ENOSPC, in place of theirs.
    """
    full = os.strerror(errno.ENOSPC)
    try:
        yield
    except tf.errors.OpError as error:
        if full not in str(error):
            raise
        raise OSError(errno.ENOSPC, full) from error
    except OSError as error:
        if error.errno is not None or "requested and" not in str(error):
            raise
        raise OSError(errno.ENOSPC, full) from error  # numpy: "8 requested and 3 written"


def check_policies(policies: Mapping[str, str], labels: tuple[str, ...]) -> None:
    """Refuse a policy that is none, or of a label that there is not.

    Raises:
        UsageError: As said.
    """
    known = tuple(label for label in labels if label != NONE_OF_THESE)
    for label, policy in policies.items():
        if policy not in POLICIES:
            raise UsageError(
                f"{policy!r} is no policy of a label", remedy=f"one of: {', '.join(POLICIES)}"
            )
        if label not in known:
            raise UsageError(
                f"there is a policy for {label!r}, which is no label of these documents",
                remedy=f"the labels are: {', '.join(known)}",
            )
