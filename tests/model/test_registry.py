from pathlib import Path

import pytest

from docsorter.errors import ModelError
from docsorter.model.registry import (
    PROMOTED,
    STARTER,
    InUse,
    ModelRegistry,
    PromotionFile,
    fingerprint,
    refuse_changed,
)
from tests.model.bundles import write_checksums, write_whole_bundle
from tests.model.test_promotion import act


def test_the_starter_comes_first_then_the_folder_by_name(whole: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    write_whole_bundle(models / "ours-2")
    write_whole_bundle(models / "ours-1")
    (models / "no-bundle").mkdir()
    registry = ModelRegistry(models, starter=whole)

    assert [bundle.name for bundle in registry.list()] == ["starter", "ours-1", "ours-2"]
    assert registry.resolve("starter") == whole
    assert registry.resolve("ours-2") == models / "ours-2"


def test_a_path_names_a_bundle_anywhere(whole: Path, tmp_path: Path) -> None:
    registry = ModelRegistry(tmp_path / "models", starter=tmp_path)

    assert registry.resolve(str(whole)) == whole


@pytest.mark.parametrize("name", ["missing", "..", "", "a/b"])
def test_an_unknown_name_is_refused_with_the_known_ones(
    whole: Path, tmp_path: Path, name: str
) -> None:
    registry = ModelRegistry(tmp_path / "models", starter=whole)

    with pytest.raises(ModelError, match="there is no model bundle") as caught:
        registry.resolve(name)

    assert "starter" in caught.value.remedy


def test_a_bundle_with_a_damaged_card_is_listed_with_its_problem(
    whole: Path, tmp_path: Path
) -> None:
    broken = write_whole_bundle(tmp_path / "models" / "broken")
    (broken / "card.json").write_text("{}")

    listed = ModelRegistry(tmp_path / "models", starter=whole).list()

    assert listed[0].card is not None
    assert listed[1].card is None
    assert "damaged" in listed[1].problem


def test_promoted_means_the_last_one_promoted_and_at_first_the_starter(
    whole: Path, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    write_whole_bundle(models / "ours-1")
    registry = ModelRegistry(models, starter=whole)

    before = registry.in_use(PROMOTED)
    PromotionFile(models).append(act("ours-1"))

    assert before == InUse(STARTER, whole)
    assert registry.in_use(PROMOTED).name == "ours-1"
    assert registry.resolve(PROMOTED) == models / "ours-1"
    assert registry.in_use(STARTER) == InUse(STARTER, whole), "any other setting pins a bundle"


def test_a_bundle_that_was_replaced_since_its_promotion_is_refused(
    whole: Path, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    ours = write_whole_bundle(models / "ours-1")
    promotion = act("ours-1").model_copy(update={"fingerprint": fingerprint(ours)})
    used = InUse("ours-1", ours, promotion)

    assert refuse_changed(used) == fingerprint(ours)
    (ours / "model.tflite").write_bytes(b"trained again under the same name")
    write_checksums(ours)
    with pytest.raises(ModelError, match="ours-1 was replaced since ada promoted it") as caught:
        refuse_changed(used)
    assert "docsorter model rollback" in caught.value.remedy
    starter = InUse(STARTER, ours, promotion.model_copy(update={"bundle": STARTER}))
    assert refuse_changed(starter), "the starter changes with the package"


def test_half_copied_bundles_and_reserved_names_are_not_listed(whole: Path, tmp_path: Path) -> None:
    for name in (".ours-1.abc", "promoted", "starter"):
        write_whole_bundle(tmp_path / "models" / name)

    assert [b.name for b in ModelRegistry(tmp_path / "models", starter=whole).list()] == ["starter"]
