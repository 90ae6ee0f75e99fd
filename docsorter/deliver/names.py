"""Where a document goes: names that are safe everywhere, and the template of the sorted folder.

Windows rules: "Naming Files, Paths, and Namespaces", Microsoft Learn. Bidirectional marks are
removed because they let `fdp.exe` look like `exe.pdf` (Unicode TR 36, section 2.4).

A template such as `{label}/{received:%Y}/{name}` has whole fields only: no attributes, indexes or
conversions, which would reach into the program (PEP 3101, "Security considerations").
"""

import datetime as dt
import difflib
import functools
import os
import re
import string
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from docsorter.deliver.sidecar import sidecar_text
from docsorter.documents import Document, Place, Prediction, State, Verdict, VerdictKind
from docsorter.errors import SettingsError
from docsorter.settings import DeliverSettings
from docsorter.store import Destination

MAX_BYTES = 240
"""Longest name in UTF-8: Linux allows 255, a sidecar adds `.json`."""

FALLBACK = "document"
"""The name of a file whose own name has nothing left."""

_FORBIDDEN = str.maketrans(dict.fromkeys('<>:"/\\|?*', "_"))
_SUFFIX = re.compile(r"(?<=.)\.[A-Za-z0-9]{1,16}\Z", re.DOTALL)
_RESERVED = re.compile(
    r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³]) *(?:\.|\Z)", re.IGNORECASE
)
_REMOVED = frozenset({"Cc", "Cf"})  # control and format characters, bidirectional marks included
_SPACES = frozenset({"Zs", "Zl", "Zp"})

FIELDS = ("label", "name", "stem", "suffix", "received", "source", "id")
_MAX_COMPONENTS = 16
_DEFAULT_DATE = "%Y-%m-%d"
_DATE = re.compile(r"(?:[^%{}]|%[YymdHMSjBbAaVGuUWpI%])*\Z")
_NUMBER = re.compile(r"0?\d{0,2}d?\Z")
_REMEDY = "docs/run/settings.md explains it; the default is {label}/{received:%Y}/{name}"


def destination_of(
    document: Document,
    verdict: Verdict,
    prediction: Prediction | None,
    settings: DeliverSettings,
    *,
    statement: str = "",
    answered_by: str | None = None,
) -> Destination:
    """Return where a verdict sends a document; the mover numbers names that are taken.

    A rejected file always gets its sidecar, since that is where its reason stands; in the review
    folder there is none, since the store answers for what waits there.

    Raises:
        SettingsError: The template cannot be used.
    """
    if verdict.kind is VerdictKind.REVIEW:
        return review_destination(document)
    text = sidecar_text(document, verdict, prediction, statement=statement, answered_by=answered_by)
    if verdict.kind is VerdictKind.REJECT:
        return Destination(Place.REJECTED, safe_name(document.name), State.REJECTED, text)
    assert verdict.label is not None, "a document is sorted to a label"
    path = render(parse_template(settings.template), document, verdict.label)
    return Destination(Place.SORTED, str(path), State.SORTED, text if settings.sidecar else None)


def review_destination(document: Document) -> Destination:
    """Return where a document goes that a person is to see (again)."""
    return Destination(Place.REVIEW, safe_name(document.name), State.REVIEW)


def safe_name(raw: str | bytes, limit: int = MAX_BYTES) -> str:
    """Make one file name component of anything that came in as a name.

    Args:
        raw: A name as bytes or as Python decodes it (undecodable bytes as lone surrogates).
        limit: Longest result in bytes of UTF-8, at least 32; a short suffix survives the cut.

    Returns:
        A name in NFC without separators, control or format characters, characters or names
        reserved by Windows, leading dots, dashes and spaces, trailing dots and spaces; never
        empty. Safe names come back unchanged.
    """
    text = os.fsdecode(raw) if isinstance(raw, bytes) else raw
    text = "".join(_plain(char) for char in unicodedata.normalize("NFC", text))
    text = unicodedata.normalize("NFC", text.translate(_FORBIDDEN))
    return _finish(re.sub(" {2,}", " ", text), limit)


def numbered(name: str, number: int, limit: int = MAX_BYTES) -> str:
    """Give a safe name a number: `scan.pdf` -> `scan-2.pdf`; still a safe name within `limit`."""
    stem, suffix = split_suffix(name)
    ending = f"-{number}{suffix}"
    return _cut(stem, limit - len(ending.encode())) + ending


def split_suffix(name: str) -> tuple[str, str]:
    """Split `scan.pdf` into ("scan", ".pdf"); what looks like no suffix stays in the stem."""
    found = _SUFFIX.search(name)
    return (name[: found.start()], found.group()) if found else (name, "")


def _plain(char: str) -> str:
    category = unicodedata.category(char)
    if category in _SPACES or char in "\t\n\r\v\f":
        return " "
    if category == "Cs":
        return "_"
    return "" if category in _REMOVED else char


def _finish(text: str, limit: int) -> str:
    text = text.lstrip(" .-").rstrip(" .")
    if _RESERVED.match(text):
        text = f"_{text}"
    if len(text.encode()) > limit:
        stem, suffix = split_suffix(text)
        text = _cut(stem, limit - len(suffix.encode())) + suffix
    return text or FALLBACK


def _cut(text: str, limit: int) -> str:
    """Cut at a character boundary, leaving no trailing dot or space."""
    return text.encode()[: max(limit, 0)].decode(errors="ignore").rstrip(" .")


@dataclass(frozen=True, slots=True)
class _Piece:
    """Literal text when `field` is empty, otherwise a field with its format."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Template:
    """A destination template that was checked."""

    text: str
    components: tuple[tuple[_Piece, ...], ...]


@functools.lru_cache(maxsize=8)
def parse_template(text: str) -> Template:
    """Check a template and take it apart.

    Raises:
        SettingsError: An unknown field, a path that would leave the root or be changed to be safe,
            or a file part that would not keep the document's name or number, and its suffix.
    """
    components = tuple(tuple(component) for component in _components(text))
    if len(components) > _MAX_COMPONENTS:
        raise _wrong(text, f"has more than {_MAX_COMPONENTS} parts")
    for component in components:
        _check_component(text, component)
    fields = {piece.field for piece in components[-1]}
    if not fields & {"name", "stem", "id"}:
        raise _wrong(text, "must end in a file name with {name}, {stem} or {id}")
    if not fields & {"name", "suffix"}:
        raise _wrong(text, "must keep the suffix: end in {name} or {suffix}")
    return Template(text, components)


def render(
    template: Template, document: Document, label: str, received: dt.datetime | None = None
) -> PurePosixPath:
    """Return where a document goes, relative to the sorted root.

    Args:
        template: What `parse_template` returned.
        document: The document.
        label: The label it is sorted to.
        received: When it arrived, in the zone to be written; without one `arrived_at` in the
            machine's time zone.

    Returns:
        A relative path of safe components; empty folders (a document without a source) are left
        out. It may be taken already: collisions are the mover's business.
    """
    name = safe_name(document.name)
    stem, suffix = split_suffix(name)
    when = received or document.arrived_at.astimezone()
    values: Mapping[str, Callable[[str], str]] = {
        "": lambda literal: literal,
        "label": lambda _: safe_name(label),
        "name": lambda _: name,
        "stem": lambda _: stem,
        "suffix": lambda _: suffix,
        "received": when.strftime,
        "source": lambda _: safe_name(document.source) if document.source else "",
        "id": lambda number: format(document.id, number),
    }
    parts = ["".join(values[p.field](p.text) for p in pieces) for pieces in template.components]
    folders = [safe_name(part) for part in parts[:-1] if part]
    return PurePosixPath(*folders, safe_name(parts[-1]))


def label_folder(template: Template, label: str) -> PurePosixPath | None:
    """Return the folder below the sorted root that all documents of a label share.

    Returns:
        The first parts of the path, up to the one with the label; None where none has it.
    """
    parts: list[str] = []
    for pieces in template.components[:-1]:
        fields = {piece.field for piece in pieces} - {""}
        if fields - {"label"}:
            return None
        parts.append(safe_name("".join(label if p.field else p.text for p in pieces)))
        if fields:
            return PurePosixPath(*parts)
    return None


def _components(text: str) -> Iterator[list[_Piece]]:
    """Split at slashes in the literals and in date formats, never at a slash in a value."""
    component: list[_Piece] = []
    for field, content in _pieces(text):
        first, *others = content.split("/")
        component.append(_Piece(field, first))
        for other in others:
            yield component
            component = [_Piece(field, other)]
    yield component


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    try:
        parsed = list(string.Formatter().parse(text))
    except ValueError as error:
        raise _wrong(text, f"is not a template: {str(error).lower()}") from error
    for literal, field, spec, conversion in parsed:
        yield "", literal
        if field is not None:
            if conversion:
                raise _wrong(text, f"must not use a conversion (!{conversion})")
            yield field, _checked_format(text, field, spec or "")


def _checked_format(text: str, field: str, spec: str) -> str:
    if field not in FIELDS:
        near = difflib.get_close_matches(field, FIELDS, n=1)
        hint = f"did you mean {{{near[0]}}}?" if near else f"fields are {', '.join(FIELDS)}"
        raise _wrong(text, f"has an unknown field {{{field}}}", hint)
    if field == "received":
        if not _DATE.match(spec):
            raise _wrong(text, f"has a date format that is not understood: {spec!r}")
        return spec or _DEFAULT_DATE
    if not spec or (field == "id" and _NUMBER.match(spec)):
        return spec
    raise _wrong(text, f"gives {{{field}}} a format it cannot have: {spec!r}")


def _check_component(text: str, component: tuple[_Piece, ...]) -> None:
    literal = "".join(piece.text for piece in component if not piece.field)
    dates = "".join(piece.text for piece in component if piece.field == "received")
    if all(not piece.field for piece in component):
        if not literal:
            raise _wrong(text, "must be relative and without empty parts: a slash is too many")
        if safe_name(literal) != literal:
            raise _wrong(text, f"has a part that is no safe folder name: {literal!r}")
    for char in literal + dates:
        if safe_name(f"a{char}a") != f"a{char}a":
            raise _wrong(text, f"has a character that is not safe in names: {char!r}")


def _wrong(text: str, what: str, hint: str = "") -> SettingsError:
    return SettingsError(f"deliver.template {text!r} {what}", remedy=hint or _REMEDY)
