"""Documents that were laid aside while looking, and are answered together."""

from typing import Final

from docsorter.cli.output import printable
from docsorter.cli.reviewer.face import Face, Told
from docsorter.cli.reviewer.flow import Flow
from docsorter.cli.reviewer.tray import Tray
from docsorter.errors import DocsorterError
from docsorter.service.bulk import Gesture

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
