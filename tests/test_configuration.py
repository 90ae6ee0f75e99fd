from pathlib import Path

import pytest

from docsorter.configuration import FILE_NAME, listing, load, resolve
from docsorter.documents import Place
from docsorter.errors import SettingsError, WorkspaceError


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / FILE_NAME).write_text("[intake]\nrest_seconds = 1\nrescan_seconds = 7\n")
    return tmp_path


def test_a_flag_wins_over_the_environment_which_wins_over_the_file(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load(workspace).settings.intake.rest_seconds == 1
    monkeypatch.setenv("DOCSORTER_INTAKE__REST_SECONDS", "2")
    assert load(workspace).settings.intake.rest_seconds == 2
    flags = {"intake.rest_seconds": 3.0}
    assert load(workspace, flags).settings.intake.rest_seconds == 3
    assert load(workspace, flags).settings.intake.rescan_seconds == 7


def test_the_listing_says_where_each_value_came_from(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCSORTER_PAGES__PAGE_CAP", "3")
    rows = {name: (value, origin) for name, value, origin in listing(load(workspace))}
    assert rows["intake.rest_seconds"] == (1.0, FILE_NAME)
    assert rows["pages.page_cap"] == (3, "environment")
    assert rows["intake.duplicates"] == ("skip", "default")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[intake]\nrest_secnds = 1\n", "did you mean intake.rest_seconds"),
        ("[intake]\nrest_seconds = -1\n", "intake.rest_seconds = -1 is wrong"),
        ("[intaek]\nrest_seconds = 1\n", "no setting 'intaek'"),
        ("intake = 3\n", "must be a section"),
        ("[intake\n", "not valid TOML"),
        ('[decide]\nautonomy = "full"\n', "decide.autonomy = 'full' is wrong"),
        ('[deliver]\nfile_mode = "rw"\n', "deliver.file_mode = 'rw' is wrong"),
    ],
)
def test_a_wrong_file_is_refused_with_what_why_and_remedy(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(tmp_path)
    assert message in str(caught.value)
    assert caught.value.remedy


def test_an_unknown_environment_variable_is_refused(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCSORTER_INTAKE__REST_SECOND", "2")
    with pytest.raises(SettingsError, match="REST_SECONDS"):
        load(workspace)


def test_a_folder_without_settings_is_no_workspace(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="not a workspace"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("inner", "outer"), [("sorted", "inbox"), ("state", "review"), ("inbox", "rejected")]
)
def test_a_root_inside_another_is_refused(tmp_path: Path, inner: str, outer: str) -> None:
    (tmp_path / FILE_NAME).write_text(f'[places]\n{inner} = "{outer}/deep"\n{outer} = "{outer}"\n')
    with pytest.raises(SettingsError, match="lies inside"):
        load(tmp_path)


def test_roots_may_be_elsewhere(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text('[places]\nsorted = "/srv/archive"\n')
    assert load(tmp_path).root(Place.SORTED) == Path("/srv/archive")
    assert load(tmp_path).root(Place.INBOX) == tmp_path / "inbox"


def test_defaults_need_no_file(tmp_path: Path) -> None:
    assert set(resolve(tmp_path).origins.values()) == {"default"}
