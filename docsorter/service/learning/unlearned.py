"""What people said that the model in use has not learned from yet."""

from dataclasses import dataclass

from docsorter.store import Store


@dataclass(frozen=True, slots=True)
class Unlearned:
    """What people said since the model in use learned.

    Attributes:
        model: Name on the card of the model in use.
        answers: Answered documents that it has not learned from.
        corrections: Of those, how many differ from what was suggested.
    """

    model: str
    answers: int
    corrections: int

    def sentence(self) -> str:
        """Return the same in words."""
        if not self.answers:
            return "it has learned every answer that stands"
        return (
            f"{self.corrections} corrections among {self.answers} answers are not learned yet; "
            "they count from the next model on: docsorter retrain"
        )


def unlearned(store: Store, model: str) -> Unlearned:
    """Count what a model has not learned yet.

    Args:
        store: The database.
        model: Name on its card.
    """
    return Unlearned(
        model,
        store.unlearned(model, corrections=False),
        store.unlearned(model, corrections=True),
    )
