"""docsorter end to end: the real daemon, everything durable, sandboxed and written down.

Files are renamed into the inbox; the store says when each was delivered. The time that every file
rests before it is taken is subtracted once, since all of them rest side by side.
"""

import tempfile
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final, Self

from bench.baselines.baseline import Measurement
from bench.daemon import REAL, MeasuredDaemon
from bench.mix import Paper, variant
from docsorter.configuration import Configuration, load
from docsorter.documents import Place, State
from docsorter.service.workspace.layout import create, migrate_workspace, open_workspace_store
from docsorter.store import Store

REST: Final = 0.5
_FINAL: Final = (State.SORTED, State.REVIEW, State.REJECTED)
_LAST: Final = frozenset({"delivered", "queued", "rejected"})
_AT_MOST_SECONDS: Final = 1200
_SELDOM: Final = 0.5
"""Seconds between two questions while all cores are wanted: asking takes them some milliseconds."""


class Product:
    """A daemon with a workspace of its own.

    Args:
        cores: Numbers of the cores it may use; all of ours by default.
        module: What to start, as of `python -m`.
        settings: More lines for docsorter.toml.
    """

    def __init__(
        self, cores: Collection[int] = (), module: Collection[str] = REAL, settings: str = ""
    ) -> None:
        self._cores = cores
        self._module = module
        self._settings = settings
        self._dropped = 0

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="docsorter-bench-")
        scratch = Path(self._folder.name)
        self.configuration = new_workspace(scratch / "paper", self._settings)
        self._aside = scratch / "aside"
        self._aside.mkdir()
        self.store = open_workspace_store(self.configuration)
        self._prepare(self.store)
        self.daemon = MeasuredDaemon(
            self.configuration.workspace, scratch, self._module, self._cores
        ).__enter__()
        return self

    def _prepare(self, store: Store) -> None:
        """Fill the store before the daemon starts; nothing by default."""

    def __exit__(self, *raised: object) -> None:
        self.daemon.__exit__(None, None, None)
        self.store.close()
        self._folder.cleanup()

    def sort(self, folder: Path, papers: Sequence[Paper]) -> Measurement:
        """Drop documents all at once and wait for the last; see `Baseline`."""
        ready = self.aside(folder, papers)
        finished, used = self.finished(), self.daemon.usage().cpu
        began = time.time()
        for path in ready:
            self.drop(path)
        self.wait_for(finished + len(ready), _SELDOM)
        cpu = self.daemon.usage().cpu - used
        seconds = max(self.ends(len(ready)).values()) - began - REST
        return Measurement(len(ready), seconds, cpu, self._labels(len(ready)))

    def aside(self, folder: Path, papers: Sequence[Paper]) -> list[Path]:
        """Write documents beside the inbox, each with bytes of its own, the same picture."""
        made = []
        for paper in papers:
            self._dropped += 1
            source = folder / paper.file
            path = self._aside / f"{source.stem}-{self._dropped:06}{source.suffix}"
            content = variant(source.read_bytes(), self._dropped)
            assert content is not None, f"{paper.file} cannot be marked"
            path.write_bytes(content)
            made.append(path)
        return made

    def drop(self, path: Path) -> None:
        """Drop a file as a scanner does that writes elsewhere first."""
        path.rename(self.configuration.root(Place.INBOX) / path.name)

    def finished(self) -> int:
        """Return how many documents have come to their end."""
        states = self.store.documents.counts().states
        return sum(states.get(state, 0) for state in _FINAL)

    def wait_for(self, finished: int, pause: float = 0.05) -> None:
        """Wait until so many documents have come to their end, asking not too often.

        Raises:
            TimeoutError: They did not, within twenty minutes.
        """
        deadline = time.monotonic() + _AT_MOST_SECONDS
        while self.finished() < finished:
            if time.monotonic() > deadline:
                raise TimeoutError(f"not {finished} documents after 20 minutes")
            time.sleep(pause)

    def ends(self, latest: int) -> dict[str, float]:
        """Return when the latest documents came to their end, as the store says, by file name.

        Seconds since the epoch, as `time.time` counts them.
        """
        found = {}
        for document in self.store.documents.find(limit=latest):
            events = self.store.documents.events(document_id=document.id)
            found[document.name] = [e.at for e in events if e.kind in _LAST][-1].timestamp()
        return found

    def _labels(self, latest: int) -> dict[str, str]:
        labels = {}
        for document in self.store.documents.find(limit=latest):
            prediction = self.store.documents.prediction(document.id)
            name = document.name.rsplit("-", 1)[0] + Path(document.name).suffix
            labels[name] = "" if prediction is None else prediction.label
        return labels


def new_workspace(folder: Path, settings: str = "") -> Configuration:
    """Make a workspace whose files rest for `REST` seconds.

    Args:
        folder: Where; it does not exist.
        settings: More lines for docsorter.toml.
    """
    configuration, _ = create(folder)
    text = f"[intake]\nrest_seconds = {REST}\n{settings}"
    (configuration.workspace / "docsorter.toml").write_text(text, "utf-8")
    migrate_workspace(configuration)
    return load(configuration.workspace)
