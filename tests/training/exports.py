"""One network and its exported files, made once for all tests that look at such files."""

import fcntl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from docsorter.training.dataset import ClassPlan
from docsorter.training.export import export
from docsorter.training.network import Network, assign_folded, build_network
from docsorter.training.request import Variant
from starter.training_set import plan_classes

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 75
SEED = 4
PAIRS = [("plain", "invoice"), ("grid", "claim"), ("memo", "letter"), ("map", "other")]
LABELS = ("invoice", "claim", "letter")


def plan_of(*more: tuple[str, str]) -> ClassPlan:
    return plan_classes([*PAIRS, *more], LABELS)


def pages(count: int, seed: int) -> "NDArray[np.uint8]":
    """Return white paper with dark dots, of a density that differs from page to page."""
    rng = np.random.default_rng(seed)
    density = rng.uniform(0.02, 0.3, (count, 1, 1, 1))
    ink = rng.random((count, SIDE, SIDE, 1)) < density
    return np.where(ink, 30, 250).astype(np.uint8).repeat(3, axis=3)


def network_like_a_trained_one() -> Network:
    """Return the network, the same one each time.

    Its kernels are He-normal: with Keras's own the signal dies on its way up. With this seed the
    errors of rounding add up, as in a trained network, so that there is something to correct.
    """
    made = build_network(plan_of(), size=SIDE, seed=SEED)
    assign_folded(made, {}, Path(), seed=SEED)
    return made


@dataclass(frozen=True)
class Exports:
    """Its files, in a folder that all processes of a run of the tests share."""

    network: Network
    folder: Path

    def file(self, variant: Variant) -> Path:
        """Return the file of a variant; whoever asks first makes it."""
        self.folder.mkdir(exist_ok=True)
        path = self.folder / f"{variant}.tflite"
        with (self.folder / f"{variant}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                part = path.with_suffix(".part")
                export(self.network, part, variant, pages(8, 2))
                part.rename(path)
        return path
