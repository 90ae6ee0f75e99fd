"""What happens between two keys: one document goes, the next one is there."""

import datetime as dt
from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from typing import Any, Final

from docsorter.cli.reviewer.face import Face, Told
from docsorter.cli.reviewer.showing import Showing
from docsorter.cli.reviewer.tray import Tray
from docsorter.documents import Document
from docsorter.errors import DocsorterError
from docsorter.review.choices import Choice
from docsorter.review.items import Item
from docsorter.review.wording import nothing_there
from docsorter.store import Manner, ReviewFilter

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
        self._showing = Showing(tray.pictures, face)
        self.offered: tuple[Choice, ...] = ()
        """Labels that can be given."""
        self.waiting = 0
        """Documents that wait, of anybody."""
        self._searched = ""

    @property
    def item(self) -> Item | None:
        """The document that is shown."""
        return self._showing.item

    @property
    def page(self) -> int:
        """Which page of it, counted from 0."""
        return self._showing.page

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
        self._tray.calm.begin()
        self._showing.show(item, nothing_there(self.waiting, self._searched))
        self._face.call_after_refresh(self._tray.calm.end)

    def turn_over(self, step: int) -> None:
        """Show another page, if there is one."""
        self._showing.turn_over(step)

    def sharpen(self) -> None:
        """Show the page as sharp as its view asks for, as soon as that is loaded."""
        self._showing.sharpen()

    def ready(self) -> bool:
        """Whether the document can be decided now; says why not."""
        if self.item is None:
            return False
        if self._showing.lost:
            self._show(self._tray.pop())
            self._face.tell(Told("here is the next document"))
            self._beside(self._more())
            return False
        seconds = self._showing.seconds()
        if seconds is None or seconds < self._least:
            self._face.tell(Told("look first: the page has only just come"))
            return False
        return True

    def answer(self, label: str, *, new: bool = False, of: Item | None = None) -> None:
        """Say what the document is, and show the next one."""
        seconds = self._showing.seconds()
        item = self._decided(of)
        if item is not None:
            manner = Manner(seconds)
            deed = partial(self._tray.session.answer, item, label, new=new, manner=manner)
            self._beside(self._carry(item, deed, f"is {label}"))

    def reject(self, of: Item, why: str) -> None:
        """Refuse the document, and show the next one."""
        seconds = self._showing.seconds()
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

    def lay_aside(self) -> tuple[Item, float | None] | None:
        """Let go of the document that is shown without deciding it, and show the next one."""
        seconds = self._showing.seconds()
        item = self._decided(None)
        return None if item is None else (item, seconds)

    def show_next(self) -> None:
        """Put the document that is shown behind what lies ready, and show that."""
        held = self._showing.held
        if held is not None:
            self._tray.lay(held)
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
        held = self._showing.held
        if held is not None:
            self._tray.lay(held, first=True)
        self._show(item)
        self._face.tell(Told(f"{document.name} waits again: your answer was taken back"))
        await self._more()

    def narrow(self, wanted: ReviewFilter, text: str) -> None:
        """Show only some documents from now on."""
        self._searched = text
        self._beside(self._narrow(wanted))

    async def _narrow(self, wanted: ReviewFilter) -> None:
        held = self._showing.held
        if held is not None:
            self._tray.lay(held, first=True)
        self._showing.item = None
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
            lost = await self._tray.renew(self._showing.held)
        except DocsorterError as error:
            self._face.tell(Told(str(error), bad=True))
            return
        if lost is not None and self.item is not None:
            self._showing.lost = True
            self._face.tell(Told(f"{lost.message}; any key shows the next one", bad=True))

    async def end(self) -> None:
        """Finish what was said, and give back what is held."""
        held, self._showing.item = self._showing.held, None
        try:
            await self._tray.close(held)
        except DocsorterError as error:  # it runs out by itself
            self._face.tell(Told(str(error), bad=True))

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        self._face.run_worker(work)
