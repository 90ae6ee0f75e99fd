"""The unit that is written for a workspace, put into a root folder that is not /."""

import os
import pwd
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from docsorter.cli.workspace import service_app
from docsorter.configuration import Configuration, load
from docsorter.errors import (
    ConflictError,
    EnvironmentFaultError,
    NotFoundError,
    SettingsError,
    UsageError,
    WorkspaceError,
)
from docsorter.service import systemd
from docsorter.service.systemd import (
    Account,
    Installer,
    Systemctl,
    account,
    program,
    render,
    roots,
    unit_name,
)
from docsorter.service.workspace.layout import create
from tests.deploy.conftest import UNIT
from tests.deploy.filters import PROGRAM, Unit

ACCOUNT = Account("docsorter", "paperwork")
PREFIX = Path("/opt/docsorter")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Configuration]:
    """Return a maker of workspaces; /tmp counts as a folder like any other."""
    monkeypatch.setattr(systemd, "_REPLACED", (Path("/dev"),))

    def make(settings: str = "", name: str = "paper") -> Configuration:
        create(tmp_path / name)
        (tmp_path / name / "docsorter.toml").write_text(settings)
        return load(tmp_path / name)

    return make


@pytest.fixture
def text(workspace: Callable[..., Configuration]) -> str:
    return render(workspace(), ACCOUNT, PREFIX, [])


def lines(text: str, key: str) -> list[str]:
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith(f"{key}=")]


def test_the_unit_names_the_program_the_user_and_the_workspace(
    workspace: Callable[..., Configuration],
) -> None:
    chosen = workspace()
    text = render(chosen, ACCOUNT, PREFIX, [])

    assert lines(text, "ExecStart") == [f"/opt/docsorter/bin/docsorter run {chosen.workspace}"]
    assert (lines(text, "User"), lines(text, "Group")) == (["docsorter"], ["paperwork"])
    assert lines(text, "ReadWritePaths") == [str(chosen.workspace)]
    assert lines(text, "ProtectHome") == ["yes"]
    assert systemd.workspace_of(text) == str(chosen.workspace)


def test_every_other_line_is_the_template_s(text: str) -> None:
    template = UNIT.read_text().splitlines()
    written = text.splitlines()[2:]
    assert len(written) == len(template)
    changed = {
        old.partition("=")[0] for old, new in zip(template, written, strict=True) if old != new
    }
    assert changed == {
        "Description", "RequiresMountsFor", "Group", "ExecStart", "ReadWritePaths",
        "ReadOnlyPaths", "NoExecPaths",
    }  # fmt: skip


def test_roots_elsewhere_may_be_written_to_and_are_waited_for(
    workspace: Callable[..., Configuration], tmp_path: Path
) -> None:
    far, state = tmp_path / "share/in coming", tmp_path / "state"
    chosen = workspace(f'[places]\ninbox = "{far}"\nstate = "{state}"\n')
    text = render(chosen, ACCOUNT, PREFIX, [])

    assert sorted(roots(chosen)) == sorted([chosen.workspace, far, state])
    listed = f'{chosen.workspace} {state} "{far}"'
    for key in ("ReadWritePaths", "RequiresMountsFor", "NoExecPaths"):
        assert lines(text, key) == [listed]


def test_a_path_with_odd_characters_is_quoted_as_systemd_reads_it(
    workspace: Callable[..., Configuration],
) -> None:
    chosen = workspace(name='50 % "$HOME" \\ ü')
    (command,) = lines(render(chosen, ACCOUNT, PREFIX, []), "ExecStart")
    assert command.endswith('/50 %% \\"$$HOME\\" \\\\ ü"')
    (folder,) = lines(render(chosen, ACCOUNT, PREFIX, []), "ReadWritePaths")
    assert folder.endswith('/50 %% \\"$HOME\\" \\\\ ü"')


def test_a_name_with_a_line_break_is_refused(workspace: Callable[..., Configuration]) -> None:
    chosen = workspace(name="two\nlines")
    with pytest.raises(WorkspaceError, match="cannot hold"):
        render(chosen, ACCOUNT, PREFIX, [])


def test_a_workspace_in_tmp_is_refused_since_the_service_has_another_one(tmp_path: Path) -> None:
    folder = Path("/tmp/docsorter-never-made")
    create(tmp_path / "paper")
    (tmp_path / "paper/docsorter.toml").write_text(f'[places]\ninbox = "{folder}"\n')
    with pytest.raises(WorkspaceError, match="private one") as caught:
        render(load(tmp_path / "paper"), ACCOUNT, PREFIX, [])
    assert "/srv" in caught.value.remedy


def test_a_program_inside_the_workspace_is_refused(workspace: Callable[..., Configuration]) -> None:
    chosen = workspace()
    with pytest.raises(WorkspaceError, match="may run nothing"):
        render(chosen, ACCOUNT, chosen.workspace / "venv", [])


def test_homes_are_opened_for_reading_only_where_something_lies_in_one(
    workspace: Callable[..., Configuration],
) -> None:
    text = render(workspace(), ACCOUNT, PREFIX, [Path("/home/anna/python")])
    assert lines(text, "ProtectHome") == ["read-only"]


def test_a_database_server_opens_the_network_and_nothing_else_does(
    workspace: Callable[..., Configuration], text: str
) -> None:
    assert lines(text, "PrivateNetwork") == ["yes"]
    served = render(
        workspace('[store]\nurl = "postgresql+psycopg://docsorter@db/paper"\n', "served"),
        ACCOUNT, PREFIX, [],
    )  # fmt: skip
    assert lines(served, "PrivateNetwork") == ["no"]
    assert lines(served, "RestrictAddressFamilies") == ["AF_UNIX AF_INET AF_INET6"]


def test_draining_may_take_as_long_as_a_document_may(
    workspace: Callable[..., Configuration],
) -> None:
    chosen = workspace("[pages]\ntime_limit_seconds = 200.5\n")
    assert lines(render(chosen, ACCOUNT, PREFIX, []), "TimeoutStopSec") == ["461"]


def test_errors_that_a_restart_cannot_mend_end_the_service() -> None:
    final = set(Unit(UNIT).value("RestartPreventExitStatus").split())
    codes = {UsageError, SettingsError, WorkspaceError}
    assert {str(int(error.exit_code)) for error in codes} <= final
    assert str(int(EnvironmentFaultError.exit_code)) not in final


class TestInstalling:
    def test_installing_twice_changes_nothing_the_second_time(
        self, text: str, tmp_path: Path
    ) -> None:
        installer = Installer(root=tmp_path)
        first = installer.install(text)
        before = installer.path.stat()
        second = installer.install(text)

        assert installer.path == tmp_path / "etc/systemd/system/docsorter.service"
        assert installer.path.read_text() == text
        assert stat.S_IMODE(before.st_mode) == 0o644
        assert installer.path.stat().st_mtime_ns == before.st_mtime_ns
        assert first[0] == f"wrote {installer.path}"
        assert second[0] == f"{installer.path} is up to date"
        assert first[1:] == [
            "type where systemd runs: systemctl daemon-reload",
            "type where systemd runs: systemctl enable docsorter.service",
            "type where systemd runs: systemctl start docsorter.service",
        ]

    def test_remove_takes_the_unit_away_and_nothing_else(
        self, workspace: Callable[..., Configuration], tmp_path: Path
    ) -> None:
        chosen = workspace()
        scan = chosen.workspace / "inbox/a.pdf"
        scan.write_bytes(b"%PDF-")
        installer = Installer(root=tmp_path)
        before = sorted(path for path in chosen.workspace.rglob("*"))
        installer.install(render(chosen, ACCOUNT, PREFIX, []))
        installer.remove()

        assert not installer.path.exists()
        assert sorted(chosen.workspace.rglob("*")) == before
        assert scan.read_bytes() == b"%PDF-"
        with pytest.raises(NotFoundError):
            installer.remove()

    def test_drop_ins_of_the_administrator_stay(self, text: str, tmp_path: Path) -> None:
        installer = Installer(root=tmp_path)
        installer.install(text)
        drop_in = installer.path.with_name("docsorter.service.d") / "override.conf"
        drop_in.parent.mkdir()
        drop_in.write_text("[Service]\nNice=0\n")
        assert any(str(drop_in.parent) in line for line in installer.remove())
        assert drop_in.exists()

    def test_a_unit_that_was_edited_is_neither_replaced_nor_removed(
        self, text: str, tmp_path: Path
    ) -> None:
        installer = Installer(root=tmp_path)
        installer.install(text)
        edited = text.replace("Nice=5", "Nice=0")
        installer.path.write_text(edited)
        for act in (installer.remove, lambda: installer.install(text)):
            with pytest.raises(ConflictError, match="changed by hand") as caught:
                act()
            assert "systemctl edit docsorter.service" in caught.value.remedy
        assert installer.path.read_text() == edited
        assert not installer.show().unchanged

    def test_a_foreign_unit_is_neither_replaced_nor_removed(
        self, text: str, tmp_path: Path
    ) -> None:
        installer = Installer(root=tmp_path)
        installer.path.parent.mkdir(parents=True)
        installer.path.write_text("[Service]\nExecStart=/bin/true\n")
        for act in (installer.remove, lambda: installer.install(text)):
            with pytest.raises(ConflictError, match="was not written by"):
                act()

    def test_a_second_workspace_needs_a_name(
        self, text: str, workspace: Callable[..., Configuration], tmp_path: Path
    ) -> None:
        Installer(root=tmp_path).install(text)
        other = render(workspace(name="other"), ACCOUNT, PREFIX, [])
        with pytest.raises(ConflictError, match="already runs") as caught:
            Installer(root=tmp_path).install(other)
        assert "--name" in caught.value.remedy
        Installer("claims", tmp_path).install(other)
        shown = Installer("claims", tmp_path).show()
        assert shown.unit == "docsorter-claims.service"
        assert (shown.workspace, shown.unchanged) == (str(tmp_path / "other"), True)
        assert (shown.active, shown.enabled) == ("unknown", "unknown")

    def test_a_unit_cannot_be_named_to_leave_its_folder(self) -> None:
        for name in ("../evil", "a b", "-x", "x" * 64):
            with pytest.raises(UsageError, match="cannot be part"):
                unit_name(name)

    def test_without_root_the_remedy_is_said(
        self, text: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "access", lambda *_: False)
        with pytest.raises(UsageError, match="only the administrator") as caught:
            Installer("never-installed").install(text)
        assert "sudo" in caught.value.remedy
        assert not Installer("never-installed").path.exists()


class TestWithSystemd:
    @pytest.fixture
    def systemctl(self, tmp_path: Path) -> Systemctl:
        """Return a systemctl that writes down what it is told, and knows one state."""
        program = tmp_path / "systemctl"
        program.write_text(
            f'#!/bin/sh\necho "$@" >> {tmp_path}/told\n'
            '[ "$1" = start ] && [ -e "$0.broken" ] && { echo "no such group" >&2; exit 1; }\n'
            "echo active\n"
        )
        program.chmod(0o755)
        return Systemctl(str(program), marker=tmp_path)

    @pytest.fixture
    def installer(
        self, systemctl: Systemctl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Installer:
        made = Installer(systemctl=systemctl)
        monkeypatch.setattr(made, "path", tmp_path / "units/docsorter.service")
        return made

    def test_a_changed_unit_is_reloaded_and_restarted(
        self, installer: Installer, text: str, tmp_path: Path
    ) -> None:
        installer.install(text)
        body = text.partition("\n")[2].replace("Nice=5", "Nice=6")
        installer.install(f"{systemd._MARK}{systemd._digest(body)}\n{body}")
        installer.remove()
        assert (tmp_path / "told").read_text().splitlines() == [
            "daemon-reload", "enable docsorter.service", "start docsorter.service",
            "daemon-reload", "enable docsorter.service", "restart docsorter.service",
            "disable --now docsorter.service", "daemon-reload",
        ]  # fmt: skip
        assert not installer.path.exists()

    def test_what_systemd_says_is_handed_on(
        self, installer: Installer, text: str, tmp_path: Path
    ) -> None:
        (tmp_path / "systemctl.broken").touch()
        with pytest.raises(EnvironmentFaultError, match="no such group") as caught:
            installer.install(text)
        assert "journalctl --unit docsorter.service" in caught.value.remedy

    def test_show_asks_systemd(self, installer: Installer, text: str) -> None:
        installer.install(text)
        assert installer.show().active == "active"


class TestAccount:
    def test_the_owner_of_the_state_folder_is_the_daemon_s_user(
        self, workspace: Callable[..., Configuration]
    ) -> None:
        chosen = workspace()
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(chosen.state, nobody.pw_uid, nobody.pw_gid)
            assert account(chosen, "", "").user == "nobody"
        else:
            assert account(chosen, "", "").user == pwd.getpwuid(os.geteuid()).pw_name

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root owns a folder as root")
    def test_root_is_refused(self, workspace: Callable[..., Configuration]) -> None:
        with pytest.raises(UsageError, match="does not run as root"):
            account(workspace(), "", "")

    def test_an_unknown_user_is_refused_with_the_command_that_makes_it(
        self, workspace: Callable[..., Configuration]
    ) -> None:
        with pytest.raises(SettingsError, match="no Unix user nosuchuser") as caught:
            account(workspace(), "nosuchuser", "")
        assert "useradd --system" in caught.value.remedy

    def test_a_workspace_of_somebody_else_is_refused(
        self, workspace: Callable[..., Configuration]
    ) -> None:
        with pytest.raises(WorkspaceError, match="does not belong to the user nobody") as caught:
            account(workspace(), "nobody", "")
        assert "chown -R nobody" in caught.value.remedy

    def test_an_environment_without_the_command_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(Exception, match="there is no command"):
            program(tmp_path)


def test_the_commands_install_show_and_remove(
    workspace: Callable[..., Configuration], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = workspace()
    who = pwd.getpwuid(os.geteuid()).pw_name
    if os.geteuid() == 0:
        who = "nobody"
        os.chown(chosen.state, pwd.getpwnam(who).pw_uid, -1)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    (tmp_path / "venv/bin").mkdir(parents=True)
    (tmp_path / "venv/bin/docsorter").symlink_to("/bin/true")
    run = CliRunner()
    image = str(tmp_path / "image")
    at = [str(chosen.workspace), "--user", who, "--root", image]

    shown = run.invoke(service_app, ["install", *at, "--dry-run"])
    assert f"User={who}" in shown.output
    assert not (tmp_path / "image").exists()
    assert run.invoke(service_app, ["install", *at]).exit_code == 0
    listed = run.invoke(service_app, ["show", "--root", image, "--json"])
    assert str(chosen.workspace) in listed.output
    assert run.invoke(service_app, ["remove", "--root", image]).exit_code == 0
    assert [path for path in (tmp_path / "image").rglob("*") if path.is_file()] == []


@pytest.mark.skipif(PROGRAM is None, reason="systemd-analyze is not installed")
def test_systemd_finds_nothing_wrong_with_a_written_unit(
    workspace: Callable[..., Configuration], tmp_path: Path
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/docsorter").symlink_to("/bin/true")
    unit = tmp_path / "docsorter.service"
    unit.write_text(render(workspace(name="50 % of it"), Account("root", "root"), tmp_path, []))
    done = subprocess.run(
        [str(PROGRAM), "verify", "--man=no", unit], capture_output=True, text=True, check=False
    )
    said = [line for line in done.stderr.splitlines() if "docsorter" in line]
    assert (said, done.returncode) == ([], 0), done.stderr
