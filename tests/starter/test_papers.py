"""Papers that are taken for letters, and letters that templates set."""

import re

import numpy as np
import pytest

from starter import letter_template, other_papers
from starter.capture import Capture
from starter.document import generate
from starter.kinds import EVERY, SPLITS

_DIGITAL = Capture("digital", 0)
_NEW = sorted({**other_papers.SLOTS, **letter_template.SLOTS})


@pytest.mark.parametrize("kind", _NEW)
def test_the_same_seed_makes_the_same_paper_in_both_splits(kind: str) -> None:
    layouts = set()
    for split in SPLITS:
        one, two = (generate(kind, 7, split, height=120, capture=_DIGITAL) for _ in range(2))
        assert one.source == two.source
        assert np.asarray(one.pages[0]).std() > 1
        layouts.add(one.layout)
    assert len(layouts) == len(SPLITS)


def test_a_memo_within_a_house_is_no_letter_and_one_to_an_address_is() -> None:
    assert EVERY["memo"] == "other"
    document = generate("letter-memo", 4, "train", height=80, locale="en_US", capture=_DIGITAL)
    assert document.label == "letter"
    assert "memorandum" not in document.source.lower()
    assert re.search(r"\d{5}", document.source)  # the code of a place


def test_letters_are_set_with_a_window_at_the_height_of_their_standard() -> None:
    seen = set()
    for seed in range(12):
        source = generate("letter-standard", seed, "train", height=40, capture=_DIGITAL).source
        seen |= set(re.findall(r"dy: (\d+\.\d)mm", source)) & {"11.0", "29.0", "30.0", "26.0"}
    assert len(seen) >= 3
