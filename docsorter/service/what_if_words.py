"""The sentences of `docsorter what-if`; what is not known is said as plainly as what is."""

from collections.abc import Mapping


def threshold(
    value: float | None,
    now: float | None,
    asked: Mapping[str, float],
    *,
    certified: bool,
    checks: int,
) -> str:
    """Say which threshold it takes, and what that rests on.

    Args:
        value: The threshold; None for none.
        now: The one in use.
        asked: Confidence that it asks of each label whose offset is not 0.
        certified: Whether the checks certify it; otherwise it is an estimate.
        checks: Answered checks that the estimate could use; 0 leaves the model's own confidence.
    """
    in_use = "nothing is sorted alone now" if now is None else f"{now:.4f} now"
    if value is None:
        return f"none would do; {in_use}"
    how = "certified by the checks so far" if certified else f"{_estimated(checks)}, not certified"
    of_labels = ", ".join(f"{label} {share:.4f}" for label, share in asked.items())
    return f"{value:.4f}{f' ({of_labels})' if of_labels else ''}, {how}; {in_use}"


def _estimated(checks: int) -> str:
    if not checks:
        return "estimated by the model's own confidence"
    return f"estimated by {checks} check{'' if checks == 1 else 's'}"


def reviews(now: float, more: float, *, days: float, documents: int) -> str:
    """Say what people would have to do."""
    if not documents:
        return "no prediction of the model in use is stored for these days"
    change = f"{abs(more):.1f} {'more' if more >= 0 else 'fewer'}"
    return f"{change} a day than {now:.1f} ({documents} documents in {days:.0f} days)"


def caught(number: int, mistakes: int) -> str:
    """Say which mistakes would have been caught."""
    if not mistakes:
        return "no check has found a mistake of the model in use among what it sorted alone"
    return f"{number} of {mistakes} known mistakes would have gone to a person"


def unknown(
    *,
    certified: bool,
    needed: int,
    alone: int,
    checked: int,
    cut_at: int | None,
    looked_at: int,
) -> tuple[str, ...]:
    """Say what the answer does not know.

    Args:
        certified: Whether checks certify the threshold.
        needed: Checks that are missing at least.
        alone: Documents of the window that are sorted alone now.
        checked: Answered checks that count.
        cut_at: How many of the latest documents were looked at, when there were more.
        looked_at: Documents that were looked at.
    """
    said, own = [], "the model's own confidence"
    if alone:
        said.append(
            f"how many of the {alone} documents sorted alone were wrong: {checked} checks count, "
            "and a mistake that nobody saw is in no list"
        )
    if not certified and looked_at:
        said.append(
            f"whether the estimate holds: it rests on {f'{checked} checks' if checked else own}, "
            f"and at least {needed} more, all right, would certify a threshold"
        )
    if cut_at is not None:
        said.append(f"anything before the latest {cut_at} documents, which were looked at")
    if not looked_at:
        said.append("what would happen to documents: no prediction of the model in use is stored")
    return tuple(said)
