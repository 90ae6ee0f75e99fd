import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from docsorter.cli.output import jsonable
from docsorter.service.workspace.process import silent
from docsorter.training.data_report import (
    DataReport,
    Model,
    Thumbnails,
    build_report,
    evenly,
    extract_features,
    fair_shares,
    html_page,
)
from docsorter.training.labelled import LabelledFolder, read_labelled
from docsorter.training.rasters import RasterCache
from starter.rasters import image_cache
from tests.training.labelled_folders import Shades, labelled, put

MODEL = Model("shades-1", Shades(), 96)


@pytest.fixture
def cache(tmp_path: Path) -> RasterCache:
    return image_cache(tmp_path / "cache")


def _reported(root: Path, cache: RasterCache) -> tuple[DataReport, LabelledFolder]:
    folder = read_labelled(root, cache, silent)
    extracted = extract_features(folder, cache, MODEL, silent)
    return build_report(folder, extracted, MODEL.name, silent, look_for_suspects=False), folder


def _page(report: DataReport, folder: LabelledFolder, cache: RasterCache, budget: int) -> str:
    files = {
        label: [str(s.path.relative_to(folder.root)) for s in folder.samples if s.label == label]
        for label in folder.labels
    }
    return html_page(report, files, Thumbnails(folder.root, cache, budget))


def test_findings_say_what_is_there(tmp_path: Path, cache: RasterCache) -> None:
    root = labelled(tmp_path / "d", {"invoice": 6, "letter": 6, "other": 5})
    shutil.copy(root / "invoice" / "000.png", root / "letter" / "copy.png")
    with Image.open(root / "invoice" / "001.png") as page:
        page.convert("RGB").save(root / "invoice" / "again.jpg", quality=85)
    (root / "letter" / "notes.pdf").write_text("no scan")

    report, _ = _reported(root, cache)

    assert [(one.label, one.documents, one.unreadable) for one in report.labels] == [
        ("invoice", 7, 0), ("letter", 7, 1), ("other", 5, 0),
    ]  # fmt: skip
    assert [one.groups for one in report.labels] == [6, 7, 5]
    assert report.labels[0].formats == {"PNG": 6, "JPEG": 1}
    assert report.labels[0].longest_side.median == 168
    assert report.refusal is None
    (name,) = report.split
    assert report.split[name] == {"invoice": 7, "letter": 7, "other": 5}
    conflict, alike = report.alike
    assert conflict.conflict
    assert conflict.identical
    assert [one.file for one in conflict.documents] == ["invoice/000.png", "letter/copy.png"]
    assert not alike.conflict
    assert not alike.identical
    assert report.copies == 2
    assert [bad.file for bad in report.unreadable] == ["letter/notes.pdf"]


def test_a_folder_that_training_would_refuse_is_reported_with_the_reason(
    tmp_path: Path, cache: RasterCache
) -> None:
    root = labelled(tmp_path / "d", {"invoice": 6, "letter": 2})

    report, folder = _reported(root, cache)
    text = _page(report, folder, cache, 10**6)

    assert report.split == {}
    assert report.refusal is not None
    assert "'letter' has 2" in report.refusal.message
    assert "Training would refuse this folder" in text
    assert "put at least 5 documents" in text


def test_a_label_of_one_file_alone_is_refused_before_training_does(
    tmp_path: Path, cache: RasterCache
) -> None:
    root = labelled(tmp_path / "d", {"invoice": 6})
    for number in range(5):
        put(root / "letter" / f"{number}.png", 77)

    report, _ = _reported(root, cache)

    assert report.refusal is not None
    assert "are the same file" in report.refusal.message


def test_nothing_but_unreadable_files_gives_a_report_all_the_same(
    tmp_path: Path, cache: RasterCache
) -> None:
    (tmp_path / "d" / "invoice").mkdir(parents=True)
    (tmp_path / "d" / "invoice" / "a.pdf").write_text("no scan")

    report, folder = _reported(tmp_path / "d", cache)

    assert (report.documents, len(report.unreadable)) == (0, 1)
    assert report.refusal is not None
    assert "a.pdf" in _page(report, folder, cache, 10**6)


def test_the_kind_of_file_is_said_to_give_the_label_away(
    tmp_path: Path, cache: RasterCache
) -> None:
    root = labelled(tmp_path / "d", {"invoice": 20, "letter": 20})
    assert _reported(root, cache)[0].giveaway is not None
    for file in sorted((root / "letter").iterdir()):
        with Image.open(file) as page:
            page.convert("1").save(file.with_suffix(".tif"))
        file.unlink()

    given_away, folder = _reported(root, cache)

    assert given_away.giveaway is not None
    assert given_away.giveaway.telling
    assert given_away.giveaway.by_kind == 1.0
    assert "A model may learn the scanner" in _page(given_away, folder, cache, 10**6)


def test_the_page_shows_hostile_names_as_text_and_loads_nothing(
    tmp_path: Path, cache: RasterCache
) -> None:
    root = labelled(tmp_path / "d", {'"><img src=x onerror=alert(1)>': 5, "letter": 5})
    shutil.copy(root / "letter" / "000.png", root / "letter" / "<script>alert(1)<script>.png")
    (root / "letter" / "bad\u202e\n&.pdf").write_text("no scan")

    report, folder = _reported(root, cache)
    text = _page(report, folder, cache, 10**6)

    assert "<script" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert set(re.findall(r"<img (\w+)=", text)) == {"src"}
    assert set(re.findall(r'(?:src|href)="(.{5})', text)) <= {"data:", "#alik", "#unre", "#conf"}
    assert "http:" not in text
    assert "https:" not in text
    assert "\u202e" not in text
    text.encode("utf-8")


def test_the_page_keeps_within_its_budget_and_says_what_is_left_out(
    tmp_path: Path, cache: RasterCache
) -> None:
    root = labelled(tmp_path / "d", {"invoice": 30, "letter": 6})
    report, folder = _reported(root, cache)

    text = _page(report, folder, cache, 150_000)

    assert sum(map(len, re.findall(r'src="(data:[^"]*)"', text))) <= 150_000
    assert "14 of 30 documents, spread evenly" in text
    assert text.count("<img") == 20


def test_many_cases_leave_half_of_the_room_to_the_contact_sheets(
    tmp_path: Path, cache: RasterCache
) -> None:
    root = labelled(tmp_path / "d", {"invoice": 5, "letter": 5})
    for file in sorted((root / "invoice").iterdir()):
        shutil.copy(file, root / "letter" / f"copy-{file.name}")
    report, folder = _reported(root, cache)

    text = _page(report, folder, cache, 130_000)
    cases, sheets = text.split("<h2>Contact sheets</h2>")

    assert "no room for its picture" in cases
    assert sheets.count("<img") >= 6


def test_everything_goes_into_json(tmp_path: Path, cache: RasterCache) -> None:
    report, _ = _reported(labelled(tmp_path / "d", {"invoice": 5, "letter": 5}), cache)

    numbers = jsonable(report)

    assert isinstance(numbers, dict)
    assert set(numbers) >= {"labels", "split", "alike", "suspects", "unreadable", "refusal"}


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 500), max_size=8), st.integers(0, 10**7))
def test_room_is_dealt_out_fairly(wanted: dict[str, int], room: int) -> None:
    shares = fair_shares(wanted, room)

    assert all(0 <= shares[label] <= wanted[label] for label in wanted)
    assert sum(shares.values()) <= room // 7500
    cut = [label for label in wanted if shares[label] < wanted[label]]
    assert all(shares[label] >= max(shares.values()) - 1 for label in cut)


@given(st.lists(st.text(max_size=4), max_size=40), st.integers(0, 50))
def test_what_is_spread_evenly_keeps_its_order_and_its_number(items: list[str], count: int) -> None:
    chosen = evenly(items, count)

    assert len(chosen) == min(count, len(items))
    rest = iter(items)
    assert all(one in rest for one in chosen)
