"""What reading words costs, and what it decides: the same documents with and without it.

    python -m bench.words DIR... [--bundle BUNDLE] [--json FILE]

Every document below the folders is inspected twice by one model, as the daemon does. Counted are
the documents that ask for words, what is sorted alone, and seconds of processor time of the reader
and of this process, as ratios within one run.
"""

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from docsorter.configuration import Configuration, resolve
from docsorter.documents import VerdictKind
from docsorter.errors import DocsorterError
from docsorter.service.engine import Engine, load_model, open_reader

_TICKS: Final = os.sysconf("SC_CLK_TCK")


def processor_seconds(engine: Engine) -> float:
    """Return what this process and every ended child of the reader took, seconds."""
    pid = engine.reader.server_pid
    own = os.times()
    if pid is None:
        return own.user + own.system
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return own.user + own.system + sum(map(int, fields[11:15])) / _TICKS


def inspected(engine: Engine, files: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """Yield what becomes of each document, and what that took."""
    for file in files:
        before = processor_seconds(engine)
        try:
            seen = engine.inspect(file, file.name)
        except DocsorterError:
            continue
        read = seen.prediction.read
        yield {
            "asked": bool(seen.words),
            "read": read.source if read else "",
            "sorted": seen.verdict.kind is VerdictKind.SORT,
            "seconds": processor_seconds(engine) - before,
        }


def table(configuration: Configuration, bundle: str, files: Sequence[Path]) -> dict[str, Any]:
    """Inspect the documents with and without words, and count."""
    model = load_model(configuration, bundle)
    silent = dataclasses.replace(
        model, words=None, rule=dataclasses.replace(model.rule, words=None)
    )
    found: dict[str, Any] = {}
    for name, one in (("picture", silent), ("picture and words", model)):
        reader = open_reader(configuration.settings, one.card.input.size, 1)
        with Engine(one, reader) as engine:
            engine.inspect(files[0], files[0].name)  # what is loaded once is not counted
            rows = list(inspected(engine, files))
        asked = [row["seconds"] for row in rows if row["asked"]]
        found[name] = {
            "documents": len(rows),
            "sorted alone": sum(row["sorted"] for row in rows),
            "asked for words": len(asked),
            "from a text layer": sum(row["read"] == "layer" for row in rows),
            "seconds a document": round(sum(row["seconds"] for row in rows) / len(rows), 3),
            "seconds where asked": round(sum(asked) / len(asked), 3) if asked else None,
            "most seconds": round(max(row["seconds"] for row in rows), 3),
            "seconds where not asked": _mean([r["seconds"] for r in rows if not r["asked"]]),
        }
    return found


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 3) if values else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.words")
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--bundle", default="starter")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    files = sorted(file for one in options.folders for file in one.rglob("*") if file.is_file())
    found = table(resolve(Path.cwd()), options.bundle, files)
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
