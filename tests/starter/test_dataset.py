import json
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from starter import dataset
from starter.capture import Capture
from starter.dataset import INDEX, Task, _shown, read_index, spread, tasks, write_dataset, write_one
from starter.document import SyntheticDocument, generate
from starter.kinds import Split, kinds_of

_COUNTS = {"receipt": 3, "business-card": 2}


def _bytes(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*.jpg"))}


def test_counts_are_spread_over_the_kinds_of_a_label() -> None:
    counts = spread({"invoice": 300, "claim": 90})
    assert sum(n for kind, n in counts.items() if kind.startswith("invoice")) == 300
    assert sum(n for kind, n in counts.items() if kind.startswith("claim")) == 90
    assert set(counts) == {*kinds_of("invoice"), *kinds_of("claim")}


def test_a_later_page_stands_for_its_document_unless_it_is_next_to_empty() -> None:
    first, full, empty = (Image.new("L", (100, 140), "white") for _ in range(3))
    for page in (first, full):
        page.paste(0, (10, 10, 90, 60))
    empty.paste(0, (10, 10, 30, 14))
    document = generate("receipt", 1, "train", height=120)

    def shown(second: Image.Image) -> set[int]:
        several = document.with_pages((first, second))
        return {_shown(several, random.Random(seed)) for seed in range(80)}

    assert shown(full) == {0, 1}
    assert shown(empty) == {0}


@pytest.mark.parametrize("kind", ["letter-brief", "prose"])
def test_a_page_of_a_label_that_a_scanner_left_empty_is_taken_as_it_was_made(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faint(
        kind: str, seed: int, split: Split, *, height: int, capture: Capture | None = None
    ) -> SyntheticDocument:
        document = generate(kind, seed, split, height=400, capture=capture)
        if capture is not None:
            return document
        return document.with_pages((Image.new("RGB", (70, 100), "white"),))

    monkeypatch.setattr(dataset, "generate", faint)
    label = "letter" if kind.startswith("letter") else "other"
    (tmp_path / label).mkdir()
    entry = write_one(Task(str(tmp_path), kind, 3, "train"))

    with Image.open(tmp_path / entry.file) as page:
        darkest = np.asarray(page.convert("L")).min()
    assert (entry.capture == "digital" and darkest < 128) == (label == "letter")


@pytest.mark.slow
def test_a_set_is_written_once_and_the_same_each_time(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    assert write_dataset(tmp_path / "a", _COUNTS, 5, "train", 1, lambda *n: seen.append(n)) == 5
    assert seen == [(i, 5) for i in range(1, 6)]
    assert write_dataset(tmp_path / "b", _COUNTS, 5, "train", workers=2) == 5
    assert _bytes(tmp_path / "a") == _bytes(tmp_path / "b")
    assert write_dataset(tmp_path / "a", _COUNTS, 5, "train") == 0


@pytest.mark.slow
def test_an_interrupted_set_goes_on_where_it_was(tmp_path: Path) -> None:
    write_dataset(tmp_path, _COUNTS, 6, "train")
    before = _bytes(tmp_path)
    lost = next(iter(before))
    (tmp_path / lost).unlink()
    index = tmp_path / INDEX
    index.write_bytes(index.read_bytes()[:-30])  # killed in the middle of a line
    broken = len(read_index(tmp_path))
    assert broken == 4
    assert write_dataset(tmp_path, _COUNTS, 6, "train") in (1, 2)
    assert _bytes(tmp_path) == before
    assert set(read_index(tmp_path)) == set(before)


@pytest.mark.slow
def test_the_index_says_what_each_picture_is(tmp_path: Path) -> None:
    write_dataset(tmp_path, {"claim-cash": 1, "photo": 1}, 7, "test")
    for line in (tmp_path / INDEX).read_text("utf-8").splitlines():
        entry = json.loads(line)
        with Image.open(tmp_path / entry["file"]) as picture:
            assert picture.format == "JPEG"
            assert picture.height <= 800
        assert entry["file"].startswith(entry["label"] + "/")
        assert entry["split"] == "test"
        assert entry["layout"].startswith(entry["kind"])
    assert not list(tmp_path.rglob("*.part"))


def test_sets_of_different_seeds_and_splits_share_no_document(tmp_path: Path) -> None:
    first = {t.seed for t in tasks(tmp_path, {"receipt": 50}, 1, "train")}
    assert not first & {t.seed for t in tasks(tmp_path, {"receipt": 50}, 2, "train")}
    assert not first & {t.seed for t in tasks(tmp_path, {"receipt": 50}, 1, "test")}


def test_an_unknown_kind_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        write_dataset(tmp_path / "new", {"poem": 1}, 1, "train")
    assert not (tmp_path / "new").exists()
