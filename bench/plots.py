"""Plots of a run for the documentation: `python -m bench.plots [RUN] [--out docs/pictures]`."""

import argparse
import json
import math
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any, Final

from bench.compare import RUN

_NAMES: Final = {
    "limit": "the bare limit",
    "docsorter": "docsorter",
    "script": "afternoon script",
    "text": "text sorter",
    "paperless": "as paperless-ngx",
}
_COLOURS: Final = {
    "limit": "#9aa5b1",
    "docsorter": "#2f6fbb",
    "script": "#c98a2b",
    "text": "#a8503f",
    "paperless": "#7a3b6b",
}
_WIDTH, _LEFT, _RIGHT, _BAR, _GAP, _TOP = 720, 150, 90, 22, 6, 58


def work_plot(run: Mapping[str, Any]) -> str:
    """Return an SVG of the CPU time per document by way, scans and born digital apart.

    Args:
        run: What `bench.run` wrote.

    The scale is logarithmic: a text sorter takes a hundred times what the limit does.
    """
    bars = [
        (kind, way, float(run["cpu_ms"][way][kind]))
        for kind in ("scans", "born digital")
        for way in _NAMES
        if way in run["cpu_ms"]
    ]
    least = 10 ** math.floor(math.log10(min(value for *_, value in bars)))
    most = 10 ** math.ceil(math.log10(max(value for *_, value in bars)))
    scale = (_WIDTH - _LEFT - _RIGHT) / math.log10(most / least)
    parts, y, before = [], _TOP, ""
    for kind, way, value in bars:
        if kind != before:
            y += 24 if before else 0
            parts.append(_text(8, y, kind, weight="bold"))
            y, before = y + 10, kind
        length = max(1.0, scale * math.log10(value / least))
        parts.append(_text(_LEFT - 8, y + _BAR * 0.7, _NAMES[way], anchor="end"))
        parts.append(
            f'<rect x="{_LEFT}" y="{y}" width="{length:.1f}" height="{_BAR}"'
            f' fill="{_COLOURS[way]}"/>'
        )
        parts.append(_text(_LEFT + length + 6, y + _BAR * 0.7, f"{value:.0f} ms"))
        y += _BAR + _GAP
    title = f"CPU time per document, {run['cores']} cores, logarithmic"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y + 12}"'
        ' font-family="sans-serif" font-size="13">'
        f"<title>{escape(title)}</title>"
        f'<rect width="{_WIDTH}" height="{y + 12}" fill="white"/>'
    )
    return "\n".join([head, _text(8, 24, title, weight="bold"), *parts, "</svg>"]) + "\n"


def _text(x: float, y: float, words: str, *, anchor: str = "start", weight: str = "normal") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}"'
        f' fill="#222">{escape(words)}</text>'
    )


def main() -> None:
    """Draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, nargs="?", default=RUN)
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    options = parser.parse_args()
    run = json.loads(options.run.read_text("utf-8"))
    (options.out / "performance-work.svg").write_text(work_plot(run), "utf-8")


if __name__ == "__main__":
    main()
