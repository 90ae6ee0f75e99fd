from pathlib import Path

import pytest

from docsorter.configuration import Configuration, load
from docsorter.errors import EnvironmentFaultError
from docsorter.service.daemon.settings_watch import SettingsWatch


@pytest.fixture
def file(configuration: Configuration) -> Path:
    return configuration.workspace / "docsorter.toml"


@pytest.fixture
def watch(configuration: Configuration) -> SettingsWatch:
    return SettingsWatch(configuration, lambda: load(configuration.workspace))


def test_a_file_that_is_only_saved_again_is_no_change(watch: SettingsWatch, file: Path) -> None:
    file.write_text(file.read_text() + "# a remark\n")
    watch.tick()
    assert (watch.note, watch.take()) == ("", None)


def test_a_change_is_said_once_and_not_used_unasked(
    watch: SettingsWatch, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = file.read_text()
    file.write_text("[intake]\nrest_seconds = 9\n")
    watch.tick()
    watch.tick()
    assert "is not in use yet" in watch.note
    file.write_text(before)
    watch.tick()
    assert watch.note == ""


def test_what_is_taken_are_the_new_settings(watch: SettingsWatch, file: Path) -> None:
    file.write_text("[intake]\nrest_seconds = 9\n")
    loaded = watch.take()
    assert loaded is not None
    assert loaded.settings.intake.rest_seconds == 9


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[intake]\nrest_seconds = -1\n", "rest_seconds"),
        ("[intake\n", "not valid TOML"),
        ("[intake]\nno_such = 1\n", "no_such"),
        ('[places]\nstate = "other"\n', "places.state cannot be changed"),
        ('[store]\nurl = "sqlite:///other.db"\n', "store.url cannot be changed"),
    ],
)
def test_wrong_settings_are_not_taken_and_it_is_said_why(
    watch: SettingsWatch, file: Path, text: str, said: str
) -> None:
    file.write_text(text)
    watch.tick()
    assert watch.take() is None
    assert said in watch.note


def test_a_file_that_is_gone_or_cannot_be_read_is_not_taken(
    configuration: Configuration, file: Path
) -> None:
    def refuse() -> Configuration:
        raise PermissionError(13, "Permission denied")

    watch = SettingsWatch(configuration, refuse)
    file.unlink()
    watch.tick()
    assert watch.take() is None
    assert "Permission denied" in watch.note
    watch.refuse(EnvironmentFaultError("no room"))
    assert "no room" in watch.note
