"""What a classifier does, whatever runs it: LiteRT here, a server elsewhere."""

from typing import TYPE_CHECKING, Protocol

from docsorter.documents import RawOutput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Classifier(Protocol):
    """Looks at pages."""

    def classify(self, pixels: "NDArray[np.uint8]") -> RawOutput:
        """Look at pages.

        Args:
            pixels: (pages, size, size, 3) uint8, RGB, 0-255, as the card's input says.

        Returns:
            Logits (pages, card.outputs) and pooled features (pages, width), float32. The logits
            are in the order of the card: its labels, then its background.

        Raises:
            ModelError: The model cannot be run.
        """
        ...
