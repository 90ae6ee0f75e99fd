"""The model commands as a person types them."""

import json
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from docsorter.cli.main import app
from docsorter.configuration import Configuration
from docsorter.documents import at_most_percent
from docsorter.errors import ExitCode
from docsorter.model.card import Measured
from docsorter.service.daemon.sort_once import example_files
from tests.cli.running import docsorter
from tests.model.bundles import make_card, write_whole_bundle
from tests.model.variants import write_variant

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    labels = ("invoice", "claim", "note")
    return write_variant(tmp_path_factory.mktemp("bundles") / "ours-1", labels=labels)


@pytest.fixture
def workspace(configuration: Configuration) -> Path:
    return configuration.workspace


def narrow(text: str) -> bool:
    return all(len(line) <= 80 for line in text.splitlines())


def test_a_model_comes_in_is_put_to_use_and_taken_back(workspace: Path, ours: Path) -> None:
    added = docsorter("-w", workspace, "model", "add", ours)
    assert added.returncode == 0, added.stderr
    assert "took in ours-1" in added.stdout

    promoted = docsorter("-w", workspace, "model", "promote", "ours-1", "--reason", "a trial")
    assert promoted.returncode == 0, promoted.stderr
    assert "ours-1 (model ours-1), before: starter" in promoted.stdout
    assert "new labels   note" in promoted.stdout
    assert "gone labels  letter" in promoted.stdout
    assert "not running" in promoted.stdout

    listed = docsorter("-w", workspace, "model", "list")
    assert "* ours-1" in listed.stdout
    assert "a trial" in listed.stdout
    rows = json.loads(docsorter("-w", workspace, "model", "list", "--json").stdout)
    assert {row["name"]: row["in_use"] for row in rows} == {"starter": False, "ours-1": True}

    back = docsorter("-w", workspace, "model", "rollback", "--json")
    assert json.loads(back.stdout)["changed"]["bundle"] == "starter"
    assert json.loads(back.stdout)["daemon"]["uptake"] == "no daemon"
    first = docsorter("-w", workspace, "model", "rollback")
    assert first.returncode == ExitCode.CONFLICT
    assert "there is no model before this one" in first.stderr
    assert docsorter("-w", workspace, "model", "remove", "ours-1").returncode == 0
    assert not (workspace / ".docsorter" / "models" / "ours-1").exists()


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (("promote", "nonesuch"), ExitCode.MODEL, "choose one of: starter"),
        (("promote", "./here"), ExitCode.USAGE, "docsorter model add PATH"),
        (("remove", "starter"), ExitCode.USAGE, "the starter always stays"),
        (("add", "nowhere"), ExitCode.MODEL, "nowhere is not a folder"),
        (("compare", "starter", "nonesuch"), ExitCode.MODEL, "nonesuch"),
        (("compare", "starter", "starter", "--on", "nowhere"), ExitCode.USAGE, "is not a folder"),
    ],
)
def test_bad_input_gets_a_line_and_a_tip(
    workspace: Path, command: tuple[str, ...], code: ExitCode, words: str
) -> None:
    done = docsorter("-w", workspace, "model", *command)

    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("error: ")
    assert "tip:" in done.stderr


def test_a_pinned_model_is_said_with_its_origin(workspace: Path) -> None:
    pinned = ("--set", "model.bundle=starter")
    done = docsorter("-w", workspace, *pinned, "model", "promote", "starter")

    assert done.returncode == ExitCode.USAGE
    assert 'pinned: model.bundle = "starter" (flag)' in done.stderr


def test_a_damaged_bundle_is_refused_and_listed_with_its_problem(workspace: Path) -> None:
    models = workspace / ".docsorter" / "models"
    write_whole_bundle(models / "no-network")
    write_whole_bundle(models / "torn")
    (models / "torn" / "card.json").write_text("{")

    done = docsorter("-w", workspace, "model", "promote", "no-network")
    listed = docsorter("-w", workspace, "model", "list")

    assert done.returncode == ExitCode.MODEL
    assert "cannot be run" in done.stderr
    assert "damaged" in listed.stdout
    assert narrow(listed.stdout)


def test_two_models_stand_side_by_side_without_a_workspace(tmp_path: Path, ours: Path) -> None:
    folder = tmp_path / "checked"
    (folder / "invoice").mkdir(parents=True)
    shutil.copy(next(p for p in example_files() if p.suffix == ".png"), folder / "invoice")

    shown = docsorter("model", "compare", "starter", ours, "--on", folder, cwd=tmp_path)
    data = docsorter("model", "compare", "starter", ours, "--json", cwd=tmp_path)

    assert shown.returncode == 0, shown.stderr
    assert "1 documents classified, 0 could not be read" in shown.stdout
    assert "McNemar p = 1" in shown.stdout
    assert "invoice, claim, note" in shown.stdout
    content = json.loads(data.stdout)
    assert ["labels", "invoice, claim, letter", "invoice, claim, note"] in content["facts"]
    assert content["documents"] is None
    assert all(pair["first"] and not pair["differs"] for pair in content["figures"])


def test_verify_tells_the_fingerprint(tmp_path: Path) -> None:
    shown = docsorter("model", "verify", "--json", cwd=tmp_path)

    content = json.loads(shown.stdout)
    assert len(content["fingerprint"]) == 64
    assert all(page["difference"] < 0.05 for page in content["golden_pages"])


def test_a_model_is_shown_on_a_screenful_with_what_real_documents_showed(workspace: Path) -> None:
    card = json.loads(docsorter("-w", workspace, "model", "show", "--json").stdout)
    lines = docsorter("-w", workspace, "model", "show").stdout.splitlines()
    assert len(lines) <= 28
    assert max(map(len, lines)) <= 80
    shown = " ".join(" ".join(lines).split())
    for kind, figures in card["metrics"].items():
        assert kind.split()[0] in shown
        wrong = figures.get("wrong label among sorted", figures["error among sorted"])
        assert f"{at_most_percent(wrong['value'])} of {wrong['n']}" in shown
    assert "on real documents of senders it never saw: " in shown
    assert shown.rindex("real documents") < shown.rindex("generated documents")
    assert "docsorter model show --all" in shown


def test_a_model_is_shown_by_its_real_figures_first_whatever_order_its_card_has(
    tmp_path: Path,
) -> None:
    def figures(wrong: float) -> dict[str, Measured]:
        shares = {
            "accuracy": 0.93456,
            "automation rate": 0.61234,
            "wrong label among sorted": wrong,
            "foreign documents sorted": 0.0123,
        }
        return {name: Measured(value=value, n=1234) for name, value in shares.items()}

    kinds = (
        "generated documents of layouts never trained on",
        "real documents of senders never seen",
        "real documents that may only be measured on",
    )
    metrics = {kind: figures(0.00123 * number) for number, kind in enumerate(kinds, 1)}
    (tmp_path / "card.json").write_text(make_card(metrics=metrics).model_dump_json())

    short, every = (
        CliRunner().invoke(app, ["model", "show", str(tmp_path), *more]).output
        for more in ((), ("--all",))
    )

    shown = short.split("tested on")[1].split("all figures")[0]
    assert re.findall(r" (0\.\d %) of", shown) == ["0.3 %", "0.4 %", "0.2 %"]
    assert "93.4 % of 1234" in shown
    assert "61.2 % of 1234" in shown
    assert narrow(shown)
    assert every.index("of senders never seen:") < every.index("of layouts never trained on:")


def test_all_of_a_model_is_shown_to_who_asks_for_it(workspace: Path) -> None:
    card = json.loads(docsorter("-w", workspace, "model", "show", "--json").stdout)
    shown = docsorter("-w", workspace, "model", "show", "--all").stdout
    assert all(kind in shown for kind in card["metrics"])
    assert "novelty AUROC" in shown
    licences = [source["licence"].split() for source in card["provenance"]["data"]]
    assert all(word in shown for licence in licences for word in licence)  # the long ones wrap
