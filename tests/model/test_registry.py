from pathlib import Path

import pytest

from docsorter.errors import ModelError
from docsorter.model.registry import ModelRegistry
from tests.model.bundles import write_whole_bundle


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
