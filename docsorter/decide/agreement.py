"""Is one model better than another on the same documents? Exact statistics for pairs."""

from docsorter.decide.promise import binomial_tail, error_upper_bound
from docsorter.errors import UsageError


def mcnemar(only_first: int, only_second: int) -> float:
    """Return the two-sided p-value of the exact McNemar test.

    Documents that both models get right, or both wrong, say nothing about which is better; of the
    others each model would be right about half if neither were (McNemar 1947; exact by the
    binomial distribution, e.g. Fagerland, Lydersen and Laake 2013).

    Args:
        only_first: Documents that only the first model got right, at least 0.
        only_second: The same of the second.

    Returns:
        0-1; 1.0 when no document tells them apart.

    Raises:
        UsageError: A count is negative.
    """
    if min(only_first, only_second) < 0:
        raise UsageError(f"no document counts as {min(only_first, only_second)}")
    n = only_first + only_second
    return min(1.0, 2 * binomial_tail(min(only_first, only_second), n, 0.5)) if n else 1.0


def proportion_interval(k: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the two-sided Clopper-Pearson interval of a share.

    Args:
        k: 0 to n.
        n: Documents; without any the interval is all from 0 to 1.
        confidence: Between 0 and 1, both excluded.

    Raises:
        UsageError: A number lies outside its range.
    """
    if n == 0:
        return 0.0, 1.0
    side = 1 - (1 - confidence) / 2
    return 1 - error_upper_bound(n - k, n, side), error_upper_bound(k, n, side)
