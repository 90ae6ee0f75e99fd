"""docs/use/review.md says what the screen does."""

import re
from pathlib import Path

from docsorter.cli.reviewer.dialogs import KEYS
from docsorter.cli.reviewer.plain import COMMANDS

_DOCS = Path(__file__).resolve().parents[3] / "docs"
_PAGE = (_DOCS / "use" / "review.md").read_text(encoding="utf-8")


def test_every_key_stands_in_the_table_with_what_it_does() -> None:
    rows = dict(re.findall(r"^\| `([^`]+)` \| (.+) \|$", _PAGE, re.MULTILINE))
    assert {key.shown: key.text for key in KEYS}.items() <= rows.items()


def test_every_plain_command_is_named() -> None:
    plain = _PAGE[_PAGE.index("## Line by line") :]
    words = [command.split()[0] for command, _ in COMMANDS[2:]]
    assert all(f"`{word}" in plain for word in words)


def test_pictures_are_small_and_fetch_nothing() -> None:
    names = re.findall(r"\(\.\./pictures/(review[\w-]*\.svg)\)", _PAGE)
    assert names
    for name in names:
        svg = (_DOCS / "pictures" / name).read_text(encoding="utf-8")
        assert len(svg) < 200_000
        assert not re.findall(r"(?:href|src|url\()\s*[=(]?\s*[\"']?https?:", svg)
