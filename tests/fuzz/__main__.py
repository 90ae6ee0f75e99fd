"""`python -m tests.fuzz NAME [-runs=N] [-seed=N] ...`: coverage-guided fuzzing of one target."""

import sys

from tests.fuzz.harness import fuzz
from tests.fuzz.targets import TARGETS

if __name__ == "__main__":
    if sys.argv[1:2] == [] or sys.argv[1] not in TARGETS:
        sys.exit(f"usage: python -m tests.fuzz NAME [-runs=N]; NAME is one of {', '.join(TARGETS)}")
    name = sys.argv.pop(1)
    target, seeds, modules = TARGETS[name]
    fuzz(target, seeds, modules)
