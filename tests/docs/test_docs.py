"""The documentation says what the program does."""

import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from docsorter.documents import ReasonCode
from docsorter.errors import ExitCode

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def test_every_setting_is_documented_as_it_is() -> None:
    written = runpy.run_path(str(ROOT / "scripts" / "write_settings_doc.py"))["page"]()
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == written


def test_every_reason_stands_in_the_table_of_reasons() -> None:
    text = (ROOT / "docs" / "reasons.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)`", text, re.MULTILINE)) == set(ReasonCode)


def test_every_exit_code_stands_in_the_table_of_errors() -> None:
    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (\d+) \| (\w+) \|", text, re.MULTILINE))
    assert {int(code): name for code, name in rows.items()} == {c.value: c.name for c in ExitCode}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_inside_the_project_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


_SHOWN = re.compile(r"(?:^|[\s/;&$])docsorter(?: (?:-w|--workspace) \S+)? ((?:[a-z-]+ ?){1,2})")


def _shown_commands() -> set[tuple[str, ...]]:
    """Return the commands in code blocks and code spans, without options and arguments."""
    texts = [page.read_text(encoding="utf-8") for page in PAGES]
    blocks = [
        b for t in texts for b in re.findall(r"```(?:sh|console|bash)\n(.*?)```", t, re.DOTALL)
    ]
    spans = [s for t in texts for s in re.findall(r"`(docsorter [a-z][^`]*)`", t)]
    lines = [*"\n".join(blocks).splitlines(), *spans]
    return {tuple(match[1].split()) for line in lines if (match := _SHOWN.search(line))}


_WALK = """
import json, typer.main
from docsorter.cli.main import app
def walk(command, path=()):
    children = getattr(command, "commands", {})
    for name, child in children.items():
        yield from walk(child, (*path, name))
    if not children:
        yield path, bool(command.help), "docsorter" in (command.epilog or "")
print(json.dumps(list(walk(typer.main.get_command(app)))))
"""


@pytest.fixture(scope="module")
def commands() -> list[tuple[tuple[str, ...], bool, bool]]:
    """Return (words, has help, has an example) of every command."""
    done = subprocess.run(
        [sys.executable, "-c", _WALK],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=ROOT,
    )
    return [(tuple(words), help_, example) for words, help_, example in json.loads(done.stdout)]


def test_every_command_shown_exists(commands: list[tuple[tuple[str, ...], bool, bool]]) -> None:
    known = {words[:length] for words, _, _ in commands for length in (1, 2)}
    groups = {words[0] for words, _, _ in commands if len(words) > 1}
    shown = _shown_commands()
    assert shown
    for words in shown:
        assert words[:1] in known, f"docsorter {' '.join(words)} does not exist"
        if words[0] in groups and len(words) > 1:
            assert words in known, f"docsorter {' '.join(words)} does not exist"


def test_every_command_has_help_and_an_example(
    commands: list[tuple[tuple[str, ...], bool, bool]],
) -> None:
    assert commands
    assert [words for words, help_, example in commands if not (help_ and example)] == []
