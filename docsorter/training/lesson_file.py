"""A lesson as a folder of files: training can go on where neither documents nor poppler are.

Pages are WebP pictures, one after the other in files of a bounded size: 15,000 of them take 90 MB.
"""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from docsorter.errors import UsageError
from docsorter.training.batches import Targets, prefetched
from docsorter.training.classes import ClassPlan
from docsorter.training.lesson import Lesson
from docsorter.training.progress import Progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

PLAN: Final = "lesson.json"
_ARRAYS: Final = "lesson.npz"
_QUALITY: Final = {"train": 60, "validation": 90}  # what is learned from is made worse anyway
_FILE_BYTES: Final = 14 << 20


def write_lesson(lesson: Lesson, folder: Path, progress: Progress) -> None:
    """Write a lesson; `read_lesson` reads it on any machine.

    Args:
        lesson: What to write.
        folder: Where to; made when missing.
        progress: Is told how many pages are written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    targets, others = lesson.targets, lesson.validation
    train = _write_pages(lesson.square, len(targets.outputs), folder, "train", progress)
    validation = _write_pages(others.__getitem__, len(others), folder, "validation", progress)
    np.savez_compressed(
        folder / _ARRAYS,
        outputs=targets.outputs, kinds=targets.kinds, chances=targets.chances, train=train,
        validation=validation, validation_outputs=lesson.outputs,
    )  # fmt: skip
    plan = {"size": lesson.size, "labels": lesson.plan.labels, "kinds": lesson.plan.kinds}
    (folder / PLAN).write_text(json.dumps(plan, indent=1) + "\n", encoding="utf-8")


def read_lesson(folder: Path) -> Lesson:
    """Read what `write_lesson` wrote.

    Raises:
        UsageError: There is no lesson, or a part of it is missing.
    """
    try:
        plan = json.loads((folder / PLAN).read_text(encoding="utf-8"))
        with np.load(folder / _ARRAYS, allow_pickle=False) as arrays:
            targets = Targets(arrays["outputs"], arrays["kinds"], arrays["chances"])
            outputs = arrays["validation_outputs"]
            train, others = (_pages(folder, part, arrays[part]) for part in _QUALITY)
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(
            f"there is no whole lesson in {folder}: {error}",
            remedy="write one with `python -m docsorter.training.starter ... --lesson DIR`",
        ) from error
    return Lesson(
        ClassPlan(tuple(plan["labels"]), tuple((kind, output) for kind, output in plan["kinds"])),
        int(plan["size"]),
        targets,
        train,
        np.stack([others(index) for index in range(len(outputs))]),
        outputs,
    )


class Pages:
    """Pages of a lesson that was read.

    Args:
        files: What the files of pictures hold.
        places: (n, 3) int64: number of the file, first byte in it, length.
    """

    def __init__(self, files: list[bytes], places: "NDArray[np.int64]") -> None:
        self._files = files
        self._places = places

    def __call__(self, index: int) -> "NDArray[np.uint8]":
        """Return a page, (side, side, 3) uint8."""
        number, start, length = (int(value) for value in self._places[index])
        with Image.open(io.BytesIO(self._files[number][start : start + length])) as image:
            return np.array(image.convert("RGB"), np.uint8)


def _pages(folder: Path, part: str, places: "NDArray[np.int64]") -> Pages:
    numbers = range(int(places[-1, 0]) + 1)
    return Pages([_file(folder, part, number).read_bytes() for number in numbers], places)


def _write_pages(
    page: "Callable[[int], NDArray[np.uint8]]",
    length: int,
    folder: Path,
    part: str,
    progress: Progress,
) -> "NDArray[np.int64]":
    places = np.zeros((length, 3), np.int64)
    number, start = 0, 0
    made = prefetched(lambda index: _webp(page(index), _QUALITY[part]), range(length))
    for index, data in enumerate(made):
        if start > _FILE_BYTES:
            number, start = number + 1, 0
        with _file(folder, part, number).open("ab" if start else "wb") as stream:
            stream.write(data)
        places[index] = number, start, len(data)
        start += len(data)
        progress("writing pages", index + 1, length)
    return places


def _webp(pixels: "NDArray[np.uint8]", quality: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP", quality=quality, method=4)
    return buffer.getvalue()


def _file(folder: Path, part: str, number: int) -> Path:
    return folder / f"{part}-{number:03d}.webps"
