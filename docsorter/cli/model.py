"""model list, show, verify, compare, promote, rollback, add, remove, and bench model."""

import dataclasses
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docsorter.cli.context import (
    AsJson,
    configuration,
    configuration_or_defaults,
    group,
    registry,
    reviewer,
)
from docsorter.cli.output import (
    fields,
    print_json,
    print_table,
    say,
    say_more,
    say_wrapped,
    stage_bars,
    when,
)
from docsorter.documents import at_most_percent, percent
from docsorter.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from docsorter.configuration import Configuration
    from docsorter.documents import WordsRule
    from docsorter.model.card import CardComparison, FigurePair, Measured, ModelCard
    from docsorter.model.registry import InUse
    from docsorter.model.threads import RuntimeChoice
    from docsorter.service.learning.compare import Comparison, ModelAnswer, Pair, Proportion
    from docsorter.service.learning.promoting import DaemonUptake, ModelChange, Person, Promoter

_SHOWN = 20
_SURE = 0.05  # the usual level below which a p-value counts as more than chance

app = group("Look at model bundles, and choose the one in use.")
bench_app = group("Measure this machine.")

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="A bundle or a path; default: the one in use.")
]
Bundle = Annotated[str, typer.Argument(help="A bundle or a path; `promoted` is the one in use.")]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why; kept with the promotion.")]
NoWait = Annotated[
    bool, typer.Option("--no-wait", help="Do not wait until the running daemon uses it.")
]


@app.command("list", epilog="Example: docsorter model list")
def list_(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the bundles that can be used; a star marks the one in use."""
    known, used = registry(ctx)
    bundles = known.list()
    if as_json:
        print_json(
            [
                {
                    "name": bundle.name,
                    "path": bundle.path,
                    "in_use": bundle.name == used.name,
                    "model": bundle.card.name if bundle.card else None,
                    "labels": bundle.card.labels if bundle.card else None,
                    "problem": bundle.problem,
                }
                for bundle in bundles
            ]
        )
        return
    print_table(
        ("", "name", "model", "labels", "made"),
        (
            (
                "*" if bundle.name == used.name else "",
                bundle.name,
                bundle.card.name if bundle.card else "?",
                ", ".join(bundle.card.labels) if bundle.card else bundle.problem,
                when(bundle.card.created_at) if bundle.card else "",
            )
            for bundle in bundles
        ),
        empty="no bundles",
    )
    say(_why(used))


def _why(used: "InUse") -> str:
    """Say why a bundle is the one in use."""
    from docsorter.model.registry import STARTER

    if used.promotion is not None:
        promotion = used.promotion
        why = f": {promotion.reason}" if promotion.reason else ""
        return f"{used.name} was promoted by {promotion.by} on {when(promotion.at)}{why}"
    if used.name == STARTER:
        return "the starter is in use; docsorter model promote NAME chooses another"
    return f"{used.name} is in use because model.bundle names it"


@app.command(epilog="Examples: docsorter model show\n\ndocsorter model show starter --all")
def show(
    ctx: typer.Context,
    name: Name = "",
    every: Annotated[
        bool, typer.Option("--all", help="All figures and every source it learned from.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a model was trained on, what its tests showed and by which rule it sorts."""
    from docsorter.model.card import read_card
    from docsorter.service.engine import card_statement, words_rule

    known, used = registry(ctx)
    path = known.resolve(name) if name else used.path
    card = read_card(path / "card.json")
    if as_json:
        print_json(card.model_dump(mode="json"))
        return
    learned = _unlearned(ctx, card.name)
    words = words_rule(card.rule().words, configuration_or_defaults(ctx).settings.words)
    fields(
        (
            ("model", card.name),
            ("folder", path),
            ("made", when(card.created_at)),
            ("labels", ", ".join(card.labels)),
            ("learned", _learned_from(card)),
            ("sorts at", _sorts_at(card, words)),
            ("asks", f"a person beyond the {card.novelty_limit:g}th percentile of novelty"),
            ("so", card_statement(card, words)),
            *((("answers", learned),) if learned else ()),
        )
    )
    say()
    if every:
        _print_all(card)
    else:
        _print_in_short(card)
        say()
        say(f"all figures, sources: docsorter model show {f'{name} ' if name else ''}--all")


def _learned_from(card: "ModelCard") -> str:
    """Say how many documents of what sort a model was trained on, and from what it began."""
    splits = {
        name.removeprefix("train").strip(", "): sum(counts.values())
        for name, counts in card.provenance.documents.items()
        if name.startswith("train")
    }
    parts = ", ".join(f"{number} {name}".strip() for name, number in splits.items())
    begun = card.provenance.base.name.partition(",")[0]
    return f"from {parts or 'no'} documents, beginning with {begun}"


def _sorts_at(card: "ModelCard", words: "WordsRule | None") -> str:
    """Say which confidence the picture of a document needs to be sorted alone."""
    rule = dataclasses.replace(card.rule(), words=words)
    unusual = "; an unusual page needs more" if card.novelty_weight else ""
    unusual += "; words are read of the others" if words else ""
    if not card.offsets:
        return f"{percent(rule.threshold)} confidence or more{unusual}"
    own = (f"{label} {percent(rule.required_confidence(label))}" for label in card.labels)
    return f"so much confidence or more: {', '.join(own)}{unusual}"


_IN_SHORT = {
    "accuracy": (">label found", percent),
    "automation rate": (">sorted alone", percent),
    "wrong label among sorted": (">of these wrong", at_most_percent),
    "foreign documents sorted": (">foreign sorted", at_most_percent),
}


def _print_in_short(card: "ModelCard") -> None:
    """Print what the tests showed, a row for each kind of documents."""
    from docsorter.model.card import real_first

    rows = []
    for kind, found in real_first(card.metrics).items():
        # Cards from before that figure have one that counts foreign documents too.
        known = {"wrong label among sorted": found.get("error among sorted"), **found}
        shares = (_share_of(known.get(name), write) for name, (_, write) in _IN_SHORT.items())
        rows.append([kind, *shares])
    titles = (title for title, _ in _IN_SHORT.values())
    print_table(("tested on", *titles), rows, empty="tested on nothing")


def _share_of(measured: "Measured | None", write: "Callable[[float], str]") -> str:
    if measured is None or not measured.n:
        return ""
    return f"{'?' if measured.value is None else write(measured.value)} of {measured.n}"


def _unlearned(ctx: typer.Context, model: str) -> str:
    """Return what a model has not learned of the answers here; "" outside of a workspace."""
    from docsorter.errors import StoreError, WorkspaceError
    from docsorter.service.learning.snapshots import count_untrained_answers
    from docsorter.service.workspace.layout import open_workspace_store

    try:
        with open_workspace_store(configuration(ctx)) as store:
            return count_untrained_answers(store, model).sentence()
    except (WorkspaceError, StoreError):
        return ""


def _print_figures(figures: "Mapping[str, Measured]") -> None:
    rows = [
        (figure, "not measurable" if m.value is None else f"{m.value:.3f}",
         "" if m.low is None or m.high is None else f"{m.low:.3f} to {m.high:.3f}", m.n, m.note)
        for figure, m in figures.items()
    ]  # fmt: skip
    print_table(("figure", ">value", "95 %", ">n", "note"), rows, empty="no figures")


def _print_all(card: "ModelCard") -> None:
    """Print every figure, and every source that was learned from."""
    from docsorter.model.card import real_first

    for kind, figures in real_first(card.metrics).items():
        say(f"{kind}:")
        _print_figures(figures)
        say()
    rows = ((source.name, source.licence, source.documents) for source in card.provenance.data)
    print_table(("learned from", "licence", ">documents"), rows, empty="no sources")
    base = card.provenance.base
    say()
    say_wrapped(f"began with {base.name} ({base.licence})")


@app.command(epilog="Example: docsorter model verify")
def verify(ctx: typer.Context, name: Name = "", as_json: AsJson = False) -> None:
    """Check a bundle: its checksums, and that its golden pages answer here as they should."""
    from docsorter.model.bundle import load_bundle
    from docsorter.model.classifier import open_classifier
    from docsorter.model.golden import check_golden
    from docsorter.model.registry import fingerprint

    known, used = registry(ctx)
    path = known.resolve(name) if name else used.path
    bundle = load_bundle(path)
    results = check_golden(bundle, open_classifier(bundle))
    worst = max((result.difference for result in results), default=0.0)
    mark = fingerprint(path)
    if as_json:
        pages = [{"file": r.file, "difference": r.difference} for r in results]
        print_json(
            {"model": bundle.card.name, "path": path, "fingerprint": mark, "golden_pages": pages}
        )
        return
    say(f"{bundle.card.name}: checksums right, {len(results)} golden pages answer as they should")
    say(f"greatest difference of a probability: {worst:.4f}")
    say(f"fingerprint: {mark}")


@app.command(epilog='Example: docsorter model promote ours-2 --reason "two more vendors"')
def promote(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="One that model list shows.")],
    reason: Reason = "",
    no_wait: NoWait = False,
    as_json: AsJson = False,
) -> None:
    """Put a model to use, after checking that it is whole and answers here as it should.

    A running daemon takes it up by itself: documents it is looking at are finished with the model
    before, all others are looked at with the new one.
    """

    def act(promoter: "Promoter", person: "Person") -> "ModelChange":
        return promoter.promote(name, person, reason=reason)

    _change(ctx, act, wait=not no_wait, as_json=as_json)


@app.command(epilog="Example: docsorter model rollback")
def rollback(
    ctx: typer.Context, reason: Reason = "", no_wait: NoWait = False, as_json: AsJson = False
) -> None:
    """Put the model to use again that was in use before the last promotion; may be repeated."""

    def act(promoter: "Promoter", person: "Person") -> "ModelChange":
        return promoter.rollback(person, reason=reason)

    _change(ctx, act, wait=not no_wait, as_json=as_json)


def _change(
    ctx: typer.Context,
    act: "Callable[[Promoter, Person], ModelChange]",
    *,
    wait: bool,
    as_json: bool,
) -> None:
    from docsorter.clock import SystemClock
    from docsorter.service.learning.promoting import Person, Promoter, Uptake, wait_for_daemon
    from docsorter.service.workspace.layout import open_workspace_store

    settings, person, clock = configuration(ctx), Person(*reviewer(ctx)), SystemClock()
    with open_workspace_store(settings, clock) as store:
        changed = act(Promoter(settings, store, clock), person)
    outcome = wait_for_daemon(settings, changed.fingerprint) if wait else None
    if as_json:
        promotion = changed.promotion.model_dump(mode="json") if changed.promotion else None
        shown = {**dataclasses.asdict(changed), "promotion": promotion}
        print_json({"changed": shown, "daemon": outcome})
    else:
        _print(changed, outcome)
    if outcome is not None and outcome.uptake is Uptake.REFUSED:
        raise ModelError(
            f"the daemon did not take {changed.bundle} up: {outcome.text}",
            remedy="nothing is lost; go back with: docsorter model rollback",
        )


def _print(changed: "ModelChange", outcome: "DaemonUptake | None") -> None:
    before = f"before: {changed.previous}" if changed.promotion else "as before: nothing changed"
    rows: list[tuple[str, object]] = [
        ("in use", f"{changed.bundle} (model {changed.model}), {before}"),
        ("golden", f"answers as it should, at most {changed.golden_difference:.4f} apart"),
        ("promise", changed.statement),
    ]
    if changed.appeared:
        rows.append(("new labels", ", ".join(changed.appeared)))
    if changed.vanished:
        rows.append(("gone labels", ", ".join(changed.vanished)))
    rows += [("note", note) for note in changed.notes]
    if outcome is not None:
        rows.append(("daemon", _word(outcome)))
    fields(rows)


def _word(outcome: "DaemonUptake") -> str:
    from docsorter.service.learning.promoting import Uptake

    match outcome.uptake:
        case Uptake.USED:
            return f"uses it since {outcome.seconds:.1f} s after the promotion"
        case Uptake.REFUSED:
            return outcome.text
        case Uptake.NO_DAEMON:
            return "not running; it begins with this model"
        case Uptake.SILENT:
            return "has not taken it up yet: docsorter status"


@app.command(epilog="Example: docsorter model add ~/Downloads/ours-2")
def add(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The folder of a bundle.")],
    name: Annotated[str, typer.Option(help="What to call it; default: as its card does.")] = "",
    as_json: AsJson = False,
) -> None:
    """Copy a bundle into the workspace, whole and checked; it is not in use before promote.

    Links, devices and files that no bundle has are refused.
    """
    from docsorter.deliver.permissions import permissions
    from docsorter.documents import Place
    from docsorter.model.registry import add_bundle
    from docsorter.service.workspace.layout import prepare_private

    settings = configuration(ctx)
    prepare_private(settings)
    allowed = permissions(settings.settings)[Place.SPOOL]
    added = add_bundle(
        path,
        settings.state / "models",
        name,
        dir_mode=allowed.dir_mode,
        file_mode=allowed.file_mode,
    )
    card = added.bundle.card
    if as_json:
        print_json(
            {
                "name": added.name,
                "path": added.path,
                "model": card.name,
                "labels": card.labels,
                "new": added.is_new,
                "golden_difference": added.golden_difference,
            }
        )
        return
    say(f"{'took in' if added.is_new else 'there already:'} {added.name} (model {card.name})")
    say(f"labels: {', '.join(card.labels)}; its golden pages answer here as they should")
    say(f"next: docsorter model compare starter {added.name}; docsorter model promote {added.name}")


@app.command(epilog="Example: docsorter model remove ours-1")
def remove(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="One that model list shows.")],
) -> None:
    """Delete a bundle that is not in use and that no rollback leads to."""
    from docsorter.model.registry import remove_bundle

    settings = configuration(ctx)
    remove_bundle(name, settings.state / "models", settings.settings.model.bundle)
    say(f"removed {name}")


@app.command(epilog="Example: docsorter model compare starter ours-2 --on ~/checked")
def compare(
    ctx: typer.Context,
    first: Bundle,
    second: Bundle,
    on: Annotated[
        Path | None,
        typer.Option(
            "--on", metavar="DIR", help="Let both classify these documents; nothing is moved."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put two models side by side: their cards, and what both say of the same documents.

    In a folder with one sub-folder per label it is also counted which is right more often.
    """
    from docsorter.model.card import compare_cards, read_card
    from docsorter.model.registry import ModelRegistry

    settings = configuration_or_defaults(ctx)
    known = ModelRegistry(settings.state / "models")
    cards = [read_card(known.resolve(name) / "card.json") for name in (first, second)]
    compared = compare_cards(*cards)
    looked = None if on is None else _look(settings, first, second, on)
    if as_json:
        print_json({"facts": compared.facts, "figures": _figures(compared), "documents": looked})
        return
    _print_cards(compared, first, second)
    if looked is not None:
        say()
        _print_documents(looked, first, second)


def _look(settings: "Configuration", first: str, second: str, folder: Path) -> "Comparison":
    from docsorter.resources import usable_cores
    from docsorter.service.engine import load_model
    from docsorter.service.learning.compare import compare_on, files_to_compare

    one, two = load_model(settings, first), load_model(settings, second)
    files = files_to_compare(folder, [*one.card.labels, *two.card.labels])
    workers = settings.settings.service.workers or usable_cores()
    with stage_bars() as progress:
        told = partial(progress, "both classify the documents")
        return compare_on(one, two, files, settings.settings, workers, told)


def _figures(compared: "CardComparison") -> list[dict[str, object]]:
    return [
        {
            "on": pair.on,
            "figure": pair.figure,
            "first": pair.first.model_dump() if pair.first else None,
            "second": pair.second.model_dump() if pair.second else None,
            "differs": pair.differs,
        }
        for pair in compared.figures
    ]


def _print_cards(compared: "CardComparison", first: str, second: str) -> None:
    rows = [("" if one == two else "*", what, one, two) for what, one, two in compared.facts]
    print_table(("", "", first, second), rows, empty="nothing")
    for on in dict.fromkeys(pair.on for pair in _worth_showing(compared)):
        say()
        say(f"{on}: value (95 % interval, n)")
        print_table(
            ("", "figure", first, second),
            (
                ("*" if p.differs else "", p.figure, _measured(p.first), _measured(p.second))
                for p in _worth_showing(compared)
                if p.on == on
            ),
            empty="nothing",
        )
    say()
    say("* differs; a figure only where the 95 % intervals do not overlap")


def _worth_showing(compared: "CardComparison") -> "list[FigurePair]":
    return [p for p in compared.figures if _has_value(p.first) or _has_value(p.second)]


def _has_value(measured: "Measured | None") -> bool:
    return measured is not None and measured.value is not None


def _measured(measured: "Measured | None") -> str:
    if measured is None:
        return "-"
    if measured.value is None:
        return f"not measurable, n = {measured.n}"
    if measured.low is None or measured.high is None:
        return f"{measured.value:.3f} (n = {measured.n})"
    return f"{measured.value:.3f} ({measured.low:.3f}-{measured.high:.3f}, {measured.n})"


def _print_documents(looked: "Comparison", first: str, second: str) -> None:
    say(f"{looked.documents} documents classified, {len(looked.unreadable)} could not be read")
    for name, reason in looked.unreadable[:_SHOWN]:
        say(f"  {name}: {reason}")
    if not looked.documents:
        return
    rows = [
        ("sorted alone", _share(looked.first.sorted_alone), _share(looked.second.sorted_alone)),
    ]
    if looked.labelled:
        rows += [
            ("right label", _share(looked.first.right), _share(looked.second.right)),
            (
                "wrong of sorted alone",
                _share(looked.first.wrong_alone),
                _share(looked.second.wrong_alone),
            ),
        ]
    print_table(("share (95 % interval)", first, second), rows, empty="nothing")
    say()
    say(f"the same label: {_share(looked.equal_labels)}")
    say(f"greatest difference of a probability: {looked.greatest_gap or 0.0:.3f}")
    say(_better(looked, first, second))
    _print_differing(looked, first, second)


def _better(looked: "Comparison", first: str, second: str) -> str:
    if looked.mcnemar_p is None:
        return "which is right is not known: no sub-folder is named like a label"
    one, two = looked.only_first_right, looked.only_second_right
    counts = f"only {first} right {one}, only {second} right {two}"
    says = f"{counts} of {looked.labelled} with a known label, McNemar p = {looked.mcnemar_p:.3g}"
    if looked.mcnemar_p >= _SURE:
        return f"{says}: no difference that is more than chance"
    return f"{says}: {first if one > two else second} is better here"


def _print_differing(looked: "Comparison", first: str, second: str) -> None:
    if not looked.differing:
        say("they differ on no document")
        return
    say()
    print_table(
        ("document", "is", first, second, ">apart"),
        (_row(pair) for pair in looked.differing[:_SHOWN]),
        empty="nothing",
    )
    say_more(len(looked.differing) - _SHOWN, "; --json writes them all")


def _row(pair: "Pair") -> tuple[str, str, str, str, str]:
    return pair.name, pair.label, _said(pair.first), _said(pair.second), f"{pair.gap:.3f}"


def _said(said: "ModelAnswer") -> str:
    return f"{said.label} {percent(said.confidence)}{', sorts' if said.sorts else ''}"


def _share(share: "Proportion") -> str:
    if share.value is None:
        return "none to measure on"
    return f"{share.value:.3f} ({share.low:.3f}-{share.high:.3f}, {share.k} of {share.n})"


@bench_app.callback()
def _bench() -> None:
    """Measure this machine."""


@bench_app.command(epilog="Example: docsorter bench model")
def model(
    ctx: typer.Context,
    pages: Annotated[
        int, typer.Option(min=3, max=10_000, help="Pages for each number of threads.")
    ] = 20,
    as_json: AsJson = False,
) -> None:
    """Choose how many threads run the model here, and keep that in the workspace.

    The daemon heeds it from its next start. It is forgotten when the model in use, docsorter, its
    runtime or the number of cores changes; model.threads in the settings overrules it.
    """
    from docsorter.model.bundle import load_bundle
    from docsorter.model.registry import ModelRegistry, fingerprint
    from docsorter.model.threads import (
        RuntimeChoice,
        choose,
        measure,
        runtime_environment,
        save_choice,
    )
    from docsorter.resources import usable_cores

    chosen = configuration(ctx)
    registry = ModelRegistry(chosen.state / "models")
    used = registry.in_use(chosen.settings.model.bundle)
    bundle, cores = load_bundle(used.path), usable_cores()
    measured = measure(bundle, cores, pages)
    choice = RuntimeChoice(
        environment=runtime_environment(fingerprint(used.path), cores),
        threads=choose(measured),
        measured=measured,
    )
    save_choice(chosen.state, choice)
    if as_json:
        print_json(choice.model_dump(mode="json", by_alias=True))
        return
    _print_threads(choice)
    say(f"{bundle.card.name}: {choice.threads} threads from the daemon's next start")
    if chosen.settings.model.threads:
        say(f"but model.threads = {chosen.settings.model.threads} in the settings overrules that")


def _print_threads(choice: "RuntimeChoice") -> None:
    print_table(
        ("", ">threads", ">a page, ms", ">work, ms", ">golden pages differ by"),
        (
            (
                "*" if variant.threads == choice.threads else "",
                variant.threads,
                f"{variant.page_ms:.1f}",
                f"{variant.work_ms:.1f}",
                f"{variant.golden_difference:.4f}",
            )
            for variant in choice.measured
        ),
        empty="nothing",
    )
