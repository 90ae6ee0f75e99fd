"""Queries behind status, history and review use an index, however many documents there are."""

import datetime as dt
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event

from docsorter.clock import ManualClock
from docsorter.documents import ReasonCode, State
from docsorter.store import DocumentFilter, ReviewFilter, ReviewOrder, Store, Turn, open_store

MANY = 100_000

FILL = [
    f"""
    WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {MANY})
    INSERT INTO documents (id, name, source, state, place, path, size, mtime_ns, sha256, producer,
        arrived_at, label, confidence, attempts)
    SELECT i, CASE WHEN i % 25000 = 1 THEN 'box-' ELSE 'scan-' END || i || '.pdf',
        'hall' || (i % 4),
        CASE WHEN i % 20 = 0 THEN 'review' WHEN i % 20 = 1 THEN 'spooled' ELSE 'sorted' END,
        'sorted', i || '.pdf', 1000, 1, printf('%064x', i), '',
        strftime('%Y-%m-%d %H:%M:%f000', '2020-01-01', '+' || i || ' minutes'),
        CASE i % 3 WHEN 0 THEN 'invoice' WHEN 1 THEN 'claim' ELSE 'letter' END, 0.5, 0
    FROM numbers
    """,
    """
    INSERT INTO review_entries (document_id, created_at, reason, label, confidence, source, skips)
    SELECT id, arrived_at, 'unsure', label, confidence, source, 0
    FROM documents WHERE state = 'review'
    """,
    """
    INSERT INTO events (at, kind, actor, document_id, detail)
    SELECT arrived_at, 'claimed', 'daemon', id, '{}' FROM documents
    """,
    """
    INSERT INTO moves (document_id, from_place, from_path, to_place, to_path, state, next_state,
        actor, planned_at, closed_at, before)
    SELECT id, 'spool', id || '.pdf', 'sorted', path, 'done', 'sorted', 'daemon', arrived_at,
        arrived_at, '{}' FROM documents
    """,
    """
    INSERT INTO tallies SELECT state, CASE WHEN state = 'sorted' THEN label ELSE '' END, 0,
        count(*) FROM documents GROUP BY 1, 2
    """,
]


@contextmanager
def statements(store: Store) -> Iterator[list[tuple[str, tuple[object, ...]]]]:
    """Collect what is asked of the database."""
    seen: list[tuple[str, tuple[object, ...]]] = []

    def note(*arguments: object) -> None:
        statement, parameters = arguments[2], arguments[3]
        assert isinstance(statement, str)
        assert isinstance(parameters, tuple)
        if statement.lstrip().startswith("SELECT"):
            seen.append((statement, parameters))

    event.listen(store.database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(store.database.engine, "before_cursor_execute", note)


def plans(store: Store, ask: Callable[[], object]) -> list[str]:
    with statements(store) as asked:
        ask()
    assert asked
    with store.database.read() as session:
        connection = session.connection()
        return [
            str(row[-1])
            for statement, parameters in asked
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("many")
    shutil.copy(empty_database, folder / "docsorter.db")
    clock = ManualClock()
    with open_store("sqlite:///docsorter.db", clock=clock, state_dir=folder) as store:
        with store.database.write() as session:
            for statement in FILL:
                session.connection().exec_driver_sql(statement)
        yield store


def _helps(store: Store, number: int) -> object:
    turn = Turn(number, dt.timedelta(days=1))
    return store.review.lease(None, owner="anna", seconds=1, order=ReviewOrder.HELPS, turn=turn)


NOW = ManualClock().now()
QUESTIONS: dict[str, Callable[[Store], object]] = {
    "history": lambda s: s.documents.find(),
    "history of a state": lambda s: s.documents.find(DocumentFilter(state=State.REJECTED)),
    "history of a label": lambda s: s.documents.find(DocumentFilter(label="none")),
    "history of both": lambda s: s.documents.find(DocumentFilter(state=State.SORTED, label="none")),
    "history of a source": lambda s: s.documents.find(DocumentFilter(source="none")),
    "history since": lambda s: s.documents.find(DocumentFilter(since=NOW)),
    "history of two characters": lambda s: s.documents.find(DocumentFilter(text="an")),
    "history of two characters that are nowhere": lambda s: s.documents.find(
        DocumentFilter(text="zq")
    ),
    "history of one character of a label": lambda s: s.documents.find(
        DocumentFilter(text="z", label="none")
    ),
    "the next page": lambda s: s.documents.find(before_id=MANY // 2),
    "due": lambda s: s.documents.due(50, NOW),
    "waiting reasons": lambda s: s.documents.waiting_reasons(),
    "next due time": lambda s: s.documents.next_due_time(),
    "the same bytes": lambda s: s.documents.earlier_with_hash("f" * 64, MANY),
    "planned moves": lambda s: s.moves.planned(),
    "planned moves of old": lambda s: s.moves.planned(planned_before=NOW),
    "planned moves due": lambda s: s.moves.planned(due_at=NOW),
    "planned move": lambda s: s.moves.planned_for(5),
    "review, oldest": lambda s: s.review.entries(),
    "review, newest": lambda s: s.review.entries(order=ReviewOrder.NEWEST),
    "review, unsure": lambda s: s.review.entries(order=ReviewOrder.UNSURE),
    "review, sure": lambda s: s.review.entries(order=ReviewOrder.SURE),
    "review of a label": lambda s: s.review.entries(filter=ReviewFilter(label="none")),
    "review of a reason": lambda s: s.review.entries(
        filter=ReviewFilter(reason=ReasonCode.DUPLICATE)
    ),
    "review of a source": lambda s: s.review.entries(filter=ReviewFilter(source="none")),
    "review of two characters": lambda s: s.review.entries(filter=ReviewFilter(text="zq")),
    "the next to review": lambda s: s.review.lease(None, owner="anna", seconds=1),
    "the next that helps": lambda s: _helps(s, 0),
    "the next that helps, of evidence": lambda s: _helps(s, 1),
    "the next that helps, unsure": lambda s: _helps(s, 2),
    "the next that helps, strange": lambda s: _helps(s, 3),
    "examples": lambda s: s.learning.labelled_documents("starter-1", most=400),
    "review stats": lambda s: s.review.stats(),
    "events of a document": lambda s: s.documents.events(document_id=5),
    "events since": lambda s: s.documents.events(since=NOW),
    "moves of a document": lambda s: s.moves.of_document(5),
}
# The whole table in the order of its numbers, read only until the page is full.
IN_ORDER_OF_NUMBERS = {"history"}


@pytest.mark.slow
@pytest.mark.parametrize("question", QUESTIONS)
def test_the_database_answers_from_an_index(filled: Store, question: str) -> None:
    steps = plans(filled, lambda: QUESTIONS[question](filled))
    walked = [
        step for step in steps if re.match(r"SCAN (documents|moves|events|predictions)", step)
    ]
    if question in IN_ORDER_OF_NUMBERS:
        assert walked == ["SCAN documents"]
        assert not [step for step in steps if "TEMP B-TREE" in step]
    else:
        assert [step for step in walked if "USING" not in step] == []


@pytest.mark.slow
def test_counts_read_a_handful_of_counters(filled: Store) -> None:
    with statements(filled) as asked:
        counts = filled.documents.counts()
    assert [re.findall(r"FROM (\w+)", statement) for statement, _ in asked] == [["tallies"]]
    assert counts.total == MANY
    assert counts.states[State.REVIEW] == MANY // 20


@pytest.mark.slow
def test_counters_agree_with_a_hundred_thousand_documents(filled: Store) -> None:
    assert filled.upkeep.integrity_check() == []


@contextmanager
def work(store: Store) -> Iterator[list[int]]:
    """Count the steps that SQLite takes, in thousands; unlike time they are always the same."""
    steps = [0]

    def count() -> int:
        steps[0] += 1
        return 0

    def listen(connection: sqlite3.Connection, *_: object) -> None:
        connection.set_progress_handler(count, 1000)

    event.listen(store.database.engine, "checkout", listen)
    try:
        yield steps
    finally:
        event.remove(store.database.engine, "checkout", listen)
        with store.database.engine.connect() as connection:
            plain = connection.connection.driver_connection
            assert plain is not None
            plain.set_progress_handler(None, 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("scan", 20),  # all have it
        ("an", 20),
        ("n", 20),
        ("99", 20),
        ("zq", 1),  # none has it
        ("z", 1),
        ("ox", 40),  # few have it, far apart: a block each is read
    ],
)
def test_short_texts_are_found_with_little_work(filled: Store, text: str, most: int) -> None:
    with work(filled) as steps:
        found = filled.documents.find(DocumentFilter(text=text))
    assert steps[0] <= most
    assert len(found) == {"zq": 0, "z": 0, "ox": 4}.get(text, 50)
    with work(filled) as steps:
        filled.review.entries(filter=ReviewFilter(text=text))
    assert steps[0] <= 250, "each of the 5,000 entries is looked at once at most"
