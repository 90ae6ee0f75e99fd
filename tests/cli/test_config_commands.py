"""Settings as a user shows, changes and checks them."""

import json
import tomllib

import pytest
from typer.testing import CliRunner, Result

from docsorter.cli.context import setting_names
from docsorter.cli.main import app
from docsorter.configuration import Configuration
from docsorter.errors import ExitCode, SettingsError
from docsorter.service.workspace.process import WorkspaceLock
from tests.cli.running import docsorter


def typed(configuration: Configuration, *words: str) -> Result:
    return CliRunner().invoke(app, ["-w", str(configuration.workspace), *words])


def in_file(configuration: Configuration) -> dict[str, dict[str, object]]:
    return tomllib.loads((configuration.workspace / "docsorter.toml").read_text())


def test_a_value_is_set_shown_and_taken_out(configuration: Configuration) -> None:
    done = typed(configuration, "config", "set", "intake.rest_seconds", "5")
    assert "intake.rest_seconds is 5.0 now; wrote" in done.stdout
    assert in_file(configuration) == {
        "intake": {"rest_seconds": 5}, "decide": {}, "deliver": {}, "service": {}
    }  # fmt: skip
    shown = json.loads(
        typed(configuration, "config", "show", "intake.rest_seconds", "--json").stdout
    )
    assert shown == {"intake.rest_seconds": {"value": 5.0, "origin": "docsorter.toml"}}
    back = json.loads(
        typed(configuration, "config", "unset", "intake.rest_seconds", "--json").stdout
    )
    assert (back["before"], back["value"], back["note"]) == (5.0, 2.0, "")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("set", "intake.rest_secs", "5"), "did you mean intake.rest_seconds"),
        (("set", "intake.rest_seconds", "soon"), "is wrong"),
        (("unset", "intake.rest_seconds"), "is not set in"),
        (("show", "intake.rest_secs"), "did you mean intake.rest_seconds"),
    ],
)
def test_what_cannot_be_is_refused(
    configuration: Configuration, words: tuple[str, ...], says: str
) -> None:
    before = (configuration.workspace / "docsorter.toml").read_bytes()
    error = typed(configuration, "config", *words).exception
    assert isinstance(error, SettingsError)
    assert says in str(error)
    assert (configuration.workspace / "docsorter.toml").read_bytes() == before


def test_the_check_says_what_is_wrong_and_how_to_mend_it(configuration: Configuration) -> None:
    well = typed(configuration, "config", "check")
    assert well.exit_code == ExitCode.OK
    assert "every setting is the default" in well.stdout
    assert "docsorter.toml is right" in well.stdout
    (configuration.workspace / "docsorter.toml").write_text(
        '[intake]\nrest_secnds = 5\nwatch = "x"\n'
    )
    wrong = typed(configuration, "config", "check")
    assert wrong.exit_code == ExitCode.SETTINGS
    assert "wrong: there is no setting 'intake.rest_secnds'" in wrong.stdout
    assert "did you mean intake.rest_seconds?" in wrong.stdout
    said = json.loads(typed(configuration, "config", "check", "--json").stdout)
    assert len(said["problems"]) == 2
    assert {"text", "remedy"} == set(said["problems"][0])


def test_a_running_daemon_is_named_with_what_makes_it_use_the_file(
    configuration: Configuration,
) -> None:
    with WorkspaceLock(configuration.state):
        done = typed(configuration, "config", "set", "intake.rest_seconds", "5").stdout
        assert "systemctl reload docsorter, or kill -HUP" in done
        moved = typed(configuration, "config", "set", "store.url", "sqlite:///docsorter.db").stdout
        assert "stop it and start it again" in moved


def test_the_environment_that_wins_is_said(configuration: Configuration) -> None:
    done = docsorter(
        *("-w", configuration.workspace, "config", "set", "intake.rest_seconds", "5"),
        DOCSORTER_INTAKE__REST_SECONDS="7",
    )
    assert done.returncode == 0, done.stderr
    assert "the environment sets it too" in done.stdout


def test_the_shell_completes_names_of_settings_and_labels(configuration: Configuration) -> None:
    assert setting_names("intake.re") == [
        "intake.rest_seconds", "intake.rescan_seconds", "intake.recursive"
    ]  # fmt: skip
    words = f"docsorter -w {configuration.workspace} label rename cl"
    done = docsorter(
        _DOCSORTER_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD="5", NO_COLOR="1"
    )
    assert "claim" in done.stdout.split(), done
