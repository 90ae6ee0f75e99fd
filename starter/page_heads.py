"""Adds to a bundle what it knows of pages among others: `python -m starter.page_heads`.

    python -m starter.page_heads BUNDLE --synth DIR --real DIR --work DIR --out OUT --name starter-5

The model that runs stays as it is: two small heads are fitted on its pooled features, from
generated pages and from real ones of sources that are not measured on. The same command again after
an interrupt goes on where it was.
"""

import argparse
import hashlib
import json
import logging
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image
from pydantic import TypeAdapter
from scipy.special import logit

from docsorter.decide.novelty import NoveltyModel
from docsorter.decide.prediction import PageHeads
from docsorter.documents import RawOutput
from docsorter.errors import DocsorterError, UsageError
from docsorter.model.bundle import CARD, RUNTIME, ModelBundle, digest, load_bundle
from docsorter.model.card import NONE_OF_THESE, ModelCard, Origin
from docsorter.model.classifier import Classifier, LiteRTClassifier, open_classifier
from docsorter.model.golden import read_golden
from docsorter.training.bundle_writer import (
    BundleParts,
    GoldenPicture,
    model_card_text,
    write_bundle,
)
from docsorter.training.dataset import ClassPlan, DocumentJudge, Sample
from docsorter.training.evaluation.curves import Resampler
from docsorter.training.evaluation.evaluation import Evaluation, evaluate_predictions
from docsorter.training.evaluation.report import html_page
from docsorter.training.page_heads import (
    FIRST,
    LATER,
    LATER_CALLED_FIRST,
    LEAST_LIMIT,
    TURN_LIMIT,
    TURNS,
    UNKNOWN,
    SeenPages,
    capped_weights,
    fit_page_heads,
)
from docsorter.training.rasters import RasterCache, daemon_cache
from starter.apart import logged_to
from starter.composed import ATTACHED, ONE_PAGE, SEVERAL, Composed, Judge, Scans, table
from starter.corpus import LATER_PAGES, LAYOUT_CAP, dealt_by_source, gather, served_only
from starter.dataset import Entry, read_index
from starter.finishing import predict_raw, test_sets
from starter.kinds import Split
from starter.rasters import image_cache

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LOG: Final = logging.getLogger("starter.page_heads")  # also when it is run as a command

GENERATED_TEST: Final = "generated, layouts never trained on"
REAL_TEST: Final = "real, of sources that the heads never learned from"
CROSS_FITTED: Final = "real, the model was trained on some of them, the heads on none"

MOST_PAGES: Final = 12
"""Of a real document so many pages are learned from at most."""

GENERATED: Final = {"invoice": 300, "claim": 300, "letter": 300, "other": 390, "later": 600}
"""How many generated pages are learned from; half of them are measured on."""

REAL_WEIGHT: Final = 10.0
"""What a real page counts beside a generated one. With 1, 3 and 10, 43, 49 and 55 % of the first
pages of unseen sources were found where 2 % of the later ones were taken for first pages."""

_AMBIGUOUS: Final = frozenset({"photo", "map", "drawing", "blank", "barcode-sheet", "folder"})
"""Kinds of page of which nobody can tell how they lie."""

_TURNED_PAGES: Final = 3  # of a real document, and documents of a layout, that are shown turned


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a document.

    Attributes:
        label: Of its document; "other" for one of no label, "later" for a page that goes on.
        kind: What was generated, "" for a real page.
        group: Source of a real page, layout of a generated one.
        layout: Of its document.
        number: Which page of it, from 0.
        document: The file.
        output: What the model says of it.
        turned: What the model says of it turned by 90, 180 and 270 degrees; none where nobody
            looked.
        licence: Of a real document.
    """

    label: str
    kind: str
    group: str
    layout: str
    number: int
    document: Path
    output: RawOutput
    turned: tuple[RawOutput, ...] = ()
    licence: str = ""

    @property
    def begins(self) -> bool:
        """Whether it is the first page of a document, of a label or of none."""
        return self.number == 0 and self.label != "later"

    @property
    def is_tail(self) -> bool:
        """Whether it may be put behind another page: generated, and no document of its own."""
        return self.kind in ATTACHED or (bool(self.kind) and self.label == "later")

    @property
    def first(self) -> int:
        """Whether a document of a label begins with it."""
        return FIRST if self.begins and self.label != NONE_OF_THESE else LATER


class PageViews:
    """Asks a model about pages, each only once.

    Args:
        bundle: Has the model.
        folder: Where answers are kept, by what the page shows.
    """

    def __init__(self, bundle: ModelBundle, folder: Path) -> None:
        self._bundle = bundle
        self._key = digest(bundle.path / RUNTIME)
        self._folder = folder
        self._classifier: Classifier | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def size(self) -> int:
        """Side of a page in pixels."""
        return self._bundle.card.input.size

    def look(self, square: "NDArray[np.uint8]", turn: int = 0) -> RawOutput:
        """Return logits (1, C) and features (1, F) of a page turned by so many degrees clockwise.

        Args:
            square: (size, size, 3) uint8.
            turn: One of `TURNS`.
        """
        seen = np.ascontiguousarray(np.rot90(square, -turn // 90))
        name = hashlib.sha256(seen.tobytes() + self._key.encode()).hexdigest()[:32]
        kept = self._folder / f"{name}.npz"
        if kept.is_file():
            with np.load(kept, allow_pickle=False) as arrays:
                return RawOutput(arrays["logits"], arrays["features"])
        if self._classifier is None:
            self._classifier = open_classifier(self._bundle)
        answer = self._classifier.classify(seen[np.newaxis])
        part = kept.with_suffix(f".{os.getpid()}.part")
        with part.open("wb") as stream:
            np.savez(stream, logits=answer.logits, features=answer.features)
        part.replace(kept)
        return answer

    def all_turns(self, square: "NDArray[np.uint8]") -> tuple[RawOutput, ...]:
        """Return what the model says of a page turned by 90, 180 and 270 degrees."""
        return tuple(self.look(square, turn) for turn in TURNS[1:])


def generated_pages(
    root: Path, split: Split, views: PageViews, cache: RasterCache, share: float = 1.0
) -> Iterator[Page]:
    """Yield generated pages, those that go on with a document among them.

    Args:
        root: Folder of the split, with its index.
        split: Which it is.
        views: Asks the model.
        cache: Has the pixels.
        share: Of `GENERATED` to take, where there are so many.
    """
    for label, number in GENERATED.items():
        entries = [entry for entry in read_index(root).values() if entry.label == label]
        for entry in _spread(entries)[: round(share * number)]:
            square = cache.pages(root / entry.file, views.size)[0]
            told = entry.kind not in _AMBIGUOUS and "+" not in entry.capture
            shown = told and _chance(entry.file) < (0.5 if label == "later" else 0.43)
            yield Page(
                label if entry.page == 0 else "later",
                entry.kind,
                f"{split}:{entry.layout}",
                entry.layout,
                entry.page,
                root / entry.file,
                views.look(square),
                views.all_turns(square) if shown else (),
            )


def _spread(entries: list[Entry]) -> list[Entry]:
    """Order pages by number, so that every kind comes early."""
    return sorted(
        entries, key=lambda entry: (int(Path(entry.file).stem.rpartition("-")[2]), entry.kind)
    )


def _chance(name: str) -> float:
    """Return a number from 0 to 1 that depends on a name alone."""
    return hashlib.sha256(name.encode()).digest()[0] / 256


def real_pages(
    root: Path, splits: Sequence[str], views: PageViews, cache: RasterCache, served: RasterCache
) -> Iterator[Page]:
    """Yield the pages of real documents of some splits, as the daemon sees them.

    Args:
        root: Folder with a manifest.
        splits: Of `starter.corpus.dealt_by_source`.
        views: Asks the model.
        cache: Has the pixels that documents are split by.
        served: Has the pixels that the daemon would see.
    """
    seen: Counter[str] = Counter()
    for sample in dealt_by_source([root], cache).samples:
        if sample.split not in splits:
            continue
        try:
            squares = served.pages(sample.path, views.size, cap=MOST_PAGES)
        except ValueError as error:
            _LOG.info("left out: %s: %s", sample.path.name, error)
            continue
        layout = f"{sample.source}|{sample.layout}"
        shown = seen[layout] < _TURNED_PAGES
        seen[layout] += 1
        for number, square in enumerate(squares):
            yield Page(
                sample.label,
                "",
                sample.source,
                layout,
                number,
                sample.path,
                views.look(square),
                views.all_turns(square) if shown and number < _TURNED_PAGES else (),
                sample.licence,
            )


def seen_pages(pages: Sequence[Page]) -> SeenPages:
    """Return pages as the fit takes them, turned ones included."""
    first = np.array([page.first for page in pages], np.int64)
    names = {name: row for row, name in enumerate(sorted({page.group for page in pages}))}
    groups = np.array([names[page.group] for page in pages], np.int64)
    keys = [f"{page.layout}|{page.first}" for page in pages]
    weights = capped_weights(keys, LAYOUT_CAP)
    weights *= np.array([1.0 if page.kind else REAL_WEIGHT for page in pages])
    features = [page.output.features[0] for page in pages]
    turns = [0 if page.turned else UNKNOWN for page in pages]
    rows = list(range(len(pages)))
    for row, page in enumerate(pages):
        for turn, output in zip(TURNS[1:], page.turned, strict=bool(page.turned)):
            features.append(output.features[0])
            turns.append(turn)
            rows.append(row)
    return SeenPages(
        np.stack(features), first[rows], np.array(turns, np.int64), groups[rows], weights[rows]
    )


@dataclass(frozen=True, slots=True)
class Shown:
    """Pages by what they serve; the model was trained on none of the tested ones.

    Attributes:
        learned: The heads are fitted on these.
        tested: Generated pages of layouts that nothing was fitted on.
        real: Real pages of sources that neither model nor heads learned from.
    """

    learned: tuple[Page, ...]
    tested: tuple[Page, ...]
    real: tuple[Page, ...]


def has_later_pages(synthetic: Path) -> bool:
    """Say whether later pages were generated, without which there is nothing to learn."""
    return (synthetic / "train" / LATER_PAGES).is_dir()


def look_at_pages(synthetic: Path, real: Sequence[Path], bundle: ModelBundle, work: Path) -> Shown:
    """Ask the model about every page.

    Raises:
        UsageError: There are no generated later pages.
    """
    if not has_later_pages(synthetic):
        train = synthetic / "train"
        raise UsageError(
            f"there are no generated later pages in {train}",
            remedy=f"python -m starter.synth {train} --kinds 'later-*' --later 600",
        )
    views, cache = PageViews(bundle, work / "views"), image_cache(work / "pages")
    learned = list(generated_pages(synthetic / "train", "train", views, cache))
    tested = list(generated_pages(synthetic / "test", "test", views, cache, 0.5))
    apart: list[Page] = []
    with daemon_cache(work / "pages") as served:
        for root in real:
            learned += real_pages(root, ("train", "calibration"), views, cache, served)
            apart += real_pages(root, ("test",), views, cache, served)
    return Shown(tuple(learned), tuple(tested), tuple(apart))


CONFIRM: Final = (0.0, 0.25, 0.5, 1.0)
_STEPS: Final = 7  # halvings between one half and one


def choose_confirm(judge: Judge, documents: Sequence[Composed], limit: float) -> float:
    """Choose how far later pages confirm the first one, by the log loss of documents of several.

    Args:
        judge: Knows the pages, with odds from heads that did not learn from them.
        documents: Composed of them.
        limit: From which probability on a later page begins another document.

    Returns:
        `pool_confirm`; in doubt (less than a hundredth better) what moves less.
    """
    several = [one for one in documents if one.name not in {*SEVERAL, ONE_PAGE}]
    best, chosen = np.inf, 0.0
    for confirm in CONFIRM:
        loss = judge.judge(several, limit, confirm).loss()
        _LOG.info("confirm %.2f: log loss of documents of several pages %.4f", confirm, loss)
        if loss < best - 0.01:
            best, chosen = loss, confirm
    return chosen


def choose_limit(judge: Judge, documents: Sequence[Composed]) -> float:
    """Return from which probability on a later page begins another document.

    It is the least, but not below one half, under which at most `LATER_CALLED_FIRST` of the
    documents of several pages and of a label, every kind of composition alike, are said to be
    several.
    """
    several = [
        one
        for one in documents
        if one.name not in {*SEVERAL, ONE_PAGE} and one.target < judge.labels
    ]
    low, high = LEAST_LIMIT, 1.0
    if judge.judge(several, low).share_several() <= LATER_CALLED_FIRST:
        return low
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if judge.judge(several, middle).share_several() <= LATER_CALLED_FIRST:
            high = middle
        else:
            low = middle
    return high


@dataclass(frozen=True, slots=True)
class FittedPages:
    """The heads of a bundle and what they were measured to do.

    Attributes:
        arrays: For `pages.npz`.
        figures: Of documents of several pages, of first pages and of turns, as plain values.
        sources: Real documents that only the heads learned from, by source and licence.
    """

    arrays: "dict[str, NDArray[np.generic]]"
    figures: dict[str, Any]
    sources: dict[tuple[str, str], int]


def fit(shown: Shown, bundle: ModelBundle) -> FittedPages:
    """Fit the heads and the rule of several pages, and measure both on pages not learned from."""
    arrays, first, turned = fit_page_heads(seen_pages(shown.learned))
    for name, head in (("first pages", first), ("turns", turned)):
        _LOG.info("%s: temperature %.2f", name, head.temperature)
    odds = np.log(first.held_out[:, FIRST]) - np.log(first.held_out[:, LATER])
    learned = _learned_scans(shown.learned, odds)
    labels = bundle.card.labels
    judged = [(Judge(bundle, scans), scans.documents(labels)) for scans in learned]
    limit = max(choose_limit(*one) for one in judged)
    confirm = max(choose_confirm(*one, limit) for one in judged)
    arrays |= {
        "first_limit": np.array(limit, np.float32),
        "pool_confirm": np.array(confirm, np.float32),
    }
    numbers = {name: float(value) for name, value in arrays.items() if value.ndim == 0}
    figures = {"numbers": numbers, "pages": _of_pages(shown, arrays), "documents": {}}
    measured = list(_test_scans(shown, arrays))
    if any(not page.kind for page in shown.learned):
        measured.append((CROSS_FITTED, learned[0]))
    for name, scans in measured:
        found = Judge(bundle, scans).judge(scans.documents(labels), limit, confirm)
        figures["documents"][name] = table(found, scans.pages)
    known = _names(bundle.card.provenance.data)
    sources = Counter(
        (page.group, page.licence)
        for page in shown.learned
        if not page.kind and page.begins and page.group not in known
    )
    return FittedPages(arrays, figures, dict(sources))


def _learned_scans(pages: Sequence[Page], odds: "NDArray[np.float64]") -> list[Scans]:
    """Return scans that begin with real pages, and scans that begin with generated ones."""
    rows = range(len(pages))
    real = [row for row in rows if not pages[row].kind]
    tails = [row for row in rows if pages[row].is_tail]
    firsts = [row for row in rows if pages[row].kind and pages[row].begins]
    found = []
    for begins in (real, firsts):
        if begins:
            parts = [pages[row] for row in begins], [pages[row] for row in tails]
            found.append(Scans(*parts, odds[[*begins, *tails]]))
    return found


def _test_scans(
    shown: Shown, arrays: "dict[str, NDArray[np.generic]]"
) -> Iterator[tuple[str, Scans]]:
    heads = PageHeads.from_arrays(arrays)
    assert heads is not None
    tails = [page for page in shown.tested if page.is_tail]
    firsts = [page for page in shown.tested if page.begins]
    for name, pages in ((GENERATED_TEST, firsts), (REAL_TEST, shown.real)):
        if pages:
            features = np.concatenate([page.output.features for page in (*pages, *tails)])
            yield name, Scans(pages, tails, logit(heads.first(features)))


def _of_pages(shown: Shown, arrays: "dict[str, NDArray[np.generic]]") -> dict[str, Any]:
    """Return how often pages that the heads did not learn from are told apart."""
    heads = PageHeads.from_arrays(arrays)
    assert heads is not None
    found: dict[str, Any] = {}
    for name, pages in ((GENERATED_TEST, shown.tested), (REAL_TEST, shown.real)):
        if not pages:
            continue
        seen = seen_pages(pages)
        upright, lying = seen.upright(), seen.lying()
        said = heads.first(upright.features)
        turns = heads.turn(lying.features)
        told, sure = turns.argmax(axis=1) * 90, turns.max(axis=1) >= TURN_LIMIT
        share = Resampler(upright.groups, np.random.default_rng(0)).share
        limit, first = said >= heads.first_limit, upright.first == FIRST
        found[name] = {
            "first pages over the limit": share(limit, first).model_dump(),
            "later pages over the limit": share(limit, ~first).model_dump(),
        }
        share = Resampler(lying.groups, np.random.default_rng(0)).share
        for turn in TURNS:
            here = lying.turns == turn
            found[name] |= {
                f"turned by {turn}, told": share(told == turn, here).model_dump(),
                f"turned by {turn}, told otherwise and surely": share(
                    (told != turn) & sure, here
                ).model_dump(),
            }
    return found


def measured_again(
    bundle: ModelBundle, arrays: "dict[str, NDArray[np.generic]]", real: Path, work: Path
) -> dict[str, Evaluation]:
    """Evaluate real documents that may only be measured on, some of several pages, with the heads.

    Args:
        bundle: Without them.
        arrays: The heads.
        real: Folder with a manifest.
        work: Has the pages.
    """
    card = bundle.card
    plan = ClassPlan(card.labels, tuple((name, name) for name in card.prediction_labels))
    classifier = LiteRTClassifier(bundle.runtime_file, card)
    judge = DocumentJudge(
        card.temperature,
        card.background,
        NoveltyModel.from_arrays(bundle.novelty),
        card.novelty_limit,
        PageHeads.from_arrays(arrays),
    )
    size = card.input.size
    with daemon_cache(work / "pages") as served:
        corpus = served_only(gather(None, [real], image_cache(work / "pages")), served, size)
        documents = corpus.of("eval-only")
        if not documents:
            return {}
        raw = {("eval-only", "real"): predict_raw(classifier, documents, plan, served, size)}
    return {
        name: evaluate_predictions(
            judge.predict(part), card.labels, card.rule(), rng=np.random.default_rng(0),
            features=part.first_features, held=judge.held(part),
        )
        for name, part in test_sets(raw).items()
    }  # fmt: skip


def add_to(
    bundle: ModelBundle,
    fitted: FittedPages,
    again: dict[str, Evaluation],
    name: str,
    log: str,
    out: Path,
) -> None:
    """Write the bundle once more, with its heads, under a name; the model stays as it is."""
    card = _card(bundle, fitted, again, name)
    noted = {"page heads": fitted.figures}
    write_again(
        bundle, card, Additions(again, noted, tuple(_limits(fitted)), log, fitted.arrays), out
    )


@dataclass(frozen=True, slots=True)
class Additions:
    """What a bundle is written again with.

    Attributes:
        evaluations: Beside those it has, by title; what has the title of one replaces it.
        figures: For `figures.json`, by name.
        limits: Further limits, lines of Markdown.
        log: Of how it was made.
        pages: Arrays about pages; those it has when not given.
        words: Arrays of the reader of words; likewise.
    """

    evaluations: dict[str, Evaluation]
    figures: dict[str, Any]
    limits: tuple[str, ...]
    log: str
    pages: "dict[str, NDArray[np.generic]] | None" = None
    words: "dict[str, NDArray[np.generic]] | None" = None


def write_again(bundle: ModelBundle, card: ModelCard, added: Additions, out: Path) -> None:
    """Write a bundle with another card and more in it; the model stays as it is."""
    texts = {
        path.name: path.read_text(encoding="utf-8")
        for path in bundle.path.iterdir()
        if path.suffix in {".md", ".html", ".json", ".log"} and path.name != CARD
    }
    evaluations = {
        title: _evaluation(plain) for title, plain in json.loads(texts["evaluation.json"]).items()
    } | added.evaluations
    figures = json.loads(texts["figures.json"])
    figures["metrics"] = card.model_dump(mode="json")["metrics"]
    figures |= added.figures
    texts["figures.json"] = json.dumps(figures, indent=1) + "\n"
    texts["evaluation.json"] = json.dumps({t: found.as_json() for t, found in evaluations.items()})
    texts["report.html"] = html_page(evaluations, card, cost=figures["export"][0])
    texts["train.log"] = texts.get("train.log", "") + added.log
    limits = texts["MODEL_CARD.md"].split("## Limits\n\n")[1].strip()
    texts["MODEL_CARD.md"] = model_card_text(card, "\n".join([limits, *added.limits]))
    parts = BundleParts(
        card,
        bundle.runtime_file,
        bundle.novelty,
        _golden(bundle),
        texts,
        bundle.pages if added.pages is None else added.pages,
        bundle.read_foreign(),
        bundle.words if added.words is None else added.words,
    )
    write_bundle(parts, out)


def _card(
    bundle: ModelBundle, fitted: FittedPages, again: dict[str, Evaluation], name: str
) -> ModelCard:
    """Return the card with what was measured again, and what the heads learned from."""
    origins = tuple(
        Origin(
            name=f"{source} (page heads)", licence=licence, documents=number,
            note="The heads of first pages and of turns learned from it, the model did not.",
        )
        for (source, licence), number in sorted(fitted.sources.items())
    )  # fmt: skip
    kept = [origin for origin in bundle.card.provenance.data if origin.name not in _names(origins)]
    provenance = bundle.card.provenance.model_copy(update={"data": (*kept, *origins)})
    metrics = bundle.card.metrics | {title: found.metrics() for title, found in again.items()}
    return bundle.card.model_copy(
        update={"name": name, "metrics": metrics, "provenance": provenance}
    )


def _names(origins: Sequence[Origin]) -> set[str]:
    return {origin.name for origin in origins}


def _limits(fitted: FittedPages) -> Iterator[str]:
    """Yield what the rule of several pages cannot do, as lines of Markdown."""
    for name, compositions in fitted.figures["documents"].items():
        pairs = SEVERAL[:2]
        if name == CROSS_FITTED or not all(kind in compositions for kind in pairs):
            continue  # of few documents no pairs are composed
        found = [compositions[kind]["said to be several"] for kind in pairs]
        if all(one["value"] is not None for one in found):
            same, other = (f"{one['value']:.0%}" for one in found)
            yield (
                f"* Of scans of two documents {same} (same label) and {other} (two labels) are "
                f"noticed ({name}; n = {found[0]['n']} each)."
            )


def _evaluation(plain: dict[str, Any]) -> Evaluation:
    """Return an evaluation as it was written, without its files."""
    nowhere = Sample(Path(), "", "", "", "")
    for cases in plain["cases"].values():
        for case in cases:
            case["sample"] = asdict(nowhere)
            del case["file"]
    return TypeAdapter(Evaluation).validate_python(plain)


def _golden(bundle: ModelBundle) -> list[GoldenPicture]:
    pictures = []
    for page in read_golden(bundle.golden_file).pages:
        with Image.open(bundle.golden_file.parent / page.file) as image:
            pictures.append(GoldenPicture(page.file, np.asarray(image.convert("RGB"))))
    return pictures


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    result = argparse.ArgumentParser(
        prog="python -m starter.page_heads",
        description="Add what a bundle knows of pages among others; the model stays as it is.",
    )
    add = result.add_argument
    add("bundle", type=Path, help="the folder of the bundle")
    add("--synth", type=Path, required=True, help="generated documents: train/ and test/")
    add("--real", type=Path, action="append", default=[], help="collected documents; repeatable")
    add("--work", type=Path, required=True, help="pages and answers")
    add("--out", type=Path, required=True, help="where the bundle goes; replaced when there")
    add("--name", required=True, help="name on the card")
    return result


def add_page_heads(
    bundle: ModelBundle, synthetic: Path, real: Sequence[Path], work: Path, name: str, out: Path
) -> None:
    """Fit heads for a bundle and write it with them.

    Args:
        bundle: Any; it is left as it is, unless `out` is its folder.
        synthetic: Folder of generated documents, later pages among them.
        real: Folders of collected documents; what the card says of real ones is measured on the
            first.
        work: Pages and answers; the same folder resumes.
        name: For the card.
        out: Where the bundle goes.
    """
    work.mkdir(parents=True, exist_ok=True)
    log = work / "page-heads.log"
    log.unlink(missing_ok=True)  # of a run that was interrupted
    with logged_to(log):
        shown = look_at_pages(synthetic, real, bundle, work)
        fitted = fit(shown, bundle)
    again = measured_again(bundle, fitted.arrays, real[0], work) if real else {}
    add_to(bundle, fitted, again, name, log.read_text(encoding="utf-8"), out)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = parser().parse_args(arguments)
    try:
        bundle = load_bundle(options.bundle)
        add_page_heads(bundle, options.synth, options.real, options.work, options.name, options.out)
    except DocsorterError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
