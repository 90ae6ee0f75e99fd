"""The roots are looked at before every tick: closely now and then, for their identity always."""

import pytest

from docsorter.clock import ManualClock
from docsorter.configuration import Configuration
from docsorter.documents import Place
from docsorter.errors import EnvironmentFaultError
from docsorter.service.workspace import roots
from docsorter.service.workspace.roots import RootWatch


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[Configuration]:
    """Return the close looks that were taken."""
    taken: list[Configuration] = []
    monkeypatch.setattr(roots, "check_space", taken.append)
    return taken


def test_a_close_look_is_taken_twice_a_second_at_most(
    configuration: Configuration, clock: ManualClock, looks: list[Configuration]
) -> None:
    watch = RootWatch(configuration, clock)
    for _ in range(20):
        watch.check()
        clock.advance(0.1)
    assert 3 <= len(looks) <= 4


def test_whoever_asks_for_a_close_look_gets_one(
    configuration: Configuration, clock: ManualClock, looks: list[Configuration]
) -> None:
    watch = RootWatch(configuration, clock)
    watch.check()
    watch.check(closely=True)
    assert len(looks) == 2


def test_a_root_that_is_gone_or_another_folder_is_noticed_at_the_next_look(
    configuration: Configuration, clock: ManualClock, looks: list[Configuration]
) -> None:
    watch = RootWatch(configuration, clock)
    watch.check()
    root = configuration.root(Place.SORTED)
    aside = root.with_name("aside")
    root.rename(aside)
    for _ in range(2):
        with pytest.raises(EnvironmentFaultError, match="the sorted folder"):
            watch.check()
    aside.mkdir(exist_ok=True)
    root.mkdir()
    watch.check()
    assert len(looks) == 2
    root.rmdir()
    aside.rename(root)
    watch.check()  # no time has passed, and yet it looks closely
    assert len(looks) == 3
