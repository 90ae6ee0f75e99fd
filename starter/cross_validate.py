"""Measure the recipe on real documents of sources that it has not seen, by leaving sources out.

    python -m starter.cross_validate --synth DIR --real DIR --base BUNDLE --work WORK

Sources are dealt into folds, those that share a near-duplicate together. For each fold the network
is tuned on all the others and on generated documents, just as `python -m starter` does it with all
of them, and then asked about the documents left out. The same command goes on where it was.
"""

import argparse
import json
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from docsorter.errors import DocsorterError, UsageError
from docsorter.training.dataset import ClassPlan, Sample
from docsorter.training.rasters import daemon_cache
from docsorter.training.splits import deal
from starter.apart import logged_to
from starter.corpus import Corpus, drawn_by_kind, gather, layout_weights, served_only, source_groups
from starter.rasters import image_cache
from starter.training_set import LABELS, Tuning, plan_classes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from docsorter.training.network import Network
    from starter.tuning import DocumentMaps, Tuner

_LOG: Final = logging.getLogger(__name__)
_DOCUMENTS: Final = "documents.json"
_LEARNED: Final = 400  # generated documents of a label whose features are kept
EVAL_ONLY: Final = "eval-only"


@dataclass(frozen=True, slots=True)
class Learned:
    """What the network of a fold says of documents of the labels that it learned from.

    Attributes:
        features: (m, 2048) float16, of the pages as they are.
        targets: (m,) int64, columns of the outputs.
        real: (m,) bool, which are real: all that it learned from, of generated ones 400 a label.
    """

    features: "NDArray[np.float16]"
    targets: "NDArray[np.int64]"
    real: "NDArray[np.bool_]"


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """What networks that learned nothing of its source say of each of n real documents.

    Attributes:
        plan: What the columns mean.
        samples: The documents: those that may be learned from, then those of "eval-only".
        targets: (n,) int64, column of the output.
        kind_logits: (n, kinds) float32, mean over the repeats (and the folds, for "eval-only").
        logits: (n, outputs) float32, likewise; for the stated share of foreign documents.
        features: (n, 2048) float16, of the first repeat (and fold).
        folds: (repeats, n) int64, the fold that a document was left out in, -1 for "eval-only".
        groups: (n,) int64, sources joined by near-duplicates.
        work: Where it was read from.
    """

    plan: ClassPlan
    samples: tuple[Sample, ...]
    targets: "NDArray[np.int64]"
    kind_logits: "NDArray[np.float32]"
    logits: "NDArray[np.float32]"
    features: "NDArray[np.float16]"
    folds: "NDArray[np.int64]"
    groups: "NDArray[np.int64]"
    work: Path

    def learned(self, fold: int) -> Learned:
        """Return what the network of a fold of the first repeat learned from."""
        with np.load(_fold_file(self.work, 0, fold), allow_pickle=False) as arrays:
            return Learned(*(arrays[f"learned_{name}"] for name in ("features", "targets", "real")))


@dataclass(frozen=True, slots=True)
class DealtDocuments:
    """The real documents of a cross-validation, and how they are dealt.

    Attributes:
        samples: Those that may be learned from, then those of "eval-only".
        groups: Of each, sources joined by near-duplicates.
        folds: Of each repeat, the fold of each document; -1 for "eval-only".
    """

    samples: tuple[Sample, ...]
    groups: tuple[int, ...]
    folds: tuple[tuple[int, ...], ...]


def divide(
    samples: Sequence[Sample], groups: Sequence[int], folds: int, repeats: int, seed: int
) -> DealtDocuments:
    """Deal groups of real documents into folds, every label evenly, once for each repeat.

    Args:
        samples: The documents.
        groups: Of each.
        folds: How many.
        repeats: How often.
        seed: The same seed deals alike.
    """
    order = sorted(range(len(samples)), key=lambda row: samples[row].split == EVAL_ONLY)
    ordered = tuple(samples[row] for row in order)
    free = [sample for sample in ordered if sample.split != EVAL_ONLY]
    mine = [groups[row] for row in order]
    shares = {str(number): 1 / folds for number in range(folds)}
    dealt = tuple(
        tuple(
            int(fold)
            for fold in deal(
                mine[: len(free)],
                [sample.label for sample in free],
                shares,
                weights=layout_weights(free),
                seed=seed + repeat,
            )
        )
        + (-1,) * (len(samples) - len(free))
        for repeat in range(repeats)
    )
    return DealtDocuments(ordered, tuple(mine), dealt)


@dataclass(frozen=True, slots=True)
class Study:
    """What is cross-validated.

    Attributes:
        synthetic: Folder of generated documents.
        real: Folders of collected documents with a manifest.
        base: What training starts from; see `training_run.new_network`.
        work: Results; the same folder goes on.
        cache: Pages and maps, which studies may share.
        tuning: How the network is tuned.
        folds: Parts that the sources are dealt into.
        repeats: How often they are dealt.
        size: Side of a page in pixels.
        seed: Of everything drawn.
    """

    synthetic: Path
    real: tuple[Path, ...]
    base: str | Path | None
    work: Path
    cache: Path
    tuning: Tuning
    folds: int = 5
    repeats: int = 1
    size: int = 299
    seed: int = 0


def cross_validate(study: Study) -> None:
    """Tune and ask a network for each fold that has no results yet.

    Raises:
        DocsorterError: Documents or weights are not as they must be, or the folder has results of
            another study.
    """
    from starter.tuning import Tuner  # noqa: PLC0415 -- TensorFlow, seconds

    dealt, network, maps = _prepare(study)
    tuner = Tuner(network, maps, study.tuning, study.seed)
    columns = [network.plan.output_index(sample.label) for sample in maps.samples]
    targets = np.array(columns, np.int64)
    for repeat, folds in enumerate(dealt.folds):
        for fold in range(study.folds):
            path = _fold_file(study.work, repeat, fold)
            if not path.is_file():
                _LOG.info("repeat %d, fold %d", repeat, fold)
                _write(path, _run_fold(tuner, np.array(folds), fold, targets, (repeat, fold)))


def _prepare(study: Study) -> "tuple[DealtDocuments, Network, DocumentMaps]":
    """Deal the documents, and compute the maps that are not there yet."""
    from starter.training_run import base_key, new_network  # noqa: PLC0415 -- TensorFlow, seconds
    from starter.tuning import MapMaker  # noqa: PLC0415 -- as above

    cache = image_cache(study.cache / "pages")
    with daemon_cache(study.cache / "pages") as served:
        found = gather(study.synthetic, study.real, cache, seed=study.seed).samples
        asked = Corpus(tuple(s for s in found if s.origin == "real" or s.split == "train"))
        corpus = served_only(asked, served, study.size)
        real = [sample for sample in corpus.samples if sample.origin == "real"]
        if not real:
            raise UsageError(
                "there are no real documents to measure on",
                remedy="name folders with a MANIFEST.tsv",
            )
        dealt = divide(real, source_groups(real, cache), study.folds, study.repeats, study.seed)
        made = drawn_by_kind(corpus.of("train", "synthetic"), study.tuning.generated, study.seed)
        pairs = ((sample.kind, sample.label) for sample in (*dealt.samples, *made))
        plan = plan_classes(pairs, LABELS)
        _claim(study, dealt, plan, base_key(study.base))
        network = new_network(plan, study.base, study.size, study.seed)
        maker = MapMaker(network, study.cache / "maps", cache, served, study.seed)
        return dealt, network, maker.make(dealt.samples, made, study.tuning)


def _run_fold(
    tuner: "Tuner",
    folds: "NDArray[np.int64]",
    fold: int,
    targets: "NDArray[np.int64]",
    key: tuple[int, int],
) -> "dict[str, NDArray[np.generic]]":
    real, labels = len(folds), len(LABELS)
    generated = np.arange(real, len(targets))
    learned = np.concatenate([np.flatnonzero((folds >= 0) & (folds != fold)), generated])
    tuner.tune(learned, *key)
    rows = np.flatnonzero((folds < 0) | (folds == fold))
    said = tuner.answers(rows)
    rng = np.random.default_rng(0)
    by_label = [generated[targets[generated] == label] for label in range(labels)]
    mine = learned[(learned < real) & (targets[learned] < labels)]
    shown = np.concatenate([mine, *(rng.permutation(some)[:_LEARNED] for some in by_label)])
    return {
        "rows": rows,
        "kind_logits": said.kind_logits,
        "logits": said.logits,
        "features": said.features.astype(np.float16),
        "learned_features": tuner.answers(shown).features.astype(np.float16),
        "learned_targets": targets[shown],
        "learned_real": shown < real,
    }


def _fold_file(work: Path, repeat: int, fold: int) -> Path:
    return work / f"fold-{repeat}-{fold}.npz"


def _write(path: Path, arrays: "dict[str, NDArray[np.generic]]") -> None:
    part = path.with_suffix(".part")
    with part.open("wb") as stream:
        np.savez(stream, **arrays)  # type: ignore[arg-type] # numpy#28985
    part.replace(path)


def _claim(study: Study, dealt: DealtDocuments, plan: ClassPlan, base: str | None) -> None:
    """Write down what the rows and columns of the results are, once.

    Raises:
        UsageError: The folder has results of another study.
    """
    fixed = {"tuning": asdict(study.tuning), "size": study.size, "seed": study.seed, "base": base}
    documents = [
        {**asdict(sample), "path": str(sample.path), "group": group}
        for sample, group in zip(dealt.samples, dealt.groups, strict=True)
    ]
    what = {
        **fixed, "labels": plan.labels, "kinds": plan.kinds, "folds": dealt.folds,
        "documents": documents,
    }  # fmt: skip
    text = json.dumps(what, indent=1) + "\n"
    study.work.mkdir(parents=True, exist_ok=True)
    path = study.work / _DOCUMENTS
    if path.is_file() and path.read_text(encoding="utf-8") != text:
        raise UsageError(
            f"{study.work} has results of other documents, weights or settings",
            remedy="name another work folder, or remove this one",
        )
    path.write_text(text, encoding="utf-8")


def out_of_fold(work: Path) -> OutOfFold:
    """Read the results of a cross-validation, of every repeat that is whole.

    Args:
        work: Its folder.

    Raises:
        UsageError: No repeat is whole.
    """
    try:
        what = json.loads((work / _DOCUMENTS).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _nothing(work, str(error)) from error
    plan = ClassPlan(tuple(what["labels"]), tuple((kind, of) for kind, of in what["kinds"]))
    rows = what["documents"]
    groups = np.array([row.pop("group") for row in rows], np.int64)
    samples = tuple(Sample(**{**row, "path": Path(row["path"])}) for row in rows)
    folds = [np.array(one, np.int64) for one in what["folds"]]
    whole = [
        (repeat, numbers)
        for repeat, numbers in enumerate(folds)
        if all(_fold_file(work, repeat, fold).is_file() for fold in range(numbers.max() + 1))
    ]
    if not whole:
        raise _nothing(work, "a fold is missing")
    read = [_repeat(work, repeat, numbers) for repeat, numbers in whole]
    return OutOfFold(
        plan,
        samples,
        np.array([plan.output_index(sample.label) for sample in samples], np.int64),
        np.mean([one["kind_logits"] for one in read], axis=0, dtype=np.float32),
        np.mean([one["logits"] for one in read], axis=0, dtype=np.float32),
        read[0]["features"],
        np.stack([numbers for _, numbers in whole]),
        groups,
        work,
    )


def _nothing(work: Path, why: str) -> UsageError:
    return UsageError(
        f"there is no whole cross-validation in {work}: {why}",
        remedy="run `python -m starter.cross_validate` to the end",
    )


def _repeat(work: Path, repeat: int, folds: "NDArray[np.int64]") -> "dict[str, NDArray[Any]]":
    """Put the folds of a repeat together; documents of several folds get the mean of logits."""
    result: dict[str, NDArray[Any]] = {}
    number = int(folds.max()) + 1
    for fold in range(number):
        with np.load(_fold_file(work, repeat, fold), allow_pickle=False) as arrays:
            rows = arrays["rows"]
            for name in ("kind_logits", "logits", "features"):
                values = arrays[name]
                whole = result.setdefault(
                    name, np.zeros((len(folds), values.shape[1]), values.dtype)
                )
                if name == "features":
                    new = rows if fold == 0 else rows[folds[rows] >= 0]
                    whole[new] = values[np.isin(rows, new)]
                else:
                    whole[rows] += values / np.where(folds[rows] < 0, number, 1)[:, None]
    return result


def add_tuning(parser: argparse.ArgumentParser, prefix: str = "") -> None:
    """Add the options for tuning to a command line; `tuning_of` reads them."""
    group = parser.add_argument_group("tuning of the upper blocks and the head")
    for name, value in asdict(Tuning()).items():
        flag = f"--{prefix}{name}".replace("_", "-")
        group.add_argument(flag, type=type(value), default=value, help=f"default: {value}")


def tuning_of(options: argparse.Namespace, prefix: str = "") -> Tuning:
    """Return what the options of `add_tuning` ask for."""
    flags = {name: f"{prefix}{name}".replace("-", "_") for name in asdict(Tuning())}
    return Tuning(**{name: getattr(options, flag) for name, flag in flags.items()})


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    result = argparse.ArgumentParser(
        prog="python -m starter.cross_validate",
        description="Measure the recipe on real documents of sources left out.",
    )
    add = result.add_argument
    add("--synth", type=Path, required=True, help="generated documents: train/ and test/")
    add("--real", type=Path, action="append", required=True, help="with a MANIFEST.tsv; repeatable")
    add("--base", required=True, help="a .npz file, a bundle's folder, `imagenet` or `random`")
    add("--work", type=Path, required=True, help="results; the same one goes on")
    add("--cache", type=Path, help="pages and maps, which studies may share (default: WORK)")
    add("--json", type=Path, help="file for the report, besides the terminal")
    add("--folds", type=int, default=5)
    add("--repeats", type=int, default=1)
    add("--size", type=int, default=299, help="side of a page in pixels")
    add("--seed", type=int, default=0)
    add_tuning(result)
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = parser().parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    named = {"random": None, "imagenet": "imagenet"}
    study = Study(
        synthetic=options.synth,
        real=tuple(options.real),
        base=named.get(options.base, Path(options.base)),
        work=options.work,
        cache=options.cache or options.work,
        tuning=tuning_of(options),
        folds=options.folds,
        repeats=options.repeats,
        size=options.size,
        seed=options.seed,
    )
    try:
        with logged_to(study.work / "cross-validation.log"):
            cross_validate(study)
        _report(study, options.json)
    except DocsorterError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; the same command goes on where it was\n")
        return 130
    return 0


def _report(study: Study, path: Path | None) -> None:
    from starter.cross_report import (  # noqa: PLC0415 -- it needs this module
        cross_report,
        learned_sources,
    )

    text, plain = cross_report(out_of_fold(study.work), learned_sources(study.base))
    sys.stdout.write(text)
    if path is not None:
        path.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
