"""What people see: lines that fit, tables of one line a row, progress without a terminal."""

import pytest
from rich.cells import cell_len

from docsorter.cli import output
from docsorter.cli.output import (
    fields,
    line_progress,
    print_table,
    say_wrapped,
    shortened,
    stage_bars,
)
from docsorter.documents import percent
from tests.patience import wait_until


class Seconds:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("text", "width", "short"),
    [
        ("scan.pdf", 20, "scan.pdf"),
        ("Rechnung Müller & Söhne.pdf", 22, "Rechnung Mü… Söhne.pdf"),
        ("請求書請求書請求書.pdf", 12, "請求書….pdf"),
        ("abc", 1, "…"),
    ],
)
def test_a_long_name_keeps_its_beginning_and_its_ending(text: str, width: int, short: str) -> None:
    assert shortened(text, width) == short
    assert cell_len(short) <= width


def test_every_row_is_one_line_that_fits(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [("x" * 200 + ".pdf", "why " * 50), ("\x1b[2Jé.pdf", "short"), ("請" * 90, "")]
    print_table(("~file", "why"), rows, empty="nothing", title="waits: 3", one_line=True)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 + len(rows)
    assert max(map(cell_len, lines)) <= 80
    assert lines[3].startswith("xxx")
    assert "….pdf" not in lines[3]
    assert ".pdf why" in lines[3]
    assert "\x1b" not in "".join(lines)


def test_a_sentence_goes_on_under_itself_and_a_path_stays_whole(
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = "/a/very/long/folder" * 6
    fields((("so", f"{'word ' * 15}99.9 % and {path}"), ("next", "short")))
    lines = capsys.readouterr().out.splitlines()
    assert path in [line.strip() for line in lines]
    assert all(line.startswith("      ") for line in lines[1:-1])
    assert not any(line.strip().startswith("%") for line in lines)
    say_wrapped("")
    assert capsys.readouterr().out == "\n"


@pytest.mark.parametrize(
    ("share", "text"), [(0.99999, "99.9 %"), (0.999, "99.9 %"), (0.0, "0.0 %"), (None, "")]
)
def test_a_confidence_is_never_rounded_up(share: float | None, text: str) -> None:
    assert percent(share) == text


def test_without_a_terminal_progress_is_a_line_a_stage_and_one_every_ten_seconds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Seconds()
    tell = line_progress(0.0, clock)
    for done in range(61):
        tell("read the pages", done, 300)
        clock.now += 1
    tell("fit\x1b[2J", 0, 0)
    assert capsys.readouterr().err.splitlines() == [
        "read the pages: 0 of 300",
        "read the pages: 10 of 300, 5 min left",
        "read the pages: 20 of 300, 5 min left",
        "read the pages: 30 of 300, 4 min left",
        "read the pages: 40 of 300, 4 min left",
        "read the pages: 50 of 300, 4 min left",
        "read the pages: 60 of 300, 4 min left",
        "fit\\x1b[2J",
    ]


def test_what_is_soon_done_writes_nothing_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Seconds()
    tell = line_progress(10.0, clock)
    tell("sorting", 0, 5)
    clock.now += 9
    tell("sorting", 4, 5)
    assert capsys.readouterr().err == ""


def test_a_long_work_tells_its_stages_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    with stage_bars(long=True) as progress:
        progress("read", 0, 7)
        assert capsys.readouterr().err == "read: 0 of 7\n"
    with stage_bars() as progress:
        progress("read", 0, 7)
    assert capsys.readouterr().err == ""


def test_a_step_that_takes_minutes_is_told_of_again(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "_REPEAT", 0.01)
    monkeypatch.setattr(output, "_EVERY", 0.0)
    said = [""]

    def told_again() -> bool:
        said[0] += capfd.readouterr().err
        return said[0].count("export: 1 of 7\n") > 2

    with stage_bars(long=True) as progress:
        progress("export", 1, 7)
        wait_until(told_again, "it is told again")
