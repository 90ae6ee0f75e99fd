"""How the network does on documents it is not trained on."""

from dataclasses import dataclass

import numpy as np

from docsorter.training.batches import in_chunks
from docsorter.training.lesson import Lesson
from docsorter.training.network import Network
from docsorter.training.taught import inputs_of, pooled, runner


@dataclass(frozen=True, slots=True)
class Validation:
    """Mean cross-entropy over the outputs, and the share of pages whose best output is right."""

    loss: float
    accuracy: float


class Looking:
    """Measures a network, as it is at the time, on the validation pages of a lesson."""

    def __init__(self, network: Network, lesson: Lesson) -> None:
        pixels = inputs_of(network, "all")
        features = pooled(network, "all", pixels)
        self._run = runner(pixels, network.label_logits(network.head(features)))
        self._pages, self._outputs = lesson.validation, lesson.outputs

    def look(self) -> Validation:
        """Return loss and accuracy over the outputs."""
        parts = [self._run(self._pages[rows]) for rows in in_chunks(len(self._pages), 32)]
        logits = np.concatenate(parts).astype(np.float64)
        logits -= logits.max(axis=1, keepdims=True)
        losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(logits)), self._outputs]
        right = logits.argmax(axis=1) == self._outputs
        return Validation(float(losses.mean()), float(right.mean()))
