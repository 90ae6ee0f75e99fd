"""What can be said of the image without a container engine: it is built from what is there."""

import fnmatch
import re
from pathlib import Path

import pytest

from docsorter.configuration import resolve
from docsorter.documents import Place
from tests.deploy.conftest import REPOSITORY

DOCKER = REPOSITORY / "docker"


@pytest.fixture(scope="module")
def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile, continuation lines joined."""
    lines = (DOCKER / "Dockerfile").read_text().splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#")).replace("\\\n", " ")
    found = [line.split(maxsplit=1) for line in text.splitlines() if line.strip()]
    return [(name, " ".join(rest.split())) for name, rest in found]


def of(instructions: list[tuple[str, str]], name: str) -> list[str]:
    return [rest for found, rest in instructions if found == name]


def ignored(path: str) -> bool:
    """Say whether the ignore file leaves a path out; the last matching line counts."""
    verdict = False
    for line in (DOCKER / "Dockerfile.dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!")
        if line.startswith("#") or not line:
            continue
        below = path.startswith(f"{pattern}/")
        if below or pattern in {"*", path} or fnmatch.fnmatch(path, pattern):
            verdict = not line.startswith("!")
    return verdict


def test_everything_that_is_copied_exists_and_is_sent_to_the_build(
    instructions: list[tuple[str, str]],
) -> None:
    copied = [rest.split()[:-1] for rest in of(instructions, "COPY") if "--from" not in rest]
    sources = [source for words in copied for source in words]
    assert len(sources) >= 8
    for source in sources:
        assert (REPOSITORY / source).exists(), source
        assert not ignored(source), source
    for left_out in (".git/config", "tests/conftest.py", "docsorter/x/__pycache__/a.pyc"):
        assert ignored(left_out), left_out


def test_what_the_wheel_is_made_of_is_copied(instructions: list[tuple[str, str]]) -> None:
    included = re.findall(
        r'^"([^"]+)" = "docsorter/_', (REPOSITORY / "pyproject.toml").read_text(), re.MULTILINE
    )
    copied = " ".join(of(instructions, "COPY"))
    assert included
    assert all(name in copied for name in included)


def test_the_image_runs_without_root_and_without_a_shell(
    instructions: list[tuple[str, str]],
) -> None:
    assert of(instructions, "USER") == ["10001:10001"]
    assert of(instructions, "ENTRYPOINT") == ['["docsorter"]']
    assert of(instructions, "CMD") == ['["run"]']
    assert of(instructions, "STOPSIGNAL") == ["SIGTERM"]
    (health,) = of(instructions, "HEALTHCHECK")
    assert health.endswith('CMD ["docsorter", "status"]')
    assert "--require-hashes" in " ".join(of(instructions, "RUN"))


def test_the_settings_of_the_image_are_settings(
    instructions: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in re.findall(r"(DOCSORTER_\w+)=(\S+)", " ".join(of(instructions, "ENV"))):
        monkeypatch.setenv(name, value)
    chosen = resolve(Path("/workspace"))
    assert chosen.state == Path("/state")
    assert chosen.root(Place.INBOX) == Path("/workspace/inbox")
    volumes = " ".join(of(instructions, "VOLUME"))
    compose = (DOCKER / "compose.yaml").read_text()
    for root in ("/workspace", "/state"):
        assert f'"{root}"' in volumes
        assert f":{root}" in compose


@pytest.mark.parametrize(
    "line",
    ["read_only: true", "network_mode: none", "- no-new-privileges:true", "- ALL", "mem_limit: 4g"],
)
def test_the_compose_file_shuts_the_container_in(line: str) -> None:
    lines = [found.strip() for found in (DOCKER / "compose.yaml").read_text().splitlines()]
    assert line in lines
