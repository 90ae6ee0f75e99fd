"""Changing the model while documents are looked at."""

import gc
import threading
import weakref
from pathlib import Path

import pytest

from docsorter.errors import ModelError
from docsorter.service.engine import Sight
from tests.service.models import Held, OneAnswer, make_engine, make_model

FILE = Path("a.pdf")


def test_the_next_document_is_looked_at_with_the_new_model_and_says_so() -> None:
    engine, pages = make_engine(make_model("old"))

    before = engine.look(FILE, "a.pdf")
    engine.switch(make_model("new"))
    after = engine.look(FILE, "a.pdf")

    assert (before.prediction.model, after.prediction.model) == ("old", "new")
    assert engine.card.name == "new"
    assert after.statement.startswith("uncertified")
    assert not pages.closed, "the reader serves both, their pages have the same size"


def test_a_document_under_way_is_finished_with_the_model_it_began_with() -> None:
    held, seen = Held(), list[Sight]()
    engine, _ = make_engine(make_model("old", answer=held))
    thread = threading.Thread(target=lambda: seen.append(engine.look(FILE, "a.pdf")))
    thread.start()
    assert held.began.wait(30)

    engine.switch(make_model("new"))
    during = engine.look(FILE, "b.pdf")
    outgoing = engine.outgoing
    held.go.set()
    thread.join(30)

    assert during.prediction.model == "new"
    assert [sight.prediction.model for sight in seen] == ["old"]
    assert (outgoing, engine.outgoing) == (1, 0)


def test_the_old_model_is_freed_when_its_last_document_is_finished() -> None:
    held = Held()
    gone = weakref.ref(held)
    engine, _ = make_engine(make_model("old", answer=held))
    thread = threading.Thread(target=engine.look, args=(FILE, "a.pdf"))
    thread.start()
    assert held.began.wait(30)
    engine.switch(make_model("new"))
    assert gone() is not None
    held.go.set()
    thread.join(30)

    del held, thread
    gc.collect()
    assert gone() is None


def test_a_model_of_another_page_size_gets_a_reader_of_its_own() -> None:
    held = Held()
    engine, pages = make_engine(make_model("old", answer=held))
    thread = threading.Thread(target=engine.look, args=(FILE, "a.pdf"))
    thread.start()
    assert held.began.wait(30)

    engine.switch(make_model("large", input={"size": 400}))
    still_open = not pages.closed
    held.go.set()
    thread.join(30)

    assert still_open, "a document under way still needs it"
    assert pages.closed
    engine.close()


def test_a_failing_document_lets_the_old_model_go_too() -> None:
    class Broken(OneAnswer):
        def __init__(self) -> None:
            super().__init__()
            self.before = self._fail

        def _fail(self) -> None:
            engine.switch(make_model("new"))
            raise ModelError("no answer")

    engine, _ = make_engine(make_model("old", answer=Broken()))

    with pytest.raises(ModelError, match="no answer"):
        engine.look(FILE, "a.pdf")

    assert engine.outgoing == 0
    assert engine.look(FILE, "a.pdf").prediction.model == "new"


def test_closing_ends_the_reader() -> None:
    engine, pages = make_engine(make_model("old"))

    engine.close()

    assert pages.closed
