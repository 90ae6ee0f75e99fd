"""What docsorter is compared with sorts documents, too."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from bench.baselines import text
from bench.baselines.baseline import Baseline
from bench.baselines.limit import BareLimit
from bench.baselines.text import TextSorter
from bench.mix import Paper
from starter.capture import Capture
from starter.document import generate
from starter.kinds import LABELS

pytestmark = pytest.mark.slow


@pytest.fixture
def paper(tmp_path: Path) -> tuple[Path, list[Paper]]:
    document = generate("invoice-business", 5, "test", height=1100, capture=Capture("digital", 0))
    (tmp_path / "a.pdf").write_bytes(document.pdf())
    return tmp_path, [Paper("a.pdf", "born-digital", "invoice")]


@pytest.mark.parametrize(
    "way",
    [
        BareLimit,
        pytest.param(
            TextSorter,
            marks=pytest.mark.skipif(not text.is_installed(), reason=text.HOW_TO_INSTALL),
        ),
    ],
)
def test_a_way_gives_every_document_a_label(
    way: Callable[[], Baseline],
    paper: tuple[Path, list[Paper]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(text, "ROOT", tmp_path)
    monkeypatch.setattr(text, "_LEARNED", 24)
    with way() as opened:
        turn = opened.sort(*paper)
    assert list(turn.labels) == ["a.pdf"]
    assert turn.labels["a.pdf"] in LABELS  # which one, `make bench` measures
    assert turn.documents == 1
    assert turn.cpu_seconds > 0


@pytest.mark.usefixtures("recognising")
@pytest.mark.skipif(not text.is_archiving_installed(), reason=text.HOW_TO_INSTALL_ARCHIVING)
def test_what_paperless_reads_with_finds_the_words_of_a_scan(tmp_path: Path) -> None:
    page = Image.new("L", (1240, 800), 255)
    font = ImageFont.load_default(size=60)
    ImageDraw.Draw(page).text((100, 100), "Insurance claim number", fill=0, font=font)
    page.save(tmp_path / "scan.jpg", dpi=(150, 150))
    assert {"Insurance", "claim", "number"} <= set(text.archived(tmp_path / "scan.jpg").split())
