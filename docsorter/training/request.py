"""What a training is asked to do, and the folder that it works in.

The folder holds pages of the documents, so that nobody but its owner may enter it. One training at
a time works there, an interrupted one goes on in it, and it is gone when the training is done.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, Literal

from docsorter.documents import ReasonCode
from docsorter.errors import ConflictError, DocsorterError, EnvironmentFaultError, UsageError
from docsorter.filesystem import environment_reason

POLICIES: Final = ("auto", "review", "never")


Variant = Literal["int8-corrected", "int8-weights", "float16"]
VARIANTS: Final[tuple[Variant, ...]] = ("int8-corrected", "int8-weights", "float16")
"""Best first; docs/develop/making-the-starter.md has the figures.

int8-corrected: int8 weights, and biases that make up for their rounding (`export.corrected`).
int8-weights: the same without that; dynamic range, one scale per output channel.
float16: as good as exact, at a third of the speed and twice the size.
"""


@dataclass(frozen=True, slots=True)
class ExportGate:
    """Limits beyond which an exported file is not shipped.

    Temperature, novelty and promise are measured on the file itself; the gate is there for files
    that a wrong conversion or an odd network made another model. Its limits are about twice what
    was seen (docs/develop/making-the-starter.md). One page may always differ, however few were
    asked.

    Attributes:
        accuracy_drop: Greatest loss of accuracy, 0-1.
        equal_labels: Least share of pages with the same top output, 0-1.
        difference: Greatest change of one probability, 0-1.
        megabytes: Greatest size of the file.
    """

    accuracy_drop: float = 0.01
    equal_labels: float = 0.98
    difference: float = 0.35
    megabytes: float = 30.0


@dataclass(frozen=True, slots=True)
class Effort:
    """How much work goes into it.

    Attributes:
        size: Side of a page in pixels, where the base does not say.
        pages: Augmented pages to learn from, about; each document gives between `least_views` and
            `most_views` of them.
        least_views: Augmented views of a document, at least.
        most_views: And at most: more copies of few documents teach nothing new.
        foreign: Generated foreign documents, about.
        tuning_epochs: Times that every augmented page is drawn during tuning, about.
        gate: What the export may lose.
        variants: Ways to export, the best first.
    """

    size: int = 299
    pages: int = 1500
    least_views: int = 2
    most_views: int = 6
    foreign: int = 90
    tuning_epochs: float = 1.5
    gate: ExportGate = field(default_factory=ExportGate)
    variants: tuple[Variant, ...] = VARIANTS

    def views(self, documents: int) -> int:
        """Return how many augmented views each of so many documents gives."""
        wanted = round(self.pages / max(1, documents))
        return min(self.most_views, max(self.least_views, wanted))


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """What a training is asked to do.

    Attributes:
        folder: The labelled documents, one sub-folder per label.
        name: Of the bundle.
        out: Folder that the bundle is put into.
        base: What to start from: "starter", "imagenet", a `.npz` file, or a bundle.
        target_error: Error that sorted documents may have, between 0 and 1.
        confidence: Of the promise, between 0 and 1.
        policies: Label to "auto", "review" or "never".
        seed: Of everything drawn.
        tuning: Whether the upper blocks may be tuned.
        effort: How much work goes into it.
        generated: How many of the documents were generated, for the card.
        renamed: What labels are called in the folder, by the names that the base has for them.
    """

    folder: Path
    name: str
    out: Path
    base: str = "starter"
    target_error: float = 0.01
    confidence: float = 0.95
    policies: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    tuning: bool = True
    effort: Effort = field(default_factory=Effort)
    generated: int = 0
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def bundle(self) -> Path:
        """Where the bundle goes."""
        return self.out / self.name

    @property
    def report(self) -> Path:
        """Where the report with pictures goes: beside the bundle, never inside."""
        return self.out / f"{self.name}-report.html"

    @property
    def work(self) -> Path:
        """Where pages, features and checkpoints are until the bundle is done."""
        return self.out / f".{self.name}.training"

    def key(self, documents: str, base: str) -> str:
        """Return what tells this training from any other.

        Args:
            documents: Fingerprint of the documents.
            base: Key of the weights.
        """
        what = {
            "documents": documents,
            "base": base,
            "seed": self.seed,
            "tuning": self.tuning,
            "effort": asdict(self.effort),
        }
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


def parse_policies(texts: Sequence[str]) -> dict[str, str]:
    """Read policies written as `LABEL=auto|review|never`.

    Raises:
        UsageError: One is not of that form.
    """
    found: dict[str, str] = {}
    for text in texts:
        label, _, policy = text.rpartition("=")
        if not label or policy not in POLICIES:
            raise UsageError(
                f"--policy {text!r} is not of the form LABEL=POLICY",
                remedy="e.g. --policy claim=never; a policy is one of auto, review and never",
            )
        found[label] = policy
    return found


LEAST_ROOM: Final = 300_000_000
"""Bytes that must be free before anything begins: the bundle, its export and its reports."""

_PAGES: Final = 1_000_000  # bytes of a document: squares of its pages, features
_MAPS: Final = 450_000  # bytes of a page to tune on
_CHECKPOINTS: Final = 600_000_000  # bytes of weights and moments, three of them for a moment

_CLAIM: Final = "training.txt"
_LOCK: Final = "lock"


def require_place(request: TrainingRequest) -> None:
    """Refuse a name that is taken, or a place that cannot hold the bundle.

    Raises:
        UsageError: The name is taken, or the place lies among the documents.
        EnvironmentFaultError: It cannot be written, or there is no room.
    """
    for path in (request.bundle, request.report):
        if path.exists():
            raise UsageError(
                f"there is already a {path.name} in {request.out}",
                remedy="choose another --name, or remove it first",
            )
    inside = request.folder.resolve() in (request.out.resolve(), *request.out.resolve().parents)
    if inside:
        raise UsageError(
            f"the bundle cannot go into the labelled documents: {request.out}",
            remedy="choose a folder outside with --out",
        )
    place = next(path for path in (request.out, *request.out.absolute().parents) if path.exists())
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        raise EnvironmentFaultError(
            f"the bundle cannot be written: {place} is no folder that may be written to",
            remedy="choose another folder with --out",
        )
    _require(request, place, LEAST_ROOM)


def require_room(request: TrainingRequest, documents: int, *, maps: bool) -> None:
    """Refuse to begin what the disk cannot hold; what an earlier run left there counts as room.

    Args:
        request: What is to be trained.
        documents: How many there are to learn from.
        maps: Whether the upper blocks may be tuned, which keeps maps and checkpoints.

    Raises:
        EnvironmentFaultError: There is no room.
    """
    needed = LEAST_ROOM + _PAGES * documents
    if maps:
        needed += _CHECKPOINTS + _MAPS * documents * request.effort.views(documents)
    _require(request, request.work, needed)


def _require(request: TrainingRequest, place: Path, needed: int) -> None:
    held = sum(path.lstat().st_size for path in request.work.rglob("*") if path.is_file())
    room = shutil.disk_usage(place).free + held
    if room < needed:
        raise EnvironmentFaultError(
            f"there is too little room for this training: {room / 1e6:,.0f} MB free at {place}, "
            f"{needed / 1e6:,.0f} MB needed",
            remedy="make room, or choose another folder with --out",
        )


@contextmanager
def work_folder(request: TrainingRequest) -> Iterator[Path]:
    """Give the work folder; it stays after an interrupt or a full disk, and is gone when done.

    After input that no training is possible with it is gone too, unless it was there before.

    Raises:
        ConflictError: Another training of this name runs.
        EnvironmentFaultError: The disk is full, or cannot be written.
    """
    made_out, made_work = not request.out.exists(), not request.work.exists()
    folder = request.work
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (folder / _LOCK).open("w") as lock:
            _lock(lock.fileno(), request)
            yield folder
    except OSError as error:
        reason = environment_reason(error)
        first = "make room" if reason.code is ReasonCode.DISK_FULL else "see to that"
        raise EnvironmentFaultError(
            f"the training of {request.name} stopped: {reason.text}",
            remedy=f"{first}, then start the same command again: it goes on where it was",
        ) from error
    except DocsorterError as error:
        if made_work and not isinstance(error, EnvironmentFaultError):
            _remove(request, made_out=made_out)
        raise
    else:
        _remove(request, made_out=False)


def claim(folder: Path, key: str) -> bool:
    """Bind the work folder to one training; what another one left there is removed.

    Returns:
        Whether the same training began here before.
    """
    file = folder / _CLAIM
    if file.is_file() and file.read_text(encoding="ascii", errors="replace").strip() == key:
        return True
    for path in folder.iterdir():
        if path.name in {_LOCK, "pages", "foreign", "features"}:  # these are kept by content
            continue
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    part = file.with_suffix(".part")
    part.write_text(key + "\n", encoding="ascii")
    part.replace(file)
    return False


def _lock(descriptor: int, request: TrainingRequest) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ConflictError(
            f"another training of {request.name} is running in {request.out}",
            remedy="wait for it, or choose another --name",
        ) from error


def _remove(request: TrainingRequest, *, made_out: bool) -> None:
    shutil.rmtree(request.work, ignore_errors=True)
    if made_out:
        with contextlib.suppress(OSError):
            request.out.rmdir()
