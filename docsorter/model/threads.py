"""How many threads run the model on this machine: measured once, for one environment.

At most one for every two cores: beside the model, pages are decoded, which takes as long. With two
cores, two threads wait for each other whenever a decoder has one of the cores (measured under a
backlog: 37 ms a document, and 33 ms with one thread).

Threads change the speed and no number: every variant runs the file that the bundle's confidence
was fitted on. A runtime that rounds in another way (OpenVINO on the same file, say) would need a
confidence of its own, which bundles do not carry; so none is offered.
"""

import time
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Annotated, Final

from annotated_types import Ge, Gt, MinLen
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from docsorter import __version__
from docsorter.filesystem import Disk
from docsorter.model.bundle import ModelBundle
from docsorter.model.classifier import open_classifier
from docsorter.model.golden import check_golden

if TYPE_CHECKING:
    from numpy.typing import NDArray

FILE: Final = "runtime.json"
_RUNTIME: Final = "ai-edge-litert"
_AS_FAST: Final = 1.1  # fewer threads are preferred as long as a page takes no longer than this
_MODE: Final = 0o640


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Variant(_Part):
    """One way to run the model, measured.

    Attributes:
        threads: Of the interpreter.
        page_ms: Wall clock of one page, median.
        work_ms: CPU time of one page, mean over the same pages.
        golden_difference: Greatest difference of a probability on the golden pages.
    """

    threads: Annotated[int, Ge(1)]
    page_ms: Annotated[float, Gt(0)]
    work_ms: Annotated[float, Ge(0)]
    golden_difference: float


class RuntimeEnvironment(_Part):
    """What a choice was measured for; when any of it changes, the choice is void."""

    fingerprint: str
    docsorter: str
    runtime: str
    cores: Annotated[int, Ge(1)]


class RuntimeChoice(_Part):
    """What was chosen, for what, and why; written to `runtime.json`."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True)

    environment: Annotated[RuntimeEnvironment, Field(alias="surroundings")]
    threads: Annotated[int, Ge(1)]
    measured: Annotated[tuple[Variant, ...], MinLen(1)]


def runtime_environment(fingerprint: str, cores: int) -> RuntimeEnvironment:
    """Return the environment of this process."""
    return RuntimeEnvironment(
        fingerprint=fingerprint, docsorter=__version__, runtime=version(_RUNTIME), cores=cores
    )


def most_threads(cores: int) -> int:
    """Return how many threads the model is given at most, and where nothing was chosen."""
    return max(1, cores // 2)


def measure(bundle: ModelBundle, cores: int, pages: int) -> tuple[Variant, ...]:
    """Run the model with 1, 2, 4, ... threads, page by page in turn so that all meet the same load.

    Args:
        bundle: Whose model.
        cores: How many may be used; the threads go up to `most_threads` of them.
        pages: For each number of threads, >= 1.

    Raises:
        ModelError: The golden pages are answered differently here.
    """
    import numpy as np  # noqa: PLC0415 -- `docsorter model list` needs none

    most = most_threads(cores)
    counts = [count for count in (2**power for power in range(9)) if count < most] + [most]
    opened = {count: open_classifier(bundle, threads=count) for count in counts}
    golden = {
        count: max(result.difference for result in check_golden(bundle, classifier))
        for count, classifier in opened.items()
    }
    size = bundle.card.input.size
    page: NDArray[np.uint8] = np.full((1, size, size, 3), 255, np.uint8)
    page[:, ::7] = 0  # some lines
    wall: dict[int, list[float]] = {count: [] for count in counts}
    work = dict.fromkeys(counts, 0.0)
    for _ in range(pages):
        for count, classifier in opened.items():
            began, used = time.perf_counter(), time.process_time()
            classifier.classify(page)
            wall[count].append(time.perf_counter() - began)
            work[count] += time.process_time() - used
    return tuple(
        Variant(
            threads=count,
            page_ms=round(1000 * median(wall[count]), 2),
            work_ms=round(1000 * work[count] / pages, 2),
            golden_difference=golden[count],
        )
        for count in counts
    )


def choose(measured: tuple[Variant, ...]) -> int:
    """Return the fewest threads with which a page takes about as long as with the best number."""
    best = min(variant.page_ms for variant in measured)
    return min(v.threads for v in measured if v.page_ms <= _AS_FAST * best)


def save_choice(state: Path, choice: RuntimeChoice) -> None:
    """Write a choice into the state folder, whole or not at all.

    Raises:
        OSError: What the system says.
    """
    text = choice.model_dump_json(indent=2, by_alias=True) + "\n"
    Disk().write_durably(state / FILE, text.encode(), _MODE)


def chosen_threads(state: Path, now: RuntimeEnvironment) -> int:
    """Return the threads that were chosen, or `most_threads` where nothing was chosen for `now`."""
    try:
        choice = RuntimeChoice.model_validate_json((state / FILE).read_bytes())
    except (OSError, ValidationError):
        return most_threads(now.cores)
    return choice.threads if choice.environment == now else most_threads(now.cores)
