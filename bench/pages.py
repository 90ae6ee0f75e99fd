"""What reading a document costs, by family and way, and what the ways change in predictions.

    python -m bench.pages [--documents 4] [--rounds 7] [--json FILE]

A4 at 300 dpi, as scanners send it: the same sheets as JPEG in PDF, Group 4 in PDF, Group 4 in TIFF,
JPEG and born digital PDF, and a mix of them as in a day's post. Processor time of the child with
everything it starts and its sandbox, the ways in turn, in one run: compare the ratios. Needs the
`train` extra, whose generator sets the sheets.
"""

import argparse
import gc
import io
import json
import os
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pdf2image
from PIL import Image
from rich.console import Console
from rich.table import Table

from docsorter.pages import pdf, poppler, reader
from docsorter.pages import server as child
from docsorter.pages.families import preload
from docsorter.pages.images import PageRequest
from docsorter.pages.protocol import ReadRequest, read_result
from docsorter.pages.sandbox import examine

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_KINDS: Final = ("invoice-business", "claim-motor", "letter-business", "invoice-utility")
_DPI: Final = 300
_HEIGHT: Final = 3508
_INK: Final = 150
MIX: Final = {
    "jpeg in pdf": 0.50, "group 4 in pdf": 0.10, "group 4 tiff": 0.10, "jpeg": 0.15,
    "born digital": 0.15,
}  # fmt: skip
"""Share of each family in a day's post."""
SCANS_IN_PDF: Final = ("jpeg in pdf", "group 4 in pdf")
TWINS: Final = {"jpeg in pdf": "jpeg", "group 4 in pdf": "group 4 tiff"}
"""Families that hold the very pictures that another family keeps outside of a PDF."""
SIDE: Final = 299
_REQUEST: Final = ReadRequest(
    "pages", SIDE, 0, 8, max_pixels=200_000_000, time_limit=60.0, memory_limit=1 << 30
)


def main() -> None:
    """Measure, print, and write the figures as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--documents", type=int, default=4, help="sheets of each family")
    parser.add_argument("--rounds", type=int, default=7, help="readings by each way")
    parser.add_argument("--json", type=Path, default=Path("bench/out/pages.json"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="docsorter-pages-") as name:
        forks = Forks()
        files = _in_a_process(Path(name), options.documents)
        figures, squares = measure(forks, files, options.rounds)
    figures["predictions"] = predictions(squares)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    show(figures)


def _in_a_process(folder: Path, count: int) -> dict[str, list[Path]]:
    """Make the files elsewhere, so that no generator is copied with every fork."""
    if (pid := os.fork()) == 0:
        status = 1
        try:
            make_files(folder, count)
            status = 0
        finally:
            os._exit(status)
    if os.waitpid(pid, 0)[1]:
        raise SystemExit("the sheets could not be made; is the train extra installed?")
    return {family: sorted((folder / family).iterdir()) for family in MIX}


def make_files(folder: Path, count: int) -> None:
    """Write `count` sheets of each family to folders of their names."""
    from starter.capture import Capture  # noqa: PLC0415 -- see above
    from starter.document import generate  # noqa: PLC0415

    for family in MIX:
        (folder / family).mkdir()
    for number in range(count):
        kind = _KINDS[number % len(_KINDS)]
        capture = Capture("flatbed", 0)
        sheet = generate(kind, 100 + number, "test", height=_HEIGHT, capture=capture)
        page = sheet.pages[0].convert("RGB")
        black = (
            page.convert("L").point([255 * (shade >= _INK) for shade in range(256)]).convert("1")
        )
        for family, suffix, data in (
            ("jpeg in pdf", "pdf", _saved(page, "PDF", resolution=_DPI, quality=75)),
            ("group 4 in pdf", "pdf", _saved(black, "PDF", resolution=_DPI)),
            ("group 4 tiff", "tif", _saved(black, "TIFF", compression="group4")),
            ("jpeg", "jpg", _saved(page, "JPEG", quality=75)),
            ("born digital", "pdf", sheet.pdf()),
        ):
            (folder / family / f"{number:03}.{suffix}").write_bytes(data)


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


Squares = dict[tuple[str, str], "NDArray[np.uint8]"]


def measure(
    forks: "Forks", files: dict[str, list[Path]], rounds: int
) -> tuple[dict[str, object], Squares]:
    """Return milliseconds and ratios by family, and first pages by family and way."""
    import numpy as np  # noqa: PLC0415 -- read_result has loaded it; the children are small all the same

    spent: dict[tuple[str, str], list[float]] = {}
    squares: Squares = {}
    for family, paths in files.items():
        ways = [way for way in WAYS if way == "now" or paths[0].suffix == ".pdf"]
        readings = {way: [forks.read(path, way) for path in paths] for way in ways}
        for way in ways:
            squares[family, way] = np.stack([one.squares[0] for one in readings[way]])
        for path in paths * rounds:
            for way in ways:
                spent.setdefault((family, way), []).append(forks.read(path, way).cpu)
    cost = {key: 1000 * statistics.median(values) for key, values in spent.items()}
    whole = {
        way: sum(
            share * cost.get((family, way), cost[family, "now"]) for family, share in MIX.items()
        )
        for way in WAYS
    }
    return {
        "cpu_ms": {f"{family}, {way}": round(value, 2) for (family, way), value in cost.items()},
        "mix_cpu_ms": {way: round(value, 2) for way, value in whole.items()},
        "times_cheaper_than_pdf2image": {
            family: round(cost[family, "pdf2image"] / cost[family, "now"], 2)
            for family in MIX
            if (family, "pdf2image") in cost
        }
        | {"mix": round(whole["pdf2image"] / whole["now"], 2)},
        "documents": len(files["jpeg"]),
        "rounds": rounds,
    }, squares


def predictions(squares: Squares) -> dict[str, object]:
    """Compare each way of reading a picture in a PDF with the same picture outside of one."""
    import numpy as np  # noqa: PLC0415 -- after the forks

    from docsorter.decide.calibration import label_probabilities  # noqa: PLC0415
    from docsorter.model.bundle import load_bundle  # noqa: PLC0415
    from docsorter.model.classifier import open_classifier  # noqa: PLC0415
    from docsorter.resources import starter_bundle_dir  # noqa: PLC0415

    bundle = load_bundle(starter_bundle_dir())
    classifier = open_classifier(bundle, threads=1)
    card = bundle.card

    def asked(pages: "NDArray[np.uint8]") -> "NDArray[np.float64]":
        logits = classifier.classify(pages).logits
        return label_probabilities(logits, card.temperature, card.background)

    found: dict[str, object] = {}
    for family in SCANS_IN_PDF:
        outside = squares[TWINS[family], "now"]
        expected = asked(outside)
        for way in WAYS:
            pages = squares[family, way]
            answered = asked(pages)
            found[f"{family}, {way}"] = {
                "mean_levels_apart": round(float(np.abs(pages - outside.astype(float)).mean()), 2),
                "greatest_probability_change": round(float(np.abs(answered - expected).max()), 4),
                "other_label": int((answered.argmax(1) != expected.argmax(1)).sum()),
            }
    return found


def show(figures: dict[str, object]) -> None:
    """Print the figures."""
    table = Table("what", "figure", title="reading pages")
    for name, value in figures.items():
        rows = value.items() if isinstance(value, dict) else [("", value)]
        for key, figure in rows:
            table.add_row(f"{name} {key}".strip(), str(figure))
    Console().print(table)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reading gave.

    Attributes:
        cpu: Processor time of the child and every program it started, seconds.
        squares: (pages, 299, 299, 3) uint8.
    """

    cpu: float
    squares: "NDArray[np.uint8]"


def _as_now() -> None:
    """Read as the program does."""


def _all_drawn() -> None:
    """Draw every page of a PDF, with `pdfinfo` and one `pdftoppm`."""
    vars(pdf)["open_pdf"] = lambda _path: None


def _by_pdf2image() -> None:
    """Draw every page of a PDF as the first version did: pdf2image starts four programs."""
    _all_drawn()
    poppler.render = _converted


def _converted(run: range, wanted: PageRequest, copy: bytes = b"") -> poppler.RenderedPages:
    del copy
    pages: list[Image.Image] = pdf2image.convert_from_path(
        poppler.PATH,
        first_page=run.start + 1,
        last_page=run.stop,
        size=wanted.pixels,
        use_cropbox=True,
        timeout=wanted.seconds,
    )
    for page in pages:
        page.load()
    return poppler.RenderedPages(pages, "")


WAYS: Final[dict[str, Callable[[], None]]] = {
    "now": _as_now,
    "drawn": _all_drawn,
    "pdf2image": _by_pdf2image,
}
"""What each way changes in the child, after its fork."""


class Forks:
    """Forks a child per reading from this process, which has to be as small as the server."""

    def __init__(self) -> None:
        preload(gc.freeze)
        self._features, _ = examine()

    def read(self, path: Path, way: str) -> Reading:
        """Read a document.

        Raises:
            DocsorterError: It cannot be read.
        """
        document, result = os.open(path, os.O_RDONLY), os.memfd_create("pages", os.MFD_CLOEXEC)
        server = os.getpid()
        try:
            pid = os.fork()
            if pid == 0:
                WAYS[way]()
                child.run_child(
                    _REQUEST, self._features, server=server, document=document, result=result
                )
            _, _, usage = os.wait4(pid, 0)
            header, body = read_result(result, _REQUEST)
            reader.raise_refusal(header)
            pages = reader.page_set(header, body, SIDE)
        finally:
            os.close(document)
            os.close(result)
        return Reading(usage.ru_utime + usage.ru_stime, pages.pixels)


if __name__ == "__main__":
    main()
