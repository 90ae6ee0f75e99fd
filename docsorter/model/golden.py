"""Golden pages: synthetic pages whose outputs are known, computed again on this machine.

Processors round differently, so that probabilities may differ a little; a file that is damaged in
a way no checksum sees, or a runtime that computes wrongly, differs a lot.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from annotated_types import Ge, Le, MinLen
from pydantic import BaseModel, ConfigDict, ValidationError

from docsorter.errors import ModelError
from docsorter.model.bundle import ModelBundle
from docsorter.model.classifier import Classifier

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DEFAULT_TOLERANCE: Final = 0.05
"""Greatest difference of a probability that counts as the same answer."""


class GoldenPage(BaseModel):
    """One page and the answer expected of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    file: Annotated[str, MinLen(1)]
    logits: tuple[float, ...]
    probabilities: tuple[float, ...]


class GoldenSet(BaseModel):
    """What `golden/golden.json` holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    tolerance: Annotated[float, Ge(0), Le(1)] = DEFAULT_TOLERANCE
    pages: Annotated[tuple[GoldenPage, ...], MinLen(1)]


@dataclass(frozen=True, slots=True)
class GoldenResult:
    """The outputs for one golden page on this machine.

    Attributes:
        file: Its name.
        expected: Probabilities on the card, one per output.
        found: Probabilities here.
        difference: Greatest absolute difference between the two, 0-1.
        features: (width,) float32, of the page, here.
    """

    file: str
    expected: tuple[float, ...]
    found: tuple[float, ...]
    difference: float
    features: "NDArray[np.float32]" = field(repr=False, compare=False)


def read_golden(path: Path) -> GoldenSet:
    """Read `golden.json`.

    Raises:
        ModelError: It cannot be read or understood.
    """
    try:
        return GoldenSet.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ModelError(
            f"the model bundle is damaged: the golden answers cannot be read: {path}",
            remedy="take the bundle again from where it came from, or use `starter`",
        ) from error


def check_golden(bundle: ModelBundle, classifier: Classifier) -> tuple[GoldenResult, ...]:
    """Run the classifier on the golden pages and compare.

    Raises:
        ModelError: An answer differs by more than the tolerance; the message shows both.
    """
    golden = read_golden(bundle.golden_file)
    pixels = _pages([bundle.golden_file.parent / page.file for page in golden.pages])
    answer = classifier.classify(pixels)
    found = probabilities(answer.logits, bundle.card.temperature)
    results = tuple(
        _compare(page, row, features)
        for page, row, features in zip(golden.pages, found.tolist(), answer.features, strict=True)
    )
    worst = max(results, key=lambda result: result.difference)
    if not worst.difference <= golden.tolerance:  # `not <=` also catches NaN
        names = bundle.card.prediction_labels
        raise ModelError(
            f"the model {bundle.card.name} answers differently on this machine: {worst.file} "
            f"should be {_show(names, worst.expected)} and is {_show(names, worst.found)}, "
            f"{worst.difference:.3f} apart where {golden.tolerance:.3f} is allowed",
            remedy="update ai-edge-litert, or use another bundle; this one is not used here",
        )
    return results


def probabilities(logits: "NDArray[np.float32]", temperature: float = 1.0) -> "NDArray[np.float64]":
    """Return softmax(logits / temperature) by row, (pages, outputs)."""
    import numpy as np  # noqa: PLC0415 -- listing bundles needs no NumPy

    scaled = logits.astype(np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _pages(files: list[Path]) -> "NDArray[np.uint8]":
    import numpy as np  # noqa: PLC0415 -- as above
    from PIL import Image  # noqa: PLC0415 -- as above

    try:
        return np.stack([np.array(Image.open(file).convert("RGB"), np.uint8) for file in files])
    except (OSError, ValueError) as error:
        raise ModelError(
            f"the model bundle is damaged: a golden page cannot be read: {error}",
            remedy="take the bundle again from where it came from, or use `starter`",
        ) from error


def _compare(page: GoldenPage, found: list[float], features: "NDArray[np.float32]") -> GoldenResult:
    if len(page.probabilities) != len(found):
        raise ModelError(
            f"the model bundle contradicts itself: {page.file} has {len(page.probabilities)} "
            f"golden probabilities, the model has {len(found)} outputs",
            remedy="take the bundle again from where it came from, or use `starter`",
        )
    gaps = [abs(a - b) for a, b in zip(page.probabilities, found, strict=True)]
    difference = float("nan") if any(gap != gap for gap in gaps) else max(gaps)  # noqa: PLR0124
    return GoldenResult(page.file, page.probabilities, tuple(found), difference, features)


def _show(names: tuple[str, ...], values: tuple[float, ...]) -> str:
    """Write probabilities beside their labels; several background outputs count as one."""
    last = len(names) - 1
    pooled = (*values[:last], sum(values[last:]))
    return ", ".join(f"{name} {value:.3f}" for name, value in zip(names, pooled, strict=True))


def label_of(name: str, labels: Sequence[str]) -> str:
    """Return what a sample page is by its name, `claim-cash`; "" where that is no label here.

    Not by its expected output, which is what the model says, right or wrong.
    """
    fitting = [label for label in labels if name == label or name.startswith(f"{label}-")]
    return max(fitting, key=len, default="")
