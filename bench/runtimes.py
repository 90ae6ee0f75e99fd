"""Ways to run the bundle's file: LiteRT with one thread and with more.

    python -m bench.runtimes [--pages 24] [--documents 60] [--json FILE]

What counts: the work of one page, the memory of a process that does nothing else, and how far the
answers are from those that the bundle's confidence was fitted on: LiteRT's, on the golden pages
and on documents of the mix.
"""

import argparse
import json
import multiprocessing
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from bench.mix import mix
from docsorter.decide.calibration import label_probabilities
from docsorter.documents import RawOutput
from docsorter.model.bundle import ModelBundle, load_bundle
from docsorter.model.classifier import open_classifier
from docsorter.model.golden import read_golden
from docsorter.pages.reader import PageReader
from docsorter.resources import starter_bundle_dir, usable_cores
from docsorter.settings import PagesSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

Classify = Callable[["NDArray[np.uint8]"], RawOutput]
Open = Callable[[ModelBundle], Classify]
_MEGABYTE: Final = 1 << 10  # of the kilobytes in /proc


@dataclass(frozen=True, slots=True)
class Measured:
    """One way to run the file.

    Attributes:
        way: Its name.
        page_ms: Wall clock of one page, median.
        work_ms: CPU time of one page, mean.
        resident_mb: Resident memory of a process that opened it and looked at one page.
        apart: Greatest difference of a probability from LiteRT's with one thread.
        same_label: On how many pages the most probable label is that of LiteRT.
        pages: Of so many.
    """

    way: str
    page_ms: float
    work_ms: float
    resident_mb: int
    apart: float
    same_label: int
    pages: int


def main() -> None:
    """Measure page by page in turn, print a line per way, and write the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pages", type=int, default=24, help="pages that are timed, for each way")
    parser.add_argument("--documents", type=int, default=60, help="of the mix, times of twenty")
    parser.add_argument("--json", type=Path, default=Path("bench/out/runtimes.json"))
    options = parser.parse_args()
    bundle = load_bundle(starter_bundle_dir())
    looked_at = np.concatenate([golden_pages(bundle), mix_pages(options.documents)])
    figures = measure(bundle, ways(), looked_at, options.pages)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps([asdict(one) for one in figures], indent=2) + "\n"
    options.json.write_text(text, encoding="utf-8")
    for one in figures:
        print(
            f"{one.way:<18} {one.page_ms:7.1f} ms a page {one.work_ms:7.1f} ms of work"
            f" {one.resident_mb:5} MB  probabilities up to {one.apart:.4f} apart,"
            f" the same label on {one.same_label} of {one.pages}"
        )


def ways() -> dict[str, Open]:
    """Return what can run the file here, by name; LiteRT with one thread comes first."""
    found: dict[str, Open] = {
        f"LiteRT, {threads} thread{'s'[: threads > 1]}": partial(litert, threads=threads)
        for threads in sorted({1, usable_cores()})
    }
    return found


def measure(
    bundle: ModelBundle, opened_by: dict[str, Open], looked_at: "NDArray[np.uint8]", timed: int
) -> list[Measured]:
    """Run every way on the same pages, in turn, so that all meet the same load.

    Args:
        bundle: Whose file.
        opened_by: The ways; the others are compared with the first.
        looked_at: (n, size, size, 3) pages whose answers are compared.
        timed: How many of them are timed, again from the first after the last.
    """
    opened = {name: way(bundle) for name, way in opened_by.items()}
    wall: dict[str, list[float]] = {name: [] for name in opened}
    work = dict.fromkeys(opened, 0.0)
    for number in range(timed):
        for name, classify in opened.items():
            page = looked_at[number % len(looked_at)][np.newaxis]
            began, used = time.perf_counter(), time.process_time()
            classify(page)
            wall[name].append(time.perf_counter() - began)
            work[name] += time.process_time() - used
    answers = {name: _shares(bundle, classify(looked_at)) for name, classify in opened.items()}
    ours = next(iter(answers.values()))
    return [
        Measured(
            way=name,
            page_ms=round(1000 * median(wall[name]), 1),
            work_ms=round(1000 * work[name] / timed, 1),
            resident_mb=_resident_alone(opened_by[name]),
            apart=round(float(np.abs(shares - ours).max()), 4),
            same_label=int((shares.argmax(axis=1) == ours.argmax(axis=1)).sum()),
            pages=len(looked_at),
        )
        for name, shares in answers.items()
    ]


def litert(bundle: ModelBundle, *, threads: int) -> Classify:
    """Return what runs the bundle's file in LiteRT."""
    return open_classifier(bundle, threads=threads).classify


def golden_pages(bundle: ModelBundle) -> "NDArray[np.uint8]":
    """Return the golden pages of a bundle, (n, size, size, 3)."""
    folder = bundle.golden_file.parent
    files: Sequence[str] = [page.file for page in read_golden(bundle.golden_file).pages]
    return np.stack([np.array(Image.open(folder / file).convert("RGB")) for file in files])


def mix_pages(documents: int) -> "NDArray[np.uint8]":
    """Return the pages of documents of the mix as the daemon would show them to the model."""
    folder, papers = mix(documents)
    with PageReader(PagesSettings()) as reader:
        return np.concatenate([reader.read(folder / paper.file).pixels for paper in papers])


def _shares(bundle: ModelBundle, raw: RawOutput) -> "NDArray[np.float64]":
    card = bundle.card
    return label_probabilities(raw.logits, card.temperature, card.background)


def _resident_alone(way: Open) -> int:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return int(pool.apply(_resident, (way,)))


def _resident(way: Open) -> int:
    bundle = load_bundle(starter_bundle_dir())
    way(bundle)(golden_pages(bundle)[:1])
    rows = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(row.split()[1]) for row in rows if row.startswith("VmRSS")) // _MEGABYTE


if __name__ == "__main__":
    main()
