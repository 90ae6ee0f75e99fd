"""Put the figures of the last runs into the documentation, and keep their ratios.

    python -m bench.publish [--out bench/out] [--docs docs]

Takes what `bench.run` wrote, and what `bench.idle`, `bench.cores` and `bench.soak` wrote where they
ran; writes the part of docs/develop/performance.md between its marks, the plot, and
bench/baseline.json.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.compare import AIMS, KEPT, is_met, ratios_of
from bench.plots import work_plot

BEGIN: Final = "<!-- figures: written by `make bench-publish` -->"
END: Final = "<!-- end of figures -->"
PAGE: Final = "develop/performance.md"
PLOT: Final = "pictures/performance-work.svg"
_OTHERS: Final = {
    "limit": "the bare limit",
    "script": "the afternoon script",
    "text": "the text sorter, Tesseract alone",
    "paperless": "the text sorter, read as paperless-ngx does",
}
_IDLE_MB: Final = 150
_GROWTH_PERCENT: Final = 10

Figures = Mapping[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write page, plot and ratios; return the exit code, 2 when there is no run to be read."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, default=Path("bench/out"), help="where the runs are")
    parser.add_argument("--docs", type=Path, default=Path("docs"))
    parser.add_argument("--kept", type=Path, default=KEPT)
    options = parser.parse_args(arguments)
    run = _read(options.out / "bench.json")
    if run is None:
        print(f"no run can be read from {options.out}/bench.json; make one with: make bench")
        return 2
    others = {name: _read(options.out / f"{name}.json") for name in ("idle", "cores", "soak")}
    page = options.docs / PAGE
    page.write_text(placed(page.read_text("utf-8"), figures(run, **others)), "utf-8")
    (options.docs / PLOT).write_text(work_plot(run), "utf-8")
    options.kept.write_text(json.dumps(ratios_of(run), indent=2) + "\n", "utf-8")
    print(f"written: {page}, {options.docs / PLOT}, {options.kept}")
    return 0


def placed(text: str, between: str) -> str:
    """Return a page with other text between its marks.

    Raises:
        ValueError: It has no marks.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no place for figures between {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{between.strip()}\n\n{END}{after}"


def figures(
    run: Figures,
    idle: Figures | None = None,
    cores: Sequence[Figures] | None = None,
    soak: Figures | None = None,
) -> str:
    """Return the figures of the runs as Markdown; what did not run is left out."""
    parts = [_ground(run), _ratios(run), _work(run), _beside(run)]
    if idle is not None:
        parts.append(_idle(idle))
    if cores is not None:
        parts.append(_cores(cores))
    if soak is not None:
        parts.append(_growth(soak))
    return "\n\n".join(parts)


def _ground(run: Figures) -> str:
    taken = "; ".join(
        f"{way} {by_set['scans']} and {by_set['born digital']}"
        for way, by_set in run["taken"].items()
    )
    return (
        f"docsorter {run['version']} on {run['cores']} cores. Documents taken in all rounds, scans"
        f" and born digital: {taken}."
    )


def _ratios(run: Figures) -> str:
    rows = []
    for way, name in _OTHERS.items():
        if way not in run["ratios"]:
            continue
        by_set = run["ratios"][way]
        kind, aim = AIMS["ratios", way, "scans"]
        met = "met" if is_met(kind, by_set["scans"], aim) else "**missed**"
        cells = [f"{by_set[one]:.3g}" for one in _columns()]
        rows.append([name, *cells, f"{aim:g}: {met}"])
    head = ["docsorter, times as fast as", *_columns(), "aim (scans, wall clock)"]
    return _table(head, rows)


def _columns() -> list[str]:
    return ["scans", "scans, cpu", "born digital", "born digital, cpu"]


def _work(run: Figures) -> str:
    rows = []
    for way, name in {"docsorter": "docsorter", **_OTHERS}.items():
        if way not in run["cpu_ms"]:
            continue
        cells = [f"{run['cpu_ms'][way][one]:.0f}" for one in ("scans", "born digital")]
        if way == "limit":
            parts = run["limit_cpu_ms"]
            cells = [
                f"{parts[one]['decode']:.0f} + {parts[one]['inference']:.0f}"
                for one in ("scans", "born digital")
            ]
            name = "the bare limit (decoding + model)"  # noqa: PLW2901
        rows.append([name, *cells])
    return _table(["CPU time per document, ms", "scans", "born digital"], rows)


def _beside(run: Figures) -> str:
    right, latency = run["accuracy"], run["latency"]
    single, stream = latency["single"], latency["stream"]
    ours, script = right["docsorter"], right["script"]
    accuracy = (
        f"* Right: docsorter {ours['right']:.1%}, the script {script['right']:.1%}; the same"
        f" label on {script['as_docsorter']:.1%} of {script['documents']}."
    )
    delay = (
        f"* Drop to sorted beyond the rest: alone, median {single['median_ms']:.0f} ms"
        f" {_verdict('single', 'median_ms', single)}; at {stream['share_of_throughput']:.0%}"
        f" of the throughput, median {stream['median_ms']:.0f} ms"
        f" {_verdict('stream', 'median_ms', stream)}, 99th percentile"
        f" {stream['p99_ms']:.0f} ms {_verdict('stream', 'p99_ms', stream)}."
    )
    taken = (
        f"* Memory at most: the daemon {run['memory_mb']['daemon']} MB, with its children"
        f" {run['memory_mb']['with_children']} MB. Start to ready {run['start_to_ready_s']} s."
    )
    return f"{accuracy}\n{delay}\n{taken}"


def _verdict(which: str, figure: str, found: Figures) -> str:
    kind, aim = AIMS["latency", which, figure]
    met = "met" if is_met(kind, found[figure], aim) else "**missed**"
    return f"(aim {aim:g}: {met})"


def _idle(idle: Figures) -> str:
    fresh, later = idle["fresh"], idle["after_documents"]
    met = "met" if max(fresh["resident_mb"], later["resident_mb"]) < _IDLE_MB else "**missed**"
    wakes = sum(later["wakes_per_s"].values())
    return (
        f"* At rest: {fresh['resident_mb']:.0f} MB resident (PSS {fresh['proportional_mb']:.0f} MB)"
        f" after the start, {later['resident_mb']:.0f} MB (PSS {later['proportional_mb']:.0f} MB)"
        f" after some documents (aim {_IDLE_MB}: {met}); {later['cpu_ms_per_s']:.1f} ms of"
        f" processor time a second, its threads wake {wakes:.1f} times a second."
    )


def _cores(cores: Sequence[Figures]) -> str:
    rows = [
        [
            str(one["cores"]),
            f"{one['docsorter_per_s']:.1f}",
            f"{one['limit_per_s']:.1f}",
            f"{one['wall']:.2f}",
            f"{one['cpu']:.2f}",
        ]
        for one in cores
    ]
    head = ["cores", "docsorter, scans a second", "the bare limit", "wall clock", "CPU time"]
    return _table(head, rows)


def _growth(soak: Figures) -> str:
    growth, memory = soak["blind_work_growth_percent"], soak["blind_growth_percent"]
    met = "met" if growth < _GROWTH_PERCENT else "**missed**"
    return (
        f"* Growth: {soak['blind_documents']:,} documents on a store that held"
        f" {soak['blind_stored_before']:,}, {soak['blind_documents_per_s']} a second without pages"
        f" and model; work per document {soak['blind_work_early_ms']} ms at first and"
        f" {soak['blind_work_late_ms']} ms at last, {growth:+.1f} % (aim {_GROWTH_PERCENT} %:"
        f" {met}); memory of the last third against the first {memory:+.1f} %."
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _read(path: Path) -> Any:  # noqa: ANN401 -- whatever JSON holds
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None


if __name__ == "__main__":
    sys.exit(main())
