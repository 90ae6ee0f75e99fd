"""A document may spoil its child and nothing else."""

import errno
import os
import signal
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import TypeVar

import pytest

from docsorter.documents import PageSet, ReasonCode
from docsorter.errors import DocumentError, EnvironmentFaultError
from docsorter.pages.protocol import NOT_CONFINED, ReaderKilledError, ReadRequest
from docsorter.pages.reader import PageReader
from docsorter.settings import PagesSettings
from tests.pages.papers import endless_pdf, pdf, png_of_zeros, saved, sheet, stream_object

PATIENCE = 20.0
T = TypeVar("T")


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    path = tmp_path / "endless.pdf"
    path.write_bytes(endless_pdf())
    return path


@pytest.fixture
def patient(pool: ThreadPoolExecutor) -> Iterator[PageReader]:
    with PageReader(PagesSettings(time_limit_seconds=60.0), concurrency=4) as reader:
        yield reader


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def waited(look: Callable[[], T | None]) -> T:
    deadline, pause = time.monotonic() + PATIENCE, Event()
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        pause.wait(0.005)
    raise AssertionError("it did not happen")


def descendants(pid: int) -> list[int]:
    """Processes below one, as Linux lists them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            child = int(path.parent.name)
            found += [child, *descendants(child)]
    return found


def drawing(reader: PageReader) -> list[int] | None:
    """The child and the pdftoppm below it, once both are there."""
    server = reader.server_pid
    below = descendants(server) if server else []
    return below if len(below) >= 2 and "pdftoppm" in name_of(below[-1]) else None


def name_of(pid: int) -> str:
    try:
        name, _, state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")
    except OSError:
        return ""
    return "" if state.split()[0] == "Z" else name


def gone(pids: list[int]) -> Callable[[], bool]:
    return lambda: not any(name_of(pid) for pid in pids)


def test_a_page_that_never_ends_meets_the_time_limit(endless: Path, tmp_path: Path) -> None:
    with PageReader(PagesSettings(time_limit_seconds=1.5)) as reader:
        start = time.monotonic()
        with pytest.raises(DocumentError, match=r"longer than 1\.5 s") as caught:
            reader.read(endless)
        assert time.monotonic() - start < 60  # it draws for ever; a busy machine is slow
        assert caught.value.code == ReasonCode.TIME_LIMIT
        assert "pages.time_limit_seconds" in caught.value.remedy
        assert reader.server_pid is not None
        below = reader.server_pid
        waited(lambda: not descendants(below))
        assert len(reader.read(saved(tmp_path / "a.jpg", sheet())).pixels) == 1


def test_a_picture_that_unfolds_meets_the_memory_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png_of_zeros(14000, 14000, bits=1, colour=0, rows=14000))
    assert path.stat().st_size < 200_000
    with (
        PageReader(PagesSettings(memory_limit_mb=256)) as reader,
        pytest.raises(DocumentError, match="more than 256 MB of memory") as caught,
    ):
        reader.read(path)
    assert caught.value.code == ReasonCode.MEMORY_LIMIT
    assert "pages.memory_limit_mb" in caught.value.remedy


def test_a_pdf_that_asks_for_gigabytes_meets_the_memory_limit(tmp_path: Path) -> None:
    # One row of 500 million pixels: poppler says "out of memory", and draws a blank page.
    keys = (
        "/Type/XObject/Subtype/Image/Width 500000000/Height 1/ColorSpace/DeviceRGB"
        "/BitsPerComponent 8/Filter/FlateDecode"
    )
    picture = pdf(
        [b"q 500 0 0 500 0 0 cm /X Do Q"],
        resources="/XObject<</X 100 0 R>>",
        extra=[stream_object(zlib.compress(bytes(1000)), keys)],
    )
    path = tmp_path / "a.pdf"
    path.write_bytes(picture)
    with (
        PageReader(PagesSettings(memory_limit_mb=256)) as reader,
        pytest.raises(DocumentError) as caught,
    ):
        reader.read(path)
    assert caught.value.code == ReasonCode.MEMORY_LIMIT


def test_a_reader_that_crashes_is_a_reason(
    patient: PageReader, pool: ThreadPoolExecutor, endless: Path
) -> None:
    reading = pool.submit(patient.read, endless)
    child, *_ = processes = waited(lambda: drawing(patient))
    os.kill(child, signal.SIGSEGV)
    with pytest.raises(DocumentError, match=r"the reader crashed \(signal 11\)") as caught:
        reading.result(PATIENCE)
    assert caught.value.code == ReasonCode.DAMAGED
    waited(gone(processes))


def test_a_reader_killed_by_the_memory_killer_is_a_reason(
    patient: PageReader, pool: ThreadPoolExecutor, endless: Path
) -> None:
    reading = pool.submit(patient.read, endless)
    child, *_ = waited(lambda: drawing(patient))
    os.kill(child, signal.SIGKILL)
    with pytest.raises(ReaderKilledError) as caught:
        reading.result(PATIENCE)
    assert caught.value.code == ReasonCode.NO_RESOURCES
    assert caught.value.remedy


def test_poppler_killed_by_the_memory_killer_is_no_fault_of_the_document(
    patient: PageReader, pool: ThreadPoolExecutor, endless: Path
) -> None:
    reading = pool.submit(patient.read, endless)

    def struck() -> bool:
        for pid in drawing(patient) or []:
            if "pdftoppm" in name_of(pid):
                os.kill(pid, signal.SIGKILL)
        return reading.done()

    waited(struck)
    with pytest.raises(ReaderKilledError):
        reading.result(PATIENCE)


def test_poppler_crashing_is_a_reason(
    patient: PageReader, pool: ThreadPoolExecutor, endless: Path
) -> None:
    reading = pool.submit(patient.read, endless)

    def struck() -> bool:  # again and again: the page is drawn a second time to hear why it failed
        for pid in drawing(patient) or []:
            if "pdftoppm" in name_of(pid):
                os.kill(pid, signal.SIGSEGV)
        return reading.done()

    waited(struck)
    with pytest.raises(DocumentError, match=r"page 1 crashes poppler \(signal 11\)") as caught:
        reading.result(PATIENCE)
    assert caught.value.code == ReasonCode.DAMAGED


def test_a_server_that_was_killed_is_started_again(reader: PageReader, tmp_path: Path) -> None:
    path = saved(tmp_path / "a.jpg", sheet())
    reader.read(path)
    first = reader.server_pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert len(reader.read(path).pixels) == 1
    assert reader.server_pid not in {None, first}


def test_a_server_killed_while_reading_costs_one_more_try(
    patient: PageReader, pool: ThreadPoolExecutor, endless: Path, tmp_path: Path
) -> None:
    reading: list[Future[PageSet]] = [pool.submit(patient.read, endless)]
    processes = waited(lambda: drawing(patient))
    first = patient.server_pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    waited(gone(processes[:1]))
    again = waited(lambda: drawing(patient) if patient.server_pid != first else None)
    assert len(patient.read(saved(tmp_path / "a.jpg", sheet())).pixels) == 1
    second = patient.server_pid
    assert second is not None
    os.kill(second, signal.SIGKILL)
    with pytest.raises(EnvironmentFaultError, match="failed twice"):
        reading[0].result(PATIENCE)
    waited(gone(again[:1]))
    for pid in (processes[-1], again[-1]):
        if "pdftoppm" in name_of(pid):
            os.kill(pid, signal.SIGKILL)


def test_closing_ends_every_child_and_every_read(
    patient: PageReader, pool: ThreadPoolExecutor, endless: Path
) -> None:
    reading = pool.submit(patient.read, endless)
    processes = waited(lambda: drawing(patient))
    server = patient.server_pid
    assert server is not None
    patient.close()
    with pytest.raises(EnvironmentFaultError, match="is closed"):
        reading.result(PATIENCE)
    waited(gone([server, *processes]))
    with pytest.raises(EnvironmentFaultError, match="is closed"):
        patient.read(endless)


def test_a_terminal_signal_leaves_the_server_to_drain(patient: PageReader, tmp_path: Path) -> None:
    path = saved(tmp_path / "a.jpg", sheet())
    patient.read(path)
    server = patient.server_pid
    assert server is not None
    os.kill(server, signal.SIGINT)
    os.kill(server, signal.SIGTERM)
    assert len(patient.read(path).pixels) == 1
    assert patient.server_pid == server
    assert os.getpgid(server) != os.getpgid(0)


def test_a_child_that_cannot_shut_itself_in_is_no_fault_of_the_document(
    reader: PageReader,
) -> None:
    end = {"exit": NOT_CONFINED, "signal": 0, "timed_out": False, "peak_kb": 0}
    with pytest.raises(EnvironmentFaultError, match="the sandbox failed"):
        reader._outcome(ReadRequest("pages"), end, -1)


def test_without_descriptors_to_spare_nothing_is_refused(
    reader: PageReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(_name: str, _flags: int) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    path = saved(tmp_path / "a.jpg", sheet())
    monkeypatch.setattr(os, "memfd_create", none_left)
    with pytest.raises(EnvironmentFaultError, match="Too many open files"):
        reader.read(path)
