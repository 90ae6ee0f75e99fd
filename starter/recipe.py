"""The recipe of a model bundle, from folders of documents to the bundle in place."""

import datetime as dt
import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from docsorter.errors import UsageError
from docsorter.model.bundle import CARD, load_bundle
from docsorter.model.card import Origin, read_card
from docsorter.service.workspace.process import Progress
from docsorter.training.base import weights_origin
from docsorter.training.bundle_writer import write_bundle
from docsorter.training.dataset import ClassPlan, fingerprint
from docsorter.training.network import IMAGENET, Network, open_weights
from docsorter.training.rasters import RasterCache, daemon_cache
from docsorter.training.request import VARIANTS, ExportGate, Variant
from starter.apart import log_of, logged_to
from starter.corpus import Corpus, document_names, drawn_by_kind, gather, served_only
from starter.cross_report import learned_sources
from starter.cross_validate import out_of_fold
from starter.finishing import Finished, Finisher, Identity
from starter.page_heads import add_page_heads, has_later_pages
from starter.rasters import image_cache
from starter.rule import Unseen, prior_shift
from starter.training_run import (
    Schedule,
    TrainingRun,
    base_key,
    new_network,
    save_tuning_weights,
    shift_background,
)
from starter.training_set import (
    LABELS,
    Selection,
    TrainingSet,
    plan_classes,
    training_set_of,
    write_training_set,
)
from starter.tuning import MapMaker, Tuner, weights_digest
from starter.words import MADE, add_words

_LOG: Final = logging.getLogger(__name__)
TUNING: Final = "tuning.npz"


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to make, from what.

    Attributes:
        synthetic: Folder of generated documents.
        real: Folders of collected documents with a manifest.
        base: "imagenet", a file of weights, the folder of a bundle, or None for random ones.
        out: Where the bundle goes.
        work: Pages, maps, checkpoints; the same folder resumes an interrupted run.
        tuning: Folder for the weights for further fine-tuning, or None.
        identity: What the card says.
        schedule: How long each stage is.
        gate: What the export may lose.
        variants: Ways to export, the best first.
        learned: Weights that `starter.apart` made from the training set of this recipe, to
            stand for the last stage; or None.
        seed: Of everything drawn.
        cross_validation: Results of `starter.cross_validate` with the same documents, base and
            tuning: the sort rule is fitted on them, and the card quotes them. Without them nothing
            is known of real documents.
        texts: Texts to generate for the reader of words, by label; it needs the cross-validation.
            Without them there is none.
    """

    synthetic: Path
    real: tuple[Path, ...]
    base: str | Path | None
    out: Path
    work: Path
    tuning: Path | None
    identity: Identity
    schedule: Schedule = field(default_factory=Schedule)
    gate: ExportGate = field(default_factory=ExportGate)
    variants: tuple[Variant, ...] = VARIANTS
    learned: Path | None = None
    seed: int = 0
    cross_validation: Path | None = None
    texts: Mapping[str, int] = field(default_factory=lambda: MADE)

    @property
    def choice(self) -> Selection:
        """What the training set takes of the documents."""
        schedule = self.schedule
        return Selection(schedule.size, schedule.real_share, schedule.validation_cap, self.seed)


def make(recipe: Recipe, now: Callable[[], dt.datetime]) -> Finished:
    """Follow a recipe to the end.

    Args:
        recipe: What to make.
        now: Gives the time for the card.

    Returns:
        What was measured; the bundle is in place.

    Raises:
        DocsorterError: Documents, weights or disk are not as they must be; there is no half
            bundle, and the same command goes on where it was.
    """
    log = recipe.work / "train.log"
    with logged_to(log):
        corpus, training_set = _prepare(recipe)
        _claim(recipe, corpus)
        network = new_network(training_set.plan, recipe.base, recipe.schedule.size, recipe.seed)
        unseen = _unseen(recipe, training_set.plan)
        with daemon_cache(recipe.work / "pages") as served:
            # measured on, and real documents learned from, as the daemon will see them
            corpus = served_only(corpus, served, recipe.schedule.size)
            _train(recipe, network, corpus, training_set, served)
            finisher = Finisher(
                network, corpus, served, recipe.work, now, real=unseen, variants=recipe.variants
            )
            finished = finisher.finish(recipe.identity, recipe.gate)
        finished.parts.texts["train.log"] = _apart_log(recipe) + log.read_text(encoding="utf-8")
        finished.parts.texts["figures.json"] = _figures(finished)
        write_bundle(finished.parts, recipe.out)
        _add_page_heads(recipe)
        if unseen is not None and recipe.texts:
            work, name = recipe.work / "words", recipe.identity.name
            add_words(load_bundle(recipe.out), unseen, recipe.texts, work, name, recipe.out)
        if recipe.tuning is not None:
            recipe.tuning.mkdir(parents=True, exist_ok=True)
            save_tuning_weights(network, recipe.tuning / TUNING)
        return finished


def _unseen(recipe: Recipe, plan: ClassPlan) -> Unseen | None:
    """Read what networks that learned nothing of their source said of real documents.

    Raises:
        UsageError: They were made of other documents.
    """
    if recipe.cross_validation is None:
        return None
    found = out_of_fold(recipe.cross_validation)
    if found.plan != plan:
        raise UsageError(
            f"{recipe.cross_validation} knows other kinds of document than this recipe",
            remedy="cross-validate with the same documents",
        )
    learned = learned_sources(recipe.base)
    return Unseen.of(found, document_names(recipe.real), learned)


def _train(
    recipe: Recipe,
    network: Network,
    corpus: Corpus,
    training_set: TrainingSet,
    served: RasterCache,
) -> None:
    """Train every layer where asked, then tune; the outputs expect the stated share of others."""
    schedule, plan = recipe.schedule, training_set.plan
    if schedule.all_steps or recipe.learned:
        TrainingRun(
            network, training_set, recipe.work, schedule, learned=recipe.learned, seed=recipe.seed
        ).run()
    if schedule.last.steps:
        _tune(recipe, network, corpus, served)
    elif plan.background:  # every output was drawn alike; foreign documents come less often
        shift_background(network, prior_shift(1 / len(plan.outputs)))


def _tune(recipe: Recipe, network: Network, corpus: Corpus, served: RasterCache) -> None:
    """Tune on all documents, once from the same weights."""
    last, variables = recipe.schedule.last, network.variables()
    kept = recipe.work / f"tuned-{weights_digest(variables)[:16]}.npz"
    if not kept.is_file():
        made = drawn_by_kind(corpus.of("train", "synthetic"), last.generated, recipe.seed)
        cache = image_cache(recipe.work / "pages")
        maker = MapMaker(network, recipe.work / "maps", cache, served, recipe.seed)
        maps = maker.make(corpus.of("train", "real"), made, last)
        Tuner(network, maps, last, recipe.seed).tune(range(len(maps.samples)))
        part = kept.with_suffix(".part")
        with part.open("wb") as stream:
            np.savez(stream, *(np.asarray(variable) for variable in variables))
        part.replace(kept)
    with open_weights(kept) as arrays:
        for number, variable in enumerate(variables):
            variable.assign(arrays[f"arr_{number}"])


def _add_page_heads(recipe: Recipe) -> None:
    """Fit heads of first pages and of turns on the file that runs, where there are later pages."""
    if not has_later_pages(recipe.synthetic):
        _LOG.info("no page heads: there are no generated later pages")
        return
    bundle = load_bundle(recipe.out)
    add_page_heads(
        bundle, recipe.synthetic, recipe.real, recipe.work, recipe.identity.name, recipe.out
    )


def hand_out(recipe: Recipe, folder: Path, progress: Progress) -> None:
    """Write the training set of a recipe for `starter.apart`, and make nothing.

    Args:
        recipe: Says which documents there are and what is taken of them.
        folder: Where the training set goes.
        progress: Is told how many pages are written.

    Raises:
        DocsorterError: The documents are not as they must be.
    """
    recipe.work.mkdir(parents=True, exist_ok=True)
    _, training_set = _prepare(recipe)
    write_training_set(training_set, folder, progress)


def _prepare(recipe: Recipe) -> tuple[Corpus, TrainingSet]:
    cache = image_cache(recipe.work / "pages")
    corpus = gather(recipe.synthetic, recipe.real, cache, seed=recipe.seed)
    _LOG.info("documents: %s", json.dumps(corpus.counts()))
    if not corpus.of("test", "synthetic"):  # before hours of training, not after them
        raise UsageError(
            f"no generated document is left to test on: there are too few in {recipe.synthetic}",
            remedy="generate more of them with `python -m starter.synth DIR/test --split test`",
        )
    plan = plan_classes(((s.kind, s.label) for s in corpus.of("train")), LABELS)
    return corpus, training_set_of(corpus, cache, plan, recipe.choice)


def base_origin(base: str | Path | None) -> Origin:
    """Say where the first weights come from.

    Raises:
        ModelError: Weights or a bundle were named and are not there.
    """
    if base is None:
        return Origin(name="random weights", licence="none")
    if base != IMAGENET and Path(base).is_dir():
        card = read_card(Path(base) / CARD)
        first = card.provenance.base
        return Origin(
            name=f"{card.name}, which began with {first.name}",
            licence=first.licence,
            note=f"Read back from the file that runs, SHA-256 {base_key(base)}. {first.note}",
        )
    return weights_origin(base)


def _claim(recipe: Recipe, corpus: Corpus) -> None:
    """Bind the work folder to these documents and this schedule.

    Raises:
        UsageError: Another run is half done there.
    """
    what = {
        "documents": fingerprint(corpus.samples),
        "base": base_key(recipe.base),
        "schedule": asdict(recipe.schedule),
        "seed": recipe.seed,
    }
    key = hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()
    claim = recipe.work / "run.txt"
    if claim.is_file() and claim.read_text(encoding="utf-8").strip() != key:
        raise UsageError(
            f"another training is half done in {recipe.work}: its documents, weights, schedule or "
            "seed were others",
            remedy="name another work folder, or remove this one",
        )
    claim.write_text(key + "\n", encoding="utf-8")


def _figures(finished: Finished) -> str:
    card = finished.parts.card
    figures = {
        "metrics": {
            kind: {name: measured.model_dump() for name, measured in group.items()}
            for kind, group in card.metrics.items()
        },
        "evidence": card.evidence.model_dump() if card.evidence else None,
        "export": [cost.as_json() for cost in finished.cost],
    }
    return json.dumps(figures, indent=1) + "\n"


def _apart_log(recipe: Recipe) -> str:
    """Return what was logged where the last stage was trained, if it was elsewhere."""
    log = log_of(recipe.learned) if recipe.learned else None
    return log.read_text(encoding="utf-8") if log and log.is_file() else ""
