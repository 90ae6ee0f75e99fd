"""What could be sorted alone and what novelty finds, as tables; and the numbers of the curves."""

from docsorter.model.card import Measured
from docsorter.training.evaluation.automation import Automation
from docsorter.training.evaluation.evaluation import Evaluation
from docsorter.training.evaluation.plots import interval_bar, roc_name
from docsorter.training.evaluation.tables import shown, table
from docsorter.training.evaluation.words import escaped, interval_text, percent


def automation_table(evaluation: Evaluation) -> str:
    """Return what could be sorted alone at each target error."""
    rows = [_rule_row(evaluation)]
    for one in evaluation.automation:
        rows += [_certified_row(one), _oracle_row(one)]
    return table(
        ("rule", ">threshold", ">sorted alone", ">95 %", "0 to 100 %", ">foreign sorted", ""),
        [(*row[:-1], f'<span class="why">{row[-1]}</span>') for row in rows],
        style="rules",
    )


def _rule_row(evaluation: Evaluation) -> tuple[str, ...]:
    rule = evaluation.at_rule
    return (
        "the card's rule, as it is",
        f"{evaluation.rule.threshold:.4f}",
        *_share(rule.automation, "c0"),
        _percent(rule.foreign_share),
        f"{rule.errors} of {rule.sorted_alone} sorted were wrong",
    )


def _certified_row(one: Automation) -> tuple[str, ...]:
    known = sorted(threshold for threshold in one.certified_thresholds if threshold is not None)
    note = escaped(one.certified.note)
    if one.certified.value is not None:
        note = f"certified on {len(known)} of 2 halves"
    elif not known:
        note = f"not certifiable: each half needs {one.needed} sorted alone without an error"
    return (
        _named(f"{_right(one)}, certified", "95 % sure, tested on the other half"),
        " and ".join(f"{threshold:.4f}" for threshold in known) or "none",
        *_share(one.certified, "c0"),
        "",
        note,
    )


def _oracle_row(one: Automation) -> tuple[str, ...]:
    return (
        _named(f"{_right(one)}, by an oracle", "optimistic: it knew the answers"),
        "none" if one.oracle_threshold is None else f"{one.oracle_threshold:.4f}",
        *_share(one.oracle, "c5"),
        _percent(one.oracle_foreign),
        escaped(one.oracle.note) if one.oracle.value is None else "",
    )


def _right(one: Automation) -> str:
    return f"{100 * (1 - one.target):g} % right"


def _named(name: str, meaning: str) -> str:
    return f"{name}<br><span class='soft'>{meaning}</span>"


def _share(measured: Measured, style: str) -> tuple[str, str, str]:
    return shown(measured), interval_text(measured), interval_bar(measured, 0.0, style)


def _percent(measured: Measured) -> str:
    return "" if measured.value is None else percent(measured.value)


def novelty_table(evaluation: Evaluation) -> str:
    """Return how well novelty finds unknown documents."""
    rows = [
        (
            escaped(roc_name(curve)),
            str(curve.known),
            str(curve.unknown),
            shown(curve.auroc, share=False),
            interval_text(curve.auroc, share=False),
            shown(curve.accepted),
            interval_text(curve.accepted),
        )
        for curve in evaluation.novelty
    ]
    heads = ("unknown", ">known", ">unknown", ">AUROC", ">95 %", ">still accepted", ">95 %")
    return table(heads, rows)


def reliability_table(evaluation: Evaluation) -> str:
    """Return the bins of the reliability diagram."""
    rows = [
        (percent(one.confidence), percent(one.accuracy),
         f"{100 * one.low:.1f} to {100 * one.high:.1f}", str(one.count))
        for one in evaluation.reliability
    ]  # fmt: skip
    return table((">confidence", ">right", ">95 %", ">documents"), rows)


def risk_table(evaluation: Evaluation) -> str:
    """Return the risk-coverage curve at every tenth of the documents."""
    wanted = [step / 10 for step in range(1, 11)]
    points = [min(evaluation.risk, key=lambda one: abs(one.coverage - at)) for at in wanted]
    rows = [
        (percent(one.coverage), f"{one.threshold:.4f}", percent(one.risk, 2),
         f"{100 * one.low:.2f} to {100 * one.high:.2f}")
        for one in dict.fromkeys(points)
    ]  # fmt: skip
    return table((">sorted", ">least confidence", ">wrong among them", ">95 %"), rows)


def roc_table(evaluation: Evaluation) -> str:
    """Return each curve at a few shares of known documents asked about."""
    wanted = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
    rows = [
        (
            escaped(roc_name(curve)),
            *(percent(max(up for x, up in curve.points if x <= at)) for at in wanted),
        )
        for curve in evaluation.novelty
        if curve.points
    ]
    heads = ("found when this share of the known is asked about", *(f">{at:.0%}" for at in wanted))
    return table(heads, rows)
