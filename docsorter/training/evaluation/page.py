"""The report: one HTML page with everything inside, no script, nothing fetched from anywhere."""

from collections.abc import Mapping, Sequence
from typing import Final

from docsorter.model.card import ModelCard
from docsorter.training.evaluation.case_cards import case_cards
from docsorter.training.evaluation.evaluation import Evaluation
from docsorter.training.evaluation.figure_tables import (
    confusion_table,
    figure_table,
    label_table,
    source_table,
)
from docsorter.training.evaluation.mistakes import Case
from docsorter.training.evaluation.pictures import PictureSource
from docsorter.training.evaluation.plots import reliability_plot, risk_plot, roc_plot
from docsorter.training.evaluation.sorting_tables import (
    automation_table,
    novelty_table,
    reliability_table,
    risk_table,
    roc_table,
)
from docsorter.training.evaluation.style import STYLE
from docsorter.training.evaluation.tables import cost_table, details
from docsorter.training.evaluation.words import bound, count, escaped, percent, whole

_ZOOM: Final = 0.8
"""Where documents are sorted alone or not; worth a reliability diagram of its own."""

_HOW_TO_READ: Final = """
<p>Every figure stands with the number of documents it was measured on and a 95&nbsp;% interval.
Near-duplicates and documents of one layout or source are drawn together when the intervals are
made (a bootstrap of whole groups), since ten scans of one template are not ten documents. Where
there are too few documents the report says so instead of giving a number: under 30 of a label for
an accuracy, under 500 for the calibration error, under 299 sorted alone for an error of 1&nbsp;%.
<p>A document of none of the labels is <em>foreign</em>: it should go to a person, and is an error
whenever it is sorted. "Certified" means: thresholds are planned on one half of the documents and
tested on the other by Learn-then-Test with the exact binomial test, both ways round. Nothing here
certifies anything on paper that is not like these documents.
"""


def html_page(
    evaluations: Mapping[str, Evaluation],
    card: ModelCard,
    *,
    cost: Mapping[str, object] | None = None,
    pictures: PictureSource | None = None,
    names: bool = False,
) -> str:
    """Return the report of a model.

    Args:
        evaluations: By name of the set of documents.
        card: What is known of the model.
        cost: What the export lost, as `ExportCost.as_json` gives it.
        pictures: Gives pictures of pages; None leaves them out, as it must be in a bundle that
            leaves the house.
        names: Whether files and sources are named; as above.
    """
    body = "".join(
        (
            _header(card, tuple(evaluations)),
            *(
                _section(number, name, evaluation, pictures, names=names)
                for number, (name, evaluation) in enumerate(evaluations.items(), 1)
            ),
            _export(cost),
            f'<section><h2 id="read">How to read this</h2>{_HOW_TO_READ}</section>',
        )
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escaped(card.name)}: what it can and cannot do</title>"
        f"<style>{STYLE}</style></head>\n<body>{body}</body></html>\n"
    )


def _header(card: ModelCard, sets: Sequence[str]) -> str:
    links = "".join(
        f'<li><a href="#set{number}">{escaped(name)}</a></li>'
        for number, name in enumerate(sets, 1)
    )
    base = card.provenance.base
    return (
        f"<header><h1>What model {escaped(card.name)} can and cannot do</h1>"
        f'<p class="soft">Sorts {escaped(", ".join(card.labels))}. '
        f"Made {card.created_at:%Y-%m-%d} from {escaped(base.name)}. It sorts alone at a "
        f"confidence of {card.asks_for()} or more and a novelty of at most "
        f"{card.novelty_limit:g}.</p>"
        f'<nav aria-label="Sets of documents"><ul>{links}<li><a href="#read">how to read this</a>'
        "</li></ul></nav></header>"
    )


def _section(
    number: int,
    name: str,
    evaluation: Evaluation,
    pictures: PictureSource | None,
    *,
    names: bool,
) -> str:
    parts = [f'<section><h2 id="set{number}">{escaped(name)}</h2>', _lead(evaluation)]
    if evaluation.own:
        parts += ["<h3>How often it is right</h3>", figure_table(evaluation)]
        parts += ["<h3>Label by label</h3>", label_table(evaluation)]
    parts += ["<h3>What it takes for what</h3>", confusion_table(evaluation)]
    if evaluation.own:
        parts += [_reliability(evaluation), _risk(evaluation)]
    parts += ["<h3>What it could sort alone</h3>", automation_table(evaluation)]
    parts += [_novelty(evaluation), _sources(evaluation, names=names)]
    parts += [_cases(evaluation, pictures, names=names), "</section>"]
    return "".join(parts)


def _lead(evaluation: Evaluation) -> str:
    rule = evaluation.at_rule
    foreign = rule.foreign
    documents = count(evaluation.documents, "document")
    different = "" if evaluation.groups == evaluation.documents else (
        f", in {count(evaluation.groups, 'group')} of near-duplicates or one source"
    )  # fmt: skip
    said = [f"{documents}{different}: {evaluation.own} of the model's labels, {foreign} foreign."]
    accuracy = evaluation.figures.get("accuracy")
    if accuracy is not None:
        said.append(f"Its top answer is right for <b>{whole(accuracy)}</b> of those of its labels.")
    if rule.sorted_alone:
        alone = "" if rule.automation.value is None else (
            f"By its rule it would sort <b>{percent(rule.automation.value)}</b> of them without a "
            "person. "
        )  # fmt: skip
        said.append(
            f"{alone}Of all {rule.sorted_alone} so sorted <b>{rule.errors}</b> went wrong: with "
            f"95\u00a0% confidence at most {bound(rule.upper_bound)} of what it sorts of such "
            "documents is wrong."
        )
    else:
        said.append("By its rule it would sort none of them without a person.")
    if foreign:
        said.append(f"Of the foreign documents it would sort <b>{whole(rule.foreign_share)}</b>.")
    return f'<p class="lead">{" ".join(said)}</p>'


def _reliability(evaluation: Evaluation) -> str:
    points, counts = evaluation.reliability, evaluation.confidences
    plots = [(reliability_plot(points, counts, 0.0), "all documents")]
    if sum(point.confidence >= _ZOOM for point in points) >= 2:
        plots.append(
            (reliability_plot(points, counts, _ZOOM), f"the sure end, from {percent(_ZOOM, 0)} on")
        )
    figures = "".join(
        f'<figure class="w330">{plot}<figcaption>{escaped(words)}</figcaption></figure>'
        for plot, words in plots
    )
    return (
        "<h3>Whether its confidence is true</h3>"
        f'<p class="soft">Each dot stands for {points[0].count} or so about equally sure '
        "documents, with the 95&nbsp;% interval of the share that is right. On the dashed line the "
        "confidence is true. The grey bars show where the documents lie.</p>"
        f'<div class="pair">{figures}</div>{details("the numbers", reliability_table(evaluation))}'
    )


def _risk(evaluation: Evaluation) -> str:
    return (
        "<h3>What it costs to sort more</h3>"
        f'<figure class="w560">{risk_plot(evaluation)}<figcaption>Documents of the labels, the '
        "surest first. The band is the 95&nbsp;% interval of each point; the lower line is what "
        "could be had if the mistakes were exactly the least sure.</figcaption></figure>"
        f"{details('the numbers', risk_table(evaluation))}"
    )


def _novelty(evaluation: Evaluation) -> str:
    if not evaluation.novelty:
        return ""
    title = "<h3>Whether it knows what it was never taught</h3>"
    if not any(curve.points for curve in evaluation.novelty):
        return title + novelty_table(evaluation)
    left_out = any(curve.name for curve in evaluation.novelty)
    note = (
        " For a label that was never taught, novelty is fitted again without it; the network did "
        "learn it, so these curves flatter." if left_out else ""
    )  # fmt: skip
    return (
        f'{title}<div class="pair"><figure class="w560">{roc_plot(evaluation.novelty)}<figcaption>'
        "Novelty alone, before the confidence has its say. The further up and left, the better; "
        f"the dots mark where 95&nbsp;% of the known documents are accepted.{note}</figcaption>"
        f"</figure></div>{novelty_table(evaluation)}{details('more points', roc_table(evaluation))}"
    )


def _sources(evaluation: Evaluation, *, names: bool) -> str:
    if len(evaluation.sources) < 2:
        return ""
    return f"<h3>Source by source</h3>{source_table(evaluation, names=names)}"


def _cases(evaluation: Evaluation, pictures: PictureSource | None, *, names: bool) -> str:
    cases = evaluation.cases
    groups: tuple[tuple[str, str, Sequence[Case]], ...] = (
        (
            "The most confident mistakes",
            "The surest first: sorted alone, then taken for a label, then taken for none.",
            cases.mistakes,
        ),
        ("Where two labels compete", "The closest calls between two labels.", cases.competing),
        ("Sorted, but only just", "The least sure of what is sorted alone.", cases.close),
    )
    said = "" if pictures else (
        "<p class='why'>Pages are left out, so that this report can travel with the model.</p>"
    )  # fmt: skip
    return "".join(
        f"<h3>{title}</h3><p class='soft'>{words}</p>{said if number == 0 else ''}"
        + (
            case_cards(chosen, evaluation.names, pictures, names=names)
            if chosen
            else "<p class='none'>There is none.</p>"
        )
        for number, (title, words, chosen) in enumerate(groups)
    )


def _export(cost: Mapping[str, object] | None) -> str:
    if not cost:
        return ""
    return (
        "<section><h2>What the export cost</h2><p class='soft'>The file that runs against the "
        f"network it was made from, on the same pages.</p>{cost_table(cost)}</section>"
    )
