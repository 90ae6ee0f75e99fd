"""Small versions of the load benchmarks: the program bears what they ask, and they still run."""

from pathlib import Path

import pytest

from bench.burst import burst
from bench.load import million, waiting, writers
from bench.soak import blank_files, soak

pytestmark = pytest.mark.slow


def test_a_full_inbox_is_handed_out_completely_in_short_ticks(tmp_path: Path) -> None:
    figures = waiting(tmp_path / "inbox", 3000)
    assert figures["waiting_longest_tick_cpu_s"] < 1
    assert list((tmp_path / "inbox").iterdir()) == []


def test_many_writers_get_their_turn(tmp_path: Path) -> None:
    figures = writers(tmp_path / "paper", 12, 3)
    assert figures["writers_failed"] == 0
    assert figures["writers_longest_wait_ms"] < 30_000  # store.busy_seconds


def test_questions_are_answered_and_care_is_taken_of_a_filled_store(tmp_path: Path) -> None:
    figures = million(tmp_path / "paper", 3000)
    assert figures["care_writes_meanwhile"] > 0
    assert {name for name in figures if name.startswith("query_")} >= {
        "query_status_ms",
        "query_review_list_ms",
        "query_history_ms",
    }


def test_a_daemon_is_soaked_to_the_last_document(tmp_path: Path) -> None:
    figures = soak(tmp_path / "s", "blind", blank_files(30))
    assert figures["blind_documents"] == 30
    assert figures["blind_resident_peak_mb"] < 500


def test_a_heap_of_files_on_a_busy_machine_is_counted_once_each(tmp_path: Path) -> None:
    figures = burst(tmp_path, 40, 2, read=0.1)
    assert (figures["burst_phantoms"], figures["burst_not_counted_once"]) == (0, 0)
