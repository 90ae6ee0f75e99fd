from dataclasses import replace
from pathlib import Path

from PIL import Image

from docsorter.training.dataset import Sample, fingerprint


def _sample(path: Path, label: str, grey: int) -> Sample:
    Image.new("L", (60, 80), grey).save(path)
    return Sample(path, label, "", "", "")


def test_the_fingerprint_knows_files_and_labels_but_not_their_order(tmp_path: Path) -> None:
    one, two = _sample(tmp_path / "a.png", "invoice", 10), _sample(tmp_path / "b.png", "letter", 20)
    before = fingerprint([one, two])

    assert fingerprint([two, one]) == before
    assert fingerprint([one, replace(two, label="invoice")]) != before
    assert fingerprint([one, _sample(tmp_path / "c.png", "letter", 30)]) != before
