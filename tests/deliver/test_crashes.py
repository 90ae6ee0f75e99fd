import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from docsorter.deliver.recovery import recover
from docsorter.deliver.transfer import OWN_PREFIX, FaultPoint
from docsorter.documents import Move, MoveState, Place
from docsorter.filesystem import Disk
from tests.deliver.yard import SCAN, Crash, NoExclusiveRename, NoLinks, TwoMounts, Yard


@dataclass(frozen=True)
class Flavour:
    two_mounts: bool = False
    disk: type[Disk] = Disk
    sidecar: bool = True
    taken: bool = False  # a document of the same bytes was delivered to that name before


FLAVOURS = {
    "one mount": Flavour(),
    "two mounts": Flavour(two_mounts=True, disk=TwoMounts),
    "hard links": Flavour(disk=NoExclusiveRename),
    "placeholders": Flavour(disk=NoLinks),
    "name taken, two mounts, placeholders": Flavour(two_mounts=True, disk=NoLinks, taken=True),
}
# the rest of the combinations, with the moves in which they differ
MORE = {
    "two mounts, hard links": Flavour(two_mounts=True, disk=NoExclusiveRename),
    "name taken": Flavour(taken=True),
    "name taken, no sidecars, two mounts": Flavour(
        two_mounts=True, disk=TwoMounts, sidecar=False, taken=True
    ),
}
KINDS: dict[str, Callable[[Yard], Move]] = {
    "claim": lambda yard: yard.plan_claim(yard.drop("floor 2/scan.pdf")),
    "deliver": lambda yard: yard.plan_sort(yard.claimed()),
    "answer": lambda yard: yard.plan_answer(yard.in_review("desk/scan.pdf")),
    "undo": lambda yard: yard.plan_undo(
        yard.mover().complete(yard.plan_answer(yard.in_review()), actor="ada")
    ),
}


class Script:
    """Counts the announcements of steps and crashes at one of them."""

    def __init__(self, crash_at: int | None = None) -> None:
        self.seen: list[str] = []
        self._crash_at = crash_at

    def __call__(self, announcement: str) -> None:
        self.seen.append(announcement)
        if len(self.seen) - 1 == self._crash_at:
            raise Crash(announcement)


class Scene:
    """One planned move in one kind of workspace, to be copied and crashed again and again."""

    def __init__(self, yard: Yard, kind: str, *, taken: bool) -> None:
        self.yard = yard
        self.move = KINDS[kind](yard)
        self.others: dict[tuple[Place, str], bytes] = {}
        self._copies = 0
        if taken:
            for suffix, content in (("", SCAN), (".json", b'{"docsorter": 1, "id": 999}')):
                path = yard.roots[self.move.to_place] / (self.move.to_path + suffix)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                self.others[self.move.to_place, self.move.to_path + suffix] = content

    def crashed(self, crash_at: int | None) -> tuple[Yard, Script]:
        self._copies += 1
        base = self.yard.base.parent / f"copy{self._copies}" / "near"
        far = self.yard.far.parent / f"copy{self._copies}" / "far"
        yard = self.yard.copy(base, base if self.yard.far == self.yard.base else far)
        script = Script(crash_at)
        if crash_at is None:
            yard.mover(script).complete(self.move, actor="daemon")
        else:
            with pytest.raises(Crash):
                yard.mover(script).complete(self.move, actor="daemon")
        return yard, script

    def check_interrupted(self, yard: Yard) -> None:
        """No half file under a final name, and the bytes are whole somewhere."""
        others = {yard.roots[place] / path for (place, path) in self.others}
        mine = {path: data for path, data in yard.files().items() if path not in others}
        assert SCAN in mine.values()
        for path, data in yard.finals().items():
            if path in others:
                continue
            is_recorded = (path.parent / f"{OWN_PREFIX}{self.move.id}.record").exists()
            if path.suffix == ".json" and data:
                assert json.loads(data)["id"] == self.move.document_id
            else:
                assert data == SCAN or (data == b"" and is_recorded), path

    def check_recovered(self, yard: Yard) -> None:
        """The document is in one place, the store says so, and nothing else lies about."""
        document = yard.store.documents.get(self.move.document_id)
        move = yard.store.moves.get(self.move.id)
        assert move.state is MoveState.DONE
        assert (document.place, document.state) == (move.to_place, move.next_state)
        assert document.path == move.to_path
        wanted = {yard.roots[place] / path: data for (place, path), data in self.others.items()}
        wanted[yard.where(document)] = SCAN
        if move.sidecar is not None:
            sidecar = yard.where(document).with_name(yard.where(document).name + ".json")
            wanted[sidecar] = move.sidecar.encode()
        assert yard.files() == wanted
        mode = yard.where(document).stat().st_mode & 0o777
        assert mode == (0o600 if document.place is Place.SPOOL else 0o640)


@pytest.fixture
def scene(make_yard: Callable[..., Yard], flavour: Flavour, kind: str) -> Scene:
    yard = make_yard(two_mounts=flavour.two_mounts, disk=flavour.disk, sidecar=flavour.sidecar)
    return Scene(yard, kind, taken=flavour.taken)


@pytest.mark.parametrize("flavour", FLAVOURS.values(), ids=FLAVOURS.keys())
@pytest.mark.parametrize("kind", KINDS)
def test_a_crash_at_any_step_of_a_move_loses_and_doubles_nothing(scene: Scene) -> None:
    _crash_everywhere(scene)


@pytest.mark.parametrize("flavour", MORE.values(), ids=MORE.keys())
@pytest.mark.parametrize("kind", ["deliver"])
def test_nor_does_it_in_stranger_surroundings(scene: Scene) -> None:
    _crash_everywhere(scene)


@pytest.mark.slow
@pytest.mark.parametrize("flavour", [Flavour(two_mounts=True)], ids=["real mounts"])
@pytest.mark.parametrize("kind", ["claim", "deliver"])
def test_a_crash_between_two_real_mounts_loses_and_doubles_nothing(scene: Scene) -> None:
    _crash_everywhere(scene)


def _crash_everywhere(scene: Scene) -> None:
    whole, script = scene.crashed(None)
    scene.check_recovered(whole)
    for number, announcement in enumerate(script.seen):
        yard, _ = scene.crashed(number)
        scene.check_interrupted(yard)
        report = recover(yard.store, yard.mover())
        is_committed = announcement == f"{FaultPoint.COMMIT}:after"
        assert report.completed == ([] if is_committed else [scene.move.document_id]), announcement
        scene.check_recovered(yard)
        assert recover(yard.store, yard.mover()).completed == []
        scene.check_recovered(yard)
        _throw_away(yard)


@pytest.mark.slow
@pytest.mark.parametrize("flavour", [Flavour(two_mounts=True, disk=NoLinks, taken=True)], ids=[""])
@pytest.mark.parametrize("kind", ["claim", "answer"])
def test_a_crash_while_recovering_from_a_crash_loses_and_doubles_nothing(scene: Scene) -> None:
    _, script = scene.crashed(None)
    for number in range(0, len(script.seen), 6):
        crash_at = number % 7
        while True:
            yard, _ = scene.crashed(number)
            second = Script(crash_at)
            try:
                recover(yard.store, yard.mover(second))
            except Crash:
                scene.check_interrupted(yard)
                recover(yard.store, yard.mover())
            scene.check_recovered(yard)
            _throw_away(yard)
            if len(second.seen) <= crash_at:
                break
            crash_at += 7


def test_every_fault_point_is_met_by_some_move(make_yard: Callable[..., Yard]) -> None:
    seen: set[str] = set()
    hardest = FLAVOURS["name taken, two mounts, placeholders"]
    for kind in ("claim", "answer"):
        yard = make_yard(two_mounts=hardest.two_mounts, disk=hardest.disk)
        _, script = Scene(yard, kind, taken=hardest.taken).crashed(None)
        seen |= {announcement.partition(":")[0] for announcement in script.seen}
    assert seen == {point.value for point in FaultPoint}


def _throw_away(yard: Yard) -> None:
    yard.store.close()
    for folder in {yard.base.parent, yard.far.parent}:
        shutil.rmtree(folder)
