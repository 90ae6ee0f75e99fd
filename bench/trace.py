"""Which files of docsorter/ one scan and one answer pass through, for whoever reads the code.

    python -m bench.trace

A file counts once one of its functions is called; the run of a module's own lines, when it is
imported, does not count. A change is a call into another file than the one called into before.
The scan is followed in the daemon's worker, from the spool to its folder, and the answer from the
review service to the folder. Before the rooms were joined the scan took 56 files and 376 changes,
the answer 48 files.
"""

import inspect
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Final

import docsorter
from docsorter.documents import Document, Place, State
from docsorter.resources import starter_bundle_dir
from docsorter.service.daemon.assembly import Assembly, assemble
from docsorter.service.daemon.pipeline import Workers
from docsorter.service.review.service import open_review_service
from docsorter.service.workspace.layout import create, migrate_workspace
from docsorter.store import Arrival

SCAN_LIMIT: Final = 28
"""Files that one scan may pass through in the worker."""
ANSWER_LIMIT: Final = 26
"""Files that one answer may pass through."""

_PACKAGE: Final = f"{Path(docsorter.__file__).parent}/"
_SURE: Final = "invoice-business.png"
_FOREIGN: Final = "other-application-form.png"
# Two of the sample pages that travel with the shipped model.


@dataclass(slots=True)
class Trace:
    """What was called, in the order of the first call into each file.

    Attributes:
        files: File, relative to docsorter/ -> changes into it.
    """

    files: dict[str, int] = field(default_factory=dict)
    _last: str = ""
    _thread: int = 0

    @property
    def changes(self) -> int:
        """How often a call led into another file than the call before."""
        return sum(self.files.values()) - 1

    def called(self, frame: FrameType, event: str, _argument: object) -> None:
        """Take note of a call in the first thread that calls; to be given to `sys.setprofile`."""
        code = frame.f_code
        if event != "call" or not code.co_flags & inspect.CO_OPTIMIZED:
            return  # the body of a module or a class is no function
        if not code.co_filename.startswith(_PACKAGE) or code.co_filename == self._last:
            return
        self._thread = self._thread or threading.get_ident()
        if self._thread == threading.get_ident():
            self._last = code.co_filename
            name = self._last.removeprefix(_PACKAGE)
            self.files[name] = self.files.get(name, 0) + 1


def trace_scan(folder: Path) -> Trace:
    """Follow a page that the model is sure of from the spool to its folder, in a worker.

    Args:
        folder: Gets a workspace.
    """
    trace = Trace()
    with _workspace(folder) as assembly:
        document = _claimed(assembly, _SURE)
        threading.setprofile(trace.called)  # of threads that begin from now on
        try:
            workers = Workers(assembly.pipeline, 1, lambda: None, assembly.mover.clock)
            workers.submit(document.id)
            workers.drain()
        finally:
            threading.setprofile(None)
        _require(assembly, document, State.SORTED)
    return trace


def trace_answer(folder: Path) -> Trace:
    """Follow what a person says of a waiting document, until it lies in its folder.

    Args:
        folder: Gets a workspace.
    """
    trace = Trace()
    with _workspace(folder) as assembly, open_review_service(assembly.configuration) as service:
        document = assembly.pipeline.handle_claimed(_claimed(assembly, _FOREIGN))
        _require(assembly, document, State.REVIEW)
        sys.setprofile(trace.called)
        try:
            service.answer(document.id, "letter", reviewer="ada", uid=os.getuid())
        finally:
            sys.setprofile(None)
        _require(assembly, document, State.SORTED)
    return trace


@contextmanager
def _workspace(folder: Path) -> Iterator[Assembly]:
    configuration, _ = create(folder)
    migrate_workspace(configuration)
    assembly = assemble(configuration)
    try:
        yield assembly
    finally:
        assembly.close()


def _claimed(assembly: Assembly, page: str) -> Document:
    file = assembly.configuration.root(Place.INBOX) / page
    shutil.copy(starter_bundle_dir() / "golden" / page, file)
    status = file.stat()
    arrival = Arrival(page, "", page, status.st_size, status.st_mtime_ns)
    _, move = assembly.store.documents.plan_claim(arrival, actor="bench")
    return assembly.mover.complete(move, actor="bench", inode=status.st_ino)


def _require(assembly: Assembly, document: Document, state: State) -> None:
    found = assembly.store.documents.get(document.id)
    if found.state is not state:
        raise SystemExit(f"{found.name} is {found.state} and not {state}: {found.verdict}")


def main() -> None:
    """Print both traces; end with 1 when one is too long."""
    with tempfile.TemporaryDirectory() as folder:
        scan, answer = trace_scan(Path(folder, "scan")), trace_answer(Path(folder, "answer"))
    for what, trace, limit in (
        ("a scan, in the worker", scan, SCAN_LIMIT),
        ("an answer", answer, ANSWER_LIMIT),
    ):
        print(f"{what}: {len(trace.files)} files (at most {limit}), {trace.changes} changes")
        for number, (file, changes) in enumerate(trace.files.items(), start=1):
            print(f"{number:4} {file:40}{changes:4}")
    sys.exit(len(scan.files) > SCAN_LIMIT or len(answer.files) > ANSWER_LIMIT)


if __name__ == "__main__":
    main()
