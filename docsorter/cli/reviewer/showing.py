"""The document before the person: its page, since when it is seen, and whether it is still held."""

import asyncio
from concurrent.futures import Future
from typing import TYPE_CHECKING

from docsorter.cli.reviewer.face import Face, Told
from docsorter.review.items import Item
from docsorter.service.desk.pictures import SHARP, Pictures

if TYPE_CHECKING:
    from PIL import Image


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
