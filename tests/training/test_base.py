from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import logsumexp

from docsorter.decide.words import WordsModel
from docsorter.documents import SortRule, WordsRule
from docsorter.errors import ModelError
from docsorter.model.bundle import load_bundle
from docsorter.model.card import Origin
from docsorter.training.base import (
    BaseWeights,
    ForeignDocuments,
    KnownHead,
    StartingHead,
    carried_words,
    starting_head,
)
from docsorter.training.head import Adjustment
from tests.model.bundles import write_checksums, write_whole_bundle

WIDTH = 5
KINDS = (
    ("invoice-plain", "invoice"),
    ("invoice-pad", "invoice"),
    ("letter-memo", "letter"),
    ("receipt", "other"),
    ("photo", "other"),
)


@pytest.fixture
def known() -> KnownHead:
    """One kind answers to each feature."""
    return KnownHead(10 * np.eye(WIDTH, dtype=np.float32), np.zeros(WIDTH, np.float32), KINDS)


def pages(*kinds: int) -> NDArray[np.float64]:
    return np.eye(WIDTH)[list(kinds)]


def start(known: KnownHead | None, features: NDArray[np.float64], names: list[str]) -> StartingHead:
    labels = tuple(sorted(set(names) - {"other"}))
    return starting_head(known, labels, features, np.array(names), background="other" in names)


def test_labels_of_the_same_name_keep_the_kinds_of_the_base(known: KnownHead) -> None:
    head = start(known, pages(0, 1, 2, 2), ["invoice", "invoice", "letter", "letter"])
    assert head.plan.kinds == KINDS
    assert head.plan.outputs == ("invoice", "letter", "other")
    assert head.known.tolist() == [True, True, False]
    said = head.prior(pages(0, 2, 4))
    assert said.argmax(axis=1).tolist() == [0, 1, 2]


def test_a_label_of_the_base_that_nobody_teaches_becomes_foreign(known: KnownHead) -> None:
    head = start(known, pages(0, 3), ["invoice", "receipt"])
    assert ("letter-memo", "other") in head.plan.kinds
    assert head.prior(pages(2)).argmax() == head.plan.output_index("other")


def test_a_new_label_takes_over_the_kind_with_its_name(known: KnownHead) -> None:
    head = start(known, pages(0, 0), ["invoice", "receipts"])
    assert ("receipt", "receipts") in head.plan.kinds
    assert not head.known[head.plan.output_index("receipts")]


def test_a_new_label_takes_over_the_kinds_it_is_taken_for(known: KnownHead) -> None:
    names = ["invoice", *["bild"] * 10]
    head = start(known, pages(0, *[4] * 4, *[0] * 6), names)
    assert ("photo", "bild") in head.plan.kinds
    assert ("receipt", "other") in head.plan.kinds
    few = start(known, pages(0, *[4] * 2, *[0] * 8), names)
    assert ("photo", "other") in few.plan.kinds
    assert ("bild", "bild") in few.plan.kinds


def test_a_kind_of_a_label_that_is_taught_is_never_taken_over(known: KnownHead) -> None:
    head = start(known, pages(0, *[0] * 5), ["invoice", *["bill"] * 5])
    assert {kind for kind, output in head.plan.kinds if output == "invoice"} == {
        "invoice-plain",
        "invoice-pad",
    }


def test_without_a_base_every_output_is_a_kind_of_its_own() -> None:
    head = start(None, pages(0, 1, 2), ["a", "b", "other"])
    assert head.plan.kinds == (("a", "a"), ("b", "b"), ("other", "other"))
    assert not head.prior(pages(0, 1)).any()
    assert start(None, pages(0, 1), ["a", "b"]).plan.outputs == ("a", "b")


def test_the_network_says_what_was_learned_for_the_outputs(known: KnownHead) -> None:
    """What is added to every kind of an output is added to their log-sum-exp."""
    rng = np.random.default_rng(2)
    head = start(known, pages(0, 2), ["invoice", "letter"])
    learned = Adjustment(rng.normal(0, 1, (WIDTH, 3)), rng.normal(0, 1, 3), 1.0)
    kernel, bias = head.adjusted(learned)
    features = rng.normal(0, 1, (7, WIDTH))
    kinds = features @ kernel + bias
    outputs = np.stack([logsumexp(kinds[:, [0, 1]], axis=1), kinds[:, 2],
                        logsumexp(kinds[:, [3, 4]], axis=1)], axis=1)  # fmt: skip
    np.testing.assert_allclose(outputs, learned.logits(features, head.prior(features)), atol=1e-4)


def test_a_renamed_label_keeps_the_kinds_of_the_base(known: KnownHead) -> None:
    today = known.renamed({"invoice": "Rechnung", "letter": "Rechnung"})
    head = start(today, pages(0, 1, 2, 3), ["Rechnung"] * 3 + ["receipt"])
    assert head.plan.outputs == ("Rechnung", "receipt", "other")
    assert ("letter-memo", "Rechnung") in head.plan.kinds
    assert head.known[0]
    said = head.prior(pages(0, 2, 4)).argmax(axis=1)
    assert said.tolist() == [0, 0, head.plan.output_index("other")]


def foreign(*names: str, sources: list[int] | None = None) -> ForeignDocuments:
    """Documents whose logits tell the kinds apart: that of kind k is k."""
    rows = len(names)
    logits = np.tile(np.arange(len(KINDS), dtype=np.float32), (rows, 1))
    numbers = np.array(sources or range(rows), np.int64)
    return ForeignDocuments(np.ones((rows, WIDTH), np.float32), logits, np.array(names), numbers)


def test_foreign_documents_keep_what_is_known_of_them_by_kind(known: KnownHead) -> None:
    head = start(known, pages(2, 0, 0), ["letter", "bill", "bill"])
    carried = head.carried(foreign("photo", "form"))
    of_base = [KINDS.index(next(k for k in KINDS if k[0] == kind)) for kind, _ in head.plan.kinds]
    assert carried.logits.tolist() == [[float(kind) for kind in of_base]] * 2


def test_a_kind_of_which_nothing_is_known_says_the_same_of_every_foreign_document(
    known: KnownHead,
) -> None:
    head = start(known, pages(0, 0), ["invoice", "bill"])
    column = head.plan.kinds.index(("bill", "bill"))
    assert head.carried(foreign("photo")).logits[0, column] == head.bias[column]


def test_foreign_documents_of_a_taught_label_are_left_out(known: KnownHead) -> None:
    receipts = start(known, pages(0, 3), ["invoice", "receipts"])
    assert receipts.carried(foreign("receipt", "form")).names.tolist() == ["form"]
    pictures = start(known, pages(0, 4, 4), ["invoice", "bild", "bild"])  # takes "photo" over
    assert pictures.carried(foreign("photo", "receipt")).names.tolist() == ["receipt"]


def test_a_source_with_many_foreign_documents_does_not_drown_the_others() -> None:
    many = foreign(*["form"] * 103, sources=[7] * 100 + [1, 2, 3])
    assert many.weights.sum() == pytest.approx(28)
    folds = many.folds(2)
    assert set(folds[:100].tolist()) == {0}
    assert set(folds[100:].tolist()) == {1}


def test_foreign_documents_survive_being_written_and_read(tmp_path: Path) -> None:
    whole = write_whole_bundle(tmp_path / "bundle")
    given = foreign("form", "receipt", sources=[4, 5])
    np.savez(whole / "foreign.npz", **given.to_arrays())  # type: ignore[arg-type] # numpy#28985
    write_checksums(whole)
    bundle = load_bundle(whole)

    found = ForeignDocuments.read(bundle, len(KINDS))

    assert found is not None
    expected = given.logits / bundle.card.temperature
    np.testing.assert_allclose(found.logits, expected, rtol=1e-3)
    assert (found.names.tolist(), found.sources.tolist()) == (["form", "receipt"], [4, 5])
    with pytest.raises(ModelError, match=r"foreign\.npz is damaged"):
        ForeignDocuments.read(bundle, len(KINDS) + 1)


WORDS_RULE = SortRule(
    1.0, 0.9, 99.0, words=WordsRule({"invoice": -1.0, "claim": 2.0}, 2.0, first_look=0.5)
)


def knowing_words(labels: tuple[str, ...] = ("invoice", "claim"), **changes: object) -> BaseWeights:
    """A base of two labels that knows a word of each."""
    words = WordsModel(
        np.array([3, 7], np.uint32),
        np.ones(2, np.float16),
        np.array([[3.0, 0, 1], [0, 4.0, 2]], np.float16),
        np.array([0.1, 0.2, 0.3], np.float32),
        np.zeros(1, np.float32),
        np.array([0.5, 0.6, 1, 2, 3], np.float32),
    )
    origin, nothing = Origin(name="x", licence="x"), (lambda _: None)
    made = BaseWeights(
        "x", "x", origin, 299, None, nothing, None, (),
        rule=WORDS_RULE, labels=labels, words=words.to_arrays(),
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type] # fields by name


def test_the_words_of_a_base_stay_in_the_order_of_the_new_labels() -> None:
    found = carried_words(knowing_words(), ("claim", "invoice"), SortRule(1.0, 0.95, 99.0), {})
    assert found is not None
    assert found.model.weights.tolist() == [[0, 3, 1], [4, 0, 2]]
    assert found.model.bias.tolist() == pytest.approx([0.2, 0.1, 0.3])
    assert found.model.fusion.tolist() == pytest.approx([0.5, 0.6, 2, 1, 3])


def test_what_the_base_asks_where_words_were_read_is_asked_on_the_new_scale() -> None:
    found = carried_words(
        knowing_words(("bill", "claim"), rule=replace(WORDS_RULE, words=WordsRule({"bill": -1.0}))),
        ("claim", "invoice"), SortRule(1.0, 0.95, 99.0), {"bill": "invoice"},
    )  # fmt: skip
    assert found is not None
    rule = SortRule(1.0, 0.95, 99.0, words=found.rule)
    assert rule.required_confidence("claim", read=True) == pytest.approx(0.9, abs=1e-3)
    needed = replace(WORDS_RULE, words=WordsRule({"bill": -1.0}))
    assert rule.required_confidence("invoice", read=True) == pytest.approx(
        needed.required_confidence("bill", read=True), abs=1e-3
    )


@pytest.mark.parametrize(
    "base",
    [
        knowing_words(("invoice", "claim", "letter")),
        knowing_words(("invoice", "order")),
        knowing_words(words={}),
        knowing_words(rule=replace(WORDS_RULE, words=None)),
        knowing_words(rule=None),
    ],
)
def test_without_a_base_that_knows_words_of_these_labels_none_are_read(base: BaseWeights) -> None:
    assert carried_words(base, ("claim", "invoice"), WORDS_RULE, {}) is None
