import dataclasses
import io
import stat
from pathlib import Path
from typing import Self

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from docsorter.documents import PageSet, RawOutput, ReasonCode
from docsorter.errors import ConflictError, DocumentError, NotFoundError
from docsorter.service.learning import groups
from docsorter.service.learning.groups import GroupListing, UnknownDocuments, write_sheet
from docsorter.service.learning.snapshots import Snapshots
from docsorter.store.rows import open_entry_row
from tests.service.desk import Desk
from tests.service.learning.answered import answer
from tests.service.models import make_model


class Kinds:
    """Sees the last word of a file as a colour, and counts its looks."""

    looks = 0

    def __init__(self, settings: object, *, size: int, concurrency: int) -> None:
        assert settings is not None
        assert size + concurrency > 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read(self, path: Path, *, name: str) -> PageSet:
        Kinds.looks += 1
        if b"torn" in path.read_bytes():
            raise DocumentError("damaged", f"{name} is torn")
        shade = path.read_bytes().split()[2][0]
        return PageSet(np.full((1, 8, 8, 3), shade, np.uint8), 1, "text/plain")

    def preview(self, path: Path, page: int, most: int) -> bytes:
        if b"torn" in path.read_bytes():
            raise DocumentError("damaged", "torn")
        assert page == 0
        stream = io.BytesIO()
        Image.new("RGB", (most // 2, most), "grey").save(stream, "PNG")
        return stream.getvalue()


class Colours:
    """One direction of features for each shade."""

    def classify(self, pixels: NDArray[np.uint8]) -> RawOutput:
        features = np.eye(256, dtype=np.float32)[pixels[:, 0, 0, 0]]
        return RawOutput(np.zeros((len(pixels), 4), np.float32), features)


@pytest.fixture(autouse=True)
def _kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "PageReader", Kinds)
    monkeypatch.setattr(groups, "PageReader", Kinds)
    Kinds.looks = 0


def drop(desk: Desk, kind: str, count: int = 1) -> list[int]:
    """Documents of one kind that are like nothing taught."""
    numbers = []
    for number in range(count):
        name = f"{kind}-{number}-{len(desk.store.documents.find(limit=999))}.pdf"
        document = desk.pipeline.handle(desk.drop(name, f"claim 0.5 {kind} {name}".encode()).id)
        with desk.store.database.write() as session:
            entry = open_entry_row(session, document.id)
            assert entry is not None
            entry.reason = ReasonCode.UNLIKE_TRAINING
        numbers.append(document.id)
    return numbers


def listed(desk: Desk) -> GroupListing:
    model = dataclasses.replace(make_model("starter"), classifier=Colours())
    looks = UnknownDocuments(desk.configuration, desk.store, desk.clock)
    return looks.gather(model, 1, lambda *_: None)


def test_alike_documents_are_gathered_with_what_people_called_their_like(desk: Desk) -> None:
    receipts, odd = drop(desk, "receipt", 4), drop(desk, "zebra")
    answer(desk, desk.store.documents.get(receipts[0]), "receipt")
    drop(desk, "torn")
    listing = listed(desk)
    (group,) = listing.groups
    assert set(group.waiting) == set(receipts[1:])
    assert (group.answered, group.called) == ((receipts[0],), ("receipt",))
    assert (group.nearest, round(group.nearest_probability, 2)) == ("claim", 0.5)
    assert (listing.left_over, listing.unreadable, listing.looked_at) == (1, 1, 5)
    assert odd[0] not in group.waiting


def test_nobody_is_looked_at_twice_and_what_was_seen_is_private_until_forgotten(
    desk: Desk,
) -> None:
    numbers = drop(desk, "receipt", 2)
    listed(desk)
    listed(desk)
    assert Kinds.looks == 2
    root = desk.configuration.state / "learning"
    kept = sorted(root.glob("features/*/*.npy"))
    assert [path.stem for path in kept] == [str(number) for number in numbers]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in kept)
    Snapshots(desk.configuration.state).erase(numbers[0])
    assert sorted(root.glob("features/*/*.npy")) == kept[1:]


def test_a_group_keeps_its_number_until_the_next_listing(desk: Desk) -> None:
    looks = UnknownDocuments(desk.configuration, desk.store, desk.clock)
    with pytest.raises(NotFoundError, match="no groups were listed"):
        looks.last()
    numbers = drop(desk, "receipt", 2)
    listed(desk)
    drop(desk, "zebra", 5)
    assert set(looks.last().group(1).waiting) == set(numbers)
    with pytest.raises(NotFoundError, match="no group 2"):
        looks.last().group(2)


def test_a_contact_sheet_shows_each_page_with_its_number(desk: Desk, tmp_path: Path) -> None:
    documents = [
        desk.store.documents.get(n) for n in [*drop(desk, "receipt", 7), *drop(desk, "torn")]
    ]
    target = tmp_path / "sheet.png"
    settings = desk.configuration.settings.pages
    assert write_sheet(target, "group 1", documents, desk.path, settings) == 7
    with Image.open(target) as picture:
        assert picture.size[0] > 6 * 220
        assert picture.size[1] > 2 * 300
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with pytest.raises(ConflictError):
        write_sheet(target, "group 1", documents, desk.path, settings)
