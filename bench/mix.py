"""The documents of the benchmark: one A4 page each, as offices and their scanners send them.

Half are colour or grey scans as one JPEG in a PDF, a fifth are black and white scans (G4 in a PDF
or a TIFF), the rest are JPEG files and PDFs that were born digital; all at 300 dpi. They are
generated, the same ones everywhere, and kept in build/bench/.
"""

import io
import json
import multiprocessing
import random
import struct
import sys
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from docsorter.resources import usable_cores
from starter import capture
from starter.capture import Capture
from starter.document import SyntheticDocument, generate
from starter.kinds import Label, kinds_of, weight_of

FAMILIES: Final = {"jpeg-pdf": 10, "g4-pdf": 2, "g4-tiff": 2, "jpeg": 3, "born-digital": 3}
"""How many of every twenty documents are of each family."""

BORN_DIGITAL: Final = "born-digital"
ROOT: Final = Path("build/bench")

_VERSION: Final = 1  # another one generates the documents anew
_AS_IT_IS: Final = Capture("digital", 0)
_TILE: Final = 509  # pixels of grain before it repeats
_BLACK: Final = 150  # darker than this is black to a scanner that knows no grey
_GREY: Final = 0.5  # share of the other scans without colour
_HEIGHT: Final = 3508  # A4 at 300 dpi
_DPI: Final = 300
_QUALITY: Final = 75
_SMALL: Final = frozenset(
    {"receipt", "id-card", "business-card", "ticket", "photo", "folder", "slide", "blank"}
)
_LABELS: Final[tuple[Label, ...]] = (*("invoice", "claim", "letter") * 3, "other")


@dataclass(frozen=True, slots=True)
class Paper:
    """One document of the mix.

    Attributes:
        file: Its path, relative to the folder of the mix.
        family: One of `FAMILIES`.
        label: What it is.
    """

    file: str
    family: str
    label: str

    @property
    def is_scan(self) -> bool:
        """Whether it was ever on paper."""
        return self.family != BORN_DIGITAL


def mix(count: int, root: Path = ROOT) -> tuple[Path, list[Paper]]:
    """Return the folder of the mix and its documents, generated if they are not there.

    Args:
        count: How many, a multiple of twenty; the first ones of a larger mix are the smaller mix.
        root: Where generated documents are kept.
    """
    folder = root / f"mix-{_VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    tasks = [(str(folder), number) for number in range(count)]
    missing = [task for task in tasks if not (folder / f"{task[1]:04}.json").is_file()]
    if missing:
        print(f"generating {len(missing)} documents into {folder} ...", file=sys.stderr)
        with multiprocessing.get_context("spawn").Pool(usable_cores()) as pool:
            for _ in pool.imap_unordered(_write, missing):
                pass
    papers = [
        Paper(**json.loads((folder / f"{number:04}.json").read_text("utf-8")))
        for number in range(count)
    ]
    return folder, papers


def _write(task: tuple[str, int]) -> None:
    """Generate document `number`; the note of it comes last, so that a kill leaves no half."""
    folder, number = Path(task[0]), task[1]
    family = _family(number)
    rng = random.Random(f"mix {_VERSION} {number}")
    label = _LABELS[rng.randrange(len(_LABELS))]
    kinds = [kind for kind in kinds_of(label) if kind not in _SMALL]
    while True:  # some kinds have more than one page now and then, some always
        kind = rng.choices(kinds, [weight_of(kind) for kind in kinds])[0]
        seed = rng.randrange(2**31)
        document = generate(kind, seed, "test", height=_HEIGHT, capture=_AS_IT_IS)
        if len(document.pages) == 1:
            break
    suffix, content = _file(document, family, np.random.default_rng(seed))
    paper = Paper(f"{number:04}{suffix}", family, label)
    (folder / paper.file).write_bytes(content)
    (folder / f"{number:04}.json").write_text(json.dumps(asdict(paper)), "utf-8")


def _family(number: int) -> str:
    order = [family for family, share in FAMILIES.items() for _ in range(share)]
    random.Random(number // len(order)).shuffle(order)
    return order[number % len(order)]


def _file(document: SyntheticDocument, family: str, rng: capture.Rng) -> tuple[str, bytes]:
    if family == BORN_DIGITAL:
        return ".pdf", document.pdf()
    page = _scanned(document.pages[0], rng)
    if family.startswith("g4"):
        page = page.convert("L").point([0 if shade < _BLACK else 255 for shade in range(256)])
        page = page.convert("1")
    elif rng.random() < _GREY:
        page = page.convert("L")
    if family == "g4-tiff":
        return ".tif", _saved(page, "TIFF", compression="group4", dpi=(_DPI, _DPI))
    if family == "jpeg":
        return ".jpg", _saved(page, "JPEG", quality=_QUALITY, dpi=(_DPI, _DPI))
    options = {"quality": _QUALITY} if family == "jpeg-pdf" else {}  # else Pillow chooses G4
    return ".pdf", _saved(page, "PDF", resolution=_DPI, **options)


def _scanned(page: Image.Image, rng: capture.Rng) -> Image.Image:
    """Lay a page on the glass, a little askew, and give it the grain of a sensor.

    The effects that models are trained with take seconds at this size; these are the cheap ones.
    """
    laid = capture.laid(page, rng, 0.7)
    grain = rng.normal(0, 1, (_TILE, _TILE)).astype(np.float32) * rng.uniform(1, 4)
    rows, columns = (-(-side // _TILE) for side in (laid.height, laid.width))
    grain = np.tile(grain, (rows, columns))[: laid.height, : laid.width, None]
    pixels = np.asarray(laid, np.float32) * rng.uniform(0.94, 1.0) + grain
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _saved(page: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    page.save(buffer, kind, **options)
    return buffer.getvalue()


def variant(data: bytes, number: int) -> bytes | None:
    """Return the same document with other bytes; None for a format we cannot mark harmlessly."""
    mark = f"docsorter bench {number}".encode()
    if data.startswith(b"%PDF"):
        return data + b"\n%" + mark + b"\n%%EOF\n"
    if data.startswith(b"\xff\xd8"):  # a comment segment right after the start of the image
        return data[:2] + b"\xff\xfe" + struct.pack(">H", len(mark) + 2) + mark + data[2:]
    if data.startswith(b"\x89PNG"):  # a text chunk right after the header chunk
        body = b"tEXt" + b"Comment\0" + mark
        chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
        return data[:33] + chunk + data[33:]
    if data[:4] in {b"II*\0", b"MM\0*"}:  # offsets are absolute, so bytes at the end are free
        return data + mark
    return None


def make_inputs(examples: list[Path], count: int, directory: Path) -> list[Path]:
    """Write `count` different documents made from the examples in turn, and return them."""
    marked = [(p, data) for p in examples if variant(data := p.read_bytes(), 0) is not None]
    made = []
    for number in range(count):
        path, data = marked[number % len(marked)]
        target = directory / f"{path.stem}-{number:05}{path.suffix}"
        target.write_bytes(variant(data, number) or data)
        made.append(target)
    return made
