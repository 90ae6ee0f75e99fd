"""What is learned from the words of a folder: from words that are given, not recognised."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest

from docsorter.decide.words import WordsModel
from docsorter.documents import SortRule, WordsRule
from docsorter.service.workspace.process import silent
from docsorter.training import words
from docsorter.training.base import BaseWeights
from docsorter.training.dataset import Sample
from docsorter.training.splits import Division
from docsorter.training.words import OwnWords, learn_own_words

if TYPE_CHECKING:
    from docsorter.training.material import Material

LABELS = ("claim", "invoice")
SAID = {"claim": "loss policy insured form damage", "invoice": "rechnung netto steuer iban summe"}
RULE = SortRule(1.0, 0.95, 99.0)
ASKED = WordsRule({"invoice": -1.0, "claim": 2.0}, novelty_weight=2.0, first_look=0.5)


def known_words() -> WordsModel:
    """Know one word of each label, "invoice" being the first column."""
    keys = [zlib.crc32(word.encode()) for word in ("rechnung", "loss")]
    order = np.argsort(keys)
    weights = np.array([[3.0, 0, 0], [0, 3.0, 0]], np.float16)[order]
    return WordsModel(
        np.array(keys, np.uint32)[order],
        np.ones(2, np.float16),
        weights,
        np.array([0.1, 0.2, 0.3], np.float32),
        np.zeros(1, np.float32),
        np.array([0.5, 0.5, 1, 2, 3], np.float32),
    )


def base(labels: tuple[str, ...] = ("invoice", "claim"), **changes: object) -> BaseWeights:
    made = BaseWeights.__new__(BaseWeights)
    fields = {"rule": replace(RULE, words=ASKED), "words": known_words().to_arrays(), **changes}
    for name, value in {"labels": labels, **fields}.items():
        object.__setattr__(made, name, value)
    return made


@dataclass
class Folder:
    """Twelve documents of each label, three to a group."""

    labels: tuple[str, ...] = LABELS

    @property
    def samples(self) -> tuple[Sample, ...]:
        return tuple(
            Sample(Path(f"{label}/{n}.png"), label, "", "", "")
            for label in LABELS
            for n in range(12)
        )

    @property
    def targets(self) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        return np.repeat(np.arange(2), 12)

    @property
    def groups(self) -> tuple[int, ...]:
        return tuple(range(24))

    @property
    def division(self) -> Division:
        return Division(("train",) * 24, np.arange(24) % 4, cross_fitted=True)


def learned(
    monkeypatch: pytest.MonkeyPatch, start: BaseWeights, renamed: dict[str, str] | None = None
) -> OwnWords | None:
    def read(samples: Sequence[Sample], _folder: Path, _progress: object) -> list[str]:
        return [SAID[sample.label] for sample in samples]

    monkeypatch.setattr(words, "read_texts", read)
    monkeypatch.setattr(words, "installed_languages", lambda _: ("eng",))
    folder = cast("Material", Folder())
    return learn_own_words(folder, start, RULE, Path("work"), silent, renamed or {})


def test_words_of_the_folder_are_learned_beside_those_of_the_base(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = learned(monkeypatch, base())
    assert found is not None
    assert (found.read, found.right) == (24, 24)
    said = found.model.logits([SAID["claim"], SAID["invoice"]])
    assert said[:, :2].argmax(axis=1).tolist() == [0, 1]
    alone = found.model.logits(["damage", "netto"])
    assert alone[0, 0] - alone[0, 1] > alone[1, 0] - alone[1, 1]
    assert found.model.fusion.tolist() == [0.5, 0.5, 2, 1, 3]


def test_what_the_base_asks_of_a_label_is_asked_on_the_new_scale(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rule = replace(RULE, threshold=0.9, words=ASKED)
    found = learned(monkeypatch, base(rule=rule))
    assert found is not None
    assert (found.rule.novelty_weight, found.rule.first_look) == (2.0, 0.5)
    new = replace(RULE, words=found.rule)
    for label in LABELS:
        needed = new.required_confidence(label, read=True)
        assert needed == pytest.approx(rule.required_confidence(label, read=True), abs=1e-3)


def test_labels_of_the_base_are_known_by_the_names_of_today(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = learned(monkeypatch, base(("bill", "claim")), {"bill": "invoice"})
    assert found is not None
    assert set(found.rule.offsets) == set(LABELS)


@pytest.mark.parametrize(
    "start",
    [
        base(("invoice", "claim", "letter")),
        base(("invoice", "order")),
        base(words={}),
        base(rule=RULE),
        base(rule=None),
    ],
)
def test_without_a_base_that_knows_words_of_these_labels_none_are_learned(
    monkeypatch: pytest.MonkeyPatch, start: BaseWeights
) -> None:
    assert learned(monkeypatch, start) is None
