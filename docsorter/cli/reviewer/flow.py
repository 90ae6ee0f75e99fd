"""What happens between two keys: one document goes, the next one is there."""

import asyncio
import datetime as dt
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from docsorter.cli.output import printable
from docsorter.cli.reviewer.prefetch import Tray
from docsorter.documents import Document
from docsorter.errors import DocsorterError
from docsorter.review.choices import Choice
from docsorter.review.items import Item, nothing_there
from docsorter.service.review.batch import Gesture
from docsorter.service.review.previews import SHARP, Pictures
from docsorter.store import Manner, ReviewFilter

if TYPE_CHECKING:
    from PIL import Image

    from docsorter.cli.reviewer.page_view import PageView


@dataclass(frozen=True, slots=True)
class Told:
    """A line for the person.

    Attributes:
        text: What happened.
        bad: Whether something did not work.
    """

    text: str
    bad: bool = False


class Face(Protocol):
    """What a flow needs of the screen."""

    @property
    def page_view(self) -> "PageView":
        """The page."""
        ...

    def tell(self, told: Told) -> None:
        """Show what happened."""
        ...

    def draw(self) -> None:
        """Show everything but the page anew."""
        ...

    def run_worker(self, work: Coroutine[Any, Any, None]) -> object:
        """Do something beside."""
        ...

    def call_after_refresh(self, callback: Callable[[], None]) -> object:
        """Do something once the screen shows what was asked for so far."""
        ...


class Showing:
    """Shows one document, page by page.

    Args:
        pictures: Loads pages.
        face: The screen.
    """

    def __init__(self, pictures: Pictures, face: Face) -> None:
        self._pictures = pictures
        self._face = face
        self.item: Item | None = None
        """The document."""
        self.page = 0
        """Which page of it, counted from 0."""
        self.lost = False
        """Somebody else holds it by now."""
        self.since: float | None = None
        """When its first page came, by the loop's time, seconds; None: it has not come yet."""
        self._is_sharp = False

    @property
    def held(self) -> Item | None:
        """The document, None when there is none or it was lost."""
        return None if self.lost else self.item

    def seconds(self) -> float | None:
        """Return for how long the document has been on the screen, None when it is not yet."""
        if self.since is None:
            return None
        return asyncio.get_running_loop().time() - self.since

    def show(self, item: Item | None, otherwise: str) -> None:
        """Show another document from its first page on.

        Args:
            item: The document, held; None shows none.
            otherwise: What is said in its place then.
        """
        self.item, self.page, self.lost, self.since = item, 0, False, None
        if item is None:
            self._face.page_view.say(otherwise)
        else:
            self._show_page(item)
        self._face.draw()

    def turn_over(self, step: int) -> None:
        """Show another page, if there is one."""
        if self.item is None:
            return
        last = (self.item.document.pages or 1) - 1
        if not 0 <= self.page + step <= last:
            self._face.tell(Told("that is the last page" if step > 0 else "that is the first page"))
            return
        self.page += step
        self._show_page(self.item)
        self._face.draw()

    def sharpen(self) -> None:
        """Load the page to be read closely where its view asks for that, and show it then."""
        item, number = self.item, self.page
        view = self._face.page_view
        if item is None or self._is_sharp or not (view.shows_page and view.wants_sharp):
            return
        self._is_sharp = True
        found = self._pictures.page(item.document, number, SHARP)
        self._face.run_worker(self._sharpen(found, item, number))

    async def _sharpen(self, found: "Future[Image.Image]", item: Item, number: int) -> None:
        await asyncio.gather(asyncio.wrap_future(found), return_exceptions=True)
        if self.item is not item or self.page != number:
            return
        if found.cancelled() or found.exception() is not None:
            self._is_sharp = False  # what there is stays, and the next look asks again
        elif self._face.page_view.shows_page:
            self._face.page_view.sharper(found.result())

    def _show_page(self, item: Item) -> None:
        document, number = item.document, self.page
        self._is_sharp = False
        found = self._pictures.page(document, number)
        if found.done():
            self._put(found)
        else:
            self._face.page_view.say("loading …")
            self._face.run_worker(self._put_later(found, item, number))
        if number + 1 < (document.pages or 1):
            self._pictures.page(document, number + 1)

    async def _put_later(self, found: "Future[Image.Image]", item: Item, number: int) -> None:
        # What it failed of is asked for below, or by nobody when the person has gone on.
        await asyncio.gather(asyncio.wrap_future(found), return_exceptions=True)
        if self.item is item and self.page == number:
            self._put(found)

    def _put(self, found: "Future[Image.Image]") -> None:
        if self.since is None:  # turning pages does not begin anew
            self.since = asyncio.get_running_loop().time()
        if found.cancelled():
            self._face.page_view.say("this page was not loaded")
            return
        error = found.exception()
        if error is None:
            self._face.page_view.show(found.result())
            self.sharpen()
        else:
            self._face.page_view.say(f"this page cannot be shown\n{error}\no opens the file")


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


MOST: Final = 50
"""More are held from others than is fair."""

_NAMED = 3


class Marking:
    """Lays documents aside and answers them together.

    Args:
        tray: Holds them.
        flow: Shows the next document.
        face: The screen.
    """

    def __init__(self, tray: Tray, flow: Flow, face: Face) -> None:
        self._tray = tray
        self._flow = flow
        self._face = face

    def mark(self) -> None:
        """Lay the document that is shown aside, and show the next one."""
        if len(self._tray.marked) >= MOST:
            self._face.tell(
                Told(f"{MOST} are marked: a answers them, M shows them again", bad=True)
            )
            return
        marked = self._flow.lay_aside()
        if marked is None:
            return
        self._tray.marked.append(marked)
        self._face.tell(Told(f"{marked[0].document.name} is marked; a answers all that are"))
        self._flow.refresh()
        self._face.draw()

    def title(self) -> str:
        """Return the question about what is marked."""
        names = [printable(item.document.name) for item, _ in self._tray.marked]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        which = f"{', '.join(names[:_NAMED])}{more}"
        return f"What {'is' if len(names) == 1 else 'are'} {which}?"

    def answer(self, label: str, *, new: bool) -> None:
        """Give everything that is marked one label."""
        self._face.run_worker(self._answer(label, new=new))

    async def _answer(self, label: str, *, new: bool) -> None:
        self._tell(await self._tray.answer_marked(label, new=new), f"{label} (U takes them back)")
        self._flow.refresh()

    def unmark(self) -> None:
        """Show what is marked again, one by one."""
        if not self._tray.marked:
            self._face.tell(Told("nothing is marked", bad=True))
            return
        number = self._tray.unmark()
        self._flow.show_next()
        self._face.tell(Told(f"{number} are not marked any more; here is the first"))
        self._flow.refresh()

    def undo_together(self) -> None:
        """Take the newest gesture back."""
        self._face.run_worker(self._undo())

    async def _undo(self) -> None:
        try:
            gesture = await self._tray.undo_together()
        except DocsorterError as error:
            self._face.tell(Told(str(error), bad=True))
            return
        self._tell(gesture, "taken back; they wait again")
        self._flow.refresh()

    def _tell(self, gesture: Gesture, what: str) -> None:
        text = f"{len(gesture.done)} together: {what}"
        if gesture.failed:
            text += f"; {len(gesture.failed)} not: {gesture.failed[0].error}"
        self._face.tell(Told(text, bad=bool(gesture.failed)))
