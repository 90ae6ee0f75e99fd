"""explain: the whole chain of reasons for one document, and what on its page spoke for it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docsorter.cli.context import AsJson, configuration
from docsorter.cli.output import fields, percent, print_json, progress, say, when
from docsorter.cli.review_commands import DocumentId, bars
from docsorter.cli.story import sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from docsorter.configuration import Configuration
    from docsorter.documents import Answer, Document, Likeness
    from docsorter.service.explaining.chain import Chain
    from docsorter.service.explaining.heatmap import Heat
    from docsorter.service.explaining.nearest import Near
    from docsorter.store import Check, PromiseMove, Store

_EPILOG = """\b
Examples:
  docsorter explain 7                     from its arrival to where it is
  docsorter explain 7 --nearest           and what it is most like
  docsorter explain 7 --heatmap why.png   a picture of what spoke for its label
  docsorter explain 7 --heatmap why.png --label claim
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=_EPILOG)(explain)


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
    label: Annotated[
        str, typer.Option(metavar="LABEL", help="What the picture is of; default: the likeliest.")
    ] = "",
    page: Annotated[int, typer.Option(metavar="N", help="Page of the picture.", min=1)] = 1,
    as_json: AsJson = False,
) -> None:
    """Tell the chain of reasons for one document, from its arrival to where it is."""
    from docsorter.errors import ConflictError
    from docsorter.service.acts import open_acts
    from docsorter.service.explaining.chain import chain

    chosen = configuration(ctx)
    with open_acts(chosen) as workspace:
        told = chain(chosen, workspace, document_id)
        if told.blind and (nearest or heatmap is not None):
            raise ConflictError(
                f"document {document_id} waits for an answer that must not be led",
                remedy=f"answer it first: docsorter review answer {document_id} LABEL",
            )
        near = _nearest(chosen, workspace.store, told.document) if nearest else ()
    heat = None
    if heatmap is not None:
        heat = _heatmap(chosen, told.document, heatmap, label, page - 1)
    if as_json:
        print_json(_plain(told, near, heat))
        return
    _print(told)
    for number, one in enumerate(near):
        say(f"{'like' if number == 0 else '    '}  {_like(one)}")
    if heat is not None:
        say(f"{heat.sentence()}; wrote {heatmap}")
    say()
    for event in told.events:
        say(f"{when(event.at)}  {event.actor}: {sentence(event)}")


def _nearest(chosen: "Configuration", store: "Store", document: "Document") -> "tuple[Near, ...]":
    from docsorter.service.explaining.nearest import nearest_pages

    return nearest_pages(chosen, store, document)


def _like(near: "Near") -> str:
    which = near.name if near.document is None else f"document {near.document} {near.name}"
    kind = {"sample": "sample page", "taught": "learned from", "answered": "answered"}[near.kind]
    return f"{which} ({near.label or 'none of the labels'}, {kind}), distance {near.distance:.2f}"


def _heatmap(
    chosen: "Configuration", document: "Document", target: Path, label: str, page: int
) -> "Heat":
    from docsorter.service.engine import load_model
    from docsorter.service.explaining.heatmap import write_heatmap

    with progress() as bar:
        task = bar.add_task("covering one region after the other", total=None)
        return write_heatmap(
            chosen,
            load_model(chosen),
            document,
            target,
            label=label,
            page=page,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )


def _plain(told: "Chain", near: "tuple[Near, ...]", heat: "Heat | None") -> dict[str, object]:
    return {
        "document": told.document,
        "file": told.file,
        "blind": told.blind,
        "prediction": told.prediction,
        "policy": told.policy,
        "novelty_limit": told.novelty_limit,
        "promise": told.promise,
        "statement": told.statement,
        "answers": told.answers,
        "checks": told.checks,
        "learned": told.learned,
        "unlearned": told.unlearned,
        "nearest": near,
        "heatmap": heat,
        "events": told.events,
    }


def _print(told: "Chain") -> None:
    document = told.document
    fields(
        (
            ("document", f"{document.id}  {document.name}"),
            ("arrived", f"{when(document.arrived_at)}{_source(document)}"),
            ("is", f"{document.state} at {told.file}"),
            ("bytes", f"{document.size}, SHA-256 {document.sha256 or 'not known yet'}"),
        )
    )
    if told.blind:
        say("it waits for an answer that must not be led: what the model saw is told afterwards")
        return
    verdict = document.verdict
    rows: list[tuple[str, object]] = [
        ("because", verdict.reason.text if verdict else "it was not looked at yet"),
        ("pages", document.pages or "not known"),
        ("model", document.model or "none was asked"),
    ]
    if verdict is not None and verdict.threshold is not None:
        rows.append(("threshold", f"{verdict.threshold:.4f}{_policy(told)}"))
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
    fields(rows)
    if document.waiting is not None:
        say(f"waits until {when(document.next_try_at)}: {document.waiting.text}")
    if told.prediction is not None:
        bars(told.prediction)
        if told.novelty_limit is not None:
            say(f"  sorted alone only up to {told.novelty_limit:.1f} %")
        if told.prediction.pages[0].nearest:
            say(f"  page 1 is most like {_alike(told.prediction.pages[0].nearest)}")
        say(f"  {told.statement}")


def _alike(nearest: "Sequence[Likeness]") -> str:
    return ", ".join(f"{one.name} ({one.distance:.1f})" for one in nearest)


def _source(document: "Document") -> str:
    return f" from {document.source}" if document.source else ""


def _policy(told: "Chain") -> str:
    return f", policy {told.policy}" if told.policy else ""


def _promise(move: "PromiseMove") -> str:
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
