"""What is given back is gone from resident memory, and is there again when it is asked for."""

import ctypes
import mmap
import os
import subprocess
import sys
from pathlib import Path

import pytest

from docsorter.service.daemon import model_switch
from tests.cli.running import ROOT

_SIZE = 64 * mmap.PAGESIZE


def resident(file: Path) -> int:
    """Return how many kilobytes of a mapped file are resident in this process."""
    found, counts = 0, False
    for row in Path("/proc/self/smaps").read_text("utf-8").splitlines():
        if row[0] in "0123456789abcdef":
            counts = row.endswith(f" {file}")
        elif counts and row.startswith("Rss:"):
            found += int(row.split()[1])
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a model.tflite"  # with a space, as paths have them
    path.write_bytes(os.urandom(_SIZE))
    return path


def test_a_mapped_file_leaves_resident_memory_and_still_reads_the_same(file: Path) -> None:
    with file.open("rb") as opened:
        mapped = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
    content = mapped[:]
    assert resident(file) >= _SIZE // 1024
    model_switch.drop_pages(file)
    assert resident(file) == 0
    assert mapped[:] == content == file.read_bytes()


def test_what_can_be_written_to_is_left_alone(file: Path) -> None:
    with file.open("r+b") as opened:
        private = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_COPY)
    private[:4] = b"mine"
    model_switch.drop_pages(file)
    assert private[:4] == b"mine"
    assert file.read_bytes()[:4] != b"mine"


def test_another_file_and_one_that_is_not_mapped_are_left_alone(file: Path) -> None:
    with file.open("rb") as opened:
        mapped = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
    assert len(mapped[:]) == _SIZE
    model_switch.drop_pages(file.with_name("model.tflite"))
    model_switch.drop_pages(file.with_name("nothing"))
    assert resident(file) >= _SIZE // 1024


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="glibc's own")
def test_threads_share_one_heap_once_it_has_begun() -> None:
    program = (
        "import ctypes, sys, threading\n"
        "from pathlib import Path\n"
        "from docsorter.service.daemon import model_switch\n"
        "if sys.argv[1] == 'begun': model_switch.share_one_heap()\n"
        "libc = ctypes.CDLL(None)\n"
        "libc.malloc.restype = ctypes.c_void_p\n"
        "found = []\n"
        "take = lambda: found.append(libc.malloc(1000))\n"
        "thread = threading.Thread(target=take); thread.start(); thread.join()\n"
        "rows = Path('/proc/self/maps').read_text().splitlines()\n"
        "heap = next(row for row in rows if row.endswith('[heap]')).split()[0]\n"
        "low, high = (int(end, 16) for end in heap.split('-'))\n"
        "print(low <= found[0] < high)\n"
    )
    said = {
        case: subprocess.run(
            [sys.executable, "-c", program, case],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for case in ("not", "begun")
    }
    assert said == {"not": "False", "begun": "True"}


def test_memory_is_given_back_at_rest_and_after_some_work_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Path] = []
    monkeypatch.setattr(model_switch, "release_memory", given.append)
    models = iter((tmp_path / "a", tmp_path / "b"))
    tidying = model_switch.MemoryRelease(lambda: next(models))
    tidying.tick(30, idle=False)
    assert given == [], "it is at work"
    tidying.tick(30, idle=True)
    tidying.tick(31, idle=True)
    assert given == [tmp_path / "a"], "one document more is no work"
    tidying.tick(50, idle=True)
    assert given == [tmp_path / "a", tmp_path / "b"], "the model in use by then"
