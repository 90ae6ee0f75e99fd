"""Power cuts: every moment of a run is replayed on a disk that loses what was not flushed.

A run is recorded with every byte it writes. For each prefix of the record the disk model says what
may be left; each different state is written out, recovered by the real daemon, and checked.
"""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from docsorter.documents import Document, State
from docsorter.service.workspace.layout import open_workspace_store
from tests.torture.checker import Fault, Finding
from tests.torture.disk_model import DiskModel, coin, write_out
from tests.torture.inodes import File, Keep
from tests.torture.light import PROMISED
from tests.torture.recording import Operation, read
from tests.torture.scene import Scene, fill, fill_for_people, make, scratch
from tests.torture.sections import Progress, Scale, SectionResult, Tally
from tests.torture.trials import recover, together
from tests.torture.zygote import CannotWatchError, Order, Zygote, crew

_ONE_IN: Final = 5
_QUICK: Final = 2  # moments of each run
_PARTS: Final = 32
_VOLATILE: Final = ("docsorter.db-shm", "health.json")  # rebuilt by SQLite; no promise is in it


@dataclass(frozen=True, slots=True)
class Run:
    """A recorded run.

    Attributes:
        name: What was done, in which surroundings.
        before: The workspace as it was, copied for the start of each replay.
        operations: What was asked of the disk.
        outcome: What became of each document, by number: what a person was told.
    """

    name: str
    before: Scene
    operations: list[Operation]
    outcome: dict[int, Document]


@dataclass(frozen=True, slots=True)
class Cut:
    """One state that a power cut may leave.

    Attributes:
        where: Run, operation and policy, to repeat it.
        files: What the disk holds.
        told: Documents that a person was told of before.
    """

    where: str
    files: list[File]
    told: frozenset[int]


@dataclass(slots=True)
class PowerCuts:
    """Cuts the power after each operation of start, intake, delivery, acts and recovery.

    Attributes:
        name: Of the section.
    """

    name: str = "power cuts"

    def run(self, scale: Scale, progress: Progress) -> SectionResult:
        """Replay, recover, check."""
        scale = scale.sparing()
        with scratch() as folder:
            try:
                runs = _record_all(folder, scale)
            except CannotWatchError as error:
                return SectionResult(self.name, skipped=f"calls cannot be recorded: {error}")
            moments = sum(len(run.operations) for run in runs)
            trials = (
                partial(_try, run, cut, folder / f"cut {number} {run.name}")
                for number, (run, cut) in enumerate(_all_cuts(runs, scale))
            )
            tally, cuts = together(trials, scale, progress, self.name, moments)
        first: dict[str, int | float | str] = {
            "power cuts": cuts,
            "recorded runs": len(runs),
            "operations in them": moments,
            "seed": str(scale.seed),
        }
        return tally.result(self.name, first)


def _record_all(folder: Path, scale: Scale) -> list[Run]:
    inbox = fill(make(folder / "inbox"))
    waiting = fill_for_people(make(folder / "waiting"))
    zygote = crew(scale.jobs)[0]
    zygote.run(Order("drain", str(waiting.workspace), watched=False))
    wanted = [("drain", inbox, ""), ("act", waiting, "two mounts, no hard links")]
    if not scale.quick:
        killed = inbox.copy(folder / "killed")
        zygote.run(Order("drain", str(killed.workspace), kill_at=450))
        wanted += [
            ("act", waiting, ""),
            ("drain", inbox, "two mounts"),
            ("drain", inbox, "no exclusive rename"),
            ("drain", inbox, "two mounts, no hard links"),
            ("drain", killed, ""),
            ("promote", waiting, ""),
        ]
    return [record(zygote, *each, folder) for each in wanted]


def record(zygote: Zygote, task: str, before: Scene, surroundings: str, folder: Path) -> Run:
    """Let a task run on a copy of a workspace, and make sure that the model saw it all."""
    name = f"{task}{f' ({surroundings})' if surroundings else ''} in {before.workspace.name}"
    scene = before.copy(folder / f"recorded {name}")
    file = folder / f"{name}.record"
    model = DiskModel(scene.workspace)
    order = Order(task, str(scene.workspace), surroundings=surroundings, record=str(file))
    outcome = zygote.run(order)
    assert outcome.code == 0, outcome.error
    operations = read(file)
    for operation in operations:
        model.apply(operation)
    _compare(model, scene.workspace)
    with open_workspace_store(scene.configuration) as store:
        documents = {document.id: document for document in store.documents.find(limit=1000)}
    scene.remove()
    # The record names its files by this place, so the beginning is put there again.
    return Run(name, before.copy(scene.workspace), operations, documents)


def _compare(model: DiskModel, workspace: Path) -> None:
    """Refuse a record that does not lead to what is on the disk: something was not seen."""
    expected = {f.path: f.content for f in model.files() if not f.path.endswith(_VOLATILE)}
    real = {
        str(path.relative_to(workspace)): None if path.is_dir() else path.read_bytes()
        for path in workspace.rglob("*")
        if not path.name.endswith(_VOLATILE)
    }
    different = [path for path in expected | real if expected.get(path, 0) != real.get(path, 0)]
    assert not different, f"the record does not explain {sorted(different)}"


def _all_cuts(runs: list[Run], scale: Scale) -> Iterator[tuple[Run, Cut]]:
    """Yield the states of all runs, a part of each run at a time.

    So a series that is cut short has tried moments from everywhere.
    """
    choice = random.Random(scale.seed)
    seen: dict[str, set[bytes]] = {run.name: set() for run in runs}
    orders = {run.name: _shuffled(len(run.operations), choice) for run in runs}
    for part in range(scale.choose(1, _PARTS)):
        for run in runs:
            order = orders[run.name]
            chosen = order[:_QUICK] if scale.quick else order[part::_PARTS]
            for cut in _cuts(run, frozenset(chosen), choice, seen[run.name]):
                yield run, cut


def _shuffled(count: int, choice: random.Random) -> list[int]:
    numbers = list(range(1, count + 1))
    choice.shuffle(numbers)
    return numbers


def _cuts(
    run: Run, chosen: frozenset[int], choice: random.Random, seen: set[bytes]
) -> Iterator[Cut]:
    """Yield every state that is new, after each of the chosen operations and by every policy."""
    model = DiskModel(run.before.workspace)
    told: set[int] = set()
    richly = frozenset(choice.sample(sorted(chosen), len(chosen) // _ONE_IN))
    for number, operation in enumerate(run.operations, start=1):
        model.apply(operation)
        told |= _told(operation)
        if number not in chosen:
            continue
        for policy, keep_name, keep_bytes in _policies(choice, richly=number in richly):
            files = model.after_power_cut(keep_name, keep_bytes)
            key = _key(files, told)
            if key not in seen:
                seen.add(key)
                where = f"{run.name}, power cut after {number} {operation.name}, {policy}"
                yield Cut(where, files, frozenset(told))


def _policies(choice: random.Random, *, richly: bool) -> Iterator[tuple[str, Keep, Keep]]:
    """Yield ways to lose: the two worst after every operation, the others after one in a few."""
    yes, no = (lambda: True), (lambda: False)
    yield "nothing unflushed is left", no, no
    yield "names are left, bytes are not", yes, no
    if not richly:
        return
    yield "bytes are left, names are not", no, yes
    yield "half of each is left", coin(0.5, choice), coin(0.5, choice)
    yield "most of each is left", coin(0.9, choice), coin(0.9, choice)


def _told(operation: Operation) -> set[int]:
    name = operation.paths[0].rpartition("/")[2]
    is_told = operation.name == "unlink" and name.startswith(PROMISED)
    return {int(name.removeprefix(PROMISED))} if is_told else set()


def _key(files: list[File], told: set[int]) -> bytes:
    """Tell states apart; modes and what nothing relies on do not count."""
    digest = hashlib.blake2b(repr(sorted(told)).encode())
    for file in files:
        if not file.path.endswith(_VOLATILE):
            digest.update(f"\n{file.path} {file.content is None} ".encode())
            digest.update(hashlib.blake2b(file.content or b"").digest())
    return digest.digest()


def _try(run: Run, cut: Cut, workspace: Path, zygote: Zygote) -> Tally:
    tally = Tally()
    scene = Scene(workspace, run.before.drops)
    write_out(cut.files, scene.workspace)
    recover(zygote, scene, tally, cut.where)
    tally.check(cut.where, _forgotten(run, cut, scene))
    if not tally.failures:
        scene.remove()
    return tally


def _forgotten(run: Run, cut: Cut, scene: Scene) -> Iterator[Finding]:
    """Find answers that a person was told are done, and that are not any more."""
    if not cut.told:
        return
    with open_workspace_store(scene.configuration) as store:
        for number in sorted(cut.told):
            document, expected = store.documents.get(number), run.outcome[number]
            if _decision(document) != _decision(expected):
                text = f"the answer on document {number} is forgotten: {_decision(document)}"
                yield Finding(Fault.DISAGREES, text)


def _decision(document: Document) -> tuple[State, str | None, str | None]:
    label = None if document.verdict is None else document.verdict.label
    return document.state, label, document.answered_by
