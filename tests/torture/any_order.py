"""A model-based test: everything that can happen to paper, in any order, with crashes in between.

The rules act on the real store, the real mover and the real disk, with a clock that is moved by
hand and an eye that reads what a file says of itself. After each rule the workspace is checked.
"""

import atexit
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from docsorter.clock import ManualClock
from docsorter.configuration import load
from docsorter.deliver.mover import Mover
from docsorter.deliver.recovery import recover
from docsorter.documents import Document, Place, State
from docsorter.filesystem import Disk
from docsorter.model.registry import PromotionFile
from docsorter.service.daemon.pipeline import Pipeline
from docsorter.service.review.service import ReviewService
from docsorter.service.workspace.layout import open_workspace_store
from docsorter.store import Arrival, Store
from tests.torture.checker import check_interrupted, check_settled
from tests.torture.eye import Eye
from tests.torture.light import REVIEWER, UID, promotion
from tests.torture.scene import Drops, Scene, make, paper

_MEMORY: Final = Path("/dev/shm")
_LABELS: Final = st.sampled_from([("invoice", 0.99), ("claim", 0.5), ("nonsense", 0.0)])
_CRASH: Final = st.none() | st.integers(1, 30)


class CrashError(BaseException):
    """The process ends here; a BaseException, so that nobody tidies up."""


@cache
def _template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="docsorter-any-", dir=_memory()))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return make(folder / "paper").workspace


def _memory() -> Path | None:
    return _MEMORY if _MEMORY.is_dir() else None


class AnyOrder(RuleBasedStateMachine):
    """One workspace, its daemon's steps done by hand, its reviewer, and crashes."""

    @initialize()
    def open(self) -> None:
        """Begin with an empty workspace."""
        self._folder = Path(tempfile.mkdtemp(prefix="docsorter-any-", dir=_memory()))
        self._scene = Scene(_template(), Drops()).copy(self._folder / "paper")
        self._clock = ManualClock()
        self._made = 0
        self._promoted = 0
        self._crash_at: int | None = None
        self._start()

    def teardown(self) -> None:
        """Let everything come to its end, and check it."""
        if not hasattr(self, "_scene"):
            return
        recover(self._store, self._mover)
        for file in self._inbox():
            self._claim(file)
        for document in self._documents(State.SPOOLED):
            self._pipeline.handle(document.id)
        self._store.close()
        assert check_settled(self._scene.configuration, self._scene.drops) == []
        shutil.rmtree(self._folder)

    def _start(self) -> None:
        configuration = load(self._scene.workspace)
        self._store: Store = open_workspace_store(configuration, self._clock)
        roots = {place: configuration.root(place) for place in Place}
        self._mover = Mover(
            self._store, Disk(), roots, configuration.settings, self._clock, at=self._at
        )
        self._acts = ReviewService(configuration, self._store, self._mover)
        self._pipeline = Pipeline(Eye(), self._mover, configuration.settings)

    def _at(self, _: str) -> None:
        if self._crash_at is not None:
            self._crash_at -= 1
            if self._crash_at == 0:
                raise CrashError

    def _documents(self, *states: State) -> list[Document]:
        moving = {move.document_id for move in self._store.moves.planned()}
        found = (d for d in self._store.documents.find(limit=1000) if d.state in states)
        return [document for document in found if document.id not in moving]

    def _inbox(self) -> list[Path]:
        root = self._scene.configuration.root(Place.INBOX)
        claimed = {move.from_path for move in self._store.moves.planned()}
        files = (path for path in root.rglob("*.pdf") if not path.name.startswith("claim-"))
        return sorted(path for path in files if path.relative_to(root).as_posix() not in claimed)

    def _claim(self, file: Path) -> None:
        status = file.lstat()
        path = file.relative_to(self._scene.configuration.root(Place.INBOX))
        source = "" if path.parent == Path() else path.parent.as_posix()
        arrival = Arrival(file.name, source, str(path), status.st_size, status.st_mtime_ns)
        _, move = self._store.documents.plan_claim(arrival, actor="daemon")
        self._mover.complete(move, actor="daemon", inode=status.st_ino)

    @rule(kind=_LABELS, name=st.sampled_from(["scan.pdf", "a.pdf", "desk/scan.pdf"]))
    def drop(self, kind: tuple[str, float], name: str) -> None:
        """A file comes; never one that would replace another."""
        if not (self._scene.configuration.root(Place.INBOX) / name).exists():
            self._made += 1
            self._scene.drop(name, paper(*kind, self._made, 20))

    @rule(data=st.data(), name=st.sampled_from(["again.pdf", "desk/again.pdf"]))
    def drop_again(self, data: st.DataObject, name: str) -> None:
        """The same bytes come again."""
        known = [path for path in self._inbox() if path.name != "again.pdf"]
        if known and not (self._scene.configuration.root(Place.INBOX) / name).exists():
            self._scene.drop(name, data.draw(st.sampled_from(known)).read_bytes())

    @rule(data=st.data(), crash_at=_CRASH)
    def claim(self, data: st.DataObject, crash_at: int | None) -> None:
        """The daemon takes a file out of the inbox."""
        files = self._inbox()
        if files:
            file = data.draw(st.sampled_from(files))
            self._until(crash_at, lambda: self._claim(file))

    @rule(data=st.data(), crash_at=_CRASH)
    def look(self, data: st.DataObject, crash_at: int | None) -> None:
        """The daemon looks at a document and delivers it."""
        found = self._documents(State.SPOOLED)
        if found:
            number = data.draw(st.sampled_from(found)).id
            self._until(crash_at, lambda: self._pipeline.handle(number))

    @rule(data=st.data(), label=st.sampled_from(["invoice", "letter", None]), crash_at=_CRASH)
    def answer(self, data: st.DataObject, label: str | None, crash_at: int | None) -> None:
        """A person says what it is, or refuses it."""
        found = self._documents(State.REVIEW)
        if found:
            number = data.draw(st.sampled_from(found)).id
            self._until(
                crash_at, lambda: self._acts.answer(number, label, reviewer=REVIEWER, uid=UID)
            )

    @rule(data=st.data(), crash_at=_CRASH)
    def undo(self, data: st.DataObject, crash_at: int | None) -> None:
        """A person takes an answer back."""
        done = self._documents(State.SORTED, State.REJECTED)
        found = [document for document in done if document.answered_by]
        if found:
            number = data.draw(st.sampled_from(found)).id
            self._until(crash_at, lambda: self._acts.undo(number, reviewer=REVIEWER, uid=UID))

    @rule()
    def promote(self) -> None:
        """Another model is put to use while all this goes on."""
        file = PromotionFile(self._scene.configuration.state / "models")
        with file.locked():
            file.append(promotion("promote", f"mine-{self._promoted}"))
        self._promoted += 1

    @rule(crash_at=_CRASH)
    def restart(self, crash_at: int | None) -> None:
        """The daemon starts again, and may crash while it recovers."""
        self._store.close()
        self._start()
        self._until(crash_at, lambda: recover(self._store, self._mover))

    def _until(self, crash_at: int | None, act: Callable[[], object]) -> None:
        """Do something, crash at one of its steps, look at what is left, start again."""
        self._crash_at = crash_at
        try:
            act()
        except CrashError:
            self._store.close()
            assert check_interrupted(self._scene.configuration, self._scene.drops) == []
            self._crash_at = None
            self._start()
            recover(self._store, self._mover)
        finally:
            self._crash_at = None

    @invariant()
    def everything_is_in_its_place(self) -> None:
        """Whatever happened, every drop is in one place, and the store says which."""
        if hasattr(self, "_scene"):
            scene = self._scene
            assert check_settled(scene.configuration, scene.drops, finished=False) == []
            file = PromotionFile(scene.configuration.state / "models")
            assert len(file.read().stack()) == self._promoted
