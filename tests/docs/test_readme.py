"""What the README shows works in the order it is shown, and its figures are those of the card."""

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from docsorter.cli.main import app
from docsorter.documents import percent
from docsorter.errors import ExitCode
from docsorter.model.card import read_card
from docsorter.resources import starter_bundle_dir
from docsorter.service.engine import card_statement, real_figures
from tests.cli.running import docsorter

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
pytestmark = pytest.mark.slow


def _block(heading: str, number: int) -> list[str]:
    """Return the lines of a shell block under a heading, without what follows a `#`."""
    text = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    block = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)[number]
    return [re.sub(r"\s+#.*", "", line) for line in block.splitlines()]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return where the demo was made, and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    done = docsorter("demo", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def _typed(lines: list[str], folder: Path) -> list[str]:
    """Type commands one after the other as a shell would; return those of docsorter."""
    exported, ran = dict[str, str](), []
    for line in lines:
        words = shlex.split(line, comments=True)
        if words[:1] == ["export"]:
            name, _, value = words[1].partition("=")
            exported[name] = value
        elif words[:1] == ["docsorter"] and words[1:] != ["review"]:  # that is a full screen
            done = docsorter(*words[1:], cwd=folder, **exported)
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
            ran.append(" ".join(words[1:]))
    return ran


def test_the_commands_of_the_first_try_work_one_after_the_other(demo: tuple[Path, str]) -> None:
    folder, _ = demo
    assert _block("Try it", 0)[-1] == "make demo"
    ran = _typed(_block("Try it", 1), folder)
    assert [command for command in ran if command.startswith("review answer ")]


def test_what_the_demo_suggests_next_works(demo: tuple[Path, str]) -> None:
    folder, printed = demo
    lines = printed.split("Next, ")[1].splitlines()
    suggested = [re.sub(r"^\s+.*docsorter ", "docsorter ", line).strip() for line in lines[1:]]
    assert len([line for line in suggested if re.fullmatch(r"docsorter run +#.*", line)]) == 1
    ran = _typed([line for line in suggested if " run " not in line], folder)
    assert [command for command in ran if command.startswith("review answer ")]


# Commands whose examples can be typed in any workspace: they look, and change nothing of it.
LOOK = (
    "status", "history", "explain", "promise", "what-if", "review list", "review stats",
    "model list", "model show", "config show",
)  # fmt: skip


def _examples() -> list[str]:
    """Return the examples of those commands, as `--help` shows them."""
    program = get_command(app)
    found = []
    for words in LOOK:
        command = program
        for word in words.split():
            command = command.commands[word]  # type: ignore[attr-defined]
        lines = re.findall(r"docsorter (.*)", command.epilog or "")
        found += [re.sub(r"  .*|-w ~/paper ", "", line) for line in lines]
    return found


def test_the_examples_of_help_run_in_a_workspace(demo: tuple[Path, str]) -> None:
    folder, _ = demo
    for example in _examples():
        (folder / "why.png").unlink(missing_ok=True)  # of the example before
        done = docsorter(
            *shlex.split(example), cwd=folder, DOCSORTER_WORKSPACE=str(folder / "docsorter-demo")
        )
        assert done.returncode != ExitCode.USAGE, f"{example}\n{done.stderr}"
        assert "Traceback" not in done.stderr, example
        assert done.stdout, f"{example}\n{done.stderr}"


def test_a_workspace_is_made_as_shown(tmp_path: Path) -> None:
    lines = [line.replace("~", str(tmp_path)) for line in _block("Use it", 0)]
    assert _typed([line for line in lines if " run " not in line], tmp_path)
    assert (tmp_path / "paper" / "inbox").is_dir()


def test_the_sentence_and_the_figure_are_those_of_the_card() -> None:
    card = read_card(starter_bundle_dir() / "card.json")
    quoted = " ".join(README.replace("\n> ", " ").split())
    assert card_statement(card) in quoted
    figures = real_figures(card)
    assert figures is not None
    limits = quoted.split("## Know its limits")[1]
    assert figures.right is not None
    assert f"right on {percent(figures.right / figures.documents)}" in limits
    assert f"sorts {percent(figures.sorted_alone / figures.documents)} alone" in limits


def test_the_figures_of_the_starters_page_are_those_of_the_card() -> None:
    card = read_card(starter_bundle_dir() / "card.json")
    page = (ROOT / "docs" / "teach" / "starter-model.md").read_text(encoding="utf-8")
    told = set(re.findall(r"\d\.\d{3} \[[^]]*\]", page.split("## Figures")[1].split("\n## ")[0]))
    known = {
        f"{one.value:.3f} [{one.low:.3f}, {one.high:.3f}]"
        for figures in card.metrics.values()
        for one in figures.values()
        if one.value is not None and one.low is not None and one.high is not None
    }
    assert told
    assert told <= known


def test_the_readme_stays_a_shop_window() -> None:
    assert len(README.split()) < 1_100
