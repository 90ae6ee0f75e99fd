"""What a day of a department brought, and what became of its new models."""

from dataclasses import dataclass

from bench.department.arrivals import Arrivals
from bench.department.models import Seen


@dataclass(frozen=True, slots=True)
class Day:
    """What a day brought.

    Attributes:
        arrived: Documents.
        sorted_alone: Sorted without waiting for a person.
        wrong: Of those, to a wrong label.
        unseen: Of those sorted alone, never shown to anybody.
        decided: Answers that a document waited for.
        checks: Answers about documents that were sorted already.
        seconds: Second looks at disagreements, and looks that compare people.
        threshold: In use in the evening; None: none.
        model: In use in the evening.
        share: Of the eligible documents, drawn for a check.
        happened: What changed, in words; "" for nothing.
    """

    arrived: int
    sorted_alone: int
    wrong: int
    unseen: int
    decided: int
    checks: int
    seconds: int
    threshold: float | None
    model: str
    share: float
    happened: str = ""

    @property
    def answers(self) -> int:
        """All answers that people gave."""
        return self.decided + self.checks + self.seconds


@dataclass(frozen=True, slots=True)
class Retraining:
    """What became of one new model.

    Attributes:
        model: Its name.
        trained: Day on whose evening it was trained.
        promoted: Day on whose evening it replaced the old one; None: it was given up.
        before: Share of the documents of its rehearsal that the old model would sort alone by the
            threshold it had in the end.
        after: The same of the new one.
    """

    model: str
    trained: int
    promoted: int | None
    before: float
    after: float


def run_starter(model: Seen, arrivals: Arrivals) -> list[Day]:
    """Return the days of a department that sorts at the threshold on the model's card."""
    days = []
    for day in range(arrivals.days):
        here = arrivals.of_day(day)
        rows, truth = arrivals.rows[here], arrivals.truth[here]
        alone = model.eligible[rows] & (model.score[rows] >= model.threshold)
        wrong = int((alone & (model.top[rows] != truth)).sum())
        volume = int(alone.sum())
        days.append(
            Day(
                len(rows),
                volume,
                wrong,
                volume,
                len(rows) - volume,
                0,
                0,
                model.threshold,
                model.name,
                0.0,
            )
        )
    return days
