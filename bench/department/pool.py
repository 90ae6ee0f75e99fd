"""The documents of the simulated department: generated once, looked at once, kept as numbers.

Every document has a layout and typefaces that the shipped model was never trained on: the split
`test` of the generator in `starter/`. It is written as a file, read by the daemon's own sandboxed
reader and looked at by LiteRT, so that its logits and features are those that the product would
have seen.
"""

import hashlib
import json
import multiprocessing
import signal
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from docsorter.documents import RawOutput
from docsorter.errors import DocumentError
from docsorter.model.bundle import load_bundle
from docsorter.model.classifier import LiteRTClassifier, open_classifier
from docsorter.pages.reader import PageReader
from docsorter.resources import starter_bundle_dir, usable_cores
from docsorter.settings import PagesSettings
from starter.capture import Capture
from starter.dataset import Task, spread, write_one
from starter.document import generate

if TYPE_CHECKING:
    from numpy.typing import NDArray

COUNTS: Final = {"invoice": 1260, "claim": 400, "letter": 560, "other": 180}
"""Documents by label; "other" are the foreign ones."""

SCANNER_COUNTS: Final = {"invoice": 126, "claim": 32, "letter": 42}
"""Documents captured by the scanner that arrives later."""

SCANNER: Final = Capture("flatbed", 90)
"""What that scanner delivers: every sheet lies on its side."""

_FORMAT: Final = 1
_PART: Final = 60  # documents between two checkpoints
_HEIGHT: Final = 800
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One document to make: a kind, a seed, and the scanner if it is a certain one."""

    kind: str
    seed: int
    scanner: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """What the starter saw in every document.

    Attributes:
        logits: (n, 4) float32: invoice, claim, letter, none of these.
        features: (n, F) float32.
        label: (n,) str, the truth; "other" is a foreign document.
        kind: (n,) str.
        layout: (n,) str.
        scanner: (n,) str, "" for the mix of captures that the generator draws.
        refused: How many documents the reader refused (purely white pages); they are not in it.
    """

    logits: "NDArray[np.float32]"
    features: "NDArray[np.float32]"
    label: "NDArray[np.str_]"
    kind: "NDArray[np.str_]"
    layout: "NDArray[np.str_]"
    scanner: "NDArray[np.str_]"
    refused: int

    def __len__(self) -> int:
        return len(self.label)


def wanted_documents() -> list[Wanted]:
    """Return the documents of the pool, mixed."""
    plain = [
        Wanted(kind, 3_000_000 + number)
        for kind, count in spread(COUNTS).items()
        for number in range(count)
    ]
    scanned = [
        Wanted(kind, 4_000_000 + number, scanner=True)
        for kind, count in spread(SCANNER_COUNTS).items()
        for number in range(count)
    ]
    everything = plain + scanned
    order = np.random.default_rng(5).permutation(len(everything))
    return [everything[row] for row in order]


def recorded_pool(folder: Path, progress: Progress, workers: int | None = None) -> Pool:
    """Return the pool, from `folder` where it is there already; a cut run goes on where it was.

    Args:
        folder: Where the recordings are kept.
        progress: Called with (done, total).
        workers: Processes; one per core when not given.

    Raises:
        OSError: The folder cannot be written.
        DocsorterError: The model or the reader does not run here.
    """
    documents = wanted_documents()
    parts = [documents[at : at + _PART] for at in range(0, len(documents), _PART)]
    place = folder / _key(documents)
    place.mkdir(parents=True, exist_ok=True)
    todo = [number for number in range(len(parts)) if not _file(place, number).is_file()]
    done = len(documents) - sum(len(parts[number]) for number in todo)
    jobs = [(str(_file(place, number)), parts[number]) for number in todo]
    for count in _recorded(jobs, workers or usable_cores()):
        done += count
        progress(done, len(documents))
    return _joined([_file(place, number) for number in range(len(parts))])


def _key(documents: list[Wanted]) -> str:
    """Name what decides how the recordings come out: the documents and the model."""
    fingerprint = (starter_bundle_dir() / "SHA256SUMS").read_text("utf-8")
    text = json.dumps([_FORMAT, SCANNER.tag, [asdict(one) for one in documents], fingerprint])
    return f"pool-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _file(place: Path, number: int) -> Path:
    return place / f"{number:03}.npz"


_Job = tuple[str, list[Wanted]]


def _recorded(jobs: list[_Job], workers: int) -> Iterator[int]:
    if workers <= 1 or len(jobs) <= 1:
        yield from map(_record, jobs)
        return
    with multiprocessing.get_context("spawn").Pool(workers, _deaf) as pool:
        yield from pool.imap_unordered(_record, jobs)


def _deaf() -> None:
    """Leave Ctrl-C, which a terminal sends to every process of a command, to the first one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _record(job: _Job) -> int:
    """Make the documents of one part, look at them, and write what was seen."""
    target, documents = Path(job[0]), job[1]
    bundle = load_bundle(starter_bundle_dir())
    classifier = open_classifier(bundle, threads=1)
    rows = []
    with (
        tempfile.TemporaryDirectory(prefix="docsorter-simulate-") as scratch,
        PageReader(PagesSettings(), size=bundle.card.input.size) as reader,
    ):
        for document in documents:
            path, layout, label = _written(document, Path(scratch))
            seen = _look(reader, classifier, path)
            scanner = SCANNER.tag if document.scanner else ""
            rows.append((seen, label, document.kind, layout, scanner))
    kept = [row for row in rows if row[0] is not None]
    outputs = [row[0] for row in kept if row[0] is not None]
    part = target.with_suffix(".part")
    with part.open("wb") as stream:
        np.savez(
            stream,
            logits=np.stack([output.logits[0] for output in outputs]),
            features=np.stack([output.features[0] for output in outputs]),
            words=np.array([row[1:] for row in kept], np.str_),
            refused=np.array(len(rows) - len(kept)),
        )
    part.replace(target)
    return len(documents)


def _written(document: Wanted, scratch: Path) -> tuple[Path, str, str]:
    """Write one document as a file; return it, its layout and its label."""
    if not document.scanner:
        task = Task(str(scratch), document.kind, document.seed, "test")
        (scratch / task.file).parent.mkdir(exist_ok=True)
        entry = write_one(task)
        return scratch / entry.file, entry.layout, entry.label
    made = generate(document.kind, document.seed, "test", height=_HEIGHT, capture=SCANNER)
    path = scratch / f"{document.kind}-{document.seed}-{SCANNER.tag}.jpg"
    made.pages[0].save(path, "JPEG", quality=80)
    return path, made.layout, made.label


def _look(reader: PageReader, classifier: LiteRTClassifier, path: Path) -> RawOutput | None:
    """Return what the model sees, None for a document that the daemon refuses to sort."""
    try:
        pages = reader.read(path)
    except DocumentError:
        return None
    finally:
        path.unlink()
    return classifier.classify(pages.pixels)


def _joined(files: list[Path]) -> Pool:
    parts = [dict(np.load(file, allow_pickle=False)) for file in files]
    words = np.concatenate([part["words"] for part in parts])
    label, kind, layout, scanner = (words[:, column] for column in range(4))
    return Pool(
        np.concatenate([part["logits"] for part in parts]),
        np.concatenate([part["features"] for part in parts]),
        label,
        kind,
        layout,
        scanner,
        refused=int(sum(part["refused"] for part in parts)),
    )
