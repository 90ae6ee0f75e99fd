"""Makes the starter bundle.

    python -m starter --synth DIR --real DIR --base FILE --out DIR

The same command again after an interrupt goes on where it was.
"""

import argparse
import datetime as dt
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from docsorter.errors import DocsorterError
from starter.cross_validate import add_tuning, tuning_of

LIMITS: Final = """\
* Learned mostly from generated documents and from few real ones. On real paper of other senders it
  is less sure, and wrong more often, than on generated test documents.
* It looks at the picture of a page, 299 pixels wide and high. A letter that says "invoice" and
  looks like a letter is a letter.
* A document of none of the labels can still look like one: see "foreign documents sorted".
* Scripts other than Latin were hardly seen.
* The evidence holds for documents like those of the test, not for anybody's own paper.
"""

_LAST: Final = "last-"


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    result = argparse.ArgumentParser(
        prog="python -m starter", description="Make the starter model bundle."
    )
    add = result.add_argument
    add("--synth", type=Path, required=True, help="generated documents: train/ and test/")
    add(
        "--real",
        type=Path,
        action="append",
        default=[],
        help="collected documents with a MANIFEST.tsv; repeatable",
    )
    add("--base", required=True, help="a .npz file, a bundle's folder, `imagenet` or `random`")
    add("--out", type=Path, required=True, help="where the bundle goes; replaced when there")
    add("--work", type=Path, help="pages and checkpoints (default: OUT with -work appended)")
    add("--tuning", type=Path, help="folder for the weights for further fine-tuning")
    add("--name", default="starter-7", help="name on the card")
    add("--seed", type=int, default=0)
    add("--all-steps", type=int, default=1500, help="of training every layer")
    add("--batch", type=int, default=16)
    add("--mix", type=float, default=0.5, help="share of these steps in the weights")
    add("--real-share", type=float, default=0.3, help="share of draws from real documents")
    add("--target-error", type=float, default=0.01)
    add("--cross-validation", type=Path, help="work folder of starter.cross_validate, for the rule")
    add("--training-set", type=Path, help="only write what is learned from into this folder")
    add("--learned", type=Path, help="weights from `starter.apart` in place of --all-steps")
    add_tuning(result, _LAST)
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = parser().parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        _make(options)
    except DocsorterError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; the same command goes on where it was\n")
        return 130
    return 0


def _make(options: argparse.Namespace) -> None:
    from starter.finishing import Identity  # noqa: PLC0415 -- TensorFlow, seconds
    from starter.recipe import Recipe, base_origin, hand_out, make  # noqa: PLC0415 -- as above
    from starter.training_run import Schedule  # noqa: PLC0415 -- as above

    named = {"random": None, "imagenet": "imagenet"}
    base: str | Path | None = named.get(options.base, Path(options.base))
    schedule = Schedule(
        all_steps=options.all_steps,
        batch=options.batch,
        mix=options.mix,
        real_share=options.real_share,
        last=tuning_of(options, _LAST),
    )
    recipe = Recipe(
        synthetic=options.synth,
        real=tuple(options.real),
        base=base,
        out=options.out,
        work=options.work or options.out.with_name(options.out.name + "-work"),
        tuning=options.tuning,
        identity=Identity(options.name, base_origin(base), LIMITS, options.target_error),
        schedule=schedule,
        learned=options.learned,
        seed=options.seed,
        cross_validation=options.cross_validation,
    )
    if options.training_set:
        hand_out(recipe, options.training_set, _logged)
        return
    make(recipe, lambda: dt.datetime.now(dt.UTC).replace(microsecond=0))


def _logged(stage: str, done: int, total: int) -> None:
    """Say ten times how far it is: what is written here goes into a log as well."""
    if done * 10 // total > (done - 1) * 10 // total:
        sys.stderr.write(f"{stage}: {done} of {total}\n")


if __name__ == "__main__":
    raise SystemExit(main())
