"""What runs a model: the interface every classifier has, and LiteRT behind it."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from docsorter.documents import RawOutput
from docsorter.errors import DependencyError, ModelError
from docsorter.model.bundle import ModelBundle
from docsorter.model.card import ModelCard
from docsorter.resources import usable_cores

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Classifier(Protocol):
    """Runs a model on pages."""

    def classify(self, pixels: "NDArray[np.uint8]") -> RawOutput:
        """Return logits and features of pages.

        Args:
            pixels: (pages, size, size, 3) uint8, RGB, 0-255, as the card's input says.

        Returns:
            Logits (pages, card.outputs) and pooled features (pages, width), float32. The logits
            are in the order of the card: its labels, then its background.

        Raises:
            ModelError: The model cannot be run.
        """
        ...


INPUT: Final = "pixels"
LOGITS: Final = "logits"
FEATURES: Final = "features"
SIGNATURE: Final = "serving_default"
"""Names inside the file; the exporter writes them, so that no output is found by its position."""


class LiteRTClassifier:
    """A classifier that runs a LiteRT file, one page at a time.

    Safe to share between threads: a lock lets one in at a time, and every result is a copy.

    Args:
        path: The LiteRT file.
        card: What is known of the model; the file must agree with it.
        threads: Threads of the interpreter; 0 means one per core.

    Raises:
        ModelError: The file is no LiteRT model, or does not match the card.
        DependencyError: LiteRT is not installed or does not run here.
    """

    def __init__(self, path: Path, card: ModelCard, *, threads: int = 0) -> None:
        self._card = card
        self._lock = threading.Lock()
        try:
            from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415 -- 0.1 s
        except ImportError as error:
            raise DependencyError(
                f"LiteRT, which runs the model, cannot be loaded: {error}",
                remedy="install ai-edge-litert for this Python and this processor",
            ) from error
        try:
            with _without_greeting():
                threads = threads or usable_cores()
                self._interpreter = Interpreter(str(path), num_threads=threads)
                self._interpreter.allocate_tensors()
            self._run = self._interpreter.get_signature_runner(SIGNATURE)
            inputs, outputs = self._run.get_input_details(), self._run.get_output_details()
        except (ValueError, RuntimeError, OSError) as error:
            raise ModelError(
                f"the model bundle is damaged: {path} cannot be run: {error}",
                remedy="take the bundle again from where it came from, or use `starter`",
            ) from error
        self._check(path, inputs, outputs)

    def _check(self, path: Path, inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
        """Refuse a file whose inputs or outputs are not those of the card."""
        size = self._card.input.size
        expected = (1, size, size, self._card.input.channels)
        shape = tuple(inputs[INPUT]["shape"]) if INPUT in inputs else ()
        logits = tuple(outputs[LOGITS]["shape"]) if LOGITS in outputs else ()
        if shape != expected or logits != (1, self._card.outputs) or FEATURES not in outputs:
            raise ModelError(
                f"the model bundle contradicts itself: {path} takes {shape} and answers "
                f"{logits}, its card says {expected} and {(1, self._card.outputs)}",
                remedy="take the bundle again from where it came from, or use `starter`",
            )

    def classify(self, pixels: "NDArray[np.uint8]") -> RawOutput:
        """Return logits and features of pages; see `Classifier`."""
        import numpy as np  # noqa: PLC0415 -- keeps `import docsorter.model.classifier` light

        size = self._card.input.size
        if pixels.dtype != np.uint8 or pixels.shape[1:] != (size, size, 3) or not len(pixels):
            raise ModelError(
                f"the model takes pages of (n, {size}, {size}, 3) uint8, "
                f"not {pixels.shape} {pixels.dtype}"
            )
        with self._lock:
            answers = [self._run(**{INPUT: page[np.newaxis]}) for page in pixels]
            logits = np.concatenate([np.array(answer[LOGITS]) for answer in answers])
            features = np.concatenate([np.array(answer[FEATURES]) for answer in answers])
        return RawOutput(logits.astype(np.float32), features.astype(np.float32))


_first = iter((True,))


@contextmanager
def _without_greeting() -> Iterator[None]:
    """Keep LiteRT's greeting off stderr; it has no switch for that (LiteRT#7420, mediapipe#2354).

    The descriptor itself is redirected, since the greeting is written from C++. What another thread
    writes in these milliseconds is lost; a process is greeted once, so that loading a model later
    silences nobody.
    """
    if not next(_first, False):
        yield
        return
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def open_classifier(bundle: ModelBundle, *, threads: int = 0) -> LiteRTClassifier:
    """Return the classifier of a bundle, ready to run."""
    return LiteRTClassifier(bundle.runtime_file, bundle.card, threads=threads)
