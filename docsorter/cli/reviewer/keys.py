"""Every key of the reviewer, in one table: bound, shown by `?`, and documented from here."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Key:
    """One thing that a key does.

    Attributes:
        keys: Names as Textual has them, separated by commas.
        action: Method `action_...` of the screen, with its arguments.
        shown: How people know the keys.
        text: What happens.
    """

    keys: str
    action: str
    shown: str
    text: str


KEYS: Final = (
    Key("enter", "take_top", "Enter", "take the label that is suggested"),
    Key("u", "undo", "u", "take your last answer back; again for the one before"),
    Key("m,space", "mark", "m", "mark: lay it aside, to be answered together with others"),
    Key("a", "answer_marked", "a", "give all that are marked one label; each remains an answer"),
    Key("M", "unmark", "M", "marked after all not: they are shown again, one by one"),
    Key("U", "undo_together", "U", "take back what you answered together last"),
    Key("s", "skip", "s", "skip: it comes last for a while"),
    Key("x", "reject", "x", "reject: it belongs nowhere; asks why"),
    Key("n", "new_label", "n", "type a label, also one that does not exist yet"),
    Key(
        "slash",
        "search",
        "/",
        "show only some: part of the name, reason:, label:, source:, age:2d, purpose:",
    ),
    Key("o", "open", "o", "open the file in the system's viewer"),
    Key("pagedown,right_square_bracket", "page(1)", "PgDn ]", "next page"),
    Key("pageup,left_square_bracket", "page(-1)", "PgUp [", "page before"),
    Key("plus,equals_sign", "closer", "+", "larger"),
    Key("minus", "farther", "-", "smaller"),
    Key("0", "whole", "0", "the whole page"),
    Key("left", "pan(-1,0)", "←", "move what is seen to the left"),
    Key("right", "pan(1,0)", "→", "to the right"),
    Key("up", "pan(0,-1)", "↑", "up"),
    Key("down", "pan(0,1)", "↓", "down"),
    Key("r", "turn", "r", "turn the page by a quarter"),
    Key("question_mark", "help", "?", "show all keys"),
    Key("q,ctrl+c", "leave", "q", "quit; what you hold goes back to the queue"),
)

RESERVED: Final = frozenset(
    name.lower()
    for key in KEYS
    for name in key.keys.split(",")
    if len(name) == 1 and name.isalpha()
)
"""Letters that no label gets."""
