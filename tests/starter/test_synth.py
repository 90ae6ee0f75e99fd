"""`python -m starter.synth`: documents in a folder, and one clear line for what cannot be done."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsorter.errors import ExitCode, UsageError
from starter.dataset import INDEX, read_index, spread
from starter.kinds import EVERY, FOLDERS, KINDS, LABELS, Label, kinds_of, weight_of
from starter.synth import check_target, chosen_kinds, counts_for, kind_infos


def test_every_kind_is_described_once() -> None:
    infos = kind_infos()
    assert [i.kind for i in infos] == [kind for label in FOLDERS for kind in kinds_of(label)]
    assert all(i.layouts >= 10 and i.weight > 0 for i in infos)
    assert {i.kind: i.label for i in infos} == EVERY


def test_kinds_are_named_one_by_one_or_by_a_pattern() -> None:
    assert chosen_kinds([]) == tuple(EVERY)
    assert chosen_kinds(["receipt, claim-cash"]) == ("claim-cash", "receipt")
    assert chosen_kinds(["invoice-*", "blank"]) == (*kinds_of("invoice"), "blank")


def test_a_pattern_that_names_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="no kind of document called 'poem'"):
        chosen_kinds(["invoice-*,poem"])


@given(
    numbers=st.dictionaries(st.sampled_from(LABELS), st.integers(0, 400), min_size=1),
    chosen=st.sets(st.sampled_from(sorted(KINDS)), min_size=1),
)
def test_what_is_asked_for_is_what_is_made(
    numbers: dict[Label, int | None], chosen: set[str]
) -> None:
    there = {KINDS[kind] for kind in chosen}
    asked = {label: n if label in there else None for label, n in numbers.items()}
    expected = sum(
        (asked.get(label) if asked.get(label) is not None else 3) or 0 for label in there
    )
    if not expected:
        with pytest.raises(UsageError, match="no document"):
            counts_for(asked, sorted(chosen), 3)
        return
    counts = counts_for(asked, sorted(chosen), 3)
    assert set(counts) <= chosen
    assert sum(counts.values()) == expected


@given(count=st.integers(0, 3000), label=st.sampled_from(LABELS))
def test_shares_follow_the_weights(count: int, label: Label) -> None:
    counts = spread({label: count})
    whole = sum(map(weight_of, kinds_of(label)))
    assert sum(counts.values()) == count
    for kind in kinds_of(label):
        assert abs(counts.get(kind, 0) - count * weight_of(kind) / whole) < 1


def test_a_label_without_a_chosen_kind_is_refused() -> None:
    with pytest.raises(UsageError, match="3 documents of 'letter'"):
        counts_for({"letter": 3}, ["receipt"], 1)
    with pytest.raises(KeyError):
        spread({"letter": 3}, ["receipt"])


def _entry(split: str) -> str:
    return (
        '{"file": "other/receipt-1.jpg", "label": "other", "kind": "receipt", "layout": "r-1", '
        f'"locale": "en_GB", "capture": "grey", "split": "{split}", "page": 0, "pages": 1}}\n'
    )


def test_a_new_an_empty_and_a_begun_folder_will_do(tmp_path: Path) -> None:
    check_target(tmp_path / "new", "train")
    check_target(tmp_path, "train")
    (tmp_path / INDEX).write_text(_entry("train"))
    check_target(tmp_path, "train")


def test_a_folder_of_the_other_split_of_other_things_or_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(UsageError, match="holds no generated documents"):
        check_target(tmp_path, "train")
    with pytest.raises(UsageError, match="is a file"):
        check_target(tmp_path / "notes.txt", "train")
    (tmp_path / INDEX).write_text(_entry("test"))
    with pytest.raises(UsageError, match="split 'test', not 'train'"):
        check_target(tmp_path, "train")


ROOT = Path(__file__).resolve().parents[2]
_COMMAND = [sys.executable, "-m", "starter.synth"]
_FEW = ("--kinds", "scrap,invoice-web", "--other", "2", "--workers", "1", "--invoice")


def synth(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """Run the command in a process of its own."""
    return subprocess.run(
        [*_COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=170,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
    )  # fmt: skip


def test_documents_are_made_once_and_counted(tmp_path: Path) -> None:
    out = tmp_path / "made"
    done = synth(out, *_FEW, "1")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"3 documents for train in {out}: 1 invoice, 2 other")
    again = synth(out, *_FEW, "2", "--json")
    told = json.loads(again.stdout)
    assert (told["documents"], told["new"]) == (4, 1)
    assert told["kinds"] == {"invoice-web": 2, "scrap": 2}
    assert len(list(out.rglob("*.jpg"))) == len(read_index(out)) == 4


def test_later_pages_are_made_when_they_are_asked_for(tmp_path: Path) -> None:
    few = ("--invoice", "1", "--claim", "0", "--letter", "0", "--other", "0", "--workers", "1")
    assert json.loads(synth(tmp_path / "none", *few, "--json").stdout)["documents"] == 1

    told = json.loads(synth(tmp_path / "some", *few, "--later", "2", "--json").stdout)

    assert told["labels"] == {"invoice": 1, "claim": 0, "letter": 0, "other": 0, "later": 2}
    assert len(list((tmp_path / "some" / "later").glob("later-*.jpg"))) == 2


def test_the_kinds_are_listed_in_80_columns() -> None:
    done = synth("--list-kinds")
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= 80
    told = json.loads(synth("--list-kinds", "--json").stdout)
    assert {row["kind"]: row["label"] for row in told} == EVERY
    assert all(row["kind"] in done.stdout for row in told)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "no folder is named"),
        (("{out}", "--kinds", "poem"), "no kind of document called 'poem'"),
        (("{out}", "--kinds", "scrap", "--claim", "1"), "no kind of it is chosen"),
        (("{out}", "--kinds", "scrap", "--other", "0"), "no document is asked for"),
        (("{file}",), "is a file"),
    ],
)
def test_bad_input_is_one_line_and_a_tip(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "file").write_text("x")
    places = {"out": tmp_path / "out", "file": tmp_path / "file"}
    done = synth(*(text.format(**places) for text in arguments))
    assert done.returncode == ExitCode.USAGE
    error, tip = done.stderr.splitlines()
    assert error.startswith("error: ")
    assert said in error
    assert tip.startswith("tip:")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_keeps_what_was_made(tmp_path: Path, number: int, code: int) -> None:
    out = tmp_path / "made"
    command = [*_COMMAND, str(out), "--workers", "2"]
    with subprocess.Popen(
        [*command, "--kinds", "scrap", "--other", "3000"],
        stderr=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:  # fmt: skip
        assert process.stderr is not None
        index = out / INDEX
        deadline = time.monotonic() + 60
        while not (index.exists() and index.read_bytes().count(b"\n") > 3):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)  # a poll of another process, bounded by the deadline
        os.killpg(process.pid, number)  # as a terminal does: every process of the command
        told = process.stderr.read()
        assert process.wait(60) == code
    assert told == "interrupted; the same command goes on where it was\n"
    entries = read_index(out)
    assert len(entries) > 3
    assert all((out / name).exists() for name in entries)


@pytest.mark.parametrize("command", ["starter.synth", "starter.examples"])
def test_without_what_draws_the_command_says_how_to_get_it(tmp_path: Path, command: str) -> None:
    (tmp_path / "typst.py").write_text("raise ModuleNotFoundError('no typst', name='typst')\n")
    done = subprocess.run(
        [sys.executable, "-m", command, str(tmp_path / "made")],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"},
    )
    assert done.returncode == ExitCode.DEPENDENCY
    assert done.stderr == (
        "error: generating documents takes libraries that are not installed: typst\n"
        "tip:   in the clone: make dev\n"
    )
