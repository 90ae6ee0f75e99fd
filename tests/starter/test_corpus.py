import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from docsorter.errors import UsageError
from docsorter.training.dataset import Sample
from docsorter.training.rasters import daemon_cache
from starter.corpus import (
    Corpus,
    dealt_by_source,
    drawn_by_kind,
    gather,
    origins,
    read_manifest,
    read_synthetic,
    served_only,
)
from starter.rasters import image_cache

HEADER = "file\tlabel\tsubclass\tsource\tlicence\tlayout\tuse"


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

    corpus = gather(None, [tmp_path], image_cache(tmp_path / "pages"))

    assert sorted(s.path.name for s in corpus.samples) == ["0.png", "1.png", "3.png", "4.png"]


def test_all_real_documents_are_learned_from_and_dealt_by_source_only_where_asked(
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(0)
    for folder in ("a", "b"):
        rows = ["file\tlabel\tlayout\tsource\tlicence\tuse"]
        for number in range(10):
            path = tmp_path / folder / f"{number}.png"
            path.parent.mkdir(exist_ok=True)
            noise = rng.integers(0, 255, (20, 20), np.uint8)
            Image.fromarray(noise).resize((200, 280)).save(path)
            use = "eval-only" if number == 9 else "train-ok"
            rows.append(f"{number}.png\tletter\tl{number}\t{folder}{number // 2}\tMIT\t{use}")
        (tmp_path / folder / "MANIFEST.tsv").write_text("\n".join(rows) + "\n")
    roots, cache = [tmp_path / "a", tmp_path / "b"], image_cache(tmp_path / "pages")

    corpus, dealt = gather(None, roots, cache), dealt_by_source(roots, cache)

    assert corpus.counts() == {"train, real": {"letter": 18}, "eval-only, real": {"letter": 2}}
    free = [sample for sample in dealt.samples if sample.split != "eval-only"]
    assert {sample.split for sample in free} == {"train", "calibration", "test"}
    assert len({(s.source, s.split) for s in free}) == len({s.source for s in free})


def test_generated_documents_are_drawn_evenly_over_kinds() -> None:
    samples = [
        Sample(Path(f"{n}"), "letter", "many" if n < 90 else "few", "", "") for n in range(96)
    ]

    drawn = drawn_by_kind(samples, 20, seed=0)

    assert [sample.kind for sample in drawn].count("few") == 6
    assert len({sample.path for sample in drawn}) == 20


def _picture(path: Path, grey: int = 255) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (60, 80), grey).save(path)


def _manifest(root: Path, *rows: str) -> None:
    (root / "MANIFEST.tsv").write_text("\n".join([HEADER, *rows]) + "\n")


def test_only_documents_of_the_asked_use_are_read(tmp_path: Path) -> None:
    _manifest(
        tmp_path,
        "a.png\tinvoice\t\tone/repo\tMIT\tl1\ttrain-ok",
        "b.png\tinvoice\t\ttwo/repo\tnone\tl2\teval-only",
        "c.png\treceipt\t\tone/repo\tMIT\tl3\ttrain-ok",
        "d.png\tclaim_dropout\t\tone/repo\tMIT\tl4\ttrain-ok",
        "e.png\tclaim_cont\t\tone/repo\tMIT\tl4\ttrain-ok",
    )

    trained = read_manifest(tmp_path, use="train-ok")

    assert [(s.path.name, s.label) for s in trained] == [
        ("a.png", "invoice"), ("c.png", "other"), ("d.png", "claim"),
    ]  # fmt: skip
    assert [s.path.name for s in read_manifest(tmp_path, use="eval-only")] == ["b.png"]


def test_a_manifest_without_the_needed_columns_is_refused(tmp_path: Path) -> None:
    (tmp_path / "MANIFEST.tsv").write_text("file\tlabel\na.png\tinvoice\n")

    with pytest.raises(UsageError, match="manifest of collected documents cannot be read"):
        read_manifest(tmp_path, use="train-ok")


def test_held_out_layouts_are_bound_and_others_are_free(tmp_path: Path) -> None:
    for part in ("train", "test"):
        _picture(tmp_path / part / "invoice" / "a.png")
        row = {"file": "invoice/a.png", "label": "invoice", "kind": "invoice-plain", "layout": "7"}
        (tmp_path / part / "index.jsonl").write_text(json.dumps(row) + "\n")

    free, bound = read_synthetic(tmp_path)

    assert (free.split, bound.split) == ("", "held-out")
    assert free.layout != bound.layout
    assert free.kind == "invoice-plain"


def test_a_broken_index_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "index.jsonl").write_text('{"file": "a.png"\n')

    with pytest.raises(UsageError, match="line 1 of the index"):
        read_synthetic(tmp_path)


def test_an_empty_folder_of_generated_documents_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no generated documents"):
        read_synthetic(tmp_path)


def test_sources_are_counted_with_their_licence(tmp_path: Path) -> None:
    _manifest(
        tmp_path,
        "a.png\tinvoice\t\tone/repo\tMIT\tl1\ttrain-ok",
        "b.png\tletter\t\tone/repo\tMIT\tl2\ttrain-ok",
        "c.png\tletter\t\ttwo/repo\tCC0-1.0\tl2\ttrain-ok",
    )

    found = origins(read_manifest(tmp_path, use="train-ok"))

    assert [(o.name, o.licence, o.documents) for o in found] == [
        ("one/repo", "MIT", 2), ("two/repo", "CC0-1.0", 1),
    ]  # fmt: skip
