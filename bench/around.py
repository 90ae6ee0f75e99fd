"""What a document costs around its pages and the model: processor time of a daemon that is blind.

    python -m bench.around [--documents 200] [--kilobytes 256]

Take turns with the version it is compared with, in a folder of its own: PYTHONPATH=FOLDER.
"""

import argparse
import os
from pathlib import Path
from typing import Final

from bench.daemon import BLIND
from bench.ways.whole import Whole

_FIRST: Final = 20
"""Documents before the measured ones: statements are compiled, folders made."""


def main() -> None:
    """Drop documents at once, wait for the last, print milliseconds per document."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--documents", type=int, default=200)
    parser.add_argument("--kilobytes", type=int, default=256, help="size of each")
    options = parser.parse_args()
    with Whole(module=BLIND) as whole:
        _sort(whole, _made(whole.configuration.workspace.parent, "first", _FIRST, 1))
        made = _made(
            whole.configuration.workspace.parent, "next", options.documents, options.kilobytes
        )
        before = whole.daemon.usage().cpu
        _sort(whole, made)
        used = whole.daemon.usage().cpu - before
    print(f"{1000 * used / options.documents:.1f} ms of processor time per document")


def _made(folder: Path, name: str, count: int, kilobytes: int) -> list[Path]:
    paths = [folder / f"{name}-{number}.pdf" for number in range(count)]
    for path in paths:
        path.write_bytes(b"%PDF-1.4\n" + os.urandom(kilobytes * 1024) + b"\n%%EOF\n")
    return paths


def _sort(whole: Whole, paths: list[Path]) -> None:
    finished = whole.finished()
    for path in paths:
        whole.drop(path)
    whole.wait_for(finished + len(paths))


if __name__ == "__main__":
    main()
