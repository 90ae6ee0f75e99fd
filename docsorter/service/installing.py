"""Put the unit of a workspace where systemd reads it, and take it away again."""

import os
from dataclasses import dataclass
from pathlib import Path

from docsorter.disk import Disk, environment_reason
from docsorter.errors import (
    ConflictError,
    EnvironmentFaultError,
    NotFoundError,
    UsageError,
)
from docsorter.service.systemctl import Systemctl
from docsorter.service.units import is_ours, is_unchanged, unit_name, workspace_of

_FOLDER = "etc/systemd/system"
_MODE = 0o644


@dataclass(frozen=True, slots=True)
class Installed:
    """What is known of an installed unit.

    Attributes:
        unit: Its name.
        path: Where its file is.
        workspace: What it runs on.
        unchanged: Whether the file is as it was written.
        active: active, inactive, failed, ...; "unknown" where systemd does not run.
        enabled: enabled, disabled, ...; "unknown" where systemd does not run.
    """

    unit: str
    path: Path
    workspace: str
    unchanged: bool
    active: str
    enabled: str


class Installer:
    """Installs and removes one unit; never touches a document.

    Args:
        name: Distinguishes the units of several workspaces; "" for the first.
        root: Another root folder than /, e.g. that of an image being built.
        systemctl: Asked when `root` is /.
    """

    def __init__(
        self, name: str = "", root: Path = Path("/"), systemctl: Systemctl | None = None
    ) -> None:
        self.unit = unit_name(name)
        self.path = root / _FOLDER / self.unit
        self._systemctl = systemctl or Systemctl()
        self._is_live = root.resolve() == Path("/") and self._systemctl.is_there

    def install(self, text: str) -> list[str]:
        """Write the unit, then enable and start it where systemd runs; safe to repeat.

        Returns:
            What was done, one line each; what is left to type comes last.

        Raises:
            ConflictError: A unit of that name is not ours, was edited, or is another workspace's.
            UsageError: This user may not write there.
            EnvironmentFaultError: The file cannot be written, or systemd refuses.
        """
        old = self._read()
        if old is not None:
            self._refuse_foreign(old)
            self._refuse_other_workspace(old, text)
        is_new_text = old != text
        if is_new_text:
            self._write(text)
        done = [f"wrote {self.path}" if is_new_text else f"{self.path} is up to date"]
        restart = is_new_text and old is not None
        steps = [["daemon-reload"], ["enable", self.unit]]
        steps.append(["restart" if restart else "start", self.unit])
        return done + self._carry_out(steps)

    def remove(self) -> list[str]:
        """Stop and disable the unit and remove its file; the workspace stays as it is.

        Raises:
            NotFoundError: There is no such unit.
            ConflictError: It was not written by `install`, or edited since.
            UsageError: This user may not write there.
            EnvironmentFaultError: The file cannot be removed, or systemd refuses.
        """
        self._refuse_foreign(self._read_installed())
        self._refuse_unprivileged()
        # The link that "enable" made must go while systemd can still read what it is for.
        done = self._carry_out([["disable", "--now", self.unit]])
        try:
            Disk().unlink(self.path)
        except OSError as error:
            raise self._fault("removed", error) from error
        drop_ins = self.path.with_name(f"{self.unit}.d")
        left = [f"left alone, since it is not ours: {drop_ins}"] if drop_ins.is_dir() else []
        return [*done, f"removed {self.path}", *left, *self._carry_out([["daemon-reload"]])]

    def show(self) -> Installed:
        """Return what is installed.

        Raises:
            NotFoundError: There is no such unit.
        """
        text = self._read_installed()
        ask = self._systemctl.ask if self._is_live else lambda *_: "unknown"
        return Installed(
            self.unit,
            self.path,
            workspace_of(text),
            is_unchanged(text),
            ask("is-active", self.unit),
            ask("is-enabled", self.unit),
        )

    def _carry_out(self, steps: list[list[str]]) -> list[str]:
        if not self._is_live:
            return [f"type where systemd runs: systemctl {' '.join(step)}" for step in steps]
        for step in steps:
            self._systemctl.do(*step)
        return [f"systemctl {' '.join(step)}" for step in steps]

    def _read(self) -> str | None:
        try:
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise EnvironmentFaultError(
                f"{self.path} cannot be read: {error}", remedy="look at that file"
            ) from error

    def _read_installed(self) -> str:
        text = self._read()
        if text is None:
            raise NotFoundError(
                f"there is no unit {self.path}",
                remedy="docsorter service install DIR makes it; --name chooses among several",
            )
        return text

    def _refuse_foreign(self, text: str) -> None:
        if not is_ours(text):
            raise ConflictError(
                f"{self.path} was not written by docsorter service install",
                remedy="move that file away, or choose another name with --name",
            )
        if not is_unchanged(text):
            raise ConflictError(
                f"{self.path} was changed by hand",
                remedy=f"put the changes into a drop-in (systemctl edit {self.unit}), "
                "remove the file and say it again",
            )

    def _refuse_other_workspace(self, old: str, new: str) -> None:
        if workspace_of(old) != workspace_of(new):
            raise ConflictError(
                f"{self.unit} already runs {workspace_of(old)}",
                remedy="give this workspace a unit of its own with --name NAME",
            )

    def _refuse_unprivileged(self) -> None:
        folder = self.path.parent
        while not folder.exists():
            folder = folder.parent
        if not os.access(folder, os.W_OK):
            raise UsageError(
                f"only the administrator may change {folder}",
                remedy="say it with sudo; install --dry-run only shows the unit",
            )

    def _write(self, text: str) -> None:
        self._refuse_unprivileged()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            Disk().write_durably(self.path, text.encode(), _MODE)
        except OSError as error:
            raise self._fault("written", error) from error

    def _fault(self, what: str, error: OSError) -> EnvironmentFaultError:
        return EnvironmentFaultError(
            f"{self.path} cannot be {what}: {environment_reason(error).text}",
            remedy="mend that and say it again; nothing else was changed",
        )
