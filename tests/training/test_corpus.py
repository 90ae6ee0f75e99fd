from pathlib import Path

import numpy as np
from PIL import Image

from docsorter.training.corpus import Corpus, gather, served_only
from docsorter.training.daemon_pages import daemon_cache
from docsorter.training.dataset import Sample
from docsorter.training.rasters import RasterCache


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


def test_a_claim_without_its_form_is_no_claim_to_learn_from_or_to_measure(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = ["file\tlabel\tlayout\tsource\tlicence\tuse"]
    for number, label in enumerate(["claim", "claim", "claim_dropout", "letter", "letter"]):
        noise = rng.integers(0, 255, (20, 20), np.uint8)
        Image.fromarray(noise).resize((200, 280)).save(tmp_path / f"{number}.png")
        rows.append(f"{number}.png\t{label}\tl{number}\tsource-{number}\tMIT\ttrain-ok")
    (tmp_path / "MANIFEST.tsv").write_text("\n".join(rows) + "\n")

    corpus = gather(None, tmp_path, RasterCache(tmp_path / "pages"))

    assert sorted(s.path.name for s in corpus.samples) == ["0.png", "1.png", "3.png", "4.png"]
