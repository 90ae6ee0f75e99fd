"""The checker finds what is planted; otherwise a torture run proves nothing."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from docsorter.configuration import Configuration
from docsorter.documents import Place, Purpose, ReasonCode, State, VerdictKind
from docsorter.service.workspace.layout import open_workspace_store
from docsorter.store import Arrival
from docsorter.store.tables import CheckRow, DocumentRow, EntryRow
from tests.torture.checker import Fault, check_interrupted, check_settled
from tests.torture.light import act, drain, lightened
from tests.torture.scene import Scene, fill, fill_for_people, make, paper, scratch


@pytest.fixture(scope="module")
def worked() -> Iterator[Scene]:
    """A workspace in which the daemon and a person have finished everything."""
    with scratch() as folder, lightened():
        scene = fill_for_people(fill(make(folder / "paper")), 5)
        drain(scene.workspace)
        act(scene.workspace)
        yield scene


@pytest.fixture
def scene(worked: Scene, tmp_path: Path) -> Scene:
    return worked.copy(tmp_path / "paper")


def faults(scene: Scene) -> set[Fault]:
    return {finding.fault for finding in check_settled(scene.configuration, scene.drops)}


def some(configuration: Configuration, place: Place, suffix: str = ".pdf") -> Path:
    return min(configuration.root(place).rglob(f"*{suffix}"))


def test_nothing_is_found_where_everything_is_in_its_place(scene: Scene) -> None:
    assert check_settled(scene.configuration, scene.drops) == []
    assert check_interrupted(scene.configuration, scene.drops) == []
    assert scene.drops.total == 10
    for place in (Place.SORTED, Place.REVIEW, Place.REJECTED):
        assert some(scene.configuration, place).is_file()


def remove(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def double(path: Path) -> None:
    shutil.copy(path, path.with_name("copy.pdf"))


def change(path: Path) -> None:
    path.write_bytes(path.read_bytes()[::-1])


def move_away(path: Path) -> None:
    path.rename(path.with_name("other.pdf"))


@pytest.mark.parametrize("place", [Place.SORTED, Place.REVIEW, Place.REJECTED])
@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (remove, {Fault.LOST, Fault.DISAGREES}),
        (cut, {Fault.LOST, Fault.DISAGREES, Fault.HALF}),
        (empty, {Fault.LOST, Fault.DISAGREES, Fault.HALF}),
        (change, {Fault.LOST, Fault.DISAGREES, Fault.HALF}),
        (double, {Fault.DOUBLED, Fault.DISAGREES}),
        (move_away, {Fault.DISAGREES}),
    ],
)
def test_damage_to_a_document_is_found(
    scene: Scene, place: Place, damage: Callable[[Path], None], expected: set[Fault]
) -> None:
    damage(some(scene.configuration, place))
    assert expected <= faults(scene)


@pytest.mark.parametrize("place", [Place.SORTED, Place.REJECTED])
@pytest.mark.parametrize("damage", [remove, cut, empty, change])
def test_damage_to_a_sidecar_is_found(
    scene: Scene, place: Place, damage: Callable[[Path], None]
) -> None:
    damage(some(scene.configuration, place, ".pdf.json"))
    assert Fault.SIDECAR in faults(scene)


def test_two_sidecars_that_changed_places_are_found(scene: Scene) -> None:
    root = scene.configuration.root(Place.REJECTED)
    one, other = sorted(root.rglob("*.json"))[:2]
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)
    assert faults(scene) == {Fault.SIDECAR}


@pytest.mark.parametrize(
    ("place", "name", "fault"),
    [
        (Place.SORTED, "claim/stranger.pdf", Fault.HALF),
        (Place.SORTED, "claim/.docsorter-7.part", Fault.LEFTOVER),
        (Place.REJECTED, ".docsorter-7.record", Fault.LEFTOVER),
        (Place.INBOX, ".docsorter/claim-7-scan.pdf", Fault.LEFTOVER),
        (Place.INBOX, "late.pdf", Fault.UNFINISHED),
        (Place.SPOOL, "99.pdf", Fault.DISAGREES),
    ],
)
def test_a_file_that_no_row_knows_is_found(
    scene: Scene, place: Place, name: str, fault: Fault
) -> None:
    path = scene.configuration.root(place) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"half a scan")
    assert fault in faults(scene)


def test_a_drop_that_never_arrived_is_found(scene: Scene) -> None:
    scene.drops.add(paper("invoice", 0.99, 4711))
    assert faults(scene) == {Fault.LOST}
    found = check_interrupted(scene.configuration, scene.drops)
    assert [finding.fault for finding in found] == [Fault.LOST]


def test_half_a_file_under_a_final_name_is_found_right_after_a_kill(scene: Scene) -> None:
    cut(some(scene.configuration, Place.SORTED))
    kinds = {f.fault for f in check_interrupted(scene.configuration, scene.drops)}
    assert kinds == {Fault.LOST, Fault.HALF}


def test_a_placeholder_is_half_a_file_unless_a_record_declares_it(scene: Scene) -> None:
    root = scene.configuration.root(Place.REJECTED)
    (root / "new.pdf").touch()
    kinds = [f.fault for f in check_interrupted(scene.configuration, scene.drops)]
    assert kinds == [Fault.HALF]
    (root / ".docsorter-7.record").touch()
    assert check_interrupted(scene.configuration, scene.drops) == []


def test_the_same_bytes_kept_twice_are_found(scene: Scene) -> None:
    with open_workspace_store(scene.configuration) as store:
        one, other, *_ = (d for d in store.documents.find() if d.state is State.SORTED)
        store.documents.set_hash(
            one.id, sha256=str(other.sha256), size=other.size, mtime_ns=other.mtime_ns
        )
    assert Fault.DOUBLED in faults(scene)


def test_bytes_of_which_every_copy_is_somebody_elses_duplicate_are_found(scene: Scene) -> None:
    with open_workspace_store(scene.configuration) as store, store.database.write() as session:
        query = select(DocumentRow).where(DocumentRow.duplicate_of.is_not(None))
        first = session.get_one(DocumentRow, session.scalars(query).one().duplicate_of)
        first.verdict, first.reason = VerdictKind.REJECT, ReasonCode.DUPLICATE
    found = check_settled(scene.configuration, scene.drops)
    assert [f.fault for f in found if "not kept" in f.text] == [Fault.LOST]


def set_entries(scene: Scene, state: State, purpose: Purpose | None) -> None:
    """Let one document of a state have an open entry of a purpose, or none."""
    with open_workspace_store(scene.configuration) as store:
        known = [document for document in store.documents.find() if document.state is state]
    with open_workspace_store(scene.configuration) as store, store.database.write() as session:
        drawn = set(session.scalars(select(CheckRow.document_id).where(CheckRow.outcome.is_(None))))
        wanted = state is State.SORTED  # one that is to be checked; of the others one that is not
        document = min(known, key=lambda d: (d.id in drawn) is not wanted)
        of_it = update(EntryRow).where(EntryRow.document_id == document.id)
        session.execute(of_it.values(closed_at=document.arrived_at))
        if purpose is not None:
            entry = EntryRow(document_id=document.id, created_at=document.arrived_at, source="")
            entry.reason, entry.confidence, entry.purpose = ReasonCode.SURE, 0.99, purpose
            session.add(entry)


@pytest.mark.parametrize(
    ("state", "purpose", "is_right"),
    [
        (State.SORTED, Purpose.CHECK, True),
        (State.SORTED, Purpose.SECOND, True),
        (State.REVIEW, Purpose.DECIDE, True),
        (State.SORTED, Purpose.DECIDE, False),
        (State.REJECTED, Purpose.DECIDE, False),
        (State.REJECTED, Purpose.CHECK, False),
        (State.REVIEW, Purpose.CHECK, False),
        (State.REVIEW, None, False),
        (State.SORTED, None, False),  # it was drawn by chance, so somebody has to be asked
    ],
)
def test_an_entry_that_does_not_fit_the_state_is_found_here_and_by_verify(
    scene: Scene, state: State, purpose: Purpose | None, *, is_right: bool
) -> None:
    set_entries(scene, state, purpose)
    assert faults(scene) == (set() if is_right else {Fault.DISAGREES})
    with open_workspace_store(scene.configuration) as store:
        strayed = store.upkeep.mismatched_entries()
        assert (strayed == []) is is_right
        for number in strayed:
            store.upkeep.repair_entry(number, actor="anna")
        assert store.upkeep.mismatched_entries() == []
    assert faults(scene) == set()


def test_a_damaged_database_is_found(scene: Scene) -> None:
    database = scene.configuration.state / "docsorter.db"
    data = bytearray(database.read_bytes())
    data[8192:20480] = bytes(12288)
    database.write_bytes(data)
    assert faults(scene) == {Fault.DATABASE}


def test_a_claim_that_was_not_carried_out_is_found(scene: Scene) -> None:
    with open_workspace_store(scene.configuration) as store:
        store.documents.plan_claim(Arrival("a.pdf", "", "a.pdf", 1, 1), actor="daemon")
    assert faults(scene) == {Fault.UNFINISHED}
