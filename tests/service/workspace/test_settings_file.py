"""docsorter.toml changed by command: comments stay, and nothing wrong reaches the file."""

import multiprocessing
import os
import stat
import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import NoReturn

import pytest

from docsorter.configuration import Configuration, load
from docsorter.errors import EnvironmentFaultError, SettingsError, WorkspaceError
from docsorter.service.workspace.settings_file import SettingsFile

TEXT = """\
# Ours; ask Ada before changing anything.
[intake]
rest_seconds = 2.0        # seconds
# duplicates = "skip"

[decide]
policies = { claim = "review" }   # the auditor wants it
"""


@pytest.fixture
def file(configuration: Configuration) -> SettingsFile:
    made = SettingsFile(configuration.workspace)
    made.path.write_text(TEXT)
    return made


def setting(file: SettingsFile, name: str) -> object:
    section, _, key = name.partition(".")
    return tomllib.loads(file.path.read_text())[section][key]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("intake.rest_seconds", "5", 5),
        ("intake.recursive", "false", False),
        ("intake.ignore", '["*.bak", "draft-*"]', ["*.bak", "draft-*"]),
        ("deliver.template", "{label}/{name}", "{label}/{name}"),
        ("deliver.file_mode", "0640", "0640"),
        ("deliver.file_mode", '"0600"', "0600"),
        ("decide.threshold", "0.9995", 0.9995),
        ("decide.policies", '{ claim = "never" }', {"claim": "never"}),
        ("review.shared_accounts", '["scan room"]', ["scan room"]),
        ("places.inbox", "../scans", "../scans"),
        ("store.url", "sqlite:///other.db", "sqlite:///other.db"),
    ],
)
def test_a_setting_is_set_and_everything_else_stays(
    file: SettingsFile, name: str, text: str, value: object
) -> None:
    before = {line.partition("#")[2] for line in TEXT.splitlines()}
    done = file.set(name, text)
    assert setting(file, name) == value
    assert {line.partition("#")[2] for line in file.path.read_text().splitlines()} >= before
    assert done.name == name
    load(file.path.parent)
    file.unset(name)
    section, _, key = name.partition(".")
    assert key not in tomllib.loads(file.path.read_text())[section]


def test_what_is_set_to_what_it_is_leaves_the_file_as_it_is(file: SettingsFile) -> None:
    before = file.path.stat()
    file.set("intake.rest_seconds", "2.0")
    assert file.path.read_text() == TEXT
    assert file.path.stat().st_mtime_ns == before.st_mtime_ns


def test_one_policy_of_a_table_is_set_and_taken_out(file: SettingsFile) -> None:
    done = file.set("decide.policies.letter", "never")
    assert (done.before, done.value) == (None, "never")
    assert setting(file, "decide.policies") == {"claim": "review", "letter": "never"}
    assert "# the auditor wants it" in file.path.read_text()
    file.unset("decide.policies.letter")
    assert file.path.read_text() == TEXT
    file.path.write_text("")
    file.set("decide.policies.claim", "review")
    assert setting(file, "decide.policies") == {"claim": "review"}


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("intake.rest_second", "5", "did you mean intake.rest_seconds"),
        ("rest_seconds", "5", "no setting 'rest_seconds'"),
        ("intake", "5", "no setting 'intake'"),
        ("intake.rest_seconds", "soon", "rest_seconds = 'soon' is wrong"),
        ("intake.rest_seconds", "-1", "is wrong"),
        ("intake.rest_seconds", "1\n[decide]\nautonomy='earned'", "is wrong"),
        ("intake.ignore", "*.bak", "is wrong"),
        ("intake.watch", "sometimes", "is wrong"),
        ("decide.policies.claim", "perhaps", "is wrong"),
        ("decide.policies.clam", "review", "not trained on"),
        ("decide.policies.", "review", "is wrong"),
        ("decide.threshold", "0.1", "is below"),
        ("deliver.template", "{label}", "must end in a file name"),
        ("deliver.group", "no-such-group-here", "no Unix group"),
        ("places.inbox", "sorted/inbox", "lies inside"),
        ("store.url", "mysql://x/y", "store.url"),
    ],
)
def test_what_is_wrong_never_reaches_the_file(
    file: SettingsFile, name: str, text: str, why: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        file.set(name, text)
    assert why in str(refused.value)
    assert file.path.read_text() == TEXT


def test_mode_line_ends_and_a_link_stay(configuration: Configuration, tmp_path: Path) -> None:
    elsewhere = tmp_path / "etc.toml"
    elsewhere.write_bytes(b"# so\r\n[intake]\r\nrest_seconds = 2.0 # s\r\n")
    elsewhere.chmod(0o640)
    link = configuration.workspace / "docsorter.toml"
    link.unlink()
    link.symlink_to(elsewhere)
    SettingsFile(configuration.workspace).set("intake.rest_seconds", "7")
    assert link.is_symlink()
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o640
    assert elsewhere.read_bytes() == b"# so\r\n[intake]\r\nrest_seconds = 7 # s\r\n"
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_a_file_that_would_change_its_owner_is_left(
    file: SettingsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() == 0:
        os.chown(file.path, 12345, 12345)
        file.set("intake.rest_seconds", "3")
        assert (file.path.stat().st_uid, file.path.stat().st_gid) == (12345, 12345)

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "chown", refuse)
    if os.geteuid() == 0:
        with pytest.raises(EnvironmentFaultError, match="belongs to another user"):
            file.set("intake.rest_seconds", "4")
        assert setting(file, "intake.rest_seconds") == 3


def test_a_file_that_is_wrong_already_can_be_mended(file: SettingsFile) -> None:
    file.path.write_text(TEXT.replace("2.0", '"soon"'))
    with pytest.raises(SettingsError, match="rest_seconds = 'soon' is wrong"):
        file.set("intake.recursive", "false")
    file.set("intake.rest_seconds", "2.0")
    assert file.path.read_text() == TEXT


def test_every_problem_is_told_with_its_remedy(file: SettingsFile) -> None:
    file.path.write_text(
        '[intake]\nrest_second = 2\nwatch = "x"\n[decid]\nautonomy = "earned"\n'
        "[pages]\npage_cap = 0\n"
    )
    texts = [str(problem) for problem in file.problems()]
    assert len(texts) == 4
    assert any("did you mean intake.rest_seconds" in text for text in texts)
    assert any("'decid'" in text for text in texts)
    file.path.write_text("[intake\n")
    assert "is not valid TOML" in str(file.problems()[0])
    file.path.write_bytes(b"# \xff\n")
    assert "UTF-8" in str(file.problems()[0])
    file.path.write_text('[places]\ninbox = "nowhere"\n[decide]\npolicies = { clam = "review" }\n')
    beyond = [str(problem) for problem in file.problems()]
    assert any("nowhere is not there" in text for text in beyond)
    assert any("clam" in text for text in beyond)
    file.path.write_text(TEXT)
    assert file.problems() == []


def test_a_tone_without_lexicons_is_refused_in_one_line_with_its_remedy(
    file: SettingsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docsorter.service.tone.distribution", _missing)
    with pytest.raises(SettingsError, match="needs lexicons") as caught:
        file.set("review.tone", "hint")
    assert "pip install 'docsorter[tone]'" in caught.value.remedy
    assert "\n" not in str(caught.value)


def _missing(name: str) -> NoReturn:
    raise PackageNotFoundError(name)


def test_two_commands_at_once_lose_neither_change(file: SettingsFile) -> None:
    context = multiprocessing.get_context("spawn")
    names = ["intake.rest_seconds", "intake.poll_seconds", "review.skip_seconds"]
    running = [context.Process(target=file.set, args=(name, "9")) for name in names]
    for process in running:
        process.start()
    for process in running:
        process.join(120)
        assert process.exitcode == 0
    assert [setting(file, name) for name in names] == [9, 9, 9]


def test_without_a_workspace_there_is_nothing_to_change(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError):
        SettingsFile(tmp_path)
