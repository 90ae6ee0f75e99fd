"""The commands as a user types them: real processes, exit codes, what is printed."""

import datetime as dt
import json
from pathlib import Path

import pytest

from docsorter.configuration import Configuration
from docsorter.errors import ExitCode
from docsorter.service.workspace.process import (
    Health,
    WaitingInInbox,
    WorkspaceLock,
    write_health,
)
from tests.cli.running import docsorter


@pytest.fixture
def workspace(configuration: Configuration) -> Path:
    return configuration.workspace


def test_init_makes_a_workspace_and_says_what_comes_next(tmp_path: Path) -> None:
    done = docsorter("init", tmp_path / "paper")
    assert done.returncode == ExitCode.OK
    assert "docsorter run" in done.stdout
    for name in ("inbox", "sorted", "review", "rejected", ".docsorter/docsorter.db"):
        assert (tmp_path / "paper" / name).exists()


def test_init_again_completes_what_is_missing_and_keeps_the_settings(workspace: Path) -> None:
    (workspace / "docsorter.toml").write_text("[intake]\nrest_seconds = 9\n")
    (workspace / "review").rmdir()
    done = docsorter("init", workspace)
    assert done.returncode == ExitCode.OK
    assert (workspace / "review").is_dir()
    assert "rest_seconds = 9" in (workspace / "docsorter.toml").read_text()


def test_init_leaves_a_folder_with_other_things_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    done = docsorter("init", tmp_path)
    assert done.returncode == ExitCode.WORKSPACE
    assert "not empty" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_a_command_outside_a_workspace_says_how_to_name_one(tmp_path: Path) -> None:
    done = docsorter("status", cwd=tmp_path)
    assert done.returncode == ExitCode.WORKSPACE
    assert done.stderr.startswith("error: no workspace here")
    assert "--workspace" in done.stderr


def test_the_workspace_is_found_from_a_folder_inside_it(workspace: Path) -> None:
    done = docsorter("review", "list", cwd=workspace / "inbox")
    assert (done.returncode, done.stdout.strip()) == (0, "nothing waits for you")


def test_the_workspace_can_be_named_by_the_environment(workspace: Path, tmp_path: Path) -> None:
    done = docsorter("history", cwd=tmp_path, DOCSORTER_WORKSPACE=str(workspace))
    assert (done.returncode, done.stdout.strip()) == (0, "no such documents")


def test_status_without_a_daemon_says_so_and_fails(workspace: Path) -> None:
    done = docsorter("-w", workspace, "status")
    assert done.returncode == ExitCode.FAILED
    assert "not running" in done.stdout
    assert "uncertified on your paper" in done.stdout


def test_status_says_what_the_daemon_says_when_the_database_is_gone(
    configuration: Configuration,
) -> None:
    now = dt.datetime.now(dt.UTC)
    health = Health(
        pid=1, version="1", state="paused", started_at=now, beat_at=now,
        paused="the database x was deleted", paused_reason="database", remedy="put it back",
    )  # fmt: skip
    (configuration.state / "docsorter.db").unlink()
    with WorkspaceLock(configuration.state):
        write_health(configuration.state, health, 0o600)
        done = docsorter("-w", configuration.workspace, "status")
        told = docsorter("-w", configuration.workspace, "status", "--json")
    assert (done.returncode, told.returncode) == (ExitCode.FAILED, ExitCode.FAILED)
    said = " ".join(done.stdout.split())
    assert "WAITS the database x was deleted [database] put it back" in said
    assert "there is no database" in said
    assert "docsorter restore BACKUP" in said
    assert json.loads(told.stdout)["health"]["paused_reason"] == "database"
    alone = docsorter("-w", configuration.workspace, "status")
    assert alone.returncode == ExitCode.STORE
    assert not (configuration.state / "docsorter.db").exists()


def test_status_names_what_stays_in_the_inbox(configuration: Configuration) -> None:
    now = dt.datetime.now(dt.UTC)
    times = [now - dt.timedelta(days=3), *(now for _ in range(6))]
    waiting = tuple(
        WaitingInInbox(path=f"{number}.pdf", reason="empty", text="it has no bytes yet", since=time)
        for number, time in enumerate(times)
    )
    health = Health(
        pid=1, version="1", state="running", started_at=now, beat_at=now, waiting=waiting
    )
    with WorkspaceLock(configuration.state):
        write_health(configuration.state, health, 0o600)
        done = docsorter("-w", configuration.workspace, "status")
        told = json.loads(docsorter("-w", configuration.workspace, "status", "--json").stdout)
    assert done.returncode == ExitCode.OK
    said = " ".join(done.stdout.split())
    assert "0.pdf: it has no bytes yet, since" in said
    assert "; send it again or delete it [empty]" in said
    assert "4.pdf" in said
    assert "5.pdf" not in said
    assert "and 2 more: docsorter status --json" in said
    assert len(told["health"]["waiting"]) == 7


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("review", "list"),
        ("history",),
        ("config", "show"),
        ("doctor",),
        ("model", "list"),
        ("model", "show"),
    ],
)
def test_every_listing_speaks_json(workspace: Path, command: tuple[str, ...]) -> None:
    done = docsorter("-w", workspace, *command, "--json")
    assert json.loads(done.stdout) is not None
    assert done.stderr == ""


def test_the_options_of_the_program_are_taken_after_the_command_as_well(
    workspace: Path, tmp_path: Path
) -> None:
    before = ("-w", tmp_path / "nowhere", "--set", "intake.rest_seconds=4")
    between = ("--set", "intake.rest_seconds=5", "--set", "intake.poll_seconds=7")
    after = ("--workspace", workspace, "--json", "--set", "intake.rest_seconds=6")
    done = docsorter(*before, "config", *between, "show", *after)
    shown = json.loads(done.stdout)
    assert shown["intake.rest_seconds"] == {"value": 6.0, "origin": "flag"}
    assert shown["intake.poll_seconds"] == {"value": 7.0, "origin": "flag"}


def test_what_is_named_after_the_command_goes_before_the_environment(
    workspace: Path, tmp_path: Path
) -> None:
    done = docsorter("history", "-w", workspace, DOCSORTER_WORKSPACE=str(tmp_path))
    assert (done.returncode, done.stdout.strip()) == (0, "no such documents")


def test_an_option_of_the_program_is_not_an_argument_of_the_same_name(workspace: Path) -> None:
    done = docsorter("model", "show", "starter", "--as", "Ada", "-w", workspace)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("explain", "99"), ExitCode.NOT_FOUND, "99"),
        (("history", "--since", "x"), ExitCode.USAGE, "--since"),
        (("status", "--bogus"), ExitCode.USAGE, "--bogus"),
        (("review", "list", "extra"), ExitCode.USAGE, "extra"),
        (("explain",), ExitCode.USAGE, "ID"),
        (("status", "--set", "intake.rest_secs=1"), ExitCode.SETTINGS, "rest_secs"),
        (("sort", "nonesuch.pdf"), ExitCode.USAGE, "does not exist"),
    ],
)
def test_who_asks_for_json_is_told_of_errors_in_json(
    workspace: Path, arguments: tuple[str, ...], code: ExitCode, words: str
) -> None:
    done = docsorter("-w", workspace, *arguments, "--json")
    assert (done.returncode, done.stdout) == (code, "")
    told = json.loads(done.stderr)["error"]
    assert (told["code"], told["name"]) == (code, code.name)
    assert words in told["message"]
    assert told["remedy"]


def test_after_two_dashes_json_is_a_name_and_no_wish(workspace: Path) -> None:
    done = docsorter("-w", workspace, "sort", "--", "--json")
    assert done.returncode == ExitCode.USAGE
    assert done.stderr.startswith("error: --json does not exist")


def test_a_wrong_option_gets_a_line_and_a_tip() -> None:
    done = docsorter("status", "--bogus")
    assert done.returncode == ExitCode.USAGE
    assert done.stderr == "error: No such option: --bogus\ntip:   docsorter status --help\n"


def test_a_flag_overrules_the_file_and_says_so(workspace: Path) -> None:
    (workspace / "docsorter.toml").write_text("[intake]\nrest_seconds = 9\n")
    flags = ("--set", "intake.rest_seconds=4", "--set", "intake.duplicates=keep")
    done = docsorter("-w", workspace, *flags, "config", "show", "--json")
    shown = json.loads(done.stdout)
    assert shown["intake.rest_seconds"] == {"value": 4.0, "origin": "flag"}
    assert shown["intake.duplicates"] == {"value": "keep", "origin": "flag"}


def test_a_wrong_setting_is_named_with_its_remedy(workspace: Path) -> None:
    (workspace / "docsorter.toml").write_text("[intake]\nrest_secs = 1\n")
    done = docsorter("-w", workspace, "status")
    assert done.returncode == ExitCode.SETTINGS
    assert "rest_secs" in done.stderr
    assert "tip:" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("explain", "99"), ExitCode.NOT_FOUND, "99"),
        (("review", "answer", "99", "invoice"), ExitCode.NOT_FOUND, "99"),
        (("review", "answer", "99"), ExitCode.USAGE, "--reject"),
        (("review", "list", "--reason", "mood"), ExitCode.USAGE, "unsure"),
        (("history", "--state", "lost"), ExitCode.USAGE, "sorted"),
        (("--set", "words.read=never", "review", "reread"), ExitCode.SETTINGS, "words.read"),
        (("model", "show", "nonesuch"), ExitCode.MODEL, "starter"),
        (("sort", "nonesuch.pdf"), ExitCode.USAGE, "does not exist"),
        (("--set", "rest=1", "status"), ExitCode.USAGE, "NAME=VALUE"),
        (("--set", "intake.rest_secs=1", "status"), ExitCode.SETTINGS, "rest_seconds"),
        (("frobnicate",), ExitCode.USAGE, "frobnicate"),
    ],
)
def test_bad_input_gets_a_line_and_an_exit_code(
    workspace: Path, arguments: tuple[str, ...], code: ExitCode, words: str
) -> None:
    done = docsorter("-w", workspace, *arguments)
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_threshold_below_the_cards_is_refused(workspace: Path) -> None:
    (workspace / "docsorter.toml").write_text("[decide]\nthreshold = 0.01\n")
    done = docsorter("-w", workspace, "run")
    assert done.returncode == ExitCode.SETTINGS
    assert "decide.threshold" in done.stderr


def test_a_policy_for_an_unknown_label_is_refused(workspace: Path) -> None:
    (workspace / "docsorter.toml").write_text('[decide]\npolicies = { bill = "review" }\n')
    done = docsorter("-w", workspace, "run")
    assert done.returncode == ExitCode.SETTINGS
    assert "bill" in done.stderr


def test_doctor_finds_a_missing_folder(workspace: Path) -> None:
    (workspace / "review").rmdir()
    done = docsorter("-w", workspace, "doctor")
    assert done.returncode == ExitCode.FAILED
    assert "is missing" in done.stdout
    assert "docsorter init" in done.stdout
