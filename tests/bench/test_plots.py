"""The plot shows every way that ran, longer where it took longer."""

import json
import re
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench import plots
from bench.plots import work_plot

_SVG = "{http://www.w3.org/2000/svg}"
RUN = {
    "cores": 2,
    "cpu_ms": {
        "docsorter": {"scans": 47.0, "born digital": 60.0, "mix": 49.0},
        "limit": {"scans": 29.0, "born digital": 38.0, "mix": 30.0},
        "text": {"scans": 2260.0, "born digital": 20.0, "mix": 1900.0},
    },
}


def bars(svg: str) -> list[float]:
    """Return the lengths of the bars, from the top."""
    found = ET.fromstring(svg).iter(f"{_SVG}rect")
    return [float(bar.attrib["width"]) for bar in found if bar.attrib["fill"] != "white"]


def words(svg: str) -> list[str]:
    return [text.text or "" for text in ET.fromstring(svg).iter(f"{_SVG}text")]


def test_bars_are_as_long_as_the_work_on_a_logarithmic_scale() -> None:
    limit, ours, text, *_ = bars(work_plot(RUN))
    assert limit < ours < text
    assert bars(work_plot(RUN))[5] < bars(work_plot(RUN))[3]  # born digital: text before limit
    ratio = (text - ours) / (ours - limit)
    assert ratio == pytest.approx(8.0, abs=0.2)  # log(2260 / 47) / log(47 / 29)


def test_every_way_is_named_with_its_figure_and_one_that_did_not_run_is_not() -> None:
    said = words(work_plot(RUN))
    assert said.count("the bare limit") == 2
    assert "2260 ms" in said
    assert "afternoon script" not in said
    assert not re.search(r"NaN|inf", work_plot(RUN))


def test_it_is_written_beside_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run.json").write_text(json.dumps(RUN))
    arguments = ["plots", str(tmp_path / "run.json"), "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", arguments)
    plots.main()
    assert (tmp_path / "performance-work.svg").read_text() == work_plot(RUN)
