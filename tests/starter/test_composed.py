"""Documents of several pages, composed of pages whose answers were made up."""

from pathlib import Path

import numpy as np
import pytest

from docsorter.decide.novelty import NoveltyModel
from docsorter.documents import RawOutput
from docsorter.model.bundle import ModelBundle
from starter.composed import AS_SCANNED, ONE_PAGE, SEVERAL, Judge, Scans, table
from starter.page_heads import (
    Page,
    choose_confirm,
    choose_limit,
    seen_pages,
)
from tests.model.bundles import make_card

LABELS = ("invoice", "claim", "letter")
SURE, UNSURE = 8.0, 0.5


def page(
    label: str, number: int = 0, *, kind: str = "", document: str = "", logit: float = SURE
) -> Page:
    column = LABELS.index(label) if label in LABELS else 3
    logits = np.zeros((1, 4), np.float32)
    logits[0, column] = logit
    features = np.random.default_rng(column).normal(0, 1, (1, 6)).astype(np.float32)
    name = document or f"{label}-{kind}-{number}"
    return Page(label, kind, f"of {name}", name, number, Path(name), RawOutput(logits, features))


def later(kind: str) -> Page:
    return page("later", kind=f"later-{kind}")


@pytest.fixture
def bundle() -> ModelBundle:
    features = np.random.default_rng(0).normal(0, 1, (60, 6)).astype(np.float32)
    targets = np.arange(60) % 3
    novelty = NoveltyModel.fit(features, targets, 40 * features)
    card = make_card(threshold=0.9)
    return ModelBundle(Path("nowhere"), card, dict(novelty.to_arrays()))


def scans(*pages: Page, odds: float = -9.0) -> Scans:
    tails = [later(kind) for kind in ("invoice", "claim", "letter", "terms", "annex")]
    first = [9.0 if one.begins else odds for one in pages]
    return Scans(pages, tails, np.array([*first, *[odds] * len(tails)]))


def test_a_first_page_is_put_before_others_of_each_kind_and_real_pages_stay_together() -> None:
    whole = scans(
        page("invoice"), page("letter", document="a"), page("letter", 1, document="a"),
        page("other"), page("invoice", document="b"),
    )  # fmt: skip

    made = whole.documents(LABELS)

    of_invoice = {one.name: one for one in made if one.rows[0] == 0}
    assert set(of_invoice) == {
        ONE_PAGE, "2 pages", "3 pages", "8 pages", "terms on the back", "two annexes", *SEVERAL,
    }  # fmt: skip
    assert [len(of_invoice[name].rows) for name in (ONE_PAGE, "2 pages", "8 pages")] == [1, 2, 8]
    assert of_invoice[SEVERAL[0]].rows == (0, 4)
    assert of_invoice[SEVERAL[1]].rows == (0, 1)
    assert of_invoice[SEVERAL[2]].rows == (0, 3)
    (scanned,) = [one for one in made if one.name == AS_SCANNED]
    assert (scanned.rows, scanned.target) == ((1, 2), 2)
    assert {one.target for one in made if one.rows[0] == 3} == {3}


def test_a_second_first_page_makes_it_several_and_a_page_of_terms_does_not(
    bundle: ModelBundle,
) -> None:
    whole = scans(page("invoice"), page("letter"))
    judged = Judge(bundle, whole).judge(whole.documents(LABELS), 0.9)

    assert judged.several[judged.named(SEVERAL[1])].all()
    assert not judged.several[judged.named("terms on the back", "8 pages", ONE_PAGE)].any()
    assert judged.alone[judged.named(ONE_PAGE, "8 pages")].all()
    assert not judged.alone[judged.named(SEVERAL[1])].any()

    rows = table(judged, whole.pages)

    assert rows[ONE_PAGE]["sorted alone"]["value"] == 1
    assert rows[SEVERAL[1]]["said to be several"]["n"] == 2


def test_the_limit_rises_until_few_later_pages_begin_another_document(bundle: ModelBundle) -> None:
    pages = [page("invoice"), page("invoice", 1, document="invoice--0")]
    odd = scans(*pages, odds=2.2)  # a probability of 0.9
    judge, documents = Judge(bundle, odd), odd.documents(LABELS)
    assert judge.judge(documents, 0.5).share_several() > 0

    limit = choose_limit(judge, documents)

    assert 0.9 < limit < 0.92
    assert choose_confirm(judge, documents, limit) == 0.0


def test_later_pages_that_are_surer_confirm_an_unsure_first_page(bundle: ModelBundle) -> None:
    pages = [
        page("letter", document="a", logit=UNSURE), page("letter", 1, document="a"),
    ]  # fmt: skip
    whole = scans(*pages)
    documents = [one for one in whole.documents(LABELS) if one.name == AS_SCANNED]
    assert choose_confirm(Judge(bundle, whole), documents, 0.9) == 1.0


def test_turned_views_teach_turns_and_not_first_pages() -> None:
    one = page("invoice")
    shown = Page(
        one.label, "invoice-web", one.group, one.layout, 0, one.document, one.output,
        turned=(one.output,) * 3,
    )  # fmt: skip
    seen = seen_pages([shown, page("other"), page("claim", 1)])
    assert seen.turns.tolist() == [0, -1, -1, 90, 180, 270]
    assert seen.upright().first.tolist() == [1, 0, 0]
    assert seen.lying().turns.tolist() == [0, 90, 180, 270]
    assert seen.weights[1] == 10 * seen.weights[0]
