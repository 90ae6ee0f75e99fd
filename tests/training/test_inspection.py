from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from docsorter.documents import RawOutput
from docsorter.service.learning.snapshots import ExclusionReason
from docsorter.service.workspace.process import silent
from docsorter.training.data_report import Model
from docsorter.training.retrain import drop_left_out, inspect_snapshot
from starter.rasters import image_cache
from tests.training.snapshots import drawn


class Reds:
    """Features that say how red a page is, and a little of everything else."""

    def classify(self, pixels: NDArray[np.uint8]) -> RawOutput:
        small = np.stack(
            [np.asarray(Image.fromarray(page).resize((8, 8)), np.float32) for page in pixels]
        )
        features = (255 - small).reshape(len(pixels), -1) / 255
        red = (small[..., 0] - small[..., 1]).mean(axis=(1, 2))[:, np.newaxis]
        wide = np.concatenate([features, np.repeat(red, 40, axis=1)], axis=1)
        return RawOutput(np.zeros((len(pixels), 2), np.float32), wide.astype(np.float32))


def inspected(tmp_path: Path, pages: list[tuple[str, str, int]], confirmed: int = 0):  # type: ignore[no-untyped-def] # noqa: ANN201 -- three things, named where they are used
    snapshots, manifest = drawn(tmp_path, "base-1", pages)
    if confirmed:
        taught = tuple(
            one.model_copy(update={"confirmed": one.document == confirmed})
            for one in manifest.taught
        )
        manifest = manifest.model_copy(update={"taught": taught})
    model = Model("base-1", Reds(), 75)
    cache = image_cache(tmp_path / "cache")
    found = inspect_snapshot(snapshots, manifest, model, ("bars", "grid"), cache, silent)
    return snapshots, found


def plain() -> list[tuple[str, str, int]]:
    return [(label, label, seed) for label in ("bars", "grid") for seed in range(8)]


def test_the_same_page_under_two_labels_is_left_out_and_its_file_too(tmp_path: Path) -> None:
    pages = [*plain(), ("grid", "bars", 0)]
    snapshots, found = inspected(tmp_path, pages)
    conflicts = {
        left.document: left for left in found.asked if left.why is ExclusionReason.CONFLICT
    }
    assert set(conflicts) == {1, 17}
    assert conflicts[17].others == (1,)
    assert not (snapshots.folder("answers-1") / "documents" / "grid" / "17.png").exists()
    assert found.inspected
    assert snapshots.read("answers-1") == found


def test_an_answer_that_all_others_contradict_is_suspicious_unless_confirmed(
    tmp_path: Path,
) -> None:
    pages = [*plain(), ("grid", "bars", 30)]
    _, found = inspected(tmp_path / "doubted", pages)
    (left,) = found.asked
    assert (left.document, left.why) == (17, ExclusionReason.SUSPICIOUS)
    assert "by the other documents it is bars" in left.text
    _, found = inspected(tmp_path / "confirmed", pages, confirmed=17)
    assert found.asked == ()
    assert 17 in {one.document for one in found.taught}


def test_what_cannot_be_read_is_left_out_with_the_reason(tmp_path: Path) -> None:
    snapshots, manifest = drawn(tmp_path, "base-1", plain())
    torn = snapshots.folder("answers-1") / manifest.taught[0].file
    torn.write_bytes(b"\x89PNG torn")
    model, cache = Model("base-1", Reds(), 75), image_cache(tmp_path / "cache")
    found = inspect_snapshot(snapshots, manifest, model, ("bars", "grid"), cache, silent)
    assert [(left.document, left.why) for left in found.left_out] == [
        (1, ExclusionReason.UNREADABLE)
    ]


def test_files_of_what_was_left_out_go_also_after_a_kill(tmp_path: Path) -> None:
    snapshots, manifest = drawn(tmp_path, "base-1", plain())
    folder = snapshots.folder("answers-1") / "documents"
    (folder / "bars" / "generated-letter-1.jpg").write_bytes(b"x")
    fewer = manifest.model_copy(update={"taught": manifest.taught[:1]})
    drop_left_out(snapshots, fewer)
    left = sorted(path.name for path in folder.rglob("*") if path.is_file())
    assert left == ["1.png", "generated-letter-1.jpg"]
    assert not (folder / "grid").exists()
