from pathlib import Path

from PIL import Image

from docsorter.training.corpus import Corpus, served_only
from docsorter.training.daemon_pages import daemon_cache
from docsorter.training.dataset import Sample


def test_what_the_daemon_would_refuse_is_not_measured_on(tmp_path: Path) -> None:
    white, inked = tmp_path / "white.png", tmp_path / "inked.png"
    Image.new("RGB", (200, 280), "white").save(white)
    page = Image.new("RGB", (200, 280), "white")
    page.paste("black", (40, 40, 160, 60))
    page.save(inked)
    corpus = Corpus(
        tuple(
            Sample(path, "other", "", path.stem, "here", split=split)
            for path in (white, inked)
            for split in ("train", "test")
        )
    )

    with daemon_cache(tmp_path / "pages") as served:
        left = served_only(corpus, served, 75)

    assert [(s.path, s.split) for s in left.samples] == [(inked, "train"), (inked, "test")]
