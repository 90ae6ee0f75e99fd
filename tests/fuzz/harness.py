"""Runs a fuzz target: `python -m tests.fuzz.NAME -runs=N -seed=1` drives it by coverage (atheris).

A target takes bytes and returns; whatever it raises is a finding. Seeds are written by the target
itself, so that nothing but code is needed.
"""

import importlib
import random
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

Target = Callable[[bytes], None]


def fuzz(target: Target, seeds: Iterable[bytes], modules: Iterable[str]) -> None:
    """Hand over to atheris; never returns.

    Args:
        target: What is tried.
        seeds: Inputs to begin with.
        modules: Packages whose branches are to be covered.
    """
    atheris: Any = importlib.import_module("atheris")  # there is none for every Python

    with tempfile.TemporaryDirectory(prefix="docsorter-fuzz-") as corpus:
        for number, seed in enumerate(seeds):
            Path(corpus, str(number)).write_bytes(seed)
        instrumented = atheris.instrument_func(target)
        for name in modules:
            _instrument(atheris, name)
        atheris.Setup([*sys.argv, corpus], instrumented)
        atheris.Fuzz()


def _instrument(atheris: Any, name: str) -> None:  # noqa: ANN401 - a module without types
    """Instrument the functions of a module that was imported already."""
    module = sys.modules[name]
    for key, value in list(vars(module).items()):
        if (
            callable(value)
            and getattr(value, "__module__", "") == name
            and hasattr(value, "__code__")
        ):
            setattr(module, key, atheris.instrument_func(value))


def mutated(seeds: Iterable[bytes], runs: int, seed: int) -> Iterable[bytes]:
    """Yield seeds with bytes changed, cut, doubled and mixed: always the same ones."""
    rng = random.Random(seed)
    whole = list(seeds)
    yield from whole
    for _ in range(runs):
        data = bytearray(rng.choice(whole))
        for _ in range(rng.randint(1, 8)):
            _change(data, rng, whole)
        yield bytes(data)


def _change(data: bytearray, rng: random.Random, seeds: list[bytes]) -> None:
    at = rng.randrange(len(data) + 1)
    match rng.randrange(5):
        case 0:
            data[at : at + 1] = bytes([rng.choice([0, 1, 10, 0x2F, 0x7F, 0x80, 0xFF])])
        case 1:
            del data[at : at + rng.randint(1, 16)]
        case 2:
            data[at:at] = data[at : at + rng.randint(1, 16)]
        case 3:
            data[at:at] = rng.randbytes(rng.randint(1, 8))
        case _:
            other = rng.choice(seeds)
            start = rng.randrange(len(other) + 1)
            data[at:at] = other[start : start + rng.randint(1, 32)]
