from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from docsorter.pages.reader import PageReader
from docsorter.settings import PagesSettings
from docsorter.training.rasters import daemon_cache
from tests.training.labelled_folders import page


def test_pages_are_those_that_the_daemon_would_see_and_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "two.tif"
    page(1).save(file, save_all=True, append_images=[page(2)])

    with daemon_cache(tmp_path / "cache") as cache:
        both, first = cache.pages(file, 64, cap=2), cache.pages(file, 64)
    with PageReader(PagesSettings(), size=64) as reader:
        seen = reader.read(file).pixels

    assert np.array_equal(both, seen)
    assert np.array_equal(first, seen[:1])
    with daemon_cache(tmp_path / "cache") as cache:
        cache.pages(file, 64)
        assert not cache._source._readers, "read from disk"  # type: ignore[attr-defined]


def test_a_document_that_the_daemon_would_reject_is_no_page(tmp_path: Path) -> None:
    Image.new("L", (60, 80), 255).save(tmp_path / "white.png")

    with (
        daemon_cache(tmp_path / "cache") as cache,
        pytest.raises(ValueError, match="nothing is on it"),
    ):
        cache.pages(tmp_path / "white.png", 64)
