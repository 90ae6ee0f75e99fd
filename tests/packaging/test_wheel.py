"""The wheel carries all it needs: it is installed alone, far from the repository, and used."""

import json
import os
import re
import subprocess
import sys
import tomllib
import venv
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]


def _run(*command: str | Path, cwd: Path) -> str:
    own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [*map(str, command)],
        capture_output=True, text=True, check=False, timeout=600, cwd=cwd, env=own,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def _pip(environment: Path, *command: str | Path) -> str:
    """Let our pip work on another environment, which then needs none of its own."""
    pip = (sys.executable, "-m", "pip", "--python", environment / "bin" / "python")
    return _run(*pip, *command, cwd=environment)


def _link(locked: Requirement, packages: Path) -> None:
    """Put links to the files of a package that is installed here into another environment."""
    found = distribution(locked.name)
    assert found.version in locked.specifier, f"{locked}, not {found.version}: make dev"
    for file in found.files or ():
        if ".." not in file.parts:  # programs and manuals lie elsewhere
            link = packages / file
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file.locate())


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the bin directory of an environment with the wheel and what is locked for it.

    What is locked was installed here by `make install`; to unpack it again takes longest.
    """
    place = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", place, cwd=ROOT)
    (wheel,) = place.glob("*.whl")
    venv.create(place / "env", with_pip=False)
    (packages,) = (place / "env" / "lib").glob("python*/site-packages")
    locked = (ROOT / "requirements" / "runtime.txt").read_text()
    for line in re.findall(r"(?m)^[\w.-]+==[^\\\n]+", locked):
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate():
            _link(requirement, packages)
    _pip(place / "env", "install", "--quiet", "--no-index", wheel)  # complains of what is lacking
    return place / "env" / "bin"


@pytest.mark.slow
def test_an_installed_wheel_runs_init_migrations_and_demo(installed: Path, tmp_path: Path) -> None:
    where = _run(
        installed / "python", "-c", "import docsorter; print(docsorter.__file__)", cwd=tmp_path
    )
    assert not where.startswith(str(ROOT))

    _run(installed / "docsorter", "init", "paper", cwd=tmp_path)
    assert (tmp_path / "paper" / ".docsorter" / "docsorter.db").is_file()

    shown = json.loads(_run(installed / "docsorter", "demo", "--json", cwd=tmp_path))
    examples = {p.name for p in (ROOT / "inbox_examples").iterdir() if p.suffix != ".md"}
    assert sorted(item["example"] for item in shown) == sorted(examples)
    states = {item["document"]["state"] for item in shown}
    assert states == {"sorted", "review", "rejected"}


@pytest.mark.slow
def test_the_wheel_needs_nothing_of_what_training_needs(installed: Path) -> None:
    listed = _pip(installed.parent, "list", "--format=freeze")
    names = {line.split("==")[0].lower() for line in listed.splitlines()}
    assert not names & {"tensorflow", "keras", "scikit-learn", "matplotlib", "typst", "faker"}


@pytest.mark.slow
def test_the_wheel_has_the_generated_pages_and_not_what_made_them(installed: Path) -> None:
    code = (
        "import docsorter.training.generated as g; print(g.PACK, g.foreign_kinds(('invoice',))[0])"
    )
    file, kind = _run(installed / "python", "-c", code, cwd=installed).split()
    assert kind
    assert not (Path(file).parents[2] / "starter").exists()


def test_who_trains_installs_nothing_that_only_the_generator_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = {
        re.split(r"[^\w-]", one)[0] for one in project["project"]["optional-dependencies"]["train"]
    }
    only = {re.split(r"[^\w-]", one)[0] for one in project["dependency-groups"]["starter"]}
    assert {"typst", "faker"} < only
    assert not asked & only
    locked = (ROOT / "requirements" / "dev.txt").read_text()
    for name in only - {"matplotlib"}:  # nor does anything that is asked for bring it along
        (entry,) = re.findall(rf"(?m)^{name}==(?:.*\n)(?:[ ].*\n)*", locked)
        assert re.findall(r"# via +(.*)", entry) == ["docsorter (pyproject.toml:dev)"], name
