"""Files that change while they are read, and files that are swapped for something else."""

import os
import threading
from pathlib import Path

from docsorter.documents import REFUSED_FOR
from docsorter.errors import DocumentError, EnvironmentFaultError
from docsorter.pages.reader import PageReader
from docsorter.settings import PagesSettings
from tests.hostile.parts import picture

ROUNDS = 8


def test_a_file_that_changes_while_it_is_read_ends_with_a_reason_as_well(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    whole = picture("JPEG", (1200, 1700))
    path.write_bytes(whole)
    stop = threading.Event()

    def write_on() -> None:
        size = 0
        while not stop.is_set():
            size = (size + 4099) % len(whole)
            os.truncate(path, size)
            path.write_bytes(whole)

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        with PageReader(PagesSettings(time_limit_seconds=20)) as reader:
            codes = {_code(reader, path) for _ in range(ROUNDS)}
    finally:
        stop.set()
        writer.join()
    assert codes <= {"read", *REFUSED_FOR}


def test_a_file_that_became_something_else_is_never_followed(tmp_path: Path) -> None:
    path, secret = tmp_path / "a.jpg", tmp_path / "secret.jpg"
    secret.write_bytes(picture("JPEG"))
    path.symlink_to(secret)
    with PageReader(PagesSettings()) as reader:
        assert _code(reader, path) == "unsupported"
        path.unlink()
        os.mkfifo(path)
        assert _code(reader, path) == "unsupported"
        path.unlink()
        path.mkdir()
        assert _code(reader, path) == "unsupported"
        path.rmdir()
        assert _code(reader, path) == "EnvironmentFaultError"


def _code(reader: PageReader, path: Path) -> str:
    try:
        reader.read(path)
    except DocumentError as error:
        return str(error.code)
    except EnvironmentFaultError as error:
        return type(error).__name__
    return "read"
