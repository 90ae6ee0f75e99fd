"""A labelled folder of generated documents, written by several processes and resumable."""

import hashlib
import io
import json
import multiprocessing
import random
import signal
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import Image, ImageStat

from starter.capture import Capture
from starter.document import SyntheticDocument, generate
from starter.kinds import EVERY, Split, weight_of

_HEIGHT = 800
_LEAST = 0.6
"""Contrast of a later page, relative to the first, from which on it may stand for the document."""
_VISIBLE = 1.5
"""Contrast below which nobody sees what a page says, on the scale of 0 to 127."""
_PRINTED = frozenset({"invoice", "claim", "letter"})
INDEX = "index.jsonl"
"""Name of the file that says what each picture is, one JSON object a line."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Task:
    """One document to write."""

    directory: str
    kind: str
    seed: int
    split: Split

    @property
    def file(self) -> str:
        """Where the picture goes, relative to the folder of the set."""
        return f"{EVERY[self.kind]}/{self.kind}-{self.seed}.jpg"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the index."""

    file: str
    label: str
    kind: str
    layout: str
    locale: str
    capture: str
    split: str
    page: int
    pages: int


def _contrast(page: Image.Image) -> float:
    """Return the standard deviation of a page's grey values, 0 for an empty page."""
    return ImageStat.Stat(page.convert("L").reduce(4)).stddev[0]


def _shown(document: SyntheticDocument, rng: random.Random) -> int:
    """Return which page stands for the document: the first, or at times a later one.

    A later page that carries next to nothing stands for no document.
    """
    if document.kind == "letter-continued":
        return len(document.pages) - 1 if rng.random() < 0.7 else 0
    page = 0 if rng.random() < 0.85 else rng.randrange(len(document.pages))
    if page and _contrast(document.pages[page]) < _LEAST * _contrast(document.pages[0]):
        return 0
    return page


def _jpeg(document: SyntheticDocument, page: int, rng: random.Random) -> bytes:
    picture = document.pages[page]
    if picture.height > _HEIGHT or picture.width > _HEIGHT * 1.5:
        picture = picture.copy()
        picture.thumbnail((int(_HEIGHT * 1.5), _HEIGHT))
    rough = not document.capture.startswith("digital")
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=rng.randrange(45, 92) if rough else 92)
    return buffer.getvalue()


def write_one(task: Task) -> Entry:
    """Generate one document and write one page of it; return its line of the index.

    The picture is written under another name and renamed, so a killed process leaves no half.
    """
    document = generate(task.kind, task.seed, task.split, height=_HEIGHT)
    rng = random.Random(f"{task.kind}|{task.seed}|{task.split}")
    page = _shown(document, rng)
    if document.label in _PRINTED and _contrast(document.pages[page]) < _VISIBLE:
        # A scanner set too bright left nothing; such a page says nothing of its label.
        plain = Capture("digital", 0)
        document = generate(task.kind, task.seed, task.split, height=_HEIGHT, capture=plain)
    target = Path(task.directory) / task.file
    partial = target.with_suffix(".part")
    partial.write_bytes(_jpeg(document, page, rng))
    partial.replace(target)
    return Entry(
        task.file, document.label, document.kind, document.layout, document.locale,
        document.capture, document.split, page, len(document.pages),
    )  # fmt: skip


def _first_seed(seed: int, split: Split) -> int:
    digest = hashlib.sha256(f"{seed}|{split}".encode()).digest()
    return int.from_bytes(digest[:3], "big") * 100


def tasks(directory: Path, counts: Mapping[str, int], seed: int, split: Split) -> list[Task]:
    """Return the documents of a set, mixed so that any beginning of it is a fair sample.

    Raises:
        KeyError: if a kind does not exist.
    """
    start = _first_seed(seed, split)
    wanted = []
    for kind, count in counts.items():
        if kind not in EVERY:
            raise KeyError(kind)
        wanted += [Task(str(directory), kind, start + i, split) for i in range(count)]
    random.Random(seed).shuffle(wanted)
    return wanted


def spread(
    label_counts: Mapping[str, int], among: Collection[str] = tuple(EVERY)
) -> dict[str, int]:
    """Spread counts per label over the label's kinds by their weights (see ``weight_of``).

    What whole numbers leave over goes to the largest remainders, so the counts add up exactly.

    Args:
        label_counts: number of documents by label.
        among: the kinds that may be drawn; all by default.

    Raises:
        KeyError: if a label does not exist or none of its kinds may be drawn.
    """
    counts: dict[str, int] = {}
    for label, count in label_counts.items():
        kinds = [kind for kind, of in EVERY.items() if of == label and kind in among]
        if not kinds and (count or label not in EVERY.values()):
            raise KeyError(label)
        if not kinds:
            continue
        whole = sum(map(weight_of, kinds))
        exact = {kind: count * weight_of(kind) / whole for kind in kinds}
        given = {kind: int(share) for kind, share in exact.items()}
        by_rest = sorted(kinds, key=lambda kind: given[kind] - exact[kind])
        for kind in by_rest[: count - sum(given.values())]:
            given[kind] += 1
        counts |= {kind: number for kind, number in given.items() if number}
    return counts


def read_index(directory: Path) -> dict[str, Entry]:
    """Return the index of a set by file name; a last line cut short by a kill is left out."""
    path = directory / INDEX
    entries: dict[str, Entry] = {}
    if path.exists():
        for line in path.read_text("utf-8").splitlines():
            if line.endswith("}"):
                entry = Entry(**json.loads(line))
                entries[entry.file] = entry
    return entries


def write_dataset(
    directory: Path,
    counts: Mapping[str, int],
    seed: int,
    split: Split,
    workers: int = 1,
    progress: Progress | None = None,
) -> int:
    """Write ``counts`` documents of each kind below ``directory``; return how many are new.

    Pictures are JPEG files of at most 800 pixels height, ``<label>/<kind>-<seed>.jpg``, and
    ``index.jsonl`` says what each is. What is there already is kept, so an interrupted run
    goes on where it was. The same arguments and fonts give the same files, whatever
    ``workers`` is.

    Args:
        directory: where the set goes; made if it is missing.
        counts: number of documents by kind; see ``spread`` for counts by label.
        seed: any whole number; sets of different seeds share no document.
        split: ``train`` or ``test``.
        workers: processes; 1 does the work in this one.
        progress: called with (done, total) after each document.

    Raises:
        KeyError: if a kind does not exist.
        OSError: if a file cannot be written.
    """
    wanted = tasks(directory, counts, seed, split)
    for label in {EVERY[kind] for kind in counts}:
        (directory / label).mkdir(parents=True, exist_ok=True)
    known = read_index(directory)
    missing = [t for t in wanted if t.file not in known or not (directory / t.file).exists()]
    done = len(wanted) - len(missing)
    _mend(directory)
    with (directory / INDEX).open("a", encoding="utf-8") as index:
        for entry in _written(missing, workers):
            index.write(json.dumps(asdict(entry), ensure_ascii=False) + "\n")
            index.flush()
            done += 1
            if progress is not None:
                progress(done, len(wanted))
    return len(missing)


def _mend(directory: Path) -> None:
    """End a line that a kill has cut short, so that the next one starts on its own."""
    path = directory / INDEX
    if path.exists() and (data := path.read_bytes()) and not data.endswith(b"\n"):
        path.write_bytes(data + b"\n")


def _deaf() -> None:
    """Leave Ctrl-C, which a terminal sends to every process of a command, to the first one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _written(missing: list[Task], workers: int) -> Iterator[Entry]:
    if workers <= 1:
        yield from map(write_one, missing)
        return
    with multiprocessing.get_context("spawn").Pool(workers, _deaf) as pool:
        yield from pool.imap_unordered(write_one, missing, chunksize=8)
