"""A store with a great many documents in it, made by the database itself in a minute or so."""

from docsorter.store import Store

_FILL = (
    """
    WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < :many)
    INSERT INTO documents (id, name, source, state, place, path, size, mtime_ns, sha256, producer,
        model, arrived_at, decided_at, finished_at, verdict, label, confidence, threshold, reason,
        reason_text, attempts)
    SELECT i, CASE WHEN i % 50000 = 0 THEN 'box-' ELSE 'scan-' END || i || '.pdf',
        'hall' || (i % 4),
        CASE WHEN i % 100 = 0 THEN 'review' WHEN i % 50 = 1 THEN 'rejected' ELSE 'sorted' END,
        CASE WHEN i % 100 = 0 THEN 'review' WHEN i % 50 = 1 THEN 'rejected' ELSE 'sorted' END,
        'x/2026/scan-' || i || '.pdf', 100000, i, lower(hex(randomblob(32))), '', 'starter-1',
        at, at, at, 'sort',
        CASE i % 3 WHEN 0 THEN 'invoice' WHEN 1 THEN 'claim' ELSE 'letter' END,
        0.5 + (i % 500) / 1000.0, 0.9, 'sure', 'sure', 0
    FROM (SELECT i, strftime('%Y-%m-%d %H:%M:%f000', '2024-01-01', '+' || i || ' minutes') AS at
        FROM numbers)
    """,
    """
    INSERT INTO review_entries (document_id, created_at, reason, label, confidence, source, skips)
    SELECT id, arrived_at, 'unsure', label, confidence, source, 0
    FROM documents WHERE state = 'review'
    """,
    """
    INSERT INTO predictions (document_id, made_at, model, labels, probabilities, novelty, pages)
    SELECT id, arrived_at, 'starter-1', '["invoice","claim","letter"]', '[0.9,0.06,0.04]', 12.5,
        '[{"probabilities":[0.9,0.06,0.04],"novelty":12.5}]' FROM documents
    """,
    """
    INSERT INTO events (at, kind, actor, document_id, detail)
    SELECT arrived_at, kind, 'daemon', id, '{"size": 100000}' FROM documents
    CROSS JOIN (SELECT 'claimed' AS kind UNION ALL SELECT 'verdict' UNION ALL SELECT 'delivered')
    """,
    """
    INSERT INTO moves (document_id, from_place, from_path, to_place, to_path, state, next_state,
        actor, planned_at, closed_at, before)
    SELECT id, 'spool', id || '.pdf', place, path, 'done', state, 'daemon', arrived_at,
        arrived_at, '{}' FROM documents
    """,
    """
    INSERT INTO tallies SELECT state, CASE WHEN state = 'sorted' THEN label ELSE '' END, 0,
        count(*) FROM documents GROUP BY 1, 2
    """,
)


def fill(store: Store, documents: int) -> None:
    """Put so many finished documents into an empty SQLite store, with all that belongs to them."""
    with store.database.write() as session:
        for statement in _FILL:
            values = {"many": documents} if ":many" in statement else {}
            session.connection().exec_driver_sql(statement, values)
