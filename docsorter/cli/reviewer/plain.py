"""The reviewer line by line, for screen readers and dumb terminals: no cursor, no colour."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from docsorter.cli.reviewer.viewer import ExternalViewer, OpenFile
from docsorter.documents import Document, Prediction
from docsorter.errors import DocsorterError
from docsorter.review.choices import LabelChoice, by_name, check_label, no_such_label
from docsorter.review.items import (
    BLIND,
    Item,
    age,
    nothing_there,
    shares,
    suggestion,
    why,
    words_spoke,
)
from docsorter.review.searching import parse_search
from docsorter.service.review.session import BatchResult, ReviewSession
from docsorter.store import Manner

COMMANDS: Final = (
    ("a number or a label", "it is that; the beginning of a label will do"),
    ("Enter alone", "take the label that is suggested"),
    ("new LABEL", "it is a label that does not exist yet; asked for twice"),
    ("mark", "put it aside, to be answered together with others"),
    ("all LABEL", "give all that are marked this label"),
    ("undo", "take your last answer back; again for the one before"),
    ("together", "take back what you answered together last"),
    ("skip", "it comes last for a while"),
    ("reject [WHY]", "it belongs nowhere"),
    ("open", "open the file in the system's viewer"),
    ("search [WORDS]", "only some: part of a name, reason:, label:, age:2d, words:; alone: all"),
    ("words", "which words spoke for the likeliest label; reads them again"),
    ("again", "read this document out again"),
    ("help", "this list"),
    ("quit", "end; what you hold goes back to the queue"),
)


@dataclass(frozen=True, slots=True)
class Console:
    """How to speak with the person: lines in, lines out."""

    ask: Callable[[str], str]  # prints a prompt and returns what is typed; EOFError at the end
    say: Callable[[str], None]


class PlainReview:
    """Reads documents out and asks about each.

    Args:
        session: Takes documents and answers them.
        console: Speaks with the person.
        open_file: Opens a file outside.
        spoken: Names the words that spoke for the likeliest label; None reads none.
    """

    def __init__(
        self,
        session: ReviewSession,
        console: Console,
        open_file: OpenFile,
        spoken: Callable[[Document, Prediction], str] | None = None,
    ) -> None:
        self._spoken = spoken
        self._session = session
        self._console = console
        self._offered: tuple[LabelChoice, ...] = ()
        self._quit = False
        self._asked = ""  # a new label, to be typed once more
        self._shown_at = 0.0
        self._wanted = session.wanted
        self._viewer = ExternalViewer(open_file, session.service.path_of)
        self.marked: list[tuple[Item, float | None]] = []
        """Put aside, to be answered together."""
        self.item: Item | None = None
        """The document that was read out; renewed by others, so it is replaced here alone."""

    def run(self) -> None:
        """Go through the queue until it is empty or the person has had enough."""
        try:
            while not self._quit:
                self.item = self.item or self._session.take()
                if self.item is None:
                    if self._unmark() or self._take_over() or self._widen():
                        continue
                    text = nothing_there(self._session.waiting(), "")
                    self._console.say(f"{text[0].upper()}{text[1:]}.")
                    return
                self._read_out(self.item)
                self._decide()
        except EOFError:
            self._console.say("")
        finally:
            for item in self.held():
                self._session.put_back(item)
            self._viewer.close()

    def held(self) -> list[Item]:
        """Return what must be held longer while the person thinks."""
        return [*([self.item] if self.item else []), *(item for item, _ in self.marked)]

    def _read_out(self, item: Item) -> None:
        document, say = item.document, self._console.say
        self._shown_at = self._session.monotonic()
        self._offered = self._session.offered()
        pages = f", {document.pages} page{'s' if document.pages != 1 else ''}"
        source = f", from {document.source}" if document.source else ""
        say("")
        say(
            f"Document {document.id}: {document.name}{pages if document.pages else ''}{source}. "
            f"Here for {age(item.entry, self._session.service.now())}. "
            f"{self._session.waiting()} waiting."
        )
        say(f"Why: {why(item)}.")
        probable = [f"{name} {100 * share:.0f} percent" for name, share in shares(item).items()]
        if probable:
            say(f"The model says: {', '.join(probable)}.")
        prediction = None if item.blind else item.entry.prediction
        for remark in () if prediction is None else prediction.remarks:
            say(f"{remark[0].upper()}{remark[1:]}.")
        named = ", ".join(f"{each.digit} {each.label}".strip() for each in self._offered)
        top = suggestion(item, self._offered)
        say(f"Labels: {named}." + (f" Enter takes {top}." if top else "") + " help lists all.")

    def _decide(self) -> None:
        """Ask until the document is decided, or another one is to be read out."""
        before = self.item
        while self.item is before and before is not None and not self._quit:
            line = self._console.ask("> ").strip()
            try:
                self._obey(before, line)
            except DocsorterError as error:
                self._console.say(f"Not done: {error}.")
                self.item = self._session.held_again(before)
                if self.item is None:
                    self._console.say("The next document.")

    def _obey(self, item: Item, line: str) -> None:
        word, _, rest = line.partition(" ")
        rest = rest.strip()
        exact = next((c for c in self._offered if c.label.casefold() == line.casefold()), None)
        act = None if exact else self._acts().get(word.casefold())
        if act is None or act != self._new:
            self._asked = ""
        if act is not None:
            act(item, rest)
            return
        top = suggestion(item, self._offered)
        if not line and not top:
            self._console.say("Nothing is suggested here; give a label.")
            return
        choice = exact or by_name(self._offered, line or top)
        if choice is None:
            named = ", ".join(each.label for each in self._offered)
            self._console.say(
                f"There is no label {line!r}; the labels are {named}. help lists all."
            )
            return
        self._answered(item, choice.label, new=not choice.trained)

    def _acts(self) -> dict[str, Callable[[Item, str], None]]:
        return {
            "new": self._new,
            "mark": lambda item, _: self._mark(item),
            "all": lambda _, rest: self._answer_marked(rest),
            "together": lambda _, __: self._undo_together(),
            "undo": lambda item, _: self._undo(item),
            "skip": lambda item, _: self._skip(item),
            "reject": self._reject,
            "open": lambda item, _: self._open(item),
            "search": self._search,
            "words": lambda item, _: self._words(item),
            "again": lambda item, _: self._read_out(item),
            "help": lambda _, __: self._help(),
            "?": lambda _, __: self._help(),
            "quit": lambda _, __: self._leave(),
            "q": lambda _, __: self._leave(),
        }

    def _new(self, item: Item, label: str) -> None:
        """Answer with a label that exists; ask again before another one is made."""
        exact = next((c for c in self._offered if c.label.casefold() == label.casefold()), None)
        if not label:
            self._console.say("new needs a label, as in: new tax form")
        elif exact is not None:
            self._answered(item, exact.label, new=not exact.trained)
        elif label == self._asked:
            self._answered(item, label, new=True)
        else:
            check_label(label, [choice.label for choice in self._offered], new=True)
            self._asked = label
            said = no_such_label(label, self._offered)
            self._console.say(f"{said} new {label} once more makes it; anything else does not.")

    def _answered(self, item: Item, label: str, *, new: bool) -> None:
        self._session.answer(item, label, new=new, manner=self._manner())
        self.item = None
        self._console.say(f"{item.document.name} is {label}. undo takes it back.")

    def _manner(self) -> Manner:
        return Manner(self._session.monotonic() - self._shown_at)

    def _mark(self, item: Item) -> None:
        self.marked.append((item, self._manner().seconds))
        self.item = None
        self._console.say(f"{item.document.name} is put aside; {len(self.marked)} marked.")

    def _answer_marked(self, text: str) -> None:
        choice = by_name(self._offered, text) if text else None
        if choice is None or not self.marked:
            self._console.say(
                "all needs a label, as in: all invoice" if self.marked else "Nothing is marked."
            )
            return
        marked, self.marked = self.marked, []
        result = self._session.answer_all(marked, choice.label, new=not choice.trained)
        self._summary(result, f"are {choice.label}")

    def _undo_together(self) -> None:
        self._summary(self._session.undo_all(), "wait again")

    def _summary(self, result: BatchResult, what: str) -> None:
        for each in result.failed:
            self._console.say(f"Not done: document {each.document_id}: {each.error}.")
        self._console.say(f"{len(result.done)} documents {what}.")

    def _unmark(self) -> bool:
        """Ask about what was put aside and never answered, when nothing else waits."""
        for item, _ in self.marked:
            self._session.put_back(item)
        was_marked, self.marked = bool(self.marked), []
        return was_marked

    def _take_over(self) -> bool:
        """Ask whether to go on with what the same person holds in another session."""
        elsewhere = self._session.held_elsewhere()
        if not elsewhere:
            return False
        text = nothing_there(self._session.waiting(), "", elsewhere)
        self._console.say(f"{text[0].upper()}{text[1:]}. Take them over, yes or no?")
        if not self._console.ask("> ").strip().casefold().startswith("y"):
            return False
        return self._session.take_over() > 0

    def _widen(self) -> bool:
        """Show again what was shown before the person searched, when nothing else matches."""
        if self._session.wanted == self._wanted:
            return False
        self._console.say("Nothing free matches that search. All others are shown again.")
        self._session.narrow(self._wanted)
        return True

    def _reject(self, item: Item, why_not: str) -> None:
        self._session.reject(item, why_not, manner=self._manner())
        self.item = None
        self._console.say(f"{item.document.name} is rejected. undo takes it back.")

    def _skip(self, item: Item) -> None:
        self._session.skip(item)
        self.item = None
        self._console.say(f"{item.document.name} comes last for a while.")

    def _undo(self, item: Item) -> None:
        document, back = self._session.undo()
        self._console.say(f"{document.name} waits again: your answer was taken back.")
        if back is not None:
            self._session.put_back(item)
            self.item = back

    def _open(self, item: Item) -> None:
        self._console.say(f"{self._viewer.open(item.document, blind=item.blind).capitalize()}.")

    def _words(self, item: Item) -> None:
        seen = item.entry.prediction
        if self._spoken is None or seen is None or not words_spoke(item):
            self._console.say("Its words had no say." if not item.blind else f"{BLIND}.")
        else:
            self._console.say(f"Words {self._spoken(item.document, seen)}.")

    def _search(self, item: Item, text: str) -> None:
        self._session.narrow(parse_search(text))
        self._session.put_back(item)
        self.item = None

    def _leave(self) -> None:
        self._quit = True

    def _help(self) -> None:
        for command, meaning in COMMANDS:
            self._console.say(f"{command}: {meaning}.")
