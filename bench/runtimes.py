"""Ways to run the bundle's file: LiteRT with threads, and OpenVINO where it is installed.

    python -m bench.runtimes [--pages 12]

What counts: the work of one page, and how far the answers are from the golden ones. OpenVINO reads
the same file and rounds in another way, so that the bundle's confidence was not fitted for it.
"""

import argparse
import importlib.util
import time
from collections.abc import Callable
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from docsorter.documents import RawOutput
from docsorter.errors import ModelError
from docsorter.model.bundle import ModelBundle, load_bundle
from docsorter.model.golden import probabilities, read_golden
from docsorter.model.litert import FEATURES, LOGITS, open_classifier
from docsorter.resources import starter_bundle_dir, usable_cores

if TYPE_CHECKING:
    from numpy.typing import NDArray

Classify = Callable[["NDArray[np.uint8]"], RawOutput]


def main() -> None:
    """Measure page by page in turn, and print a line per way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pages", type=int, default=12, help="pages for each way")
    options = parser.parse_args()
    bundle = load_bundle(starter_bundle_dir())
    ways: dict[str, Classify] = {
        f"LiteRT, {threads} threads": open_classifier(bundle, threads=threads).classify
        for threads in sorted({1, usable_cores()})
    }
    if importlib.util.find_spec("openvino") is not None:
        ways |= {f"OpenVINO, {kind}": openvino(bundle, kind) for kind in ("f32", "bf16")}
    golden = read_golden(bundle.golden_file)
    folder = bundle.golden_file.parent
    pages = np.stack([np.array(Image.open(folder / p.file).convert("RGB")) for p in golden.pages])
    expected = np.array([page.probabilities for page in golden.pages])
    wall: dict[str, list[float]] = {name: [] for name in ways}
    work = dict.fromkeys(ways, 0.0)
    for number in range(options.pages):
        for name, classify in ways.items():
            began, used = time.perf_counter(), time.process_time()
            classify(pages[number % len(pages)][np.newaxis])
            wall[name].append(time.perf_counter() - began)
            work[name] += time.process_time() - used
    for name, classify in ways.items():
        found = probabilities(classify(pages).logits, bundle.card.temperature)
        gap = float(np.abs(found - expected).max())
        print(
            f"{name:<20} {1000 * median(wall[name]):7.1f} ms a page"
            f" {1000 * work[name] / options.pages:7.1f} ms of work  golden pages {gap:.4f} apart"
        )


def openvino(bundle: ModelBundle, kind: str) -> Classify:
    """Return what runs the bundle's file in OpenVINO, computing in f32 or bf16.

    Raises:
        ModelError: The file has other outputs than expected.
    """
    import openvino as ov  # noqa: PLC0415 -- an extra

    hints = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": kind}
    compiled = ov.compile_model(str(bundle.runtime_file), "CPU", hints)
    named = {name: port for port in compiled.outputs for name in port.get_names()}
    by_width = {port.partial_shape[1].get_length(): port for port in compiled.outputs}
    logits = named.get(LOGITS) or by_width.get(bundle.card.outputs)
    features = named.get(FEATURES) or by_width[max(by_width)]
    if logits is None:
        raise ModelError(f"{bundle.runtime_file} has no output of {bundle.card.outputs} numbers")

    def classify(pixels: "NDArray[np.uint8]") -> RawOutput:
        answers = [compiled(page[np.newaxis]) for page in pixels]
        return RawOutput(
            np.concatenate([np.array(answer[logits]) for answer in answers]),
            np.concatenate([np.array(answer[features]) for answer in answers]),
        )

    return classify


if __name__ == "__main__":
    main()
