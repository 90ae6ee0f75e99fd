"""Writes what `make torture` found as the tables of docs/develop/testing.md.

    python -m tests.torture.figures [bench/out/torture.json] [--write]

Prints them; `--write` puts them into the page, between its two marks.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "develop" / "testing.md"
BEGIN: Final = "<!-- figures of the last run: python -m tests.torture.figures --write -->"
END: Final = "<!-- end of the figures -->"
_TRIED: Final = {
    "kills at named steps": "{kills survived} kills, at {different steps} different steps",
    "kills at system calls": (
        "{kills survived} kills: {of them killed at} tries, and {kills in their recoveries} in"
        " their recoveries"
    ),
    "kills under load": "{kills survived} kills, {drops} drops by {writers} writers",
    "kills of the real program": "{kills survived} kills",
    "any order": "{histories} histories of {steps each} steps",
    "power cuts": "{power cuts} states of {recorded runs} recorded runs",
}
_INJECTED: Final = "injected: "
_REJECTED: Final = "rejected: "
_CRASHES: Final = "crashes of the reader's server"
_NOT_OUTCOMES: Final = frozenset({"faults injected", "kinds", "processor time, s"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables, or put them into the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    default = Path("bench/out/torture.json")
    parser.add_argument("report", type=Path, nargs="?", default=default, help="made by the run")
    parser.add_argument("--write", action="store_true", help="into the page, not to the terminal")
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args(arguments)
    told = tables(json.loads(options.report.read_text(encoding="utf-8")))
    if not options.write:
        sys.stdout.write(told)
        return 0
    page = options.page.read_text(encoding="utf-8")
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.stderr.write(f"{options.page} lacks the marks that its figures stand between\n")
        return 1
    options.page.write_text(f"{before}{BEGIN}\n\n{told}\n{END}{after}", encoding="utf-8")
    return 0


def tables(report: Mapping[str, Any]) -> str:
    """Return the figures of a run as Markdown."""
    sections: dict[str, dict[str, Any]] = report["sections"]
    how = f"docsorter {report['version']}, {report['cores']} cores, {report['minutes']} minutes"
    lines = [
        f"Seed {report['seed']}, {how}:",
        "",
        *_kills(sections, report["total"]),
        *_faults(sections),
        *_hostile(sections),
        *_rest(sections),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _kills(sections: Mapping[str, Any], total: Mapping[str, int]) -> Iterator[str]:
    yield "| section | tried | lost | doubled | half files | other findings |"
    yield "|---|---|---|---|---|---|"
    for name, words in _TRIED.items():
        if name not in sections:
            continue
        section = sections[name]
        figures = {key: _number(value) for key, value in section["figures"].items()}
        if section["skipped"]:
            yield f"| {name} | skipped: {section['skipped']} | | | | |"
            continue
        found = [figures.get(key, "0") for key in ("lost", "doubled", "half files")]
        others = figures.get("other faults") or str(len(section["failures"]))
        yield f"| {name} | {words.format_map(figures)} | {' | '.join(found)} | {others} |"
    kills, documents = _number(total["kills survived"]), _number(total["documents checked"])
    found = [f"**{_number(total[key])}**" for key in ("lost", "doubled", "half files")]
    together = f"**{kills} kills, {documents} documents checked**"
    yield f"| **together** | {together} | {' | '.join(found)} | |"
    yield ""


def _faults(sections: Mapping[str, Any]) -> Iterator[str]:
    if not (figures := sections.get("faults", {}).get("figures")):
        return
    outcomes = [
        f"{name}: {number}"
        for name, number in figures.items()
        if name not in _NOT_OUTCOMES and not name.startswith(_INJECTED)
    ]
    yield (
        f"Faults: {figures['faults injected']} injected, of {figures['kinds']} kinds"
        f" ({'; '.join(outcomes)})."
    )
    yield ""


def _hostile(sections: Mapping[str, Any]) -> Iterator[str]:
    if not (figures := sections.get("hostile files", {}).get("figures")):
        return
    reasons = {k.removeprefix(_REJECTED): n for k, n in figures.items() if k.startswith(_REJECTED)}
    named = ", ".join(f"`{reason}` {number}" for reason, number in reasons.items())
    yield (
        f"Hostile files: {figures['tried']} tried, {figures['read all the same']} read all the"
        f" same, {sum(reasons.values())} rejected ({named}); crashes of the reader's server:"
        f" {figures[_CRASHES]}, hangs: {figures['hangs']}, most memory of"
        f" a child: {_number(figures['peak memory of a child, MB'])} MB."
    )
    yield ""


def _rest(sections: Mapping[str, Any]) -> Iterator[str]:
    """Say what was skipped and what was found; nothing of it is left out."""
    skipped = {name: s["skipped"] for name, s in sections.items() if s["skipped"]}
    yield from (f"* {name}: skipped: {why}" for name, why in skipped.items())
    failures = [(name, text) for name, s in sections.items() for text in s["failures"]]
    if not failures:
        yield "Findings: none."
        return
    yield "Findings:"
    yield ""
    yield from (f"* {name}: {' '.join(text.split())[:300]}" for name, text in failures)


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


if __name__ == "__main__":
    sys.exit(main())
