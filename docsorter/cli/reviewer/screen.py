"""The full screen: one document, what is known of it, and one key per decision."""

import datetime as dt
from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.events import Key, Resize
from textual.screen import Screen
from textual.widgets import Static

from docsorter.cli.output import printable
from docsorter.cli.reviewer.dialogs import KEYS, HelpScreen, LabelQuestion, Question, RejectQuestion
from docsorter.cli.reviewer.drawing import DisplayOptions, Viewport
from docsorter.cli.reviewer.flow import Flow, Prefetcher
from docsorter.cli.reviewer.page_view import NearestPages, PageView, SpokenWords
from docsorter.cli.reviewer.viewer import ExternalViewer, OpenFile
from docsorter.errors import DocsorterError, UsageError
from docsorter.review.choices import LabelChoice, by_key
from docsorter.review.items import Item, age, shares, suggestion, why
from docsorter.review.searching import parse_search

_FULL, _EMPTY = "█", "·"
_EIGHTHS = " ▏▎▍▌▋▊▉"
_LEAST_BAR = 4
_ALL = 100
_NUMBER = 5  # " 54 %"


class ReviewApp(App[None]):
    """Runs the reviewer's screen."""

    TITLE = "docsorter review"
    ENABLE_COMMAND_PALETTE = False

    def __init__(
        self, prefetcher: Prefetcher, open_file: OpenFile, options: DisplayOptions
    ) -> None:
        super().__init__()
        self.review_screen = ReviewScreen(prefetcher, open_file, options)

    def on_mount(self) -> None:
        """Show the screen."""
        self.push_screen(self.review_screen)


class ReviewScreen(Screen[None]):
    """Shows one document after the other and turns keys into answers.

    Args:
        prefetcher: The documents that are held.
        open_file: Opens a file outside of the terminal.
        options: How to draw.
    """

    CSS_PATH: ClassVar[str] = "reviewer.tcss"
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 -- Textual declares no class variable here
        (0, "narrow"),
        (76, "middling"),
        (110, "wide"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key.keys, key.action, key.text, show=False) for key in KEYS
    ]
    ENABLE_COMMAND_PALETTE = False

    def __init__(
        self, prefetcher: Prefetcher, open_file: OpenFile, options: DisplayOptions
    ) -> None:
        super().__init__()
        self._prefetcher = prefetcher
        self._options = options
        self._viewer = ExternalViewer(open_file, prefetcher.session.service.path_of)
        self._searched = ""
        self.flow = Flow(prefetcher, self, least_seconds=options.least_seconds)

    def compose(self) -> ComposeResult:
        """Lay out the page, the panel beside it, what happened, and the keys."""
        yield Static(id="top", markup=False)
        with Horizontal(id="middle"):
            yield PageView(self._options.mode, colour=self._options.colour)
            with VerticalScroll(id="side", can_focus=False):
                yield Static(id="panel", markup=False)
                yield SpokenWords(self._prefetcher.words)
                yield NearestPages(self._prefetcher.neighbours)
        yield Static(id="status", markup=False)
        yield Static(id="keys", markup=False)

    def on_mount(self) -> None:
        """Begin, and look after what is held."""
        self._prefetcher.on_loaded = self.page_view.prepare
        self.run_worker(self.flow.begin(), exit_on_error=True)
        self.set_interval(self.flow.renew_every, self.flow.renew)
        self.set_interval(self._options.poll_seconds, self.flow.look_for_more)

    @property
    def page_view(self) -> PageView:
        """The page."""
        return self.query_one(PageView)

    def tell(self, text: str, *, bad: bool = False) -> None:
        """Show what happened, and mark what did not work."""
        line = self.query_one("#status", Static)
        line.update(("! " if bad else "") + printable(text))
        line.set_class(bad, "bad")

    def draw(self) -> None:
        """Show everything but the page anew."""
        flow = self.flow
        marked = len(self._prefetcher.marked)
        self.query_one("#top", Static).update(top_line(flow.waiting, marked, self._searched))
        keys = key_line(flow.item, flow.offered, marked=marked > 0, width=self.size.width - 2)
        self.query_one("#keys", Static).update(keys)
        self.query_one(NearestPages).compare(flow.item)
        self.query_one(SpokenWords).compare(flow.item)
        panel = self.query_one("#panel", Static)
        if flow.item is None:
            panel.update("")
            return
        width = max(panel.size.width, 20)
        panel.update(describe(flow.item, flow.offered, flow.page, flow.now(), width))

    def on_resize(self, _: Resize) -> None:
        """Fit the words into the new width."""
        self.call_after_refresh(self.draw)

    # keys

    def on_key(self, event: Key) -> None:
        """Answer with the label of a digit or a letter."""
        choice = by_key(self.flow.offered, event.character or "")
        if choice is not None and event.is_printable:
            event.stop()
            event.prevent_default()
            self.flow.answer(choice.label, new=not choice.trained)

    def action_take_top(self) -> None:
        """Take the label that is suggested."""
        if self.flow.item is None:
            self.flow.take_over()
            return
        top = suggestion(self.flow.item, self.flow.offered)
        if top:
            self.flow.answer(top)
        else:
            self.tell("nothing is suggested here: give the label by its number", bad=True)

    def action_undo(self) -> None:
        """Take the newest answer back."""
        self.flow.undo()

    def action_skip(self) -> None:
        """Put the document last."""
        self.flow.skip()

    def action_reject(self) -> None:
        """Ask why, then reject."""
        item = self.flow.item
        if item is not None and self.flow.ready():
            self.app.push_screen(
                RejectQuestion(item.document.name),
                lambda said: None if said is None else self.flow.reject(item, said),
            )

    def action_new_label(self) -> None:
        """Ask for a label, then answer."""
        item = self.flow.item
        if item is None or not self.flow.ready():
            return
        question = LabelQuestion(self.flow.offered)

        def answered(_: str | None) -> None:
            if question.named is not None:
                self.flow.answer(question.named.label, new=question.named.new, of=item)

        self.app.push_screen(question, answered)

    def action_mark(self) -> None:
        """Put the document aside."""
        self.flow.mark()

    def action_unmark(self) -> None:
        """Show what is marked again."""
        self.flow.unmark()

    def action_undo_together(self) -> None:
        """Take back what was answered together last."""
        self.flow.undo_together()

    def action_answer_marked(self) -> None:
        """Ask for a label, then give it to everything that is marked."""
        if not self._prefetcher.marked:
            self.tell("nothing is marked: m marks a document", bad=True)
            return
        question = LabelQuestion(self.flow.offered, self.flow.question_about_marked())

        def answered(_: str | None) -> None:
            if question.named is not None:
                self.flow.answer_marked(question.named.label, new=question.named.new)

        self.app.push_screen(question, answered)

    def action_search(self) -> None:
        """Ask what to show."""
        hint = "part of the name, reason:unsure, label:claim, age:2d, words:tariff; empty shows all"
        self.app.push_screen(
            Question("Show which documents?", hint, value=self._searched), self._search
        )

    def _search(self, text: str | None) -> None:
        if text is None:
            return
        try:
            wanted = parse_search(text)
        except UsageError as error:
            self.tell(str(error), bad=True)
            return
        self._searched = text
        self.flow.narrow(wanted, text)

    def action_open(self) -> None:
        """Open the file outside."""
        if self.flow.item is None:
            return
        try:
            told = self._viewer.open(self.flow.item.document, blind=self.flow.item.blind)
        except (DocsorterError, OSError) as error:
            self.tell(str(error), bad=True)
        else:
            self.tell(told)

    def action_page(self, step: int) -> None:
        """Turn over to another page."""
        self.flow.turn_over(step)

    def _look(self, view: Viewport) -> None:
        self.page_view.look(view)
        self.flow.sharpen()

    def action_closer(self) -> None:
        """Look closer."""
        self._look(self.page_view.view.zoomed_in())

    def action_farther(self) -> None:
        """Look from farther away."""
        self._look(self.page_view.view.zoomed_out())

    def action_whole(self) -> None:
        """Look at the whole page."""
        self._look(self.page_view.view.whole())

    def action_pan(self, right: int, down: int) -> None:
        """Look elsewhere on the page."""
        self._look(self.page_view.view.moved(right, down))

    def action_turn(self) -> None:
        """Turn the page by a quarter."""
        self._look(self.page_view.view.turned())

    def action_help(self) -> None:
        """Show all keys."""
        self.app.push_screen(HelpScreen(self.flow.offered))

    async def action_leave(self) -> None:
        """Give everything back and quit."""
        await self.flow.end()
        self._viewer.close()
        self.app.exit()


def top_line(waiting: int, marked: int, searched: str) -> str:
    """Return how many documents wait and are marked, and what was searched for."""
    waits = f"{waiting} waiting" + (f" · {marked} marked" if marked else "")
    waits += f" · showing {searched}" if searched else ""
    return printable(f"docsorter review · {waits}")


def key_line(item: Item | None, offered: Sequence[LabelChoice], *, marked: bool, width: int) -> str:
    """Return the keys that matter most, as many as fit into a width in characters."""
    top = suggestion(item, offered) if item else ""
    parts = [f"Enter {printable(top)}" if top else "", _numbers(offered)]
    parts += ["u undo", "s skip", "x reject", "n new", "m mark"]
    parts += ["a all marked"] if marked else []
    parts += ["/ search", "? keys", "q quit"]
    for dropped in ("", "/ search", "m mark", "n new", "x reject", "s skip", "u undo"):
        parts = [part for part in parts if part and part != dropped]
        if len("  ".join(parts)) <= width:
            break
    return "  ".join(parts)


def _numbers(offered: Sequence[LabelChoice]) -> str:
    digits = [choice.digit for choice in offered if choice.digit]
    if not digits:
        return ""
    return f"{digits[0]}-{digits[-1]} label" if len(digits) > 1 else f"{digits[0]} label"


def describe(
    item: Item, offered: Sequence[LabelChoice], page: int, now: dt.datetime, width: int
) -> Text:
    """Return everything that is said of a document on its page (from 0), for a width."""
    text = Text()
    text.append(printable(item.document.name) + "\n", "bold")
    text.append(_facts(item, page, now) + "\n\n", "dim")
    text.append(why(item) + "\n\n")
    text.append(bars(item, offered, width))
    if not item.blind and item.entry.prediction is not None:
        novelty = item.entry.prediction.novelty
        share = "all" if novelty >= _ALL else f"{int(novelty)} % of the"
        said = (f"more unusual than {share} training pages", *item.entry.prediction.remarks)
        text.append("\n" + "\n".join(map(printable, said)) + "\n", "dim")
    return text


def _facts(item: Item, page: int, now: dt.datetime) -> str:
    document = item.document
    facts = [f"page {page + 1} of {document.pages}"] if document.pages else []
    facts.append(f"here for {age(item.entry, now)}")
    if document.source:
        facts.append(f"from {printable(document.source)}")
    return ", ".join(facts)


def bars(item: Item, offered: Sequence[LabelChoice], width: int) -> Text:
    """Return one line per label: its keys, its name, and how probable it is where that is known."""
    probable = shares(item)
    top = suggestion(item, offered)
    known = {choice.label for choice in offered}
    names = [printable(choice.label) for choice in offered]
    longest = max((len(name) for name in (*names, *probable)), default=0)
    column = min(longest, max(width - 4 - _NUMBER - _LEAST_BAR - 1, 6))
    text = Text(no_wrap=True, overflow="ellipsis")
    for choice, name in zip(offered, names, strict=True):
        is_top = choice.label == top
        text.append("▸ " if is_top else "  ", "bold")
        text.append(f"{choice.digit or ' '} ", "bold" if choice.digit else "")
        text.append(_named(choice, name, column, is_top=is_top))
        text.append(_bar(probable.get(choice.label), width - column - 4))
        text.append("\n")
    for label, share in probable.items():
        if label not in known:
            text.append(f"    {_cut(printable(label), column)}", "dim")
            text.append(_bar(share, width - column - 4))
            text.append("\n")
    return text


def _named(choice: LabelChoice, name: str, column: int, *, is_top: bool) -> Text:
    text = Text(_cut(name, column), "bold" if is_top else "")
    at = name.casefold().find(choice.letter) if choice.letter else -1
    if 0 <= at < min(len(name), column):
        text.stylize("underline", at, at + 1)
    return text


def _cut(name: str, column: int) -> str:
    return name.ljust(column) if len(name) <= column else name[: column - 1] + "…"


def _bar(share: float | None, width: int) -> Text:
    if share is None:
        return Text()
    length = max(width - _NUMBER - 1, 0)
    full, part = divmod(round(share * length * 8), 8)
    bar = (_FULL * full + (_EIGHTHS[part] if part else ""))[:length]
    text = Text(" ")
    text.append(bar, "cyan")
    text.append(_EMPTY * (length - len(bar)), "dim")
    # Rounded down: nobody reads 100 where there is doubt left.
    text.append(f" {min(int(share * 100 + 1e-9), 99):>2} %")
    return text
