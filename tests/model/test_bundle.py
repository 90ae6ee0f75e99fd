import json
from pathlib import Path

import numpy as np
import pytest

from docsorter.errors import ModelError
from docsorter.model.bundle import REQUIRED, load_bundle
from docsorter.model.card import NONE_OF_THESE
from tests.model.bundles import make_card, write_checksums


def test_a_whole_bundle_is_loaded_with_its_card_and_its_arrays(whole: Path) -> None:
    bundle = load_bundle(whole)

    assert bundle.card == make_card()
    assert bundle.novelty["mean"].tolist() == [0, 0, 0, 0]
    assert bundle.runtime_file.is_file()
    assert bundle.golden_file.is_file()


def test_a_bundle_from_before_there_was_anything_about_pages_is_whole(whole: Path) -> None:
    assert load_bundle(whole).pages == {}


def test_what_a_bundle_knows_of_pages_is_loaded_when_it_is_listed(whole: Path) -> None:
    np.savez(whole / "pages.npz", first_limit=np.float32(0.5))
    assert load_bundle(whole).pages == {}, "what is not listed is not checked, so not used"

    write_checksums(whole)

    assert load_bundle(whole).pages["first_limit"] == 0.5


def test_what_a_bundle_knows_of_foreign_documents_is_read_when_it_is_listed(whole: Path) -> None:
    np.savez(whole / "foreign.npz", groups=np.array([3, 3], np.int16))
    assert load_bundle(whole).read_foreign() == {}

    write_checksums(whole)

    assert load_bundle(whole).read_foreign()["groups"].tolist() == [3, 3]


def test_arrays_about_pages_that_are_none_are_named(whole: Path) -> None:
    (whole / "pages.npz").write_bytes(b"no arrays")
    write_checksums(whole)

    with pytest.raises(ModelError, match=r"pages\.npz holds no plain arrays"):
        load_bundle(whole)


@pytest.mark.parametrize("name", [*REQUIRED, "golden/page.png"])
def test_a_missing_file_is_named(whole: Path, name: str) -> None:
    (whole / name).unlink()

    with pytest.raises(ModelError, match=Path(name).name) as caught:
        load_bundle(whole)

    assert caught.value.remedy


@pytest.mark.parametrize("name", ["model.tflite", "novelty.npz", "golden/page.png"])
def test_a_changed_byte_is_found_and_both_sums_are_shown(whole: Path, name: str) -> None:
    data = bytearray((whole / name).read_bytes())
    data[len(data) // 2] ^= 1
    (whole / name).write_bytes(data)

    with pytest.raises(ModelError, match=r"damaged.*was changed.*instead of") as caught:
        load_bundle(whole)

    assert Path(name).name in caught.value.message


def test_a_missing_folder_is_not_a_bundle(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is not a folder"):
        load_bundle(tmp_path / "nowhere")


def test_missing_checksums_are_damage(whole: Path) -> None:
    (whole / "SHA256SUMS").unlink()

    with pytest.raises(ModelError, match="SHA256SUMS is missing"):
        load_bundle(whole)


@pytest.mark.parametrize("required", REQUIRED)
def test_a_needed_file_without_checksum_is_damage(whole: Path, required: str) -> None:
    sums = whole / "SHA256SUMS"
    lines = [line for line in sums.read_text().splitlines() if not line.endswith(required)]
    sums.write_text("\n".join(lines))

    with pytest.raises(ModelError, match="does not list"):
        load_bundle(whole)


@pytest.mark.parametrize("name", ["../outside", "/etc/hostname", "a/../../b", ""])
def test_checksums_never_point_outside_the_bundle(whole: Path, name: str) -> None:
    with (whole / "SHA256SUMS").open("a") as stream:
        stream.write(f"{'0' * 64}  {name}\n")

    with pytest.raises(ModelError, match="a line that is no checksum"):
        load_bundle(whole)


def test_a_card_of_a_newer_format_asks_for_an_update(whole: Path) -> None:
    (whole / "card.json").write_text(json.dumps({"format_version": 5, "new_field": True}))

    with pytest.raises(ModelError, match="has format 5, this docsorter reads up to 4") as caught:
        load_bundle(whole)

    assert "update docsorter" in caught.value.remedy


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "the whole file"),
        ("[1, 2]", "the whole file"),
        ("{", "the whole file"),
        ('{"format_version": 1}', "name"),
        (make_card().model_dump_json().replace('"threshold":0.9', '"threshold":1.2'), "threshold"),
        (make_card().model_dump_json().replace('"background":1', '"more":1'), "more"),
    ],
)
def test_a_damaged_card_is_named_with_the_field(whole: Path, text: str, where: str) -> None:
    (whole / "card.json").write_text(text)

    with pytest.raises(ModelError, match=rf"the card of the model bundle is damaged: .*: {where}"):
        load_bundle(whole)


def test_arrays_that_would_run_code_are_refused(whole: Path) -> None:
    np.savez(whole / "novelty.npz", mean=np.array([object()], dtype=object))
    write_checksums(whole)

    with pytest.raises(ModelError, match="holds no plain arrays"):
        load_bundle(whole)


def test_arrays_that_are_no_archive_are_refused(whole: Path) -> None:
    (whole / "novelty.npz").write_bytes(b"PK\x03\x04 cut off")
    write_checksums(whole)

    with pytest.raises(ModelError, match="holds no plain arrays"):
        load_bundle(whole)


def test_a_background_is_a_label_that_is_never_sorted_to() -> None:
    card = make_card(background=2, policies={"claim": "review"})

    assert card.outputs == 5
    assert card.prediction_labels == ("invoice", "claim", "letter", NONE_OF_THESE)
    assert card.rule().policies == {"claim": "review", NONE_OF_THESE: "never"}


def test_without_background_there_is_no_other() -> None:
    card = make_card(background=0)

    assert card.prediction_labels == card.labels
    assert card.rule().policies == {}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": ("a", "a")}, "occurs twice"),
        ({"labels": ("a", "other")}, "taken by the background"),
        ({"labels": ("a",)}, "at least 2"),
        ({"temperature": 0}, "greater than 0"),
        ({"name": "../up"}, "pattern"),
    ],
)
def test_a_card_that_contradicts_itself_is_refused(
    changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make_card(**changes)


def test_a_bundle_whose_card_tells_of_words_has_them(whole: Path) -> None:
    card = json.loads((whole / "card.json").read_text())
    (whole / "card.json").write_text(json.dumps(card | {"format_version": 4, "words": {}}))
    write_checksums(whole)
    with pytest.raises(ModelError, match=r"its card tells of words, SHA256SUMS of no words\.npz"):
        load_bundle(whole)
