"""Which answered documents of the store others are compared with."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from docsorter.store import Store
from docsorter.store.learning import Example

PER_LABEL: Final = 8
MOST: Final = 40
_LOOKED_THROUGH: Final = 400  # answers

Examples = Callable[[], Sequence[Example]]
"""Returns them; waits for the database."""


def latest_examples(store: Store, model: str) -> list[Example]:
    """Return the latest answered documents, a few of each label, those first that were taught.

    Nothing that waits for another answer is among them: what was said of it may lead nobody.

    Args:
        store: Has the answers.
        model: Name on the card of the model in use.
    """
    found = store.examples(model, most=_LOOKED_THROUGH)
    chosen: list[Example] = []
    seen: Counter[str] = Counter()
    for one in sorted(found, key=lambda example: not example.taught):
        if seen[one.label] < PER_LABEL and len(chosen) < MOST:
            seen[one.label] += 1
            chosen.append(one)
    return chosen
