"""The documents that one person holds, and what happens between two keys."""

import asyncio
import datetime as dt
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from docsorter.cli.output import printable
from docsorter.documents import Document, State
from docsorter.errors import ConflictError, DocsorterError, NotFoundError
from docsorter.review.choices import LabelChoice
from docsorter.review.items import Item, first_page, nothing_there, turned, words_spoke
from docsorter.service.review.previews import SHARP, PagePreviews, RenderGate
from docsorter.service.review.session import BatchResult, ReviewSession
from docsorter.service.review.similar import SimilarDocuments
from docsorter.service.review.words import DocumentWords
from docsorter.store import Manner, ReviewFilter

if TYPE_CHECKING:
    from PIL import Image

    from docsorter.cli.reviewer.screen import ReviewScreen

AHEAD: Final = 3
"""Documents that are held and loaded before they are needed."""

MOST_MARKED: Final = 50
"""Holding more than that would be unfair to the others."""

_RENEWALS: Final = 3  # tries within the time of a lease
_LOOKING: Final = "looking for the next document …"
_NAMED: Final = 3  # marked documents that a question names

_T = TypeVar("_T")


class Flow:
    """Turns the person's keys into answers, with one document shown and the next ones ready.

    Args:
        prefetcher: The documents that are held.
        screen: Shows them.
        least_seconds: A page is shown for so long before it can be answered.
    """

    def __init__(
        self, prefetcher: "Prefetcher", screen: "ReviewScreen", *, least_seconds: float
    ) -> None:
        self._prefetcher = prefetcher
        self._screen = screen
        self._least = least_seconds
        self._shown = ShownDocument(prefetcher.pictures, screen)
        self.offered: tuple[LabelChoice, ...] = ()
        """Labels that can be given."""
        self.waiting = 0
        """Documents that wait, of anybody."""
        self._elsewhere = 0  # documents that the same person holds in another session
        self._searched = ""

    @property
    def item(self) -> Item | None:
        """The document that is shown."""
        return self._shown.item

    @property
    def page(self) -> int:
        """Which page of it, counted from 0."""
        return self._shown.page

    @property
    def renew_every(self) -> float:
        """How often what is held must be renewed, seconds."""
        return self._prefetcher.session.patience.lease / _RENEWALS

    def now(self) -> dt.datetime:
        """Return the time."""
        return self._prefetcher.session.service.now()

    async def begin(self) -> None:
        """Show the first document."""
        self._screen.page_view.say(_LOOKING)
        await self._more()

    async def look_for_more(self) -> None:
        """Ask again whether something waits; does nothing while a document is shown."""
        if self.item is None:
            await self._more()

    async def _more(self) -> None:
        """Hold the next documents, and show one if none is shown."""
        session = self._prefetcher.session
        try:
            self.offered = await self._prefetcher.in_order(session.offered)
            await self._prefetcher.fill()
            self.waiting = await self._prefetcher.in_order(session.waiting)
            if self.item is None:
                self._elsewhere = await self._prefetcher.in_order(session.held_elsewhere)
        except DocsorterError as error:
            self._screen.tell(str(error), bad=True)
            return
        except RuntimeError:  # the threads ended with the screen
            return
        if self.item is None:
            item = self._prefetcher.pop()
            self._show(item)
            if item is not None:
                self._background(self._more())
        self._screen.draw()

    def _show(self, item: Item | None, otherwise: str = "") -> None:
        self._prefetcher.gate.begin()
        self._shown.show(item, otherwise or self._nothing_there())
        self._screen.call_after_refresh(self._prefetcher.gate.end)

    def _show_next(self) -> None:
        """Show what lies ready; whether anything else waits is asked by whoever calls."""
        self._show(self._prefetcher.pop(), _LOOKING)

    def _nothing_there(self) -> str:
        text = nothing_there(self.waiting, self._searched, self._elsewhere)
        if self._elsewhere:
            return f"{text}\nEnter takes them over"
        return f"{text}\n/ changes or clears the search" if self._searched else text

    def take_over(self) -> None:
        """Go on here with what the same person holds in another session."""
        if self.item is None and self._elsewhere:
            self._background(self._take_over())

    async def _take_over(self) -> None:
        try:
            taken = await self._prefetcher.in_order(self._prefetcher.session.take_over)
        except DocsorterError as error:
            self._screen.tell(str(error), bad=True)
            return
        self._screen.tell(f"{taken} taken over; the other session is told so when it goes on")
        await self._more()

    def turn_over(self, step: int) -> None:
        """Show another page, if there is one."""
        self._shown.turn_over(step)

    def sharpen(self) -> None:
        """Show the page as sharp as its view asks for, as soon as that is loaded."""
        self._shown.sharpen()

    def ready(self) -> bool:
        """Whether the document can be decided now; says why not."""
        if self.item is None:
            return False
        if self._shown.lost:
            self._show_next()
            self._screen.tell("here is the next document")
            self._background(self._more())
            return False
        seconds = self._shown.seconds()
        if seconds is None or seconds < self._least:
            self._screen.tell("look first: the page has only just come")
            return False
        return True

    def answer(self, label: str, *, new: bool = False, of: Item | None = None) -> None:
        """Say what the document is, and show the next one."""
        seconds = self._shown.seconds()
        item = self._let_go(of)
        if item is not None:
            session, manner = self._prefetcher.session, Manner(seconds)
            act = partial(session.answer, item, label, new=new, manner=manner)
            self._background(self._carry_out(item, act, f"is {label} (u takes it back)"))

    def reject(self, of: Item, why: str) -> None:
        """Refuse the document, and show the next one."""
        seconds = self._shown.seconds()
        item = self._let_go(of)
        if item is not None:
            act = partial(self._prefetcher.session.reject, item, why, manner=Manner(seconds))
            self._background(self._carry_out(item, act, "is rejected (u takes it back)"))

    def skip(self) -> None:
        """Put the document last, and show the next one."""
        item = self._let_go(None)
        if item is not None:
            act = partial(self._prefetcher.session.skip, item)
            self._background(self._carry_out(item, act, "comes last for a while"))

    def _let_go(self, of: Item | None) -> Item | None:
        """Show the next document and return the one before; None where it is not the one meant."""
        item = self.item
        if item is None or not self.ready() or (of is not None and of is not item):
            return None
        self._show_next()
        return item

    async def _carry_out(
        self, item: Item, act: "partial[Document] | partial[None]", what: str
    ) -> None:
        name = item.document.name
        try:
            await self._prefetcher.act(item, act)
        except DocsorterError as error:
            self._screen.tell(f"{name} is not decided: {error}", bad=True)
        else:
            self._screen.tell(f"{name} {what}")
        await self._more()

    def undo(self) -> None:
        """Take the newest answer back, and show its document."""
        self._background(self._undo())

    async def _undo(self) -> None:
        try:
            document, item = await self._prefetcher.undo()
        except DocsorterError as error:
            self._screen.tell(str(error), bad=True)
            return
        if item is None:
            self._screen.tell(f"{document.name} waits again; somebody else has taken it")
            return
        held = self._shown.held
        if held is not None:
            self._prefetcher.add(held, first=True)
        self._show(item)
        self._screen.tell(f"{document.name} waits again: your answer was taken back")
        await self._more()

    def narrow(self, wanted: ReviewFilter, text: str) -> None:
        """Show only some documents from now on."""
        self._searched = text
        self._background(self._narrow(wanted))

    async def _narrow(self, wanted: ReviewFilter) -> None:
        held = self._shown.held
        if held is not None:
            self._prefetcher.add(held, first=True)
        self._shown.item = None
        try:
            await self._prefetcher.narrow(wanted)
        except DocsorterError as error:
            self._screen.tell(str(error), bad=True)
        await self._more()
        if self.item is None:
            self._show(None)

    # several documents, answered together

    def mark(self) -> None:
        """Put the document that is shown aside, and show the next one."""
        if len(self._prefetcher.marked) >= MOST_MARKED:
            text = f"{MOST_MARKED} are marked: a answers them, M shows them again"
            self._screen.tell(text, bad=True)
            return
        seconds = self._shown.seconds()
        item = self._let_go(None)
        if item is None:
            return
        self._prefetcher.marked.append((item, seconds))
        self._screen.tell(f"{item.document.name} is marked; a answers all that are")
        self._background(self._more())
        self._screen.draw()

    def question_about_marked(self) -> str:
        """Return the question what the marked documents are."""
        names = [printable(item.document.name) for item, _ in self._prefetcher.marked]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        which = f"{', '.join(names[:_NAMED])}{more}"
        return f"What {'is' if len(names) == 1 else 'are'} {which}?"

    def answer_marked(self, label: str, *, new: bool) -> None:
        """Give everything that is marked one label."""
        self._background(self._answer_marked(label, new=new))

    async def _answer_marked(self, label: str, *, new: bool) -> None:
        done = await self._prefetcher.answer_marked(label, new=new)
        self._tell_together(done, f"{label} (U takes them back)")
        await self._more()

    def unmark(self) -> None:
        """Show what is marked again, one by one."""
        if not self._prefetcher.marked:
            self._screen.tell("nothing is marked", bad=True)
            return
        number = self._prefetcher.unmark()
        if self._shown.held is not None:
            self._prefetcher.add(self._shown.held)
        self._show(self._prefetcher.pop())
        self._screen.tell(f"{number} no longer marked; here is the first")
        self._background(self._more())

    def undo_together(self) -> None:
        """Take back what was answered together last."""
        self._background(self._undo_together())

    async def _undo_together(self) -> None:
        try:
            done = await self._prefetcher.undo_together()
        except DocsorterError as error:
            self._screen.tell(str(error), bad=True)
            return
        self._tell_together(done, "taken back; they wait again")
        await self._more()

    def _tell_together(self, done: BatchResult, what: str) -> None:
        text = f"{len(done.done)} together: {what}"
        if done.failed:
            text += f"; {len(done.failed)} not: {done.failed[0].error}"
        self._screen.tell(text, bad=bool(done.failed))

    # what goes on by itself

    async def renew(self) -> None:
        """Hold everything longer; says so when the document was lost to somebody else."""
        try:
            lost = await self._prefetcher.renew(self._shown.held)
        except DocsorterError as error:
            self._screen.tell(str(error), bad=True)
            return
        if lost is not None and self.item is not None:
            self._shown.lost = True
            self._screen.tell(f"{lost.message}; any key shows the next one", bad=True)

    async def end(self) -> None:
        """Finish what was said, and give back what is held."""
        held, self._shown.item = self._shown.held, None
        try:
            await self._prefetcher.close(held)
        except DocsorterError as error:  # it runs out by itself
            self._screen.tell(str(error), bad=True)

    def _background(self, work: Coroutine[Any, Any, None]) -> None:
        self._screen.run_worker(work)


class ShownDocument:
    """Shows one document, page by page.

    Args:
        pictures: Loads pages.
        screen: Shows them.
    """

    def __init__(self, pictures: PagePreviews, screen: "ReviewScreen") -> None:
        self._pictures = pictures
        self._screen = screen
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
        """Show another document from its first page with something on it on.

        Args:
            item: The document, held; None shows none.
            otherwise: What is said in its place then.
        """
        self.item, self.page, self.lost, self.since = item, 0, False, None
        if item is None:
            self._screen.page_view.say(otherwise)
        else:
            self.page = first_page(item)
            self._show_page(item)
        self._screen.draw()

    def turn_over(self, step: int) -> None:
        """Show another page, if there is one."""
        if self.item is None:
            return
        last = (self.item.document.pages or 1) - 1
        if not 0 <= self.page + step <= last:
            self._screen.tell(f"that is the {'last' if step > 0 else 'first'} page")
            return
        self.page += step
        self._show_page(self.item)
        self._screen.draw()

    def sharpen(self) -> None:
        """Load the page to be read closely where its view asks for that, and show it then."""
        item, number = self.item, self.page
        view = self._screen.page_view
        if item is None or self._is_sharp or not (view.shows_page and view.wants_sharp):
            return
        self._is_sharp = True
        found = self._pictures.page(item.document, number, SHARP, turned(item, number))
        self._screen.run_worker(self._sharpen(found, item, number))

    async def _sharpen(self, found: "Future[Image.Image]", item: Item, number: int) -> None:
        await asyncio.gather(asyncio.wrap_future(found), return_exceptions=True)
        if self.item is not item or self.page != number:
            return
        if found.cancelled() or found.exception() is not None:
            self._is_sharp = False  # what there is stays, and the next look asks again
        elif self._screen.page_view.shows_page:
            self._screen.page_view.sharper(found.result())

    def _show_page(self, item: Item) -> None:
        document, number = item.document, self.page
        self._is_sharp = False
        found = self._pictures.page(document, number, turned=turned(item, number))
        if found.done():
            self._put(found)
        else:
            name = printable(document.name)
            self._screen.page_view.say(f"reading page {number + 1} …\n{name}")
            self._screen.run_worker(self._put_later(found, item, number))
        if number + 1 < (document.pages or 1):
            self._pictures.page(document, number + 1, turned=turned(item, number + 1))

    async def _put_later(self, found: "Future[Image.Image]", item: Item, number: int) -> None:
        # What it failed of is asked for below, or by nobody when the person has gone on.
        await asyncio.gather(asyncio.wrap_future(found), return_exceptions=True)
        if self.item is item and self.page == number:
            self._put(found)

    def _put(self, found: "Future[Image.Image]") -> None:
        if self.since is None:  # turning pages does not begin anew
            self.since = asyncio.get_running_loop().time()
        if found.cancelled():
            self._screen.page_view.say("this page was not loaded")
            return
        error = found.exception()
        if error is None:
            self._screen.page_view.show(found.result())
            self.sharpen()
        else:
            self._screen.page_view.say(f"this page cannot be shown\n{error}\no opens the file")


class Prefetcher:
    """Holds the next documents and loads their pages before a person needs them.

    Used from one event loop. Answers and queries go through one thread, in the order in which they
    were asked for, so that the screen never waits and an undo never overtakes its answer.

    Args:
        session: Takes documents and answers them.
        pictures: Loads pages.
        neighbours: Finds what a document is most like; None compares nothing.
        words: Reads which words spoke; None reads none.
        gate: Says when work in the background may begin.
    """

    def __init__(
        self,
        session: ReviewSession,
        pictures: PagePreviews,
        neighbours: SimilarDocuments | None = None,
        gate: RenderGate | None = None,
        *,
        words: DocumentWords | None = None,
    ) -> None:
        self.gate = gate or RenderGate()
        self.session = session
        self.pictures = pictures
        self.neighbours = neighbours
        self.words = words
        self.next: deque[Item] = deque()
        """Held and about to be shown."""
        self.on_loaded: Callable[[Image.Image], None] = lambda _: None
        """Is told of every first page before it is needed, in any thread."""
        self.marked: list[tuple[Item, float | None]] = []
        """Held, to be answered together, and for how many seconds each was looked at."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="answers")
        self._filling = asyncio.Lock()
        self._closed = False

    async def in_order(self, act: Callable[[], _T]) -> _T:
        """Do something that waits for disk or database, after everything asked for before."""

        def when_open() -> _T:
            self.gate.wait()
            return act()

        return await asyncio.get_running_loop().run_in_executor(self._thread, when_open)

    async def fill(self) -> None:
        """Hold so many documents ahead, and start loading their first pages.

        Raises:
            DocsorterError: The database cannot be used just now.
        """
        async with self._filling:
            while len(self.next) < AHEAD and not self._closed:
                item = await self.in_order(self.session.take)
                if item is None:
                    return
                self.add(item)

    def add(self, item: Item, *, first: bool = False) -> None:
        """Put a document that is held before the others or after them."""
        number = first_page(item)
        page = self.pictures.page(item.document, number, turned=turned(item, number))
        page.add_done_callback(self._loaded)
        seen = item.entry.prediction
        if self.words is not None and seen is not None and words_spoke(item):
            self.words.evidence(item.document, seen)
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

    async def act(self, item: Item, change: Callable[[], _T]) -> _T:
        """Carry out an act on a document; when it fails, the document comes again later.

        Raises:
            DocsorterError: It failed, and nothing was changed.
        """
        try:
            done = await self.in_order(change)
        except Exception:
            await self._hold_again(item)
            raise
        self.pictures.forget(item.document)
        if not item.blind:
            self._compare_with(done)
        return done

    async def _hold_again(self, item: Item) -> None:
        again = await self.in_order(partial(self.session.held_again, item))
        if again is not None:
            self.add(again)

    async def answer_marked(self, label: str, *, new: bool) -> BatchResult:
        """Give everything that is marked one label; what fails comes again later."""
        marked, self.marked = self.marked, []
        result = await self.in_order(partial(self.session.answer_all, marked, label, new=new))
        failed = {each.document_id for each in result.failed}
        for item, _ in marked:
            if item.document.id in failed:
                await self._hold_again(item)
            else:
                self.pictures.forget(item.document)
        return result

    def unmark(self) -> int:
        """Put what is marked before everything else again; returns how many those were."""
        marked, self.marked = self.marked, []
        for item, _ in reversed(marked):
            self.add(item, first=True)
        return len(marked)

    async def undo_together(self) -> BatchResult:
        """Take back what was answered together last; see `ReviewSession.undo_all`."""
        result = await self.in_order(self.session.undo_all)
        if self.neighbours is not None:
            for document in result.done:
                self.neighbours.taken_back(document)
        return result

    def _compare_with(self, done: object) -> None:
        if self.neighbours is None or not isinstance(done, Document):
            return
        if done.state is State.SORTED and done.verdict is not None and done.verdict.label:
            self.neighbours.answered(done, done.verdict.label)

    async def undo(self) -> tuple[Document, Item | None]:
        """Take the newest answer back; see `ReviewSession.undo`."""
        document, item = await self.in_order(self.session.undo)
        if self.neighbours is not None:
            self.neighbours.taken_back(document)
        return document, item

    async def narrow(self, wanted: ReviewFilter) -> None:
        """Give back what lies ready, and take only what is wanted from now on."""
        async with self._filling:
            while self.next:
                await self.in_order(partial(self.session.put_back, self.next.popleft()))
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
        marked = [item for item, _ in self.marked]
        for item in [*([shown] if shown else []), *self.next, *marked]:
            try:
                await self.in_order(partial(self.session.renew, item))
            except (ConflictError, NotFoundError) as error:
                if item is shown:
                    lost = error
                elif item in self.next:
                    self.next.remove(item)
                else:
                    self.marked = [each for each in self.marked if each[0] is not item]
        return lost

    def give_back(self) -> None:
        """Finish what was asked for, then give everything back at once; for any other thread."""
        self._closed = True
        try:
            self._thread.submit(self.session.close).result()
        except RuntimeError:  # the thread has ended with the screen
            self.session.close()

    async def close(self, shown: Item | None) -> None:
        """Finish what was asked for, then give everything back."""
        self._closed = True
        async with self._filling:
            marked = [item for item, _ in self.marked]
            for item in [*([shown] if shown else []), *self.next, *marked]:
                await self.in_order(partial(self.session.put_back, item))
            self.next.clear()
            self.marked.clear()
        self._thread.shutdown(wait=True)
