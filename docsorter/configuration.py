"""Read the settings of a workspace from flags, environment and file, and say which one won."""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_settings import EnvSettingsSource, InitSettingsSource, TomlConfigSettingsSource
from pydantic_settings.sources import PydanticBaseSettingsSource

from docsorter.documents import Place
from docsorter.errors import SettingsError, WorkspaceError
from docsorter.settings import Settings

FILE_NAME = "docsorter.toml"
POLICIES = "decide.policies"
"""The one setting that is a table: policies by label."""
_PREFIX = "DOCSORTER_"
# These choose a workspace or the look of the output; they are not settings of a workspace.
_NOT_SETTINGS = frozenset({"DOCSORTER_WORKSPACE", "DOCSORTER_COMPLETE", "DOCSORTER_REVIEWER"})


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings of one workspace, resolved.

    Attributes:
        workspace: Absolute path of the workspace.
        settings: The merged settings.
        origins: Dotted name -> "default", "docsorter.toml", "environment" or "flag".
    """

    workspace: Path
    settings: Settings
    origins: Mapping[str, str]

    def root(self, place: Place) -> Path:
        """Return the absolute root of a place."""
        places = self.settings.places
        if place is Place.SPOOL:
            return self.state / "spool"
        root: Path = getattr(places, place.value)
        return self.workspace / root

    @property
    def state(self) -> Path:
        """The private directory of database, spool, backups and models."""
        return self.workspace / self.settings.places.state

    @property
    def store_url(self) -> str:
        """SQLAlchemy URL of the database."""
        return self.settings.store.url or f"sqlite:///{self.state / 'docsorter.db'}"


def load(workspace: Path, flags: Mapping[str, object] | None = None) -> Configuration:
    """Read the configuration of an existing workspace.

    Args:
        workspace: Directory that holds docsorter.toml.
        flags: Dotted setting names from the command line, e.g. {"intake.rest_seconds": 1.0}.

    Raises:
        WorkspaceError: There is no docsorter.toml in that directory.
        SettingsError: A source names an unknown setting or a wrong value, or roots overlap.
    """
    workspace = Path(os.path.abspath(workspace))  # noqa: PTH100 -- keep symlinks as the user typed them
    file = workspace / FILE_NAME
    if not file.is_file():
        raise WorkspaceError(
            f"{workspace} is not a workspace: it has no {FILE_NAME}",
            remedy=f"make one with: docsorter init {workspace}",
        )
    configuration = resolve(workspace, flags, file)
    refuse_overlap(configuration)
    return configuration


def problems_of(text: str) -> list[SettingsError]:
    """Return everything that is wrong with the text of a docsorter.toml, nothing when all is right.

    Roots that overlap are `refuse_overlap`'s.
    """
    try:
        values = tomllib.loads(text)
        _merge({}, values)
        Settings(**values)
    except tomllib.TOMLDecodeError as error:
        return [_no_toml(FILE_NAME, error)]
    except SettingsError as error:
        return [error]
    except ValidationError as error:
        return _explained(error)
    return []


def names() -> list[str]:
    """Return the dotted names of all settings, in the order of the model."""
    return [name for name, _ in _leaves(Settings())]


def value_of(configuration: Configuration, name: str) -> object:
    """Return the value of a setting, by its dotted name."""
    return dict(_leaves(configuration.settings))[name]


def resolve(
    workspace: Path, flags: Mapping[str, object] | None = None, file: Path | None = None
) -> Configuration:
    """Merge flags, environment, an optional file and the defaults.

    Raises:
        SettingsError: A source names an unknown setting or a wrong value.
    """
    _refuse_unknown_environment()
    try:
        sources = _sources(flags or {}, file)
        values: dict[str, Any] = {}
        origins = dict.fromkeys((name for name, _ in _leaves(Settings())), "default")
        for origin, source in sources:
            layer = source()
            _merge(values, layer)
            origins.update(dict.fromkeys((n for n, _ in _flatten(layer) if n in origins), origin))
        settings = Settings(**values)
    except ValidationError as error:
        raise _explain(error) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _no_toml(file, error) from error
    return Configuration(workspace, settings, origins)


def _sources(
    flags: Mapping[str, object], file: Path | None
) -> list[tuple[str, PydanticBaseSettingsSource]]:
    layers: list[tuple[str, PydanticBaseSettingsSource]] = []
    if file is not None:
        layers.append((FILE_NAME, TomlConfigSettingsSource(Settings, toml_file=file)))
    layers.append(("environment", EnvSettingsSource(Settings)))
    layers.append(("flag", InitSettingsSource(Settings, init_kwargs=_nest(flags))))
    return layers


def _nest(flags: Mapping[str, object]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for dotted, value in flags.items():
        section, _, name = dotted.partition(".")
        nested.setdefault(section, {})[name] = value
    return nested


def _merge(target: dict[str, Any], layer: Mapping[str, Any]) -> None:
    for section, values in layer.items():
        if not isinstance(values, Mapping):
            raise SettingsError(
                f"{section!r} must be a section, not a value",
                remedy=f"write [{section}] on a line of its own; docs/run/settings.md has examples",
            )
        target.setdefault(section, {}).update(values)


def _leaves(model: BaseModel, prefix: str = "") -> Iterator[tuple[str, object]]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _flatten(layer: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for section, values in layer.items():
        for name, value in values.items():
            yield f"{section}.{name}", value


def listing(configuration: Configuration) -> list[tuple[str, object, str]]:
    """Return (dotted name, value, origin) of every setting, in the order of the model."""
    return [
        (name, value, configuration.origins.get(name, "default"))
        for name, value in _leaves(configuration.settings)
    ]


def _refuse_unknown_environment() -> None:
    known = {f"{_PREFIX}{n.replace('.', '__')}".upper() for n, _ in _leaves(Settings())}
    known |= {f"{_PREFIX}{name}".upper() for name in Settings.model_fields} | _NOT_SETTINGS
    for name in os.environ:
        if name.upper().startswith(_PREFIX) and name.upper() not in known:
            raise _unknown(name, sorted(known))


def _no_toml(file: object, error: Exception) -> SettingsError:
    return SettingsError(
        f"{file} is not valid TOML: {error}", remedy="mend that line; strings need quotes"
    )


def refuse_unknown(name: str) -> None:
    """Refuse a name that no setting has; `decide.policies.LABEL` is one.

    Raises:
        SettingsError: There is no such setting; it names the nearest one.
    """
    known = names()
    if name not in known and not name.startswith(f"{POLICIES}."):
        raise _unknown(name, known)


def _unknown(name: str, known: list[str]) -> SettingsError:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return SettingsError(
        f"there is no setting {name!r}", remedy=f"{hint}docsorter config show lists all"
    )


def _explain(error: ValidationError) -> SettingsError:
    return _explained(error)[0]


def _explained(error: ValidationError) -> list[SettingsError]:
    section = error.title.removesuffix("Settings").lower()
    found = []
    for each in error.errors():
        where = ".".join(str(part) for part in each["loc"])
        name = f"{section}.{where}" if section else where
        if each["type"] == "extra_forbidden":
            found.append(_unknown(name, names()))
            continue
        text = f"setting {name} = {each['input']!r} is wrong: {each['msg'].lower()}"
        remedy = "docs/run/settings.md lists the values; docsorter config show says where it is set"
        found.append(SettingsError(text, remedy=remedy))
    return found


def refuse_overlap(configuration: Configuration) -> None:
    """A root inside another would feed the output back into the input."""
    roots = {place: configuration.root(place).resolve() for place in Place}
    for inner, inner_root in roots.items():
        for outer, outer_root in roots.items():
            if inner is not outer and inner_root.is_relative_to(outer_root):
                raise SettingsError(
                    f"the {inner} root {inner_root} lies inside the {outer} root {outer_root}",
                    remedy="place every root beside the others, none inside another",
                )
