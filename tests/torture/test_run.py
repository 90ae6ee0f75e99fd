"""`make torture` in short: every section, its figures, its JSON, its exit code."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.torture.checker import Fault, Finding
from tests.torture.run import SECTIONS, main
from tests.torture.sections import MOST_FAILURES, Progress, Scale, SectionResult, Tally


@dataclass(frozen=True)
class Played:
    result: SectionResult

    @property
    def name(self) -> str:
        return self.result.name

    def run(self, scale: Scale, progress: Progress) -> SectionResult:
        assert scale.quick
        progress("playing", 1, 2)
        return self.result


@pytest.mark.slow
def test_nothing_is_lost_doubled_or_half_done_in_a_short_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "torture.json"
    code = main(["--quick", "--seed", "7", "--jobs", "1", "--json", str(file)])

    printed = capsys.readouterr().out
    assert code == 0, printed
    report = json.loads(file.read_text(encoding="utf-8"))
    assert set(report["sections"]) == {section.name for section in SECTIONS}
    total = report["total"]
    assert (total["lost"], total["doubled"], total["half files"]) == (0, 0, 0)
    assert total["kills survived"] >= 8
    assert total["documents checked"] >= 40
    for name, section in report["sections"].items():
        assert section["failures"] == [], name
        assert section["figures"] or section["skipped"], name


def test_a_failure_is_printed_in_full_and_makes_the_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tally = Tally(kills=3)
    tally.check("seed 5, kill 3", [Finding(Fault.LOST, "a scan [sic]")], 10)
    good = Played(SectionResult("good", {"kills survived": 4, "lost": 0}))
    bad = Played(tally.result("bad", {"kills survived": 3}))
    file = tmp_path / "torture.json"
    code = main(["--quick", "--json", str(file)], [good, bad])

    assert code == 1
    assert "FAILED bad: seed 5, kill 3: lost: a scan [sic]" in capsys.readouterr().out
    report = json.loads(file.read_text(encoding="utf-8"))
    assert report["total"] | {"kills survived": 7, "lost": 1} == report["total"]
    assert report["sections"]["good"]["failures"] == []


def test_one_section_can_be_run_alone(tmp_path: Path) -> None:
    sections = [Played(SectionResult(name, {"lost": 0})) for name in ("one", "two")]
    file = tmp_path / "torture.json"
    assert main(["--quick", "--section", "two", "--json", str(file)], sections) == 0
    assert set(json.loads(file.read_text(encoding="utf-8"))["sections"]) == {"two"}


def test_a_skipped_section_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    section = Played(SectionResult("watched", skipped="the kernel says no"))
    assert main(["--quick", "--json", str(tmp_path / "torture.json")], [section]) == 0
    assert "the kernel says no" in capsys.readouterr().out


def test_tallies_add_up_and_keep_the_first_failures() -> None:
    tally = Tally()
    for number in range(MOST_FAILURES + 5):
        other = Tally(kills=1)
        other.check(f"kill {number}", [Finding(Fault.DOUBLED, "twice")], 2)
        tally.add(other)
    tally.fail("kill 99", "hangs")
    figures = tally.result("kills", {"kills survived": tally.kills}).figures
    assert figures == {
        "kills survived": MOST_FAILURES + 5,
        "documents checked": 2 * (MOST_FAILURES + 5),
        "lost": 0,
        "doubled": MOST_FAILURES + 5,
        "half files": 0,
        "other faults": 1,
    }
    assert len(tally.failures) == MOST_FAILURES
    assert tally.failures[0] == "kill 0: doubled: twice"
