"""Train every layer from a written training set, on a machine that has nothing else.

    KERAS_BACKEND=jax python -m starter.apart FOLDER --base BUNDLE --out WEIGHTS

Keras, on TensorFlow or JAX, is all that it computes with; pages are drawn by as many processes as
there are processors. `python -m starter ... --learned WEIGHTS` goes on from it.
"""

import argparse
import contextlib
import logging
import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from docsorter.errors import DocsorterError
from docsorter.resources import usable_cores
from docsorter.training.augment import prefetched
from starter.training_set import batch_of, read_training_set

if TYPE_CHECKING:
    from docsorter.training.trainer import Batch, Stage, Validation
    from starter.training_set import TrainingSet


def log_of(weights: Path) -> Path:
    """Return where the log of the training that made these weights is."""
    return weights.with_suffix(".log")


@contextlib.contextmanager
def logged_to(path: Path) -> Iterator[None]:
    """Log into a file as well, after what is in it already; its folder is made when missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    form = logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S")
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(form)
    loggers = [logging.getLogger(name) for name in ("docsorter", "starter")]
    for logger in loggers:
        logger.setLevel(logging.INFO)
        logger.propagate = False  # absl, which TensorFlow brings, prints everything again
        if not logger.handlers:
            terminal = logging.StreamHandler(sys.stderr)
            terminal.setFormatter(form)
            logger.addHandler(terminal)
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
        handler.close()


@lru_cache(1)
def _training_set(folder: Path) -> "TrainingSet":
    return read_training_set(folder)


def draw(folder: Path, length: int, seed: int, step: int) -> "Batch":
    """Return batch number `step` of a training set; it is the same in every process.

    Args:
        folder: Where the training set is; read once in a process.
        length: Pages in a batch.
        seed: Of everything drawn.
        step: The number.
    """
    return batch_of(_training_set(folder), length, seed, step)


def learn(
    training_set: Path,
    base: Path | None,
    work: Path,
    stage: "Stage",
    batch: int,
    seed: int,
    out: Path,
) -> "Validation":
    """Train every layer; the weights go to `out`, as `network.load_tuning_weights` reads them.

    Args:
        training_set: Folder of the training set.
        base: A file of weights, the folder of a bundle, or None for random weights.
        work: For checkpoints; the same folder goes on where it was.
        stage: How long and how fast.
        batch: Pages in a batch.
        seed: Of everything drawn.
        out: The `.npz` file.
    """
    from docsorter.training.trainer import TrainingLoop  # noqa: PLC0415 -- Keras, seconds
    from starter.training_run import (  # noqa: PLC0415 -- as above
        Validator,
        new_network,
        save_tuning_weights,
    )

    read = _training_set(training_set)
    network = new_network(read.plan, base, read.size, seed)
    # Spawned, not forked: the libraries of the GPU do not outlive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(usable_cores(), mp_context=context) as pool:

        def batches(steps: range) -> "Iterator[Batch]":
            made = partial(draw, training_set, batch, seed)
            return prefetched(made, steps, pool=pool, ahead=2 * usable_cores())

        loop = TrainingLoop(network, work, Validator(network, read).validate, seed=seed)
        seen = loop.run(stage, batches)
    out.parent.mkdir(parents=True, exist_ok=True)
    save_tuning_weights(network, out)
    return seen


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    result = argparse.ArgumentParser(
        prog="python -m starter.apart", description="Train from a written training set."
    )
    add = result.add_argument
    add("training_set", type=Path, help="folder that `starter --training-set` wrote")
    add("--base", required=True, help="a .npz file, a bundle's folder, or `random`")
    add("--out", type=Path, required=True, help="file for the weights")
    add("--work", type=Path, help="checkpoints (default: OUT with -work appended)")
    add("--steps", type=int, default=4000)
    add("--batch", type=int, default=128)
    add("--rate", type=float, default=3e-4, help="peak learning rate")
    add("--every", type=int, default=500, help="steps between two looks at the validation pages")
    add("--seed", type=int, default=0)
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = parser().parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    work = options.work or options.out.with_name(options.out.name + "-work")
    base = None if options.base == "random" else Path(options.base)
    try:
        from docsorter.training.trainer import Stage  # noqa: PLC0415 -- Keras, seconds

        stage = Stage("all", options.steps, options.rate, options.every)
        with logged_to(log_of(options.out)):
            learn(options.training_set, base, work, stage, options.batch, options.seed, options.out)
    except DocsorterError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
