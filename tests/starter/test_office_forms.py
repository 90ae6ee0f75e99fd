import pytest

from starter.agency_forms import SCRIPTS, form_texts
from starter.capture import Capture
from starter.document import SLOTS, generate
from starter.office_forms import BUILDERS

_DIGITAL = Capture("digital", 0)
_PAIRS = (
    ("claim-agency", "agency-form"),
    ("claim-lined", "lined-form"),
    ("claim-sheet", "time-sheet"),
    ("claim-joint", "inspection-form"),
)


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("kind", BUILDERS)
def test_a_form_is_one_page_and_the_same_for_the_same_seed(kind: str, split: str) -> None:
    for seed in range(3):
        first, second = (
            generate(kind, seed, split, height=60, capture=_DIGITAL)  # type: ignore[arg-type]
            for _ in range(2)
        )
        assert first.source == second.source
        assert len(first.pages) == 1


@pytest.mark.parametrize(("claim", "other"), _PAIRS)
def test_a_claim_is_told_from_its_neighbour_by_words_and_not_by_its_layout(
    claim: str, other: str
) -> None:
    assert SLOTS[claim] == SLOTS[other]
    assert BUILDERS[claim] is BUILDERS[other]
    sources = [generate(kind, 7, "train", height=40).source for kind in (claim, other)]
    assert sources[0] != sources[1]


def test_forms_are_printed_in_other_scripts() -> None:
    assert len(set(SCRIPTS)) == 5
    found = "".join(generate("claim-lined", seed, "train", height=30).source for seed in range(25))
    assert any(letter in found for letter in "дна")
    assert any(letter in found for letter in "φωα")


def test_every_language_has_what_a_form_asks_for() -> None:
    texts = form_texts()
    for language, own in texts.items():
        for topic in ("claim", "other"):
            short = set(texts["en"][topic]) - set(own[topic])
            assert short <= {"parts", "sides", "side_caption", "middle", "joint_title", "top"}, (
                language
            )
        assert set(own) == set(texts["en"])
        assert all(own[key] for key in own)
