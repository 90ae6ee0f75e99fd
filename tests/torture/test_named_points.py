"""Every step between "file seen" and "delivered and committed" has a name that is announced."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from docsorter.deliver.transfer import PlanPoint
from docsorter.documents import Place
from docsorter.errors import EnvironmentFaultError
from docsorter.service.engine import Inspection
from docsorter.service.workspace.layout import open_workspace_store
from docsorter.store import Arrival
from tests.torture.eye import Eye
from tests.torture.light import act, drain, lightened
from tests.torture.scene import Scene, fill_for_people, make, scratch


@pytest.fixture
def scene() -> Iterator[Scene]:
    with scratch() as folder:
        yield fill_for_people(make(folder / "paper"), 3)


def test_every_step_around_a_move_is_announced(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = scene.configuration.root(Place.INBOX)
    (inbox / ".docsorter" / "claim-99-lost.pdf").write_bytes(scene.drops.add(b"claim 0.5 stray"))
    with open_workspace_store(scene.configuration) as store:  # it changed since it was planned
        store.documents.plan_claim(Arrival("scan.pdf", "", "scan.pdf", 1, 1), actor="daemon")
    look = Eye.inspect
    seen: set[str] = set()

    def fail_once(eye: Eye, path: Path, name: str) -> Inspection:
        monkeypatch.setattr(Eye, "inspect", look)
        raise EnvironmentFaultError("the eye is shut", remedy="open it")

    monkeypatch.setattr(Eye, "inspect", fail_once)
    with lightened(seen.add):
        drain(scene.workspace)
        act(scene.workspace)

    expected = {f"{point}:{side}" for point in PlanPoint for side in ("before", "after")}
    assert expected - seen == set()
