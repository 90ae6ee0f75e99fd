"""Changes docsorter.toml by command: comments stay, and what is wrong never reaches the file."""

import fcntl
import os
import stat
import tomllib
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docsorter.configuration import (
    FILE_NAME,
    POLICIES,
    Configuration,
    load,
    problems_of,
    refuse_overlap,
    refuse_unknown,
    value_of,
)
from docsorter.deliver.names import parse_template
from docsorter.deliver.permissions import group_id
from docsorter.documents import Place
from docsorter.errors import DocsorterError, EnvironmentFaultError, SettingsError
from docsorter.filesystem import Disk, environment_reason
from docsorter.service.engine import refuse_wrong_rule
from docsorter.service.tone import refuse_missing_lexicons
from docsorter.settings import Settings
from docsorter.store.location import locate

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

Change = Callable[["TOMLDocument"], None]


@dataclass(frozen=True, slots=True)
class ChangedSetting:
    """What became of one setting.

    Attributes:
        before: Its value before, wherever that came from.
        value: The one in use from the next start or reload on.
        overruled: It is set in the environment too, which wins over the file.
    """

    name: str
    before: object
    value: object
    file: Path
    overruled: bool = False

    @property
    def needs_restart(self) -> bool:
        """Whether a running daemon cannot take it over by reloading."""
        return self.name in {"places.state", "store.url"}


class SettingsFile:
    """The docsorter.toml of a workspace.

    Raises:
        WorkspaceError: There is none.
    """

    def __init__(self, workspace: Path) -> None:
        self.path = workspace / FILE_NAME
        self._workspace = workspace
        if not self.path.is_file():
            load(workspace)  # says so

    def set(self, name: str, text: str) -> ChangedSetting:
        """Give a setting a value, read as TOML, or as plain text where that fits.

        Raises:
            SettingsError: There is no such setting, or it or the whole file would be wrong.
            EnvironmentFaultError: The file cannot be written, or would change its owner.
        """
        refuse_unknown(name)
        section, key, label = _parts(name)
        last: SettingsError | None = None
        for value in _readings(text):

            def change(document: "TOMLDocument", value: object = value) -> None:
                table = _table(document, section)
                if label:
                    table = _table(table, key)
                _put(table, label or key, value)

            try:
                return self._change(name, change)
            except SettingsError as error:
                last = last or error
        assert last is not None, "a text has at least one reading"
        raise last

    def unset(self, name: str) -> ChangedSetting:
        """Take a setting out of the file, so that its default holds.

        Raises:
            SettingsError: There is no such setting, or it is not in the file.
            EnvironmentFaultError: The file cannot be written, or would change its owner.
        """
        refuse_unknown(name)
        section, key, label = _parts(name)

        def change(document: "TOMLDocument") -> None:
            try:
                table: Any = document[section]
                table = table[key] if label else table
                del table[label or key]
            except (KeyError, TypeError):
                raise SettingsError(
                    f"{name} is not set in {self.path}", remedy="docsorter config show says where"
                ) from None

        return self._change(name, change)

    def problems(self) -> list[DocsorterError]:
        """Return all that is wrong with the file, with what it names, and with the environment."""
        try:
            text = self.path.read_text("utf-8")
        except UnicodeDecodeError as error:
            return [SettingsError(f"{self.path} is no UTF-8: {error.reason}", remedy="save it so")]
        except OSError as error:
            return [_hindered(self.path, error)]
        found: list[DocsorterError] = [*problems_of(text)]
        if found:
            return found
        try:
            configuration = load(self._workspace)
        except DocsorterError as error:
            return [error]
        return _wrong_beyond(configuration)

    def _change(self, name: str, change: Change) -> ChangedSetting:
        try:
            with _alone(self._workspace):
                return self._changed(name, change)
        except OSError as error:
            raise _hindered(self.path, error) from error

    def _changed(self, name: str, change: Change) -> ChangedSetting:
        import tomlkit  # noqa: PLC0415 -- needed here alone
        from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415 -- as above

        with self.path.open(encoding="utf-8", newline="") as file:
            old = file.read()
        known = problems_of(old)
        try:
            document = tomlkit.parse(old)
            change(document)
            new = tomlkit.dumps(document)
        except TOMLKitError as error:
            raise (known or [SettingsError(f"{name} cannot be set so: {error}")])[0] from error
        wrong = problems_of(new)
        if wrong:
            raise wrong[0]
        settings = Settings(**tomllib.loads(new))
        refuse_overlap(Configuration(self._workspace, settings, {}))
        for problem in _wrong_by_itself(Configuration(self._workspace, settings, {})):
            raise problem
        before = None if known else _value(load(self._workspace), name)
        if new != old:
            _replace(self.path, new)
        now = load(self._workspace)
        overruled = now.origins.get(".".join(name.split(".")[:2])) == "environment"
        return ChangedSetting(name, before, _value(now, name), self.path, overruled)


def _parts(name: str) -> tuple[str, str, str]:
    """Split a name into section, key, and the label of a policy ("" for anything else)."""
    if name.startswith(f"{POLICIES}."):
        section, _, key = POLICIES.partition(".")
        return section, key, name.removeprefix(f"{POLICIES}.")
    section, _, key = name.partition(".")
    return section, key, ""


def _value(configuration: Configuration, name: str) -> object:
    section, key, label = _parts(name)
    found = value_of(configuration, f"{section}.{key}")
    return found.get(label) if label and isinstance(found, dict) else found


def _readings(text: str) -> Iterator[object]:
    """Yield what a typed value may mean: TOML first, then plain text."""
    with suppress(tomllib.TOMLDecodeError):
        read = tomllib.loads(f"value = {text}")
        if len(read) == 1:  # more lines may say more
            yield read["value"]
    yield text


def _table(parent: MutableMapping[str, Any], name: str) -> MutableMapping[str, Any]:
    import tomlkit  # noqa: PLC0415 -- needed here alone

    if name not in parent:
        parent[name] = tomlkit.table() if not hasattr(parent, "trivia") else tomlkit.inline_table()
    found = parent[name]
    if not isinstance(found, MutableMapping):
        raise SettingsError(f"{name!r} must be a section, not a value", remedy=f"write [{name}]")
    return found


def _put(table: MutableMapping[str, Any], key: str, value: object) -> None:
    """Set a value; the comment behind the one before stays."""
    import tomlkit  # noqa: PLC0415 -- needed here alone
    from tomlkit.items import Item, Table  # noqa: PLC0415 -- as above

    old = table.get(key)
    if isinstance(old, Table) and isinstance(value, dict):
        old.clear()
        old.update(value)
        return
    item: Any = tomlkit.inline_table() if isinstance(value, dict) else tomlkit.item(value)
    if isinstance(value, dict):
        item.update(value)
    if isinstance(old, Item):
        item.trivia.comment_ws, item.trivia.comment = old.trivia.comment_ws, old.trivia.comment
        item.trivia.trail = old.trivia.trail
    table[key] = item


def _wrong_by_itself(configuration: Configuration) -> Iterator[SettingsError]:
    """Yield what the types cannot say: a template, a URL, a group."""
    settings = configuration.settings
    checks: tuple[Callable[[], object], ...] = (
        lambda: parse_template(settings.deliver.template),
        lambda: group_id("deliver.group", settings.deliver.group),
        lambda: group_id("service.group", settings.service.group),
        lambda: locate(configuration.store_url, configuration.state),
        lambda: refuse_wrong_rule(configuration),
        lambda: refuse_missing_lexicons(settings.review),
    )
    for check in checks:
        try:
            check()
        except SettingsError as error:
            yield error
        except DocsorterError:  # no model, no driver: the doctor says so
            continue


def _wrong_beyond(configuration: Configuration) -> list[DocsorterError]:
    """Return what is wrong with what the settings name."""
    found: list[DocsorterError] = [*_wrong_by_itself(configuration)]
    for place in (place for place in Place if place is not Place.SPOOL):
        root = configuration.root(place)
        if not root.is_dir():
            found.append(
                EnvironmentFaultError(
                    f"places.{place.value}: the folder {root} is not there",
                    remedy="make it, mount it, or name another",
                )
            )
    return found


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let no other command change the file meanwhile."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, text: str) -> None:
    """Replace a file whole or not at all; its mode, its owner and a link to it stay.

    Raises:
        EnvironmentFaultError: It belongs to somebody in whose name we cannot write.
    """
    path = path.resolve()
    status = path.stat()
    disk, part = Disk(), path.with_name(f".{path.name}.new")
    disk.write_durably(part, text.encode(), stat.S_IMODE(status.st_mode))
    try:
        made = part.stat()
        if (made.st_uid, made.st_gid) != (status.st_uid, status.st_gid):
            os.chown(part, status.st_uid, status.st_gid)
        part.rename(path)
    except PermissionError as error:
        part.unlink(missing_ok=True)
        raise EnvironmentFaultError(
            f"{path} belongs to another user, and would be yours afterwards",
            remedy="let its owner say it, or say it with sudo",
        ) from error
    disk.sync_directory(path.parent)


def _hindered(path: Path, error: OSError) -> EnvironmentFaultError:
    return EnvironmentFaultError(
        f"{path} cannot be read or written: {environment_reason(error).text}",
        remedy="say it as the owner of the workspace",
    )
