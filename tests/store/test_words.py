"""Documents are found by their words where those are kept, and what is forgotten is in no index."""

import contextlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text as sql

from docsorter.clock import ManualClock
from docsorter.documents import Document, Place, Reason, ReasonCode, State, Verdict, VerdictKind
from docsorter.errors import DependencyError, UsageError
from docsorter.store import (
    Destination,
    DocumentFilter,
    Findings,
    ReviewFilter,
    Store,
    migrate,
    open_store,
)
from docsorter.store import words as words_module
from docsorter.store.backups import check, scrub
from tests.store.conftest import URL
from tests.store.office import Office

ON_BOTH = pytest.mark.any_database
CLAIM = "Schadenmeldung Straße 7 claim number RE-2024/0815 für Frau Müller ﬁnal"
SECRET = "zwiebelkuchenrezept"


def read(store: Store, text: str, name: str = "", source: str = "") -> Document:
    """Let a document wait for a person, with words that were read."""
    document = Office(store).review(name=name, source=source)
    return note(store, document, text)


def note(store: Store, document: Document, text: str) -> Document:
    return store.documents.record_prediction(document.id, Findings(text=text))


def found(store: Store, words: str) -> list[int]:
    """Return what history finds, which the queue must find as well."""
    documents = [each.id for each in store.documents.find(DocumentFilter(words=words))]
    entries = store.review.entries(filter=ReviewFilter(words=words))
    waiting = [each for each in documents if store.documents.get(each).state is State.REVIEW]
    assert sorted(waiting) == sorted(entry.document.id for entry in entries)
    return documents


@ON_BOTH
def test_documents_are_found_by_words_however_those_are_written(store: Store) -> None:
    wanted = read(store, CLAIM)
    read(store, "another letter about a reclaim 0815")
    whole = ["claim", "CLAIM number", "number claim", "(claim) *number*", "RE-2024/0815", "7"]
    folded = ["strasse", "Müller", "muller", "final"]
    beginnings = ["claim numb", "2024-081"]
    for typed in (*whole, *folded, *beginnings):
        assert found(store, typed) == [wanted.id], typed
    for typed in ("laim", "cla number", "claim letter", "0815-2024", "2024-0", "fr"):
        assert found(store, typed) == [], typed


@ON_BOTH
def test_words_narrow_together_with_what_else_is_asked_for(store: Store) -> None:
    office = Office(store)
    first = read(store, CLAIM, name="a.pdf", source="fax")
    read(store, CLAIM, name="b.pdf")
    note(store, office.sort(), CLAIM)
    assert len(found(store, "claim")) == 3
    both = ReviewFilter(words="claim", source="fax", text="a.p")
    assert [entry.document.id for entry in store.review.entries(filter=both)] == [first.id]
    sorted_ones = DocumentFilter(words="claim", state=State.SORTED)
    assert len(store.documents.find(sorted_ones)) == 1
    held = store.review.lease(None, owner="anna", seconds=9, filter=both)
    assert held.entry.document.id == first.id


@ON_BOTH
def test_a_document_that_is_read_again_has_its_new_words_alone(store: Store) -> None:
    document = read(store, "old words")
    note(store, document, "new words")
    assert (found(store, "old"), found(store, "new")) == ([], [document.id])
    note(store, document, "")  # nothing was read this time, and the page is the same
    assert found(store, "new") == [document.id]


@ON_BOTH
def test_words_come_with_the_verdict(store: Store) -> None:
    document = Office(store).drop()
    store.moves.decide_and_plan(
        document.id,
        Verdict(VerdictKind.REVIEW, Reason(ReasonCode.UNSURE, "unsure")),
        Destination(Place.REVIEW, "a.pdf", State.REVIEW),
        Findings(text=CLAIM),
    )
    assert [each.id for each in store.documents.find(DocumentFilter(words="claim"))] == [
        document.id
    ]


FINDS = [
    '"claim',
    "-claim",
    "^claim",
    "claim*",
    "(claim",
    "claim + number",
    "claim:* & !number | <->",
    "'claim' \\",
    "claim\0number",
    "\udcff claim",
    "😀 claim",
    "\U0010fffd claim",
    "\u202eclaim",
]
FINDS_NOTHING = [
    "claim OR number",
    "NOT claim",
    "claim AND",
    "NEAR(claim number, 2)",
    "words : claim",
    "{words}: claim",
    "%s %(x)s :x ?1 $1",
    'claim"; DROP TABLE documents; --',
    "ﷺ" * 5,
    "x" * 8_000,
]


@ON_BOTH
def test_what_is_typed_is_never_a_query_language(store: Store) -> None:
    document = read(store, CLAIM)
    for typed in FINDS:
        assert found(store, typed) == [document.id], typed
    for typed in FINDS_NOTHING:
        assert found(store, typed) == [], typed


def test_none_or_too_many_words_are_refused_with_an_example(store: Store) -> None:
    read(store, CLAIM)
    for typed in ("", " ", '"*"', "😀", "\0", "a-" * 5_000, "claim " * 33):
        with pytest.raises(UsageError, match="search for") as caught:
            found(store, typed)
        assert 'words:"claim number"' in caught.value.remedy


@given(st.text(max_size=30), st.text(max_size=30))
@settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_text_is_kept_and_any_text_is_asked_for(store: Store, kept: str, typed: str) -> None:
    if not store.documents.count():
        Office(store).review()
    note(store, store.documents.get(1), f"always {kept}")
    assert found(store, " ".join(["always", *kept.split()[:1]])) == [1]
    with contextlib.suppress(UsageError):  # there is no word in it
        found(store, typed)


@ON_BOTH
def test_without_words_the_setting_that_keeps_them_is_named(store: Store) -> None:
    Office(store).review()
    for ask in (
        lambda: store.documents.find(DocumentFilter(words="claim")),
        lambda: store.review.entries(filter=ReviewFilter(words="claim")),
        lambda: store.review.lease(None, owner="a", seconds=1, filter=ReviewFilter(words="claim")),
    ):
        with pytest.raises(UsageError, match="no words of documents are kept") as caught:
            ask()
        assert "words.keep" in caught.value.remedy


def contents(path: Path) -> bytes:
    """Return every byte of a database, the write-ahead log included."""
    log = Path(f"{path}-wal")
    return path.read_bytes() + (log.read_bytes() if log.exists() else b"")


def in_order(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as database:
        database.execute(
            "INSERT INTO document_words (document_words, rank) VALUES ('integrity-check', 1)"
        )
    return check(path) == []


@ON_BOTH
def test_forgotten_words_are_found_no_more(store: Store) -> None:
    document, other = read(store, f"{SECRET} letter"), read(store, "letter")
    store.upkeep.forget(document.id, actor="anna")
    assert (found(store, SECRET), found(store, "letter")) == ([], [other.id])


def test_nothing_of_forgotten_words_is_left_in_any_byte_of_the_file(store: Store) -> None:
    path = store.database.path
    assert path is not None
    for number in range(30):
        read(store, f"letter {number} common words {number * 7}")
    document = read(store, f"letter {SECRET}")
    note(store, document, f"{SECRET} was read again")  # the words before go as well
    assert SECRET.encode() in contents(path)
    store.upkeep.forget(document.id, actor="anna")
    assert store.upkeep.checkpoint(truncate=True)
    assert SECRET[:8].encode() not in contents(path)
    assert in_order(path)
    assert len(found(store, "letter")) == 30


def test_a_copy_forgets_words_too(store: Store, tmp_path: Path, clock: ManualClock) -> None:
    document = read(store, SECRET)
    read(store, "letter")
    copy = store.upkeep.backup(tmp_path / "copy.db")
    assert SECRET.encode() in copy.read_bytes()
    assert scrub(copy, [(document.id, document.arrived_at)], clock.now()) == 1
    assert SECRET[:8].encode() not in copy.read_bytes()
    assert in_order(copy)


@ON_BOTH
def test_words_go_with_old_predictions_and_all_at_once(store: Store, clock: ManualClock) -> None:
    office = Office(store)
    waiting, done = read(store, "waits"), office.sort()
    note(store, done, "done")
    clock.advance(10)
    assert store.upkeep.drop_predictions_before(clock.now(), 10) == 1
    assert (found(store, "done"), found(store, "waits")) == ([], [waiting.id])
    note(store, done, "done")
    assert [store.upkeep.drop_words(1) for _ in range(3)] == [1, 1, 0]
    with pytest.raises(UsageError, match="no words of documents are kept"):
        found(store, "waits")


def test_an_old_workspace_gets_a_place_for_words_and_goes_back(
    state_dir: Path, clock: ManualClock
) -> None:
    def go(to: str = "") -> None:
        migrate(URL, clock=clock, state_dir=state_dir, backups_dir=state_dir / "b", to=to)
        clock.advance(1)

    def tables() -> int:
        query = "SELECT count(*) FROM sqlite_master WHERE name LIKE 'document_words%'"
        with closing(sqlite3.connect(state_dir / "docsorter.db")) as database:
            return int(database.execute(query).fetchone()[0])

    go("0005")
    assert tables() == 0
    go()
    with open_store(URL, clock=clock, state_dir=state_dir) as store:
        document = read(store, CLAIM)
        assert found(store, "claim") == [document.id]
    go("0005")
    assert tables() == 0
    go()
    with open_store(URL, clock=clock, state_dir=state_dir) as store:
        assert store.documents.get(document.id).name == document.name
        assert store.upkeep.integrity_check() == []


def test_an_sqlite_without_fts5_keeps_none_and_says_so(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words_module, "has_fts5", lambda _: False)
    document = read(store, CLAIM)
    with pytest.raises(DependencyError, match="without FTS5"):
        found(store, "claim")
    store.upkeep.forget(document.id, actor="anna")
    assert store.upkeep.drop_words(1) == 0
    with store.database.write() as session:
        words_module.adapt(session.connection())
        assert session.scalar(sql("SELECT count(*) FROM document_words")) == 0
