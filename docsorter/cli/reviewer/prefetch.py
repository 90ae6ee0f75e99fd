"""The next documents, held and with their pages loaded, before a person needs them.

Acts and queries go through one thread, in the order in which they were asked for, so that the
screen never waits and an undo never overtakes the answer it takes back.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar

from PIL import Image

from docsorter.documents import Document, State
from docsorter.errors import ConflictError, DocsorterError, NotFoundError
from docsorter.review.items import Item
from docsorter.service.review.batch import Gesture
from docsorter.service.review.previews import Calm, Pictures
from docsorter.service.review.session import ReviewSession
from docsorter.service.review.similar import Neighbours
from docsorter.store import ReviewFilter

AHEAD: Final = 3
"""Documents that are held and loaded before they are needed."""

Marked = tuple[Item, float | None]
"""A document that was laid aside, and for how many seconds it was looked at."""

_T = TypeVar("_T")


class Tray:
    """The documents that a person holds; used from one event loop.

    Args:
        session: Takes documents and carries acts out.
        pictures: Loads pages.
        neighbours: Finds what a document is most like; None compares nothing.
        calm: Says when acts may begin.
    """

    def __init__(
        self,
        session: ReviewSession,
        pictures: Pictures,
        neighbours: Neighbours | None = None,
        calm: Calm | None = None,
    ) -> None:
        self.calm = calm or Calm()
        self.session = session
        self.pictures = pictures
        self.neighbours = neighbours
        self.next: deque[Item] = deque()
        """Held and about to be shown."""
        self.on_loaded: Callable[[Image.Image], None] = lambda _: None
        """Is told of every first page before it is needed, in any thread."""
        self.marked: list[Marked] = []
        """Held, looked at and laid aside, to be answered together."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="acts")
        self._filling = asyncio.Lock()
        self._closed = False

    async def in_turn(self, act: Callable[[], _T]) -> _T:
        """Do something that waits for disk or database, after everything asked for before."""

        def calmly() -> _T:
            self.calm.wait()
            return act()

        return await asyncio.get_running_loop().run_in_executor(self._thread, calmly)

    async def fill(self) -> None:
        """Hold so many documents ahead, and start loading their first pages.

        Raises:
            DocsorterError: The database cannot be used just now.
        """
        async with self._filling:
            while len(self.next) < AHEAD and not self._closed:
                item = await self.in_turn(self.session.take)
                if item is None:
                    return
                self.lay(item)

    def lay(self, item: Item, *, first: bool = False) -> None:
        """Put a document that is held before the others or after them."""
        self.pictures.page(item.document, 0).add_done_callback(self._loaded)
        if first:
            self.next.appendleft(item)
        else:
            self.next.append(item)

    def _loaded(self, page: "Future[Image.Image]") -> None:
        if not page.cancelled() and page.exception() is None:
            self.on_loaded(page.result())

    def pop(self) -> Item | None:
        """Return the document to be shown now, None when none lies ready."""
        return self.next.popleft() if self.next else None

    async def act(self, item: Item, deed: Callable[[], _T]) -> _T:
        """Carry out an act on a document; when it fails, the document comes again later.

        Raises:
            DocsorterError: It failed, and nothing was changed.
        """
        try:
            done = await self.in_turn(deed)
        except Exception:
            again = await self.in_turn(partial(self.session.held_again, item))
            if again is not None:
                self.lay(again)
            raise
        self.pictures.forget(item.document)
        if not item.blind:
            self._compare_with(done)
        return done

    async def answer_marked(self, label: str, *, new: bool) -> Gesture:
        """Give everything that is marked one label; what fails comes again later."""
        marked, self.marked = self.marked, []
        gesture = await self.in_turn(partial(self.session.answer_all, marked, label, new=new))
        failed = {each.document_id for each in gesture.failed}
        for item, _ in marked:
            if item.document.id in failed:
                again = await self.in_turn(partial(self.session.held_again, item))
                if again is not None:
                    self.lay(again)
            else:
                self.pictures.forget(item.document)
        return gesture

    def unmark(self) -> int:
        """Lay what is marked before everything else again; returns how many those were."""
        marked, self.marked = self.marked, []
        for item, _ in reversed(marked):
            self.lay(item, first=True)
        return len(marked)

    async def undo_together(self) -> Gesture:
        """Take the newest gesture back; see `ReviewSession.undo_all`."""
        gesture = await self.in_turn(self.session.undo_all)
        if self.neighbours is not None:
            for document in gesture.done:
                self.neighbours.taken_back(document)
        return gesture

    def _compare_with(self, done: object) -> None:
        if self.neighbours is None or not isinstance(done, Document):
            return
        if done.state is State.SORTED and done.verdict is not None and done.verdict.label:
            self.neighbours.answered(done, done.verdict.label)

    async def undo(self) -> tuple[Document, Item | None]:
        """Take the newest answer back; see `ReviewSession.undo`."""
        document, item = await self.in_turn(self.session.undo)
        if self.neighbours is not None:
            self.neighbours.taken_back(document)
        return document, item

    async def narrow(self, wanted: ReviewFilter) -> None:
        """Give back what lies ready, and take only what is wanted from now on."""
        async with self._filling:
            while self.next:
                await self.in_turn(partial(self.session.put_back, self.next.popleft()))
            self.session.narrow(wanted)

    async def renew(self, shown: Item | None) -> DocsorterError | None:
        """Hold everything longer.

        Returns:
            Why the document that is shown was lost; None when it was not. Another one that was lost
            is dropped: nobody has seen it.

        Raises:
            DocsorterError: The database cannot be used just now; nothing was lost by that.
        """
        lost: DocsorterError | None = None
        aside = [item for item, _ in self.marked]
        for item in [*([shown] if shown else []), *self.next, *aside]:
            try:
                await self.in_turn(partial(self.session.renew, item))
            except (ConflictError, NotFoundError) as error:
                if item is shown:
                    lost = error
                elif item in self.next:
                    self.next.remove(item)
                else:
                    self.marked = [each for each in self.marked if each[0] is not item]
        return lost

    async def close(self, shown: Item | None) -> None:
        """Finish what was asked for, then give everything back."""
        self._closed = True
        async with self._filling:
            aside = [item for item, _ in self.marked]
            for item in [*([shown] if shown else []), *self.next, *aside]:
                await self.in_turn(partial(self.session.put_back, item))
            self.next.clear()
            self.marked.clear()
        self._thread.shutdown(wait=True)
