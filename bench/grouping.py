"""How well documents of unknown kinds are gathered, by the share that sets the cut.

    python -m bench.grouping [--each 4] [--model DIR]

Documents of kinds that the model was not taught are generated, looked at, and grouped as
`docsorter review groups` does. A group is of the kind that most of its members are of; the figures
that chose the share stand in docs/teach/retraining.md.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from docsorter.decide.similarity import CUT_SHARE, group_similar, unit_vectors
from docsorter.model.bundle import load_bundle
from docsorter.model.classifier import open_classifier
from docsorter.pages.fit import fit_page
from docsorter.resources import starter_bundle_dir, usable_cores
from docsorter.service.learning.groups import cut_by_samples
from starter.document import generate
from starter.kinds import kinds_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

Places: TypeAlias = "NDArray[np.float64]"
SHARES: Final = (0.5, 0.55, CUT_SHARE, 0.63, 0.66, 0.7, 0.75, 0.8)
_HEIGHT: Final = 800


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a cut came to.

    Attributes:
        groups: How many.
        gathered: Documents in them.
        right: Of those, the ones in a group that most of its members' kind give its name.
        kinds: Kinds with a group of their own.
    """

    groups: int
    gathered: int
    right: int
    kinds: int


def page_of(task: tuple[str, int, int]) -> "NDArray[np.uint8]":
    """Return the first page of a generated document as the model takes it: kind, seed, side."""
    kind, seed, size = task
    return fit_page(generate(kind, seed, "test", height=_HEIGHT).pages[0], size)


def gathered(places: Places, kinds: Sequence[str], cut: float) -> Gathered:
    """Group documents and count."""
    names, members, right = set(), 0, 0
    groups = group_similar(places, cut)
    for group in groups:
        name, most = Counter(kinds[row] for row in group.members).most_common(1)[0]
        names.add(name)
        members += len(group.members)
        right += most
    return Gathered(len(groups), members, right, len(names))


def main() -> None:
    """Print a line per share."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--each", type=int, default=4, help="documents of a kind")
    parser.add_argument("--model", type=Path, default=starter_bundle_dir(), help="a bundle")
    options = parser.parse_args()
    bundle = load_bundle(options.model)
    classifier, size = open_classifier(bundle), bundle.card.input.size
    kinds = [kind for kind in kinds_of("other") for _ in range(options.each)]
    with ProcessPoolExecutor(usable_cores()) as pool:
        pages = pool.map(page_of, [(kind, 7000 + n, size) for n, kind in enumerate(kinds)])
        features = [classifier.classify(page[np.newaxis]).features[0] for page in pages]
    places = unit_vectors(np.stack(features))
    middle = cut_by_samples(bundle, classifier) / CUT_SHARE
    sys.stdout.write(f"{len(kinds)} documents of {len(set(kinds))} kinds; middle {middle:.3f}\n")
    sys.stdout.write("share   cut   groups  gathered  among their kind  kinds found\n")
    for share in SHARES:
        found = gathered(places, kinds, share * middle)
        right = f"{found.right / found.gathered:.0%}" if found.gathered else "-"
        sys.stdout.write(
            f"{share:5.2f}  {share * middle:.3f}  {found.groups:5}  {found.gathered:8}"
            f"  {right:>16}  {found.kinds:11}\n"
        )


if __name__ == "__main__":
    main()
