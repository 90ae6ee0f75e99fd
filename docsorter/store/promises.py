"""The history of the threshold in use: every change with the evidence that it rested on."""

from sqlalchemy import select

from docsorter.store import rows
from docsorter.store.evidence_tables import PromiseRow
from docsorter.store.evidence_words import PromiseMove, Why
from docsorter.store.transactions import Transactions


class PromisesStore(Transactions):
    """The part of the store that speaks of promises; it has no way to change one."""

    def add_promise(self, moved: PromiseMove, *, actor: str) -> PromiseMove:
        """Write a change of the threshold in use down, with its line in the log."""
        now = self._now()
        with self.write() as session:
            row = PromiseRow(
                at=now,
                model=moved.model,
                rule=moved.rule,
                threshold=moved.threshold,
                target=moved.target,
                confidence=moved.confidence,
                checked=moved.checked,
                errors=moved.errors,
                upper_bound=moved.upper_bound,
                last_check_id=moved.last_check_id,
                why=moved.why.value,
                detail=dict(moved.detail),
            )
            session.add(row)
            session.flush()
            detail: dict[str, object] = {
                "promise": row.id,
                "model": moved.model,
                "threshold": moved.threshold,
                "why": moved.why.value,
                "checked": moved.checked,
                "errors": moved.errors,
                "upper_bound": moved.upper_bound,
            }
            detail["share"] = moved.detail.get("share")
            kind = "sampling_moved" if moved.why is Why.SAMPLING else "promise_moved"
            rows.log(session, kind, at=now, actor=actor, document_id=None, detail=detail)
            return _move(row)

    def promises(self, rule: str | None = None, *, limit: int = 100) -> list[PromiseMove]:
        """Return the latest changes, the oldest of them first.

        Args:
            rule: Only under this rule.
            limit: How many at most.
        """
        query = select(PromiseRow).order_by(PromiseRow.id.desc()).limit(limit)
        if rule is not None:
            query = query.where(PromiseRow.rule == rule)
        with self.read() as session:
            return [_move(row) for row in session.scalars(query)][::-1]


def _move(row: PromiseRow) -> PromiseMove:
    return PromiseMove(
        model=row.model,
        rule=row.rule,
        threshold=row.threshold,
        target=row.target,
        confidence=row.confidence,
        checked=row.checked,
        errors=row.errors,
        upper_bound=row.upper_bound,
        why=Why(row.why),
        last_check_id=row.last_check_id,
        detail=dict(row.detail),
        id=row.id,
        at=row.at,
    )
