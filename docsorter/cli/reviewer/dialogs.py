"""Every key of the reviewer in one table, and the short questions on top of the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.events import Key
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from docsorter.cli.output import printable
from docsorter.review.choices import LabelChoice, no_such_label


@dataclass(frozen=True, slots=True)
class KeyCommand:
    """One thing that a key does, and what is said of it."""

    keys: str  # as Textual names them, separated by commas
    action: str  # method `action_...` of the screen, with its arguments
    shown: str  # as people know the keys
    text: str


KEYS: Final = (
    KeyCommand("enter", "take_top", "Enter", "take the label that is suggested"),
    KeyCommand("u", "undo", "u", "take your last answer back; again for the one before"),
    KeyCommand("m,space", "mark", "m", "mark: put it aside, to be answered together with others"),
    KeyCommand(
        "a", "answer_marked", "a", "give all that are marked one label; each remains an answer"
    ),
    KeyCommand("M", "unmark", "M", "unmark all: they are shown again, one by one"),
    KeyCommand("U", "undo_together", "U", "take back what you answered together last"),
    KeyCommand("s", "skip", "s", "skip: it comes last for a while"),
    KeyCommand("x", "reject", "x", "reject: it belongs nowhere; asks why"),
    KeyCommand("n", "new_label", "n", "type a label, also one that does not exist yet"),
    KeyCommand(
        "slash",
        "search",
        "/",
        "show only some: part of the name, reason:, label:, source:, age:2d, purpose:, words:, "
        "tone:",
    ),
    KeyCommand("o", "open", "o", "open the file in the system's viewer"),
    KeyCommand("pagedown,right_square_bracket", "page(1)", "PgDn ]", "next page"),
    KeyCommand("pageup,left_square_bracket", "page(-1)", "PgUp [", "page before"),
    KeyCommand("plus,equals_sign", "closer", "+", "larger"),
    KeyCommand("minus", "farther", "-", "smaller"),
    KeyCommand("0", "whole", "0", "the whole page"),
    KeyCommand("left", "pan(-1,0)", "←", "move what is seen to the left"),
    KeyCommand("right", "pan(1,0)", "→", "to the right"),
    KeyCommand("up", "pan(0,-1)", "↑", "up"),
    KeyCommand("down", "pan(0,1)", "↓", "down"),
    KeyCommand("r", "turn", "r", "turn the page by a quarter"),
    KeyCommand("question_mark", "help", "?", "show all keys"),
    KeyCommand("q,ctrl+c", "leave", "q", "quit; what you hold goes back to the queue"),
)

RESERVED: Final = frozenset(
    name.lower()
    for key in KEYS
    for name in key.keys.split(",")
    if len(name) == 1 and name.isalpha()
)
"""Letters that no label gets."""

WHY_REJECTED = ("blank or illegible", "not for us", "we have it already", "incomplete")
"""What is said most often, each a key away."""


class Question(ModalScreen[str | None]):
    """Asks for a line of text; Escape answers None.

    Args:
        title: What is asked.
        hint: What may be typed.
        value: What stands there already.
        known: Completions; the right arrow or Tab takes one.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "not after all"),
        Binding("tab", "complete", "complete", priority=True),
    ]

    def __init__(
        self, title: str, hint: str, *, value: str = "", known: Sequence[str] = ()
    ) -> None:
        super().__init__()
        self._title = title
        self._hint = hint
        self._value = value
        self._known = list(known)

    def compose(self) -> ComposeResult:
        """Show the question, the line and the hint."""
        with Vertical(id="dialog"):
            yield Static(self._title, id="title", markup=False)
            suggester = SuggestFromList(self._known, case_sensitive=False) if self._known else None
            yield Input(self._value, suggester=suggester)
            yield Static(self._hint, id="hint", markup=False)

    def action_complete(self) -> None:
        """Take the completion."""
        self.query_one(Input).action_cursor_right()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer with what was typed."""
        event.stop()
        self.answered(event.value.strip())

    def answered(self, text: str) -> None:
        """Take the answer."""
        self.dismiss(text)

    def hint(self, text: str) -> None:
        """Say something else below the line."""
        self.query_one("#hint", Static).update(text)


class RejectQuestion(Question):
    """Asks why; a digit is a whole answer, Enter alone gives none."""

    def __init__(self, name: str) -> None:
        listed = "   ".join(f"{n} {text}" for n, text in enumerate(WHY_REJECTED, start=1))
        hint = f"{listed}\nor type it; Enter alone gives no reason, Esc goes back"
        super().__init__(f"Why is {printable(name)} rejected?", hint)

    def on_key(self, event: Key) -> None:
        """Take a digit at once while nothing is typed."""
        if self.query_one(Input).value or event.character is None:
            return
        number = int(event.character) if event.character.isdigit() else 0
        if 1 <= number <= len(WHY_REJECTED):
            event.stop()
            event.prevent_default()
            self.dismiss(WHY_REJECTED[number - 1])

    def on_input_changed(self, event: Input.Changed) -> None:
        """Take a digit that reached the line first."""
        if event.value in {str(number) for number in range(1, len(WHY_REJECTED) + 1)}:
            self.dismiss(WHY_REJECTED[int(event.value) - 1])


@dataclass(frozen=True, slots=True)
class TypedLabel:
    """A label that was typed, and whether the model was not trained on it."""

    label: str
    new: bool


class LabelQuestion(Question):
    """Asks for a label; one that does not exist yet is asked for twice.

    Args:
        offered: The labels there are.
        title: What is asked.
    """

    def __init__(self, offered: Sequence[LabelChoice], title: str = "Which label?") -> None:
        self._offered = offered
        self._asked = ""
        labels = [choice.label for choice in offered]
        hint = "Tab completes, Enter takes it, Esc goes back; any other word makes a new label"
        super().__init__(title, hint, known=labels)
        self.named: TypedLabel | None = None

    def answered(self, text: str) -> None:
        """Take a label that exists; ask again before another one is made."""
        choice = next((c for c in self._offered if c.label.casefold() == text.casefold()), None)
        choice = choice or next((c for c in self._offered if text and c.digit == text), None)
        if choice is not None:
            self.named = TypedLabel(choice.label, new=not choice.trained)
            self.dismiss(choice.label)
        elif text and text == self._asked:
            self.named = TypedLabel(text, new=True)
            self.dismiss(text)
        elif text:
            self._asked = text
            said = no_such_label(text, self._offered)
            self.hint(f"{said} Enter again makes it, Esc goes back")


class HelpScreen(ModalScreen[None]):
    """All keys; any key that does not scroll closes it."""

    _SCROLLS = frozenset({"up", "down", "pageup", "pagedown", "home", "end"})

    def __init__(self, offered: Sequence[LabelChoice]) -> None:
        super().__init__()
        self._offered = offered

    def compose(self) -> ComposeResult:
        """List the keys."""
        table = Table.grid(padding=(0, 2))
        for choice in self._offered:
            keys = " ".join(key for key in (choice.digit, choice.letter) if key)
            table.add_row(Text(keys, "bold"), f"it is: {printable(choice.label)}")
        for key in KEYS:
            table.add_row(Text(key.shown, "bold"), key.text)
        with VerticalScroll(id="dialog"):
            yield Static(table)

    def on_key(self, event: Key) -> None:
        """Close."""
        if event.key not in self._SCROLLS:
            event.stop()
            event.prevent_default()
            self.dismiss(None)
