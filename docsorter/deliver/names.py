"""File names that are safe everywhere a delivered document is read, and where documents wait.

Windows rules: "Naming Files, Paths, and Namespaces", Microsoft Learn. Bidirectional marks are
removed because they let `fdp.exe` look like `exe.pdf` (Unicode TR 36, section 2.4).
"""

import os
import re
import unicodedata

from docsorter.documents import Document

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


def review_path(document: Document) -> str:
    """Return the path under the review root for a document that a person is to see (again)."""
    return safe_name(document.name)


def rejected_path(document: Document) -> str:
    """Return the path under the rejected root for a document that is refused."""
    return safe_name(document.name)
