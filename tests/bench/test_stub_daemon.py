"""The daemon under load sees nothing, and is sure of everything."""

from pathlib import Path

import pytest

from bench.stub_daemon import open_stub_engine
from docsorter.documents import VerdictKind
from docsorter.service.workspace.layout import create


@pytest.mark.slow
def test_a_blind_engine_sorts_whatever_it_is_given(tmp_path: Path) -> None:
    configuration, _ = create(tmp_path / "paper")
    (tmp_path / "a.pdf").write_bytes(b"no PDF at all")
    with open_stub_engine(configuration, 1) as engine:
        inspection = engine.inspect(tmp_path / "a.pdf", "a.pdf")
    assert inspection.verdict.kind is VerdictKind.SORT
    assert inspection.prediction.label == engine.card.labels[0]
