"""What happens between two keys: one document goes, the next one is there."""

import asyncio
import datetime as dt
from collections.abc import Coroutine
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from docsorter.cli.reviewer.face import Face, Told
from docsorter.cli.reviewer.tray import Tray
from docsorter.documents import Document
from docsorter.errors import DocsorterError
from docsorter.review.choices import Choice
from docsorter.review.items import Item
from docsorter.review.wording import nothing_there
from docsorter.store import Manner, ReviewFilter

if TYPE_CHECKING:
    from PIL import Image

_RENEWALS: Final = 3  # tries within the time of a lease


class Flow:
    """Keeps one document before the person and the next ones ready.

    Args:
        tray: What lies ready.
        face: The screen.
        least_seconds: A page is shown for so long before it can be answered.
    """

    def __init__(self, tray: Tray, face: Face, *, least_seconds: float) -> None:
        self._tray = tray
        self._face = face
        self._least = least_seconds
        self.item: Item | None = None
        """The document that is shown."""
        self.page = 0
        """Which page of it, counted from 0."""
        self.offered: tuple[Choice, ...] = ()
        """Labels that can be given."""
        self.waiting = 0
        """Documents that wait, of anybody."""
        self._lost = False
        self._shown_at: float | None = None
        self._searched = ""

    @property
    def renew_every(self) -> float:
        """How often what is held must be renewed, seconds."""
        return self._tray.session.patience.lease / _RENEWALS

    def now(self) -> dt.datetime:
        """Return the time."""
        return self._tray.session.acts.now()

    def path(self) -> Path:
        """Return where the document that is shown lies."""
        assert self.item is not None
        return self._tray.session.acts.path_of(self.item.document)

    async def begin(self) -> None:
        """Show the first document."""
        self._face.page_view.say("loading …")
        await self._more()

    async def look_for_more(self) -> None:
        """Ask again whether something waits; does nothing while a document is shown."""
        if self.item is None:
            await self._more()

    async def _more(self) -> None:
        """Lay the next documents ready, and show one if none is."""
        session = self._tray.session
        try:
            self.offered = await self._tray.in_turn(session.offered)
            await self._tray.fill()
            self.waiting = await self._tray.in_turn(session.waiting)
        except DocsorterError as error:
            self._face.tell(Told(str(error), bad=True))
            return
        except RuntimeError:  # the threads ended with the screen
            return
        if self.item is None:
            item = self._tray.pop()
            self._show(item)
            if item is not None:
                self._beside(self._more())
        self._face.draw()

    def _show(self, item: Item | None) -> None:
        self.item, self.page, self._lost, self._shown_at = item, 0, False, None
        if item is None:
            self._face.page_view.say(nothing_there(self.waiting, self._searched))
        else:
            self._show_page()
        self._face.draw()

    def _show_page(self) -> None:
        assert self.item is not None
        document, number = self.item.document, self.page
        found = self._tray.pictures.page(document, number)
        if found.done():
            self._put(found)
        else:
            self._face.page_view.say("loading …")
            self._beside(self._put_later(found, self.item, number))
        if number + 1 < (document.pages or 1):
            self._tray.pictures.page(document, number + 1)

    async def _put_later(self, found: "Future[Image.Image]", item: Item, number: int) -> None:
        # What it failed of is asked for below, or by nobody when the person has gone on.
        await asyncio.gather(asyncio.wrap_future(found), return_exceptions=True)
        if self.item is item and self.page == number:
            self._put(found)

    def _put(self, found: "Future[Image.Image]") -> None:
        if self._shown_at is None:  # turning pages does not begin anew
            self._shown_at = asyncio.get_running_loop().time()
        if found.cancelled():
            self._face.page_view.say("this page was not loaded")
            return
        error = found.exception()
        if error is None:
            self._face.page_view.show(found.result())
        else:
            self._face.page_view.say(f"this page cannot be shown\n{error}\no opens the file")

    def turn_over(self, step: int) -> None:
        """Show another page, if there is one."""
        if self.item is None:
            return
        last = (self.item.document.pages or 1) - 1
        if not 0 <= self.page + step <= last:
            self._face.tell(Told("that is the last page" if step > 0 else "that is the first page"))
            return
        self.page += step
        self._show_page()
        self._face.draw()

    def ready(self) -> bool:
        """Whether the document can be decided now; says why not."""
        if self.item is None:
            return False
        if self._lost:
            self._show(self._tray.pop())
            self._face.tell(Told("here is the next document"))
            self._beside(self._more())
            return False
        since = asyncio.get_running_loop().time()
        if self._shown_at is None or since - self._shown_at < self._least:
            self._face.tell(Told("look first: the page has only just come"))
            return False
        return True

    def answer(self, label: str, *, new: bool = False, of: Item | None = None) -> None:
        """Say what the document is, and show the next one."""
        seconds = self.seconds()
        item = self._decided(of)
        if item is not None:
            manner = Manner(seconds)
            deed = partial(self._tray.session.answer, item, label, new=new, manner=manner)
            self._beside(self._carry(item, deed, f"is {label}"))

    def reject(self, of: Item, why: str) -> None:
        """Refuse the document, and show the next one."""
        seconds = self.seconds()
        item = self._decided(of)
        if item is not None:
            deed = partial(self._tray.session.reject, item, why, manner=Manner(seconds))
            self._beside(self._carry(item, deed, "is rejected"))

    def skip(self) -> None:
        """Put the document last, and show the next one."""
        item = self._decided(None)
        if item is not None:
            deed = partial(self._tray.session.skip, item)
            self._beside(self._carry(item, deed, "comes last for a while", undo=False))

    def seconds(self) -> float | None:
        """Return for how long the document has been on the screen, None when it is not yet."""
        if self._shown_at is None:
            return None
        return asyncio.get_running_loop().time() - self._shown_at

    def lay_aside(self) -> tuple[Item, float | None] | None:
        """Let go of the document that is shown without deciding it, and show the next one."""
        seconds = self.seconds()
        item = self._decided(None)
        return None if item is None else (item, seconds)

    def show_next(self) -> None:
        """Put the document that is shown behind what lies ready, and show that."""
        if self.item is not None and not self._lost:
            self._tray.lay(self.item)
        self._show(self._tray.pop())

    def refresh(self) -> None:
        """Lay the next documents ready, and show one if none is."""
        self._beside(self._more())

    def _decided(self, of: Item | None) -> Item | None:
        """Let go of the document that is shown, unless it is not the one that was meant."""
        item = self.item
        if item is None or not self.ready() or (of is not None and of is not item):
            return None
        self._show(self._tray.pop())
        return item

    async def _carry(
        self, item: Item, deed: "partial[Document] | partial[None]", what: str, *, undo: bool = True
    ) -> None:
        name = item.document.name
        try:
            await self._tray.act(item, deed)
        except DocsorterError as error:
            self._face.tell(Told(f"{name} is not decided: {error}", bad=True))
        else:
            self._face.tell(Told(f"{name} {what}" + (" (u takes it back)" if undo else "")))
        await self._more()

    def undo(self) -> None:
        """Take the newest answer back, and show its document."""
        self._beside(self._undo())

    async def _undo(self) -> None:
        try:
            document, item = await self._tray.undo()
        except DocsorterError as error:
            self._face.tell(Told(str(error), bad=True))
            return
        if item is None:
            self._face.tell(Told(f"{document.name} waits again; somebody else has taken it"))
            return
        if self.item is not None and not self._lost:
            self._tray.lay(self.item, first=True)
        self._show(item)
        self._face.tell(Told(f"{document.name} waits again: your answer was taken back"))
        await self._more()

    def narrow(self, wanted: ReviewFilter, text: str) -> None:
        """Show only some documents from now on."""
        self._searched = text
        self._beside(self._narrow(wanted))

    async def _narrow(self, wanted: ReviewFilter) -> None:
        if self.item is not None and not self._lost:
            self._tray.lay(self.item, first=True)
        self.item = None
        try:
            await self._tray.narrow(wanted)
        except DocsorterError as error:
            self._face.tell(Told(str(error), bad=True))
        await self._more()
        if self.item is None:
            self._show(None)

    async def renew(self) -> None:
        """Hold everything longer; says so when the document was lost to somebody else."""
        try:
            lost = await self._tray.renew(None if self._lost else self.item)
        except DocsorterError as error:
            self._face.tell(Told(str(error), bad=True))
            return
        if lost is not None and self.item is not None:
            self._lost = True
            self._face.tell(Told(f"{lost.message}; any key shows the next one", bad=True))

    async def end(self) -> None:
        """Finish what was said, and give back what is held."""
        item, self.item = self.item, None
        try:
            await self._tray.close(None if self._lost else item)
        except DocsorterError as error:  # it runs out by itself
            self._face.tell(Told(str(error), bad=True))

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        self._face.run_worker(work)
