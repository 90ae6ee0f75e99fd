"""What a person meets who types `docsorter train`; no training is done here."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from docsorter.cli import train
from docsorter.cli.main import app
from docsorter.errors import UsageError
from docsorter.model.card import Measured
from docsorter.training.labelled import Unreadable
from docsorter.training.request import TrainingRequest, parse_policies
from docsorter.training.run import TrainingResult
from docsorter.training.sort_rule import Promise

MISSING = Promise(False, 0.01, 0.95, 90, 41, 0, 299, 570)
KEPT = Promise(True, 0.01, 0.95, 700, 641, 2, 628, 0)


def finished(request: TrainingRequest, promise: Promise = MISSING) -> TrainingResult:
    return TrainingResult(
        name=request.name,
        bundle=request.bundle,
        report=request.report,
        labels=("claim", "invoice"),
        documents={"claim": 60, "invoice": 60, "other": 4},
        split={"train": 72, "validation": 12, "calibration": 20, "test": 20},
        cross_fitted=False,
        tuned=True,
        accuracy=Measured(value=0.95, n=20, low=0.76, high=0.99),
        automation=Measured(value=0.6, n=20, low=0.4, high=0.8),
        sorted_alone=12,
        errors=0,
        foreign=Measured(value=0.0, n=36, low=0.0, high=0.096),
        threshold=0.93,
        promise=promise,
        unreadable=(Unreadable(Path("a/torn.pdf"), "claim", "the PDF is damaged"),),
    )


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[TrainingRequest]:
    """Requests that reached the engine, which is not run."""
    requests: list[TrainingRequest] = []

    def record(options: dict[str, object], policies: list[str], registry: object) -> TrainingResult:
        requests.append(TrainingRequest(**options, policies=parse_policies(policies)))  # type: ignore[arg-type]
        return finished(requests[-1])

    monkeypatch.setattr(train, "_train", record)
    return requests


def test_the_summary_fits_80_columns_and_ends_with_the_next_command(
    asked: list[TrainingRequest], tmp_path: Path
) -> None:
    result = CliRunner().invoke(app, ["train", str(tmp_path), "--out", str(tmp_path / "models")])
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert all(len(line) <= 80 or str(tmp_path) in line for line in lines)
    text = " ".join(result.output.split())
    assert "124: 60 claim, 60 invoice, 4 other" in text
    assert "95.0 % [76.0, 99.0], n = 20" in text
    assert "not certifiable yet: 299 checked documents without an error needed, you have 41" in text
    assert "; that takes about 570 more calibration documents like these" in text
    assert "torn.pdf: the PDF is damaged" in text
    assert lines[-1].startswith("  docsorter model add ")


def test_a_promise_that_is_kept_is_printed_as_one(tmp_path: Path) -> None:
    rows = dict(finished(TrainingRequest(tmp_path, "ours-1", tmp_path), KEPT).lines())
    assert rows["promise"] == (
        "of what is sorted alone at most 1 % is wrong (95 % confidence, 641 checked)"
    )
    assert "" not in rows


def test_what_is_said_of_foreign_documents_names_what_it_was_measured_on(tmp_path: Path) -> None:
    plain = finished(TrainingRequest(tmp_path, "ours-1", tmp_path))
    assert dict(plain.lines())["foreign"] == (
        "0.0 % [0.0, 9.6], n = 36 of generated ones would be sorted"
    )
    real = replace(plain, real_foreign=Measured(value=0.015, n=414, low=0.0, high=0.04))
    assert dict(real.lines())["foreign"] == (
        "1.5 % [0.0, 4.0], n = 414 of real ones that the base knew, their source unseen; "
        "0.0 % [0.0, 9.6], n = 36 of generated ones would be sorted"
    )
    assert real.as_json()["real_foreign"] == {
        "value": 0.015, "n": 414, "low": 0.0, "high": 0.04, "note": ""
    }  # fmt: skip
    none = replace(plain, foreign=None)
    assert "foreign" not in dict(none.lines())


def test_in_a_workspace_the_bundle_goes_to_its_models_and_can_be_promoted(
    asked: list[TrainingRequest], tmp_path: Path
) -> None:
    space = tmp_path / "paper"
    assert CliRunner().invoke(app, ["init", str(space)]).exit_code == 0
    result = CliRunner().invoke(
        app, ["-w", str(space), "train", str(tmp_path), "--name", "ours-1", "--json"]
    )
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert said["promise"]["needed"] == 299
    assert said["accuracy"]["n"] == 20
    assert said["unreadable"][0]["reason"] == "the PDF is damaged"
    assert asked[0].out.name == "models"
    assert asked[0].bundle.is_relative_to(space)
    plain = CliRunner().invoke(app, ["-w", str(space), "train", str(tmp_path), "--name", "ours-2"])
    assert plain.output.splitlines()[-1] == f"  docsorter -w {space} model promote ours-2"


def test_options_reach_the_engine(asked: list[TrainingRequest], tmp_path: Path) -> None:
    given = "--base imagenet --target-error 0.02 --confidence 0.9 --seed 7 --no-tuning"
    arguments = [*given.split(), "--policy", "claim=never", "--policy", "a=b=review"]
    CliRunner().invoke(app, ["train", str(tmp_path), "--out", str(tmp_path), *arguments])
    (request,) = asked
    assert (request.base, request.target_error, request.confidence) == ("imagenet", 0.02, 0.9)
    assert (request.seed, request.tuning) == (7, False)
    assert request.policies == {"claim": "never", "a=b": "review"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Our Scans (2026)", "our-scans-2026-1"),
        ("Überweisungen", "berweisungen-1"),
        ("…", "documents-1"),
    ],
)
def test_a_bundle_is_named_like_its_folder(
    asked: list[TrainingRequest], tmp_path: Path, name: str, expected: str
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    CliRunner().invoke(app, ["train", str(folder), "--out", str(tmp_path)])
    assert asked[0].name == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--name", "Ours 1"], "cannot be called 'Ours 1'"),
        (["--name", "starter"], "cannot be called 'starter'"),
        (["--target-error", "1"], "--target-error must lie between 0 and 1"),
        (["--confidence", "0"], "--confidence must lie between 0 and 1"),
        (["--policy", "claim"], "is not of the form LABEL=POLICY"),
        (["--policy", "claim=maybe"], "is not of the form LABEL=POLICY"),
    ],
)
def test_impossible_options_are_refused_before_anything_is_read(
    asked: list[TrainingRequest], tmp_path: Path, arguments: list[str], message: str
) -> None:
    result = CliRunner().invoke(app, ["train", str(tmp_path), "--out", str(tmp_path), *arguments])
    assert isinstance(result.exception, UsageError)
    assert message in result.exception.message
    assert result.exception.remedy


@pytest.mark.slow
def test_bad_documents_give_one_line_an_exit_code_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "labelled" / "invoice").mkdir(parents=True)
    ended = subprocess.run(
        [
            sys.executable, "-c", "from docsorter.cli.main import main; main()", "train",
            str(tmp_path / "labelled"), "--out", str(tmp_path / "models"),
        ],
        capture_output=True, text=True, check=False, timeout=600,
        env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip
    assert ended.returncode == 2, ended.stderr
    lines = ended.stderr.splitlines()
    assert lines[0].startswith("error: there is nothing to learn from")
    assert lines[1].startswith("tip:   ")
    assert len(lines) == 2
    assert ended.stdout == ""
    assert not (tmp_path / "models").exists()
