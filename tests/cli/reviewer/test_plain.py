"""The same acts line by line, as a screen reader hears them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from docsorter.cli.reviewer.plain import COMMANDS, Console, PlainReview
from docsorter.documents import Document, State
from tests.cli.reviewer.scene import Scene


class Dialogue:
    """Types lines and hears what is said; at the end of the lines the input is closed."""

    def __init__(self, scene: Scene, *lines: str) -> None:
        self.said: list[str] = []
        self._lines: Iterator[str] = iter(lines)
        self.review = PlainReview(
            scene.session(), Console(self._ask, self.said.append), scene.opened.append
        )

    def _ask(self, prompt: str) -> str:
        assert prompt == "> "
        try:
            return next(self._lines)
        except StopIteration:
            raise EOFError from None

    @property
    def heard(self) -> str:
        return "\n".join(self.said)


def hold(scene: Scene, *lines: str) -> str:
    dialogue = Dialogue(scene, *lines)
    dialogue.review.run()
    return dialogue.heard


def test_a_document_is_read_out_in_whole_sentences(scene: Scene) -> None:
    scene.wait("invoice-1.png", pages=2)
    heard = hold(scene, "quit")
    assert "Document 1: invoice-1.png, 2 pages. Here for a moment. 1 waiting." in heard
    assert "Why: unsure: invoice 0.54, claim 0.41." in heard
    assert "invoice 54 percent, claim 41 percent, letter 5 percent" in heard
    assert "Labels: 1 invoice, 2 claim, 3 letter. Enter takes invoice." in heard
    assert heard.isascii()


@pytest.mark.parametrize(
    ("line", "label"),
    [("", "invoice"), ("2", "claim"), ("letter", "letter"), ("le", "letter"), ("CLAIM", "claim")],
)
def test_answers(scene: Scene, line: str, label: str) -> None:
    (document,) = scene.wait("invoice-1.png")
    heard = hold(scene, line)
    assert f"invoice-1.png is {label}. undo takes it back." in heard
    assert heard.endswith("Nothing waits for you.")
    assert scene.now(document).path.startswith(f"{label}/")


def test_undo_brings_the_document_back_and_it_is_read_out_again(scene: Scene) -> None:
    first, second = scene.wait("invoice-1.png", "claim-2.png")
    heard = hold(scene, "1", "undo", "3", "quit")
    assert "invoice-1.png waits again" in heard
    assert scene.now(first).path.startswith("letter/")
    assert scene.now(second).state is State.REVIEW


def test_skip_reject_new_and_open(scene: Scene) -> None:
    documents = scene.wait("invoice-1.png", "claim-2.png", "letter-3.png")
    heard = hold(scene, "skip", "reject torn", "new tax form", "new tax form", "open", "quit")
    assert "invoice-1.png comes last for a while." in heard
    states = [scene.now(document).state for document in documents]
    assert states == [State.REVIEW, State.REJECTED, State.SORTED]
    assert scene.now(documents[2]).path.startswith("tax form/")
    assert scene.opened == [scene.desk.path(documents[0])]


def test_a_new_label_is_asked_for_twice_and_the_one_that_may_be_meant_is_named(
    scene: Scene,
) -> None:
    (document,) = scene.wait("invoice-1.png")
    heard = hold(scene, "new Invoce", "again", "new Invoce", "quit")
    assert "There is no label 'Invoce'. Did you mean invoice? new Invoce once more" in heard
    assert scene.now(document).state is State.REVIEW
    hold(scene, "new INVOICE")
    assert scene.now(document).path.startswith("invoice/")


def test_a_search_that_matches_nothing_shows_the_others_again(scene: Scene) -> None:
    scene.wait("invoice-1.png")
    heard = hold(scene, "search claim-", "quit")
    assert "Nothing free matches that search. All others are shown again." in heard
    assert heard.count("Document 1:") == 2


def test_what_is_not_understood_is_said_and_nothing_is_done(scene: Scene) -> None:
    (document,) = scene.wait("invoice-1.png")
    heard = hold(scene, "receipt", "new", "new ..", "search foo:bar")
    assert "There is no label 'receipt'; the labels are invoice, claim, letter." in heard
    assert "new needs a label" in heard
    assert "Not done: '..' cannot be a label" in heard
    assert "Not done: there is no 'foo' to search by" in heard
    assert scene.now(document).state is State.REVIEW


def test_search_shows_only_what_matches(scene: Scene) -> None:
    scene.wait("invoice-1.png", "claim-2.png")
    heard = hold(scene, "search claim-", "quit")
    assert "Document 2: claim-2.png" in heard


def test_a_search_for_words_that_are_not_kept_changes_nothing(scene: Scene) -> None:
    scene.wait("invoice-1.png")
    heard = hold(scene, "search words:tariff", "search words:", "again", "quit")
    assert "Not done: no words of documents are kept" in heard
    assert "words.keep" in heard
    assert heard.count("Document 1:") >= 2


def test_help_names_every_command(scene: Scene) -> None:
    scene.wait("invoice-1.png")
    heard = hold(scene, "help", "again")
    assert all(command in heard for command, _ in COMMANDS)
    assert heard.count("Document 1:") == 2


def test_the_end_of_the_input_gives_the_document_back(scene: Scene) -> None:
    (document,) = scene.wait("invoice-1.png")
    hold(scene)
    assert scene.desk.store.review.entry_for_document(document.id).lease_owner is None


def test_an_empty_queue_is_said_at_once(scene: Scene) -> None:
    assert hold(scene) == "Nothing waits for you."


def test_a_document_lost_to_somebody_else_is_said_and_the_next_one_comes(scene: Scene) -> None:
    document, other = scene.wait("invoice-1.png", "claim-2.png")
    dialogue = Dialogue(scene, "1", "2")
    original = dialogue.review._console.ask

    def ask(prompt: str) -> str:
        if scene.now(document).state is State.REVIEW and not dialogue_taken(scene, document):
            scene.desk.clock.advance(601)
            entry = scene.desk.store.review.entry_for_document(document.id)
            scene.desk.store.review.lease(entry.id, owner="bob", seconds=60)
        return original(prompt)

    dialogue.review._console = Console(ask, dialogue.said.append)
    dialogue.review.run()
    assert "Not done: the lease of document 1 ran out" in dialogue.heard
    assert scene.now(document).state is State.REVIEW
    assert scene.now(other).path.startswith("claim/")


def dialogue_taken(scene: Scene, document: Document) -> bool:
    return scene.desk.store.review.entry_for_document(document.id).lease_owner == "bob"


def test_a_missing_file_is_said_and_not_offered_in_a_circle(scene: Scene) -> None:
    (document,) = scene.wait("invoice-1.png")
    path: Path = scene.desk.path(document)
    path.unlink()
    heard = hold(scene, "1", "skip", "quit")
    assert "Not done: " in heard
    assert scene.now(document).state is State.REVIEW
