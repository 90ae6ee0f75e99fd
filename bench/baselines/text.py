"""A sorter by words, as in paperless-ngx: OCR, then a scikit-learn network on the words.

A PDF that was born digital gives its words without OCR. Everything else is read in one of two ways,
one document per core with one thread each: rendered in grey at the 300 dpi it was scanned with and
read by Tesseract, and nothing more; or by OCRmyPDF with what paperless-ngx sets unless it is told
otherwise (PAPERLESS_OCR_CLEAN, _DESKEW, _ROTATE_PAGES, _OUTPUT_TYPE). The vectorizer and the
network are set up as paperless-ngx does it (documents/classifier.py), and learn from the words of
generated documents.
"""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from os import environ, sched_getaffinity
from pathlib import Path
from typing import Any, Final, Self

from bench.baselines.baseline import Measurement, cpu_seconds
from bench.mix import ROOT, Paper
from starter.capture import Capture
from starter.document import generate
from starter.kinds import LABELS, kinds_of

HOW_TO_INSTALL: Final = "apt install tesseract-ocr"
HOW_TO_INSTALL_ARCHIVING: Final = "apt install ocrmypdf unpaper"
_LEARNED: Final = 100
_DPI: Final = "300"
_FEW_WORDS: Final = 20
_NO_TEXT: Final = frozenset({"photo", "blank", "folder", "map", "plot", "drawing"})
_ARCHIVE: Final = (
    "--skip-text", "--deskew", "--clean", "--rotate-pages", "--rotate-pages-threshold", "12",
    "--output-type", "pdfa", "--language", "eng", "--image-dpi", _DPI, "--jobs", "1", "--quiet",
)  # fmt: skip
_loaded: list[Any] = []


def is_installed() -> bool:
    """Say whether Tesseract is there."""
    return shutil.which("tesseract") is not None


def is_archiving_installed() -> bool:
    """Say whether what paperless-ngx reads with is there."""
    return is_installed() and all(shutil.which(name) for name in ("ocrmypdf", "unpaper"))


def recognized(path: Path) -> str:
    """Return what Tesseract reads in a document."""
    content = path.read_bytes()
    if path.suffix == ".pdf":
        command = ["pdftoppm", "-r", _DPI, "-gray", str(path)]
        content = subprocess.run(command, capture_output=True, check=True).stdout
    return _said(["tesseract", "stdin", "stdout", "--dpi", _DPI, "-l", "eng"], content)


def archived(path: Path) -> str:
    """Return what paperless-ngx reads in a document, which makes an archive copy on the way."""
    with tempfile.TemporaryDirectory() as folder:
        words, copy = Path(folder) / "words.txt", Path(folder) / "copy.pdf"
        _said(["ocrmypdf", *_ARCHIVE, "--sidecar", str(words), str(path), str(copy)])
        return words.read_text("utf-8")


def _said(command: list[str], content: bytes = b"") -> str:
    """Run a program on one core and return what it says."""
    one = {**environ, "OMP_THREAD_LIMIT": "1"}
    done = subprocess.run(command, input=content, capture_output=True, check=True, env=one)
    return done.stdout.decode("utf-8", "replace")


class TextSorter:
    """Reads on every core and classifies what was read.

    Args:
        read: Returns the words of a document without a text layer.
    """

    def __init__(self, read: Callable[[Path], str] = recognized) -> None:
        self._read = read

    def __enter__(self) -> Self:
        count = len(sched_getaffinity(0))
        learn = ROOT / "words"
        with ProcessPoolExecutor(1, get_context("spawn")) as once:
            learned = once.submit(_learn, _material(learn, count)).result()
        self._pool = ProcessPoolExecutor(
            count, get_context("spawn"), _load, ([self._read, *learned],)
        )
        for _ in self._pool.map(_ready, range(count)):
            pass
        return self

    def __exit__(self, *raised: object) -> None:
        self._pool.shutdown()

    def sort(self, folder: Path, papers: Sequence[Paper]) -> Measurement:
        """Sort documents; see `bench.baselines.baseline.Baseline`."""
        began = time.perf_counter()
        found = list(self._pool.map(_sort, [folder / paper.file for paper in papers]))
        seconds = time.perf_counter() - began
        labels = {name: label for name, label, _ in found}
        return Measurement(len(papers), seconds, sum(cpu for *_, cpu in found), labels)


def _material(folder: Path, processes: int) -> list[tuple[str, str]]:
    """Return words and labels of generated documents that are not in the mix."""
    folder.mkdir(parents=True, exist_ok=True)
    kinds = [(label, kind) for label in LABELS for kind in kinds_of(label) if kind not in _NO_TEXT]
    tasks = []
    for number in range(_LEARNED):
        label = LABELS[number % len(LABELS)]
        among = [kind for of, kind in kinds if of == label]
        kind = among[number // len(LABELS) % len(among)]
        tasks.append((folder / f"{number:03}-{label}.txt", kind, number))
    missing = [task for task in tasks if not task[0].is_file()]
    if missing:
        with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
            list(pool.map(_write_words, missing))
    return [(path.read_text("utf-8"), path.stem.partition("-")[2]) for path, *_ in tasks]


def _write_words(task: tuple[Path, str, int]) -> None:
    path, kind, seed = task
    document = generate(kind, seed, "train", height=100, capture=Capture("digital", 0))
    pdf = path.with_suffix(".pdf")
    pdf.write_bytes(document.pdf())
    text = _text_layer(pdf)
    pdf.unlink()
    path.write_text(text, "utf-8")


def _learn(texts: list[tuple[str, str]]) -> list[Any]:
    from sklearn.feature_extraction.text import CountVectorizer  # noqa: PLC0415 -- seconds
    from sklearn.neural_network import MLPClassifier  # noqa: PLC0415 -- as above
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 -- as above

    threadpool_limits(1)
    vectorizer = CountVectorizer(analyzer="word", ngram_range=(1, 2), min_df=0.01)
    counts = vectorizer.fit_transform([text for text, _ in texts])
    network = MLPClassifier(tol=0.01, random_state=0)
    network.fit(counts, [label for _, label in texts])
    return [vectorizer, network]


def _load(learned: list[Any]) -> None:
    _loaded.extend(learned)  # a bound method would be sent with a list of its own


def _ready(_number: int) -> None:
    time.sleep(0.1)  # so that every process takes one


def _sort(path: Path) -> tuple[str, str, float]:
    used = cpu_seconds()
    read, vectorizer, network = _loaded
    text = _text_layer(path) if path.suffix == ".pdf" else ""
    if len(text.split()) < _FEW_WORDS:
        text = read(path)
    label = str(network.predict(vectorizer.transform([text]))[0])
    return path.name, label, cpu_seconds() - used


def _text_layer(path: Path) -> str:
    return _said(["pdftotext", str(path), "-"])
