"""The documentation says what the program does."""

import json
import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from docsorter.documents import ReasonCode
from docsorter.errors import ExitCode
from docsorter.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCS = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [*sorted(ROOT.glob("*.md")), *DOCS]
MOST_PAGES = 20
MOST_WORDS = 20_500
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
