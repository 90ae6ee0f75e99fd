"""Rows read and written without objects that SQLAlchemy follows, for what every document meets.

Following an object's attributes costs several times what its statement does. A plain row has the
columns of a row and nothing behind them; what was changed in it is written by `keep`.
"""

from types import SimpleNamespace
from typing import Final, cast

from sqlalchemy import Connection, Table, Update, bindparam, select, update

from docsorter.store.tables import DocumentRow, MoveRow

_DOCUMENTS: Final = cast("Table", DocumentRow.__table__)
_MOVES: Final = cast("Table", MoveRow.__table__)
_OF_DOCUMENT: Final = tuple(column.name for column in _DOCUMENTS.columns)
_OF_MOVE: Final = tuple(column.name for column in _MOVES.columns)
_NOTHING: Final = dict.fromkeys(_OF_DOCUMENT)

_DOCUMENT: Final = select(_DOCUMENTS).where(_DOCUMENTS.c.id == bindparam("number"))
_MOVE: Final = (
    select(*_MOVES.columns, *_DOCUMENTS.columns)
    .join_from(_MOVES, _DOCUMENTS, _DOCUMENTS.c.id == _MOVES.c.document_id)
    .where(_MOVES.c.id == bindparam("number"))
)
_LOCKED_DOCUMENT: Final = _DOCUMENT.with_for_update()
_LOCKED_MOVE: Final = _MOVE.with_for_update()
_KEEP_DOCUMENT: Final = update(_DOCUMENTS).where(_DOCUMENTS.c.id == bindparam("number"))
_KEEP_MOVE: Final = update(_MOVES).where(_MOVES.c.id == bindparam("number"))


def new_document(values: dict[str, object]) -> DocumentRow:
    """Return the row of a document that was inserted just now; what is left out is null."""
    return cast("DocumentRow", SimpleNamespace(**{**_NOTHING, **values}))


def document(connection: Connection, document_id: int) -> DocumentRow | None:
    """Return a document's row, locked against other writers; None without one."""
    found = connection.execute(_LOCKED_DOCUMENT, {"number": document_id}).one_or_none()
    return None if found is None else _document(tuple(found))


def move(
    connection: Connection, move_id: int, *, lock: bool = False
) -> tuple[MoveRow, DocumentRow] | None:
    """Return a move's row and its document's, locked if asked; None without one."""
    statement = _LOCKED_MOVE if lock else _MOVE
    found = connection.execute(statement, {"number": move_id}).one_or_none()
    if found is None:
        return None
    values = tuple(found)
    own = dict(zip(_OF_MOVE, values, strict=False))
    return cast("MoveRow", SimpleNamespace(**own)), _document(values[len(_OF_MOVE) :])


def keep_document(connection: Connection, row: DocumentRow, before: dict[str, object]) -> None:
    """Write what was changed in a document's row since its `columns` were taken."""
    _keep(connection, _KEEP_DOCUMENT, row, before)


def keep_move(connection: Connection, row: MoveRow, before: dict[str, object]) -> None:
    """Write what was changed in a move's row since its `columns` were taken."""
    _keep(connection, _KEEP_MOVE, row, before)


def columns(row: DocumentRow | MoveRow) -> dict[str, object]:
    """Return the columns of a plain row as they are now."""
    return dict(vars(row))


def _document(values: tuple[object, ...]) -> DocumentRow:
    own = dict(zip(_OF_DOCUMENT, values, strict=True))
    return cast("DocumentRow", SimpleNamespace(**own))


def _keep(
    connection: Connection, statement: Update, row: DocumentRow | MoveRow, before: dict[str, object]
) -> None:
    changed = {name: value for name, value in vars(row).items() if value != before[name]}
    if changed:
        connection.execute(statement, {"number": before["id"], **changed})
