"""history and explain: what happened, and the chain of reasons for one document."""

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docsorter.cli.context import AsJson, DocumentId, configuration, group, review_service
from docsorter.cli.output import (
    fields,
    guess,
    print_json,
    print_prediction,
    print_table,
    say,
    say_wrapped,
    stage_bars,
    when,
)
from docsorter.documents import Event, percent
from docsorter.errors import UsageError

if TYPE_CHECKING:
    from docsorter.configuration import Configuration
    from docsorter.documents import Answer, Document
    from docsorter.service.explain import Explanation, Heatmap, NearestPage, WordsTold
    from docsorter.store import Check, PromiseChange

app = group()


@app.command(epilog="Example: docsorter history --label invoice --since 2026-11-01")
def history(
    ctx: typer.Context,
    state: Annotated[str, typer.Option(help="Only sorted, review, rejected, ...")] = "",
    label: Annotated[str, typer.Option(help="Only with this label.")] = "",
    since: Annotated[
        dt.datetime | None, typer.Option(help="Arrived since then.", formats=["%Y-%m-%d"])
    ] = None,
    text: Annotated[str, typer.Option(help="Only with this in the file name.")] = "",
    words: Annotated[str, typer.Option(help="Only where all of these words were read.")] = "",
    before: Annotated[int | None, typer.Option(help="Only older than this document.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List documents, the newest first."""
    from docsorter.documents import State
    from docsorter.store import DocumentFilter

    try:
        wanted_state = State(state) if state else None
    except ValueError as error:
        known = ", ".join(State)
        raise UsageError(f"--state {state!r} is not known", remedy=f"one of: {known}") from error
    wanted = DocumentFilter(
        state=wanted_state,
        label=label or None,
        since=since.astimezone(dt.UTC) if since else None,
        text=text,
        words=words or None,
    )
    with review_service(ctx) as workspace:
        documents = workspace.store.documents.find(wanted, limit=limit, before_id=before)
    if as_json:
        print_json(documents)
        return
    print_table(
        (">id", "arrived", "~file", "state", "label", ">sure"),
        (
            (
                document.id,
                when(document.arrived_at),
                document.name,
                document.state,
                *guess(document.verdict),
            )
            for document in documents
        ),
        empty="no such documents",
    )
    if len(documents) == limit:
        say(f"older ones: docsorter history --before {documents[-1].id}")


_EPILOG = """\b
Examples:
  docsorter explain 7                     from its arrival to where it is
  docsorter explain 7 --nearest           and what it is most like
  docsorter explain 7 --heatmap why.png   a picture of what spoke for it
  docsorter explain 7 --heatmap why.png --label claim
  docsorter explain 7 --words words.png   its words, coloured by what they say
"""


@app.command(epilog=_EPILOG)
def explain(
    ctx: typer.Context,
    document_id: DocumentId,
    nearest: Annotated[
        bool,
        typer.Option("--nearest", help="Look at it again: which pages is it most like?"),
    ] = False,
    heatmap: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a picture of what on the page spoke for it."),
    ] = None,
    words: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a picture of which words spoke for it."),
    ] = None,
    label: Annotated[
        str, typer.Option(metavar="LABEL", help="What the picture is of; default: the likeliest.")
    ] = "",
    page: Annotated[
        int | None, typer.Option(metavar="N", help="Page of the picture.", min=1)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell the chain of reasons for one document, from its arrival to where it is."""
    from docsorter.errors import ConflictError
    from docsorter.service.explain import explain_document, nearest_pages, tell_words
    from docsorter.service.review.service import open_review_service

    chosen = configuration(ctx)
    with open_review_service(chosen) as workspace:
        told = explain_document(chosen, workspace, document_id)
        if told.blind and (nearest or heatmap is not None or words is not None):
            raise ConflictError(
                f"document {document_id} waits for an answer that must not be led",
                remedy=f"answer it first: docsorter review answer {document_id} LABEL",
            )
        near = nearest_pages(chosen, workspace.store, told.document) if nearest else ()
    number = None if page is None else page - 1
    heat = None
    if heatmap is not None:
        heat = _heatmap(chosen, told.document, heatmap, label, number or 0)
    tell = partial(tell_words, chosen, told, words, label=label, page=number)
    if as_json:
        shown = {each.name: getattr(told, each.name) for each in dataclasses.fields(told)}
        spoken = None if told.blind else tell().as_json()
        print_json({**shown, "nearest": near, "heatmap": heat, "words": spoken})
        return
    _print(told)
    for place, one in enumerate(near):
        say(f"{'like' if place == 0 else '    '}  {_like(one)}")
    if heat is not None:
        say(f"{heat.sentence()}; wrote {heatmap}")
    _print_words(tell(), words)
    say()
    for event in told.events:
        say_wrapped(f"{event.actor}: {sentence(event)}", f"{when(event.at)}  ")


def _print_words(spoken: "WordsTold", target: Path | None) -> None:
    if spoken.both:
        print_table(
            ("", ">picture", ">words", ">both"),
            (
                (name, percent(spoken.picture[name]), percent(spoken.words[name]), percent(share))
                for name, share in sorted(spoken.both.items(), key=lambda pair: -pair[1])
            ),
            empty="",
        )
    found = spoken.evidence
    if found is not None:
        say_wrapped(found.sentence(), "words  ")
    elif spoken.why_not:
        what = "which spoke cannot be told" if spoken.both else "not read"
        say_wrapped(f"{what}: {spoken.why_not}", "words  ")
    if target is not None:
        say(f"wrote {target}")


def _like(near: "NearestPage") -> str:
    which = near.name if near.document is None else f"document {near.document} {near.name}"
    kind = {"sample": "sample page", "taught": "learned from", "answered": "answered"}[near.kind]
    return f"{which} ({near.label or 'none of the labels'}, {kind}), distance {near.distance:.2f}"


def _heatmap(
    chosen: "Configuration", document: "Document", target: Path, label: str, page: int
) -> "Heatmap":
    from docsorter.service.engine import load_model
    from docsorter.service.explain import write_heatmap

    with stage_bars() as progress:
        return write_heatmap(
            chosen,
            load_model(chosen),
            document,
            target,
            label=label,
            page=page,
            progress=partial(progress, "covering one region after the other"),
        )


def _print(told: "Explanation") -> None:
    document = told.document
    source = f" from {document.source}" if document.source else ""
    fields(
        (
            ("document", f"{document.id}  {document.name}"),
            ("arrived", f"{when(document.arrived_at)}{source}"),
            ("is", f"{document.state} at {told.file}"),
            ("bytes", f"{document.size}, SHA-256 {document.sha256 or 'not known yet'}"),
        )
    )
    if told.blind:
        say("it waits for an answer that must not be led: what the model saw is told afterwards")
        return
    fields(_reason_rows(told))
    if document.waiting is not None:
        say(f"waits until {when(document.next_try_at)}: {document.waiting.text}")
    if told.prediction is not None:
        print_prediction(told.prediction)
        if told.novelty_limit is not None:
            say(f"  sorted alone only up to {told.novelty_limit:.1f} %")
        if nearest := told.prediction.pages[0].nearest:
            named = ", ".join(f"{one.name} ({one.distance:.1f})" for one in nearest)
            say_wrapped(f"page {told.prediction.pages[0].number + 1} is most like {named}", "  ")
        say_wrapped(told.statement, "  ")


def _reason_rows(told: "Explanation") -> "list[tuple[str, object]]":
    document, verdict = told.document, told.document.verdict
    rows: list[tuple[str, object]] = [
        ("because", verdict.reason.text if verdict else "no model has classified it yet"),
        ("pages", document.pages or "not known"),
        ("model", document.model or "none was asked"),
    ]
    if verdict is not None and verdict.threshold is not None:
        policy = f", policy {told.policy}" if told.policy else ""
        rows.append(("threshold", f"{percent(verdict.threshold)}{policy}"))
    elif told.policy:
        rows.append(("policy", told.policy))
    if told.promise is not None:
        rows.append(("promise then", _promise(told.promise)))
    rows += [("answered", _answer(answer)) for answer in told.answers]
    rows += [("check", _check(check)) for check in told.checks]
    rows += [("learned by", f"{one.model} as {one.label}, {when(one.at)}") for one in told.learned]
    if told.answers and told.unlearned.model not in {one.model for one in told.learned}:
        rows.append(
            ("learned by", f"not yet {told.unlearned.model}: it counts from the next model on")
        )
    return rows


def _promise(move: "PromiseChange") -> str:
    if move.threshold is None:
        return f"nothing certified; {move.checked} checked, {move.errors} wrong"
    return (
        f"from {move.threshold:.4f} on, {move.errors} wrong of {move.checked} checked, at most "
        f"{percent(move.upper_bound)} ({percent(move.confidence)} sure), {move.why}"
    )


def _answer(answer: "Answer") -> str:
    said = answer.label or "refused"
    how = ", blind" if answer.blind else ""
    how += f", for a {answer.purpose}" if answer.purpose != "decide" else ""
    how += f", batch {answer.batch}" if answer.batch else ""
    back = f", taken back {when(answer.undone_at)}" if answer.undone_at else ""
    return f"{said} by {answer.reviewer}, {when(answer.answered_at)}{how}{back}"


def _check(check: "Check") -> str:
    came = check.outcome or "open"
    return f"drawn {when(check.drawn_at)} with probability {check.draw.inclusion:.2f}: {came}"


Detail = Mapping[str, object]


def sentence(event: Event) -> str:
    """Say what happened in plain words; an event without words of its own shows its facts."""
    tell = _TOLD.get(event.kind)
    if tell is not None:
        return tell(event.detail)
    facts = (f"{name} {value}" for name, value in event.detail.items() if value not in (None, ""))
    return ", ".join([event.kind.replace("_", " "), *facts])


def _verdict(detail: Detail) -> str:
    verdict, text = detail.get("verdict"), detail.get("text")
    model = f" (model {detail['model']})" if detail.get("model") else ""
    said = f"decided: {verdict}, since {text}{model}"
    promise, confidence = detail.get("promise"), detail.get("confidence")
    if promise and verdict == "sort" and isinstance(confidence, float):
        said += f"; sorted alone at {confidence:.4f}, {promise}"
    share = detail.get("inclusion")
    if isinstance(share, float):
        said += f"; drawn for a blind answer with probability {share:.2f}"
    return said


def _checked(detail: Detail) -> str:
    label, outcome = detail.get("label"), detail.get("outcome")
    said = f"says blind that it is {label}" if label else "says blind that it is none of the labels"
    settled = {"right": "the model was right", "wrong": "the model was wrong", "void": "it is void"}
    return f"{said}; {settled.get(str(outcome), 'a second look is asked for')}"


def _answered(detail: Detail) -> str:
    label, guess = detail.get("label"), detail.get("guess")
    said = f"says it is {label}" if label else "refuses it"
    said += f" (batch {detail['batch']})" if detail.get("batch") else ""
    return f"{said}; the model's guess was {guess}" if guess and guess != label else said


def _undone(detail: Detail) -> str:
    label = detail.get("label")
    return f"takes back that it is {label}" if label else "takes the refusal back"


def _taken_back(detail: Detail) -> str:
    label, where = detail.get("label"), detail.get("to")
    again = ", to be decided again" if where == "spool" else ""
    return f"takes it back{f' (it was {label})' if label else ''}{again}"


def _second_opinion(detail: Detail) -> str:
    label = detail.get("label")
    said = f"says, asked blind, that it is {label}" if label else "refuses it, asked blind"
    return said if detail.get("agrees") else f"{said}; that disagrees, so it waits again"


def _waiting(detail: Detail) -> str:
    return f"waits ({detail.get('reason')}), try {detail.get('attempts')} failed"


_TOLD: dict[str, Callable[[Detail], str]] = {
    "claim_planned": lambda detail: f"seen complete in the inbox, {detail.get('size')} bytes",
    "claimed": lambda _: "taken out of the inbox",
    "verdict": _verdict,
    "queued": lambda _: "waits for a person",
    "delivered": lambda _: "delivered",
    "rejected": lambda _: "put aside with its reason",
    "answered": _answered,
    "checked": _checked,
    "check_void": lambda detail: f"its blind check is void: {detail.get('reason')}",
    "undone": _undone,
    "taken_back": _taken_back,
    "reread": lambda detail: f"words read again: {detail.get('model')} knows too few of them",
    "second_opinion": _second_opinion,
    "waiting": _waiting,
    "move_abandoned": lambda detail: f"a move was given up: {detail.get('reason')}",
    "missing": lambda detail: f"no longer where it was put ({detail.get('place')})",
}
