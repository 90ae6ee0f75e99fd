from pathlib import Path

import pytest

from docsorter.errors import ConflictError, ModelError, UsageError
from docsorter.model.registry import PROMOTED, PromotionFile, remove_bundle
from tests.model.bundles import write_whole_bundle
from tests.model.test_promotion import act


@pytest.fixture
def models(tmp_path: Path) -> Path:
    for name in ("a", "b", "c"):
        write_whole_bundle(tmp_path / "models" / name)
    return tmp_path / "models"


def test_a_bundle_that_nothing_needs_goes_completely(models: Path) -> None:
    remove_bundle("b", models, PROMOTED)

    assert sorted(p.name for p in models.iterdir() if p.is_dir()) == ["a", "c"]


def test_what_is_in_use_or_needed_for_a_rollback_stays(models: Path) -> None:
    file = PromotionFile(models)
    file.append(act("a"))
    file.append(act("b", previous="a"))

    with pytest.raises(ConflictError, match="what a rollback leads to"):
        remove_bundle("a", models, PROMOTED)
    with pytest.raises(ConflictError, match="b is in use"):
        remove_bundle("b", models, PROMOTED)
    with pytest.raises(ConflictError, match="c is in use"):
        remove_bundle("c", models, "c")
    file.append(act("a", "rollback", previous="b"))
    remove_bundle("b", models, PROMOTED)
    assert not (models / "b").exists()


@pytest.mark.parametrize("name", ["starter", "promoted", "../models/a", ".", "/", ".removed.x"])
def test_nothing_outside_the_folder_is_removed(models: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be removed"):
        remove_bundle(name, models, PROMOTED)

    assert len(list(models.iterdir())) == 3


def test_an_unknown_bundle_is_said(models: Path) -> None:
    with pytest.raises(ModelError, match="no model bundle 'x'"):
        remove_bundle("x", models, PROMOTED)
