import os
import shutil
import unicodedata
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from docsorter.errors import EnvironmentFaultError, UsageError
from docsorter.service.workspace.process import silent
from docsorter.training import splits
from docsorter.training.dataset import Sample
from docsorter.training.labelled import (
    LabelledFolder,
    document_groups,
    read_labelled,
    require_trainable,
)
from docsorter.training.rasters import RasterCache, daemon_cache
from docsorter.training.splits import divide, grouped, labels_split_by_document
from starter.rasters import ImagePages, image_cache
from tests.training.labelled_folders import labelled, put, sample


@pytest.fixture
def cache(tmp_path: Path) -> RasterCache:
    return image_cache(tmp_path / "cache")


def _read(root: Path, cache: RasterCache) -> LabelledFolder:
    return read_labelled(root, cache, silent)


def _folder(**counts: int) -> LabelledFolder:
    return _named({name.replace("_", " "): count for name, count in counts.items()})


def _named(counts: dict[str, int]) -> LabelledFolder:
    samples = tuple(
        sample(unicodedata.normalize("NFC", name), f"{number}.png")
        for name, count in counts.items()
        for number in range(count)
    )
    return LabelledFolder(Path("/d"), samples, (), tuple(counts))


def test_labels_may_be_called_anything_that_a_folder_may(
    tmp_path: Path, cache: RasterCache
) -> None:
    names = ("delivery note", "Mahnungen & Zinsen", "Schäden", "📬", "请假条")
    root = labelled(tmp_path / "d", dict.fromkeys(names, 1))

    folder = _read(root, cache)

    assert folder.labels == tuple(sorted(names))
    assert folder.counts() == dict.fromkeys(sorted(names), 1)
    assert folder.unreadable == ()


def test_a_label_is_the_composed_form_of_its_folder(tmp_path: Path, cache: RasterCache) -> None:
    root = labelled(tmp_path / "d", {unicodedata.normalize("NFD", "Schäden"): 1, "invoice": 1})

    assert _read(root, cache).labels == (unicodedata.normalize("NFC", "Schäden"), "invoice")


def test_what_shares_a_sub_folder_has_the_same_source(tmp_path: Path, cache: RasterCache) -> None:
    root = labelled(tmp_path / "d", {"letter": 2})
    put(root / "invoice" / "Acme" / "2026" / "a.png", 90)
    put(root / "invoice" / "Acme" / "b.png", 91)
    put(root / "invoice" / "2025-03" / "c.png", 92)

    found = {s.path.name: s for s in _read(root, cache).samples}

    assert found["a.png"].source == found["b.png"].source == "invoice/Acme"
    assert found["a.png"].layout == found["b.png"].layout == "invoice/Acme"
    assert found["c.png"].source == "", "a year says how it is filed, not where it is from"
    assert found["c.png"].layout != found["000.png"].layout


def test_hidden_and_housekeeping_files_and_sidecars_are_passed_over(
    tmp_path: Path, cache: RasterCache
) -> None:
    root = labelled(tmp_path / "d", {"invoice": 1, "letter": 1})
    for name in (".DS_Store", "Thumbs.db", "000.png.json", "half.part", ".trash/x.png"):
        (root / "invoice" / name).parent.mkdir(exist_ok=True)
        (root / "invoice" / name).write_bytes(b"x")
    put(root / ".hidden" / "a.png", 9)

    folder = _read(root, cache)

    assert folder.labels == ("invoice", "letter")
    assert (len(folder.samples), folder.unreadable) == (2, ())


def test_links_pipes_and_files_beside_the_labels_are_listed_and_not_followed(
    tmp_path: Path, cache: RasterCache
) -> None:
    root = labelled(tmp_path / "d", {"invoice": 1, "letter": 1})
    outside = put(tmp_path / "outside" / "a.png", 50)
    (root / "invoice" / "link.png").symlink_to(outside)
    (root / "invoice" / "more").symlink_to(outside.parent)
    (root / "linked label").symlink_to(outside.parent)
    os.mkfifo(root / "letter" / "pipe.png")
    put(root / "lost.png", 51)

    folder = _read(root, cache)

    assert folder.labels == ("invoice", "letter")
    assert len(folder.samples) == 2
    reasons = {problem.path.name: (problem.label, problem.reason) for problem in folder.unreadable}
    assert set(reasons) == {"link.png", "more", "linked label", "pipe.png", "lost.png"}
    assert reasons["link.png"][0] == "invoice"
    assert "links are not followed" in reasons["linked label"][1]
    assert "a pipe" in reasons["pipe.png"][1]
    assert reasons["lost.png"][0] == ""


def test_a_file_that_cannot_be_read_is_listed_with_its_reason(tmp_path: Path) -> None:
    root = labelled(tmp_path / "d", {"invoice": 2, "letter": 1})
    page = root / "invoice" / "000.png"
    Image.open(page).convert("RGB").save(root / "invoice" / "whole.jpg")
    whole = (root / "invoice" / "whole.jpg").read_bytes()
    (root / "invoice" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (root / "invoice" / "empty.pdf").write_bytes(b"")
    (root / "letter" / "notes.pdf").write_text("a text that calls itself a PDF")
    shutil.copy(page, root / "letter" / os.fsdecode(b"b\xff.png"))

    with daemon_cache(tmp_path / "cache") as cache:
        folder = _read(root, cache)

    reasons = {problem.path.name: problem.reason for problem in folder.unreadable}
    assert reasons == {
        "cut.jpg": "the JPEG is cut off: its end is missing",
        "empty.pdf": "the file has no bytes in it",
        "notes.pdf": "a text file is not a scan",
    }
    assert folder.counts() == {"invoice": 3, "letter": 2}, "a name that is no UTF-8 is none"


def test_a_file_that_goes_away_while_reading_is_listed(tmp_path: Path) -> None:
    root = labelled(tmp_path / "d", {"invoice": 1, "letter": 1})

    class Vanishing(RasterCache):
        def pages(self, path: Path, size: int, *, cap: int = 1) -> "NDArray[np.uint8]":
            path.unlink(missing_ok=path.parent.name == "letter")
            return super().pages(path, size, cap=cap)

    folder = _read(root, Vanishing(tmp_path / "cache", ImagePages()))

    assert folder.samples == ()
    assert {problem.reason for problem in folder.unreadable} == {
        "it is gone: somebody moved or removed it just now"
    }


def _faulty(tmp_path: Path, name: str) -> RasterCache:
    class Faulty(RasterCache):
        def pages(self, path: Path, size: int, *, cap: int = 1) -> "NDArray[np.uint8]":
            if path.parent.name.startswith(name):
                raise EnvironmentFaultError("cannot read a document now: Input/output error")
            return super().pages(path, size, cap=cap)

    return Faulty(tmp_path / "cache", ImagePages())


def test_a_bad_spot_on_the_disk_costs_one_document(tmp_path: Path) -> None:
    root = labelled(tmp_path / "d", {"invoice": 1, "letter": 1})

    folder = _read(root, _faulty(tmp_path, "letter"))

    assert folder.counts() == {"invoice": 1, "letter": 0}
    assert "Input/output error" in folder.unreadable[0].reason


def test_a_reader_that_reads_nothing_at_all_is_no_fault_of_the_documents(tmp_path: Path) -> None:
    root = labelled(tmp_path / "d", {"invoice": 1, "letter": 1})

    with pytest.raises(EnvironmentFaultError, match="Input/output error"):
        _read(root, _faulty(tmp_path, ""))


def test_progress_is_told_for_every_document(tmp_path: Path, cache: RasterCache) -> None:
    root = labelled(tmp_path / "d", {"invoice": 2, "letter": 1})
    told: list[tuple[str, int, int]] = []

    read_labelled(root, cache, lambda *step: told.append(step))

    assert told == [("reading documents", number, 3) for number in (1, 2, 3)]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda _: None, "does not exist"),
        (lambda root: root.write_text("x"), "is a file"),
        (lambda root: root.mkdir(), "has no sub-folders"),
        (lambda root: put(root / "a.png", 1), "has no sub-folders"),
        (lambda root: (root / "invoice").mkdir(parents=True), "sub-folders of .* are empty"),
    ],
)
def test_a_folder_without_labelled_documents_is_refused(
    tmp_path: Path, cache: RasterCache, make: "object", message: str
) -> None:
    assert callable(make)
    make(tmp_path / "d")

    with pytest.raises(UsageError, match=message) as caught:
        _read(tmp_path / "d", cache)

    assert caught.value.remedy


def test_enough_of_two_labels_and_a_background_can_be_trained() -> None:
    require_trainable(_folder(invoice=5, delivery_note=5, other=5))


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({"invoice": 20}, "only the label 'invoice'"),
        ({"invoice": 20, "other": 20}, "only the label 'invoice' beside 'other'"),
        ({"invoice": 20, "claim": 4}, "too few documents to learn from: 'claim' has 4"),
        ({"invoice": 20, "letter": 20, "claim": 0}, "'claim' has none"),
        ({"invoice": 20, "letter": 20, "other": 2}, "'other' has 2"),
        ({"invoice": 9, "Invoice": 9}, "'Invoice' and 'invoice' differ only in upper and lower"),
        ({"Schäden": 9, "Scha\u0308den": 9}, r"'Scha\\u0308den' and 'Sch\\xe4den' differ only in"),
        ({"ﬁle": 9, "file": 9}, "two folders stand for one label"),
        ({"Other": 9, "claim": 9, "letter": 9}, "looks like 'other', which means none"),
        ({"a:b": 9, "claim": 9}, "'a:b' cannot be a label"),
        ({"CON": 9, "claim": 9}, "'CON' cannot be a label"),
        ({"trailing.": 9, "claim": 9}, "'trailing.' cannot be a label"),
        ({"-rf": 9, "claim": 9}, "'-rf' cannot be a label"),
        ({"abc\u202egpj": 9, "claim": 9}, "cannot be a label"),
        ({"x" * 65: 9, "claim": 9}, "is too long: it has 65 characters"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_remedy(counts: dict[str, int], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        require_trainable(_named(counts))

    assert caught.value.remedy
    assert "\n" not in str(caught.value)


def test_copies_and_documents_of_one_source_are_one_group(
    tmp_path: Path, cache: RasterCache
) -> None:
    root = labelled(tmp_path / "d", {"invoice": 6, "letter": 3})
    shutil.copy(root / "invoice" / "000.png", root / "letter" / "copy.png")
    with Image.open(root / "invoice" / "001.png") as page:
        page.convert("RGB").save(root / "invoice" / "again.jpg", quality=80)
    for number, seed in enumerate((70, 71)):
        put(root / "invoice" / "Acme" / f"{number}.png", seed)
    folder = _read(root, cache)

    groups = document_groups(folder, cache, silent)

    by_name = {
        s.path.relative_to(root).as_posix(): g for s, g in zip(folder.samples, groups, strict=True)
    }
    assert by_name["invoice/000.png"] == by_name["letter/copy.png"]
    assert by_name["invoice/001.png"] == by_name["invoice/again.jpg"]
    assert by_name["invoice/Acme/0.png"] == by_name["invoice/Acme/1.png"]
    assert len(set(groups)) == 10


def test_pages_that_only_look_alike_by_their_hash_are_kept_apart_by_features(
    tmp_path: Path, cache: RasterCache
) -> None:
    root = labelled(tmp_path / "d", {"invoice": 1, "letter": 1})
    with Image.open(root / "invoice" / "000.png") as page:
        page.convert("RGB").save(root / "letter" / "again.jpg", quality=80)
    folder = _read(root, cache)
    far = np.eye(3, dtype=np.float32)

    assert len(set(document_groups(folder, cache, silent))) == 2
    assert len(set(document_groups(folder, cache, silent, far))) == 3


def test_sources_too_few_to_be_dealt_out_whole_are_not_kept_whole() -> None:
    few = [sample("invoice", f"{n}.png", ("Acme", "Globex")[n % 2]) for n in range(10)]
    many = [sample("letter", f"{n}.png", f"sender {n % 5}") for n in range(10)]

    assert labels_split_by_document([*few, *many]) == {"invoice": 2}
    assert len(set(grouped([*few, *many], []))) == 10 + 5


_SAMPLES = st.lists(
    st.builds(
        lambda label, source, number: sample(label, f"{number}.png", source),
        st.sampled_from(("claim", "invoice", "other")),
        st.sampled_from(("", "", "Acme", "Globex", "a", "b", "c", "d")),
        st.integers(0, 10**6),
    ),
    min_size=12,
    max_size=24,
    unique_by=lambda one: one.path,
).map(lambda drawn: [*drawn, *(sample(x, f"f{n}.png") for x in ("claim", "invoice") for n in "ab")])


@given(samples=_SAMPLES, data=st.data(), seed=st.integers(0, 50))
@settings(max_examples=25, deadline=None)
def test_a_division_is_fixed_by_the_seed_whatever_the_order_and_cuts_no_group(
    samples: list[Sample], data: st.DataObject, seed: int
) -> None:
    rows = st.integers(0, len(samples) - 1)
    pairs = data.draw(st.lists(st.tuples(rows, rows), max_size=6))
    shuffled = data.draw(st.permutations(range(len(samples))))
    places = {row: place for place, row in enumerate(shuffled)}
    groups = grouped(samples, pairs)
    moved = [samples[row] for row in shuffled]
    moved_groups = grouped(moved, [(places[i], places[j]) for i, j in pairs])

    with (
        mock.patch.object(splits, "LEAST_FOR_SETS", 1),
        mock.patch.object(splits, "LEAST_GROUPS", 1),
    ):  # so few documents would be cross-fitted
        first = divide(samples, groups, seed)
        other = divide(moved, moved_groups, seed)

    assert [other.splits[places[row]] for row in range(len(samples))] == list(first.splits)
    assert [other.folds[places[row]] for row in range(len(samples))] == first.folds.tolist()
    for number in set(groups):
        members = [row for row, each in enumerate(groups) if each == number]
        assert len({first.splits[row] for row in members}) == 1
        assert len({int(first.folds[row]) for row in members}) == 1
    assert all(first.splits[i] == first.splits[j] for i, j in pairs)
