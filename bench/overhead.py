"""What a document costs beside its pages and the model: processor time with a stub for both.

    python -m bench.overhead [--documents 200] [--kilobytes 256]

Take turns with the version it is compared with, in a folder of its own: PYTHONPATH=FOLDER.
"""

import argparse
import os
from pathlib import Path
from typing import Final

from bench.baselines.product import Product
from bench.daemon import STUBBED

_FIRST: Final = 20
"""Documents before the measured ones: statements are compiled, folders made."""


def main() -> None:
    """Drop documents at once, wait for the last, print milliseconds per document."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--documents", type=int, default=200)
    parser.add_argument("--kilobytes", type=int, default=256, help="size of each")
    options = parser.parse_args()
    with Product(module=STUBBED) as product:
        _sort(product, _made(product.configuration.workspace.parent, "first", _FIRST, 1))
        made = _made(
            product.configuration.workspace.parent, "next", options.documents, options.kilobytes
        )
        before = product.daemon.usage().cpu
        _sort(product, made)
        used = product.daemon.usage().cpu - before
    print(f"{1000 * used / options.documents:.1f} ms of processor time per document")


def _made(folder: Path, name: str, count: int, kilobytes: int) -> list[Path]:
    paths = [folder / f"{name}-{number}.pdf" for number in range(count)]
    for path in paths:
        path.write_bytes(b"%PDF-1.4\n" + os.urandom(kilobytes * 1024) + b"\n%%EOF\n")
    return paths


def _sort(product: Product, paths: list[Path]) -> None:
    finished = product.finished()
    for path in paths:
        product.drop(path)
    product.wait_for(finished + len(paths))


if __name__ == "__main__":
    main()
