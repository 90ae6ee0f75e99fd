"""What the shipped model, loaded as the daemon does, says of a page."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from docsorter.documents import PageSet
from docsorter.service.engine import load_model
from docsorter.service.workspace.layout import create

pytestmark = pytest.mark.slow


def test_a_sample_page_is_most_like_itself(tmp_path: Path) -> None:
    model = load_model(create(tmp_path / "paper")[0])
    golden = model.bundle.golden_file.parent
    for file in ("claim-cash.png", "other-article.png"):
        pixels = np.array(Image.open(golden / file).convert("RGB"), np.uint8)
        (page,) = model.judge(PageSet(pixels[np.newaxis], 1, "image/png")).prediction.pages
        first, *others = page.nearest
        assert first.name == file.removesuffix(".png")
        assert first.label == file.partition("-")[0]
        assert first.distance == pytest.approx(0, abs=1e-3)
        assert [other.distance > first.distance for other in others] == [True, True]
