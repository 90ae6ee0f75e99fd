"""Who follows one scan or one answer through the code has few files to open."""

from pathlib import Path

from bench.trace import ANSWER_LIMIT, SCAN_LIMIT, trace_answer, trace_scan


def test_a_scan_passes_few_files_in_the_worker(tmp_path: Path) -> None:
    trace = trace_scan(tmp_path / "scan")
    assert len(trace.files) <= SCAN_LIMIT, trace.files
    assert {"service/daemon/pipeline.py", "pages/reader.py", "deliver/mover.py"} <= set(trace.files)


def test_an_answer_passes_few_files(tmp_path: Path) -> None:
    trace = trace_answer(tmp_path / "answer")
    assert len(trace.files) <= ANSWER_LIMIT, trace.files
    assert {"service/review/service.py", "store/review.py", "deliver/mover.py"} <= set(trace.files)
