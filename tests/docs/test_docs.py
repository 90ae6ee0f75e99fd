"""The documentation says what the program does."""

import json
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest
from pydantic import BaseModel

from docsorter.documents import ReasonCode
from docsorter.errors import ExitCode
from docsorter.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCS = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [*sorted(ROOT.glob("*.md")), *DOCS]
MOST_PAGES = 20
MOST_WORDS = 21_500
MOST_WORDS_OF_A_PAGE = 1_500
MOST_STOPS = 12
WORDS = (
    "document", "page", "label", "prediction", "confidence", "novelty",
    "verdict", "review entry", "answer", "check", "promise", "bundle",
)  # fmt: skip


def test_every_setting_is_documented_as_it_is() -> None:
    written = runpy.run_path(str(ROOT / "scripts" / "write_settings_doc.py"))["page"]()
    assert (ROOT / "docs" / "run" / "settings.md").read_text(encoding="utf-8") == written


def test_every_reason_stands_in_the_table_of_reasons() -> None:
    text = (ROOT / "docs" / "use" / "reasons.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)`", text, re.MULTILINE)) == set(ReasonCode)


def test_every_exit_code_stands_in_the_table_of_errors() -> None:
    text = (ROOT / "docs" / "run" / "troubleshooting.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (\d+) \| (\w+) \|", text, re.MULTILINE))
    assert {int(code): name for code, name in rows.items()} == {c.value: c.name for c in ExitCode}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_inside_the_project_leads_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", page.read_text("utf-8")):
        file = page.parent / target if target else page
        assert file.exists(), f"{page.name} links to {target}"
        if anchor:
            assert anchor in _anchors(file), f"{page.name} links to {target}#{anchor}"


def _anchors(page: Path) -> set[str]:
    """Return what the headings of a page are called in links, as GitHub makes it."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_that_code_points_to_exists() -> None:
    files = [ROOT / "Makefile", ROOT / "pyproject.toml"]
    for folder in ("docsorter", "starter", "tests", "bench", "scripts", "deploy", "docker"):
        files += [f for f in (ROOT / folder).rglob("*") if f.suffix in {".py", ".sh", ".service"}]
    named = {(f, page) for f in files for page in re.findall(r"\bdocs/[\w/-]+\.md", f.read_text())}
    assert named
    assert [(str(f), page) for f, page in named if not (ROOT / page).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_and_module_that_is_named_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    folders = "docsorter|starter|tests|bench|scripts|deploy|docker|migrations"
    for path in re.findall(rf"`((?:{folders})/[\w./-]+)`", text):
        assert (ROOT / path).exists(), f"{page.name} names {path}"
    for module in re.findall(rf"python\s-m\s((?:{folders})[\w.]*)", text):
        path = ROOT / module.replace(".", "/")
        known = path.with_suffix(".py").exists() or (path / "__main__.py").exists()
        assert known or not (ROOT / module.split(".")[0]).exists(), f"{page.name} names {module}"


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_every_page_opens_with_what_its_reader_can_do_after_it(page: Path) -> None:
    title, opening = page.read_text("utf-8").split("\n\n")[:2]
    assert re.fullmatch(r"# .+", title)
    assert re.match(r"After this page you (can|know) ", opening)


def test_the_documentation_stays_short_enough_to_be_read() -> None:
    words = {page.name: sum(map(_is_word, page.read_text("utf-8").split())) for page in DOCS}
    assert len(words) <= MOST_PAGES
    assert sum(words.values()) <= MOST_WORDS, words
    assert max(words.values()) <= MOST_WORDS_OF_A_PAGE, words


def _is_word(part: str) -> bool:
    """Return whether it has a letter or a digit; the bars of a table are no words."""
    return any(map(str.isalnum, part))


def test_the_architecture_opens_with_three_short_walks_and_twelve_words() -> None:
    page = (ROOT / "docs" / "develop" / "architecture.md").read_text("utf-8")
    _, walks, words, *_ = page.split("\n## ")
    assert walks.startswith("Three walks\n")
    stops = [re.findall(r"^\d+\. ", walk, re.MULTILINE) for walk in walks.split("\n### ")[1:]]
    assert [0 < len(walk) <= MOST_STOPS for walk in stops] == [True] * 3
    assert words.startswith("Words\n")
    assert tuple(re.findall(r"^\| ([a-z ]+) \|", words, re.MULTILINE)[1:]) == WORDS


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_every_setting_that_is_named_or_shown_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    for section, name in re.findall(r"`([a-z]+)\.([a-z_]+)(?: = [^`]*)?`", text):
        if section in Settings.model_fields and name != "tflite":
            kind = Settings.model_fields[section].annotation
            assert isinstance(kind, type)
            assert issubclass(kind, BaseModel)
            assert name in kind.model_fields, f"{page.name} names {section}.{name}"
    for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL):
        Settings.model_validate(tomllib.loads(block))


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
import json, typer, typer.main
from docsorter.cli.main import app
def walk(command, parent=None, path=()):
    name = path[-1] if path else "docsorter"
    context = typer.Context(command, parent=parent, info_name=name, terminal_width=80)
    children = getattr(command, "commands", {})
    for name, child in children.items():
        yield from walk(child, context, (*path, name))
    yield path, not children, command.help or "", command.epilog or "", command.get_help(context)
print(json.dumps(list(walk(typer.main.get_command(app)))))
"""


class Shown(NamedTuple):
    """A command or group as `--help` shows it."""

    words: tuple[str, ...]
    is_command: bool
    help: str
    epilog: str
    text: str


@pytest.fixture(scope="module")
def shown() -> list[Shown]:
    """Return the program, its groups and its commands."""
    done = subprocess.run(
        [sys.executable, "-c", _WALK],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=ROOT,
    )
    return [Shown(tuple(words), *rest) for words, *rest in json.loads(done.stdout)]


def test_every_command_that_a_page_shows_exists(shown: list[Shown]) -> None:
    known = {one.words[:length] for one in shown for length in (1, 2)}
    groups = {one.words[0] for one in shown if len(one.words) > 1}
    named = _shown_commands()
    assert named
    for words in named:
        assert words[:1] in known, f"docsorter {' '.join(words)} does not exist"
        if words[0] in groups and len(words) > 1:
            assert words in known, f"docsorter {' '.join(words)} does not exist"


def test_every_command_has_help_and_an_example(shown: list[Shown]) -> None:
    commands = [one for one in shown if one.is_command]
    assert commands
    assert [one.words for one in commands if not one.help or "docsorter" not in one.epilog] == []


def test_help_fits_the_screen_and_shows_no_type_of_the_language(shown: list[Shown]) -> None:
    for one in shown:
        assert not re.search(r"[<>]|\b(list|tuple|dict)\[|\b(str|int|float|bool)\b", one.text)
        assert max(map(len, one.text.splitlines())) <= 80, one.text


def test_every_command_can_be_told_its_workspace_and_settings(shown: list[Shown]) -> None:
    for one in shown:
        for option in ("-w, --workspace DIR", "--set NAME=VALUE", "--as NAME"):
            assert option in one.text, one.words


_PARSE = """
import json, sys, typer.main
from docsorter.cli.main import app
program = typer.main.get_command(app)
def idle(command):
    if command is not program:
        command.callback = lambda **_: None
    for child in getattr(command, "commands", {}).values():
        idle(child)
idle(program)
wrong = []
for words in json.load(sys.stdin):
    try:
        program(words, standalone_mode=False)
    except Exception as error:
        wrong.append([words, repr(error)])
print(json.dumps(wrong))
"""


def _examples(shown: list[Shown]) -> list[list[str]]:
    """Return every example of `--help` and of the pages' blocks, as words after `docsorter`."""
    texts = [page.read_text(encoding="utf-8") for page in PAGES]
    blocks = [b for t in texts for b in re.findall(r"```(?:sh|console)\n(.*?)```", t, re.DOTALL)]
    lines = "\n".join([*blocks, *(one.epilog for one in shown)]).splitlines()
    found = (re.match(r"(?:\s*Examples?:)?\s*(?:sudo )?docsorter (.*)", line) for line in lines)
    # Two spaces set what it is for apart from the command.
    return [shlex.split(match[1].split("  ")[0], comments=True) for match in found if match]


def test_every_example_can_be_typed_as_it_stands(shown: list[Shown]) -> None:
    examples = _examples(shown)
    assert len(examples) > len([one for one in shown if one.is_command])
    done = subprocess.run(
        [sys.executable, "-c", _PARSE],
        input=json.dumps(examples),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=ROOT,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == []
