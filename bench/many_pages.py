"""What a page behind a document, or another way up, does to its verdict.

    python -m bench.many_pages [--number 200] [--real DIR] [--seed 1] [--json FILE]

Each generated document of a layout never trained on, and each real one of a single page, is written
as a PDF: alone, with a blank back of each of four kinds, turned by 90, 180 and 270 degrees, and
with another document behind it. Counted are those that are sorted alone, still sorted, and sorted
to another label. A page that was seen before is not shown to the model again.
"""

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from docsorter.documents import RawOutput, VerdictKind
from docsorter.errors import DocumentError
from docsorter.model.classifier import Classifier
from docsorter.service.engine import Engine, open_engine
from docsorter.service.workspace.layout import create
from starter.corpus import read_manifest
from starter.document import generate
from starter.kinds import Label, kinds_of
from starter.rasters import read_images

if TYPE_CHECKING:
    from numpy.typing import NDArray

LABELS: Final[tuple[Label, ...]] = ("invoice", "claim", "letter")
ALONE: Final = "alone"
BACKS: Final = ("white back", "grey back", "grainy back", "back with bleed-through")
TURNS: Final = {f"turned by {degrees}": degrees for degrees in (90, 180, 270)}
BEHIND: Final = ("same label behind", "other label behind")
_SIDE: Final = 1000
_REAL_SIDE: Final = 800  # pixels from which on a picture counts as a page


@dataclass(frozen=True, slots=True)
class Subject:
    """A document of one page and what it is."""

    label: str
    page: Image.Image
    origin: str


@dataclass(frozen=True, slots=True)
class Row:
    """What became of the documents in one form.

    Attributes:
        origin: Of the documents: "generated" or "real".
        form: How they were written.
        documents: How many there are.
        before: How many are sorted alone when nothing is done to them.
        still: How many of those still are.
        relabelled: How many of those are sorted to another label, or suggested as one.
        sorted_alone: How many are sorted in this form, of all.
        wrong: How many of those wrongly.
        several: How many are said to be several documents.
    """

    origin: str
    form: str
    documents: int
    before: int
    still: int
    relabelled: int
    sorted_alone: int
    wrong: int
    several: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What was decided: the label, whether it is sorted there, and whether it is several."""

    label: str
    alone: bool
    several: bool


def back(kind: str, page: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Return a blank page of one of `BACKS`, as large as the page that it lies behind."""
    if kind == "white back":
        return Image.new("RGB", page.size, "white")
    if kind == "grey back":
        return Image.new("RGB", page.size, (246, 246, 244))
    height, width = page.height, page.width
    paper = rng.normal(rng.uniform(238, 250), rng.uniform(2, 5), (height, width, 1))
    if kind == "back with bleed-through":
        seen = ImageOps.mirror(page.convert("L")).filter(ImageFilter.GaussianBlur(2))
        ink = 255 - np.asarray(seen, np.float64)[..., np.newaxis]
        paper -= rng.uniform(0.03, 0.08) * ink
    return Image.fromarray(np.clip(paper, 0, 255).astype(np.uint8).repeat(3, axis=2))


def forms(
    subject: Subject, others: Sequence[Subject], rng: np.random.Generator
) -> Iterator[tuple[str, list[Image.Image]]]:
    """Yield the pages of a document in every form, each with its name; alone comes first."""
    page = subject.page
    yield ALONE, [page]
    for kind in BACKS:
        yield kind, [page, back(kind, page, rng)]
    for name, degrees in TURNS.items():
        yield name, [page.rotate(-degrees, expand=True)]
    same = [other for other in others if other.label == subject.label and other is not subject]
    rest = [other for other in others if other.label != subject.label]
    for name, among in zip(BEHIND, (same, rest), strict=True):
        if among:
            yield name, [page, among[int(rng.integers(len(among)))].page]


def counted(
    subjects: Sequence[Subject],
    inspect: Callable[[Sequence[Image.Image]], Answer | None],
    seed: int = 0,
    progress: Callable[[int], None] = lambda _: None,
) -> list[Row]:
    """Show every document in every form; a document that cannot be read alone is left out.

    Args:
        subjects: The documents.
        inspect: Decides about the pages of one; None where they cannot be read.
        seed: Of backs and of what comes behind.
        progress: Is told how many documents are done.
    """
    rng = np.random.default_rng(seed)
    rows: dict[tuple[str, str], Row] = {}
    for done, subject in enumerate(subjects, 1):
        others = [other for other in subjects if other.origin == subject.origin]
        plain: Answer | None = None
        for form, pages in forms(subject, others, rng):
            answer = inspect(pages)
            if form == ALONE:
                plain = answer
            if plain is None:
                break
            key = subject.origin, form
            row = rows.get(key, Row(*key, 0, 0, 0, 0, 0, 0, 0))
            rows[key] = _with(row, subject, plain, answer)
        progress(done)
    return [rows[key] for key in sorted(rows, key=lambda key: key[0])]


def _with(row: Row, subject: Subject, plain: Answer, answer: Answer | None) -> Row:
    alone = answer is not None and answer.alone
    label = answer.label if answer is not None else plain.label
    return replace(
        row,
        documents=row.documents + 1,
        before=row.before + plain.alone,
        still=row.still + (plain.alone and alone),
        relabelled=row.relabelled + (plain.alone and label != plain.label),
        sorted_alone=row.sorted_alone + alone,
        wrong=row.wrong + (alone and label != subject.label),
        several=row.several + (answer is not None and answer.several),
    )


class Remembering:
    """A classifier that is asked about every page once.

    Args:
        classifier: Is asked.
    """

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._known: dict[bytes, RawOutput] = {}

    def classify(self, pixels: "NDArray[np.uint8]") -> RawOutput:
        """Return logits and features of pages; see `Classifier`."""
        answers = []
        for page in pixels:
            key = page.tobytes()
            if key not in self._known:
                self._known[key] = self._classifier.classify(page[np.newaxis])
            answers.append(self._known[key])
        return RawOutput(
            np.concatenate([answer.logits for answer in answers]),
            np.concatenate([answer.features for answer in answers]),
        )


def generated(number: int, seed: int) -> Iterator[Subject]:
    """Yield documents of layouts never trained on, the labels in turn."""
    rng = random.Random(seed)
    for place in range(number):
        label = LABELS[place % len(LABELS)]
        document = generate(rng.choice(kinds_of(label)), rng.getrandbits(31), "test", height=_SIDE)
        yield Subject(label, document.pages[0], "generated")


def real(root: Path) -> Iterator[Subject]:
    """Yield the real documents of a label that have one page."""
    for use in ("train-ok", "eval-only"):
        for sample in read_manifest(root, use=use):
            if sample.label not in LABELS:
                continue
            try:
                pages = read_images(sample.path, 2, _REAL_SIDE)
            except ValueError:
                continue
            if len(pages) == 1:
                yield Subject(sample.label, pages[0].convert("RGB"), "real")


def inspecting(engine: Engine, folder: Path) -> Callable[[Sequence[Image.Image]], Answer | None]:
    """Return what writes pages as a PDF and lets the engine decide about it."""
    path = folder / "scan.pdf"

    def inspect(pages: Sequence[Image.Image]) -> Answer | None:
        first, *rest = (page.copy() for page in pages)  # Pillow leaves options on what it saves
        first.save(path, "PDF", save_all=True, append_images=rest, resolution=100, quality=85)
        try:
            seen = engine.inspect(path, path.name)
        except DocumentError:
            return None
        said = seen.prediction
        return Answer(said.label, seen.verdict.kind is VerdictKind.SORT, bool(said.cut_before))

    return inspect


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.many_pages")
    parser.add_argument("--number", type=int, default=200, help="generated documents")
    parser.add_argument("--real", type=Path, action="append", default=[], help="repeatable")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the rows here as well")
    options = parser.parse_args()
    subjects = list(generated(options.number, options.seed))
    subjects += [subject for root in options.real for subject in real(root)]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        engine = stack.enter_context(open_engine(create(folder / "workspace")[0], 1))
        engine.model = replace(engine.model, classifier=Remembering(engine.model.classifier))
        rows = counted(subjects, inspecting(engine, folder), options.seed, _told(len(subjects)))
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    heads = [name.replace("_", " ") for name in asdict(rows[0])]
    for cells in (heads, ["---"] * len(heads), *(asdict(row).values() for row in rows)):
        sys.stdout.write("| " + " | ".join(map(str, cells)) + " |\n")


def _told(total: int) -> Callable[[int], None]:
    def tell(done: int) -> None:
        if done % 20 == 0 or done == total:
            sys.stderr.write(f"{done} of {total}\n")

    return tell


if __name__ == "__main__":
    main()
