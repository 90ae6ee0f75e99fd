"""Short questions on top of the page: why it is rejected, another label, a search, all keys."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.events import Key as KeyPress
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from docsorter.cli.output import printable
from docsorter.cli.reviewer.keys import KEYS
from docsorter.review.choices import Choice

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

    def on_key(self, event: KeyPress) -> None:
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
class NamedLabel:
    """A label that was typed.

    Attributes:
        label: The label.
        new: Whether the model was not taught it.
    """

    label: str
    new: bool


class LabelQuestion(Question):
    """Asks for a label; one that does not exist yet is asked for twice.

    Args:
        offered: The labels there are.
        title: What is asked.
    """

    def __init__(self, offered: Sequence[Choice], title: str = "Which label?") -> None:
        self._offered = offered
        self._asked = ""
        labels = [choice.label for choice in offered]
        hint = "Tab completes, Enter takes it, Esc goes back; any other word makes a new label"
        super().__init__(title, hint, known=labels)
        self.named: NamedLabel | None = None

    def answered(self, text: str) -> None:
        """Take a label that exists; ask again before another one is made."""
        choice = next((c for c in self._offered if c.label.casefold() == text.casefold()), None)
        choice = choice or next((c for c in self._offered if text and c.digit == text), None)
        if choice is not None:
            self.named = NamedLabel(choice.label, new=not choice.taught)
            self.dismiss(choice.label)
        elif text and text == self._asked:
            self.named = NamedLabel(text, new=True)
            self.dismiss(text)
        elif text:
            self._asked = text
            near = difflib.get_close_matches(text, [c.label for c in self._offered], n=1)
            meant = f" Did you mean {near[0]}?" if near else ""
            self.hint(f"There is no label {text!r}.{meant} Enter again makes it, Esc goes back")


class Help(ModalScreen[None]):
    """All keys; any key that does not scroll closes it.

    Args:
        offered: The labels and their keys.
    """

    _SCROLLS = frozenset({"up", "down", "pageup", "pagedown", "home", "end"})

    def __init__(self, offered: Sequence[Choice]) -> None:
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

    def on_key(self, event: KeyPress) -> None:
        """Close."""
        if event.key not in self._SCROLLS:
            event.stop()
            event.prevent_default()
            self.dismiss(None)
