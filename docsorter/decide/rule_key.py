"""What makes a sort rule the same rule: evidence of one is never mixed with that of another."""

import hashlib
import json
from collections.abc import Sequence

from docsorter.documents import SortRule


def rule_key(fingerprint: str, rule: SortRule, labels: Sequence[str]) -> str:
    """Return a digest of everything but the threshold that decides who is sorted alone.

    Args:
        fingerprint: Of the model bundle (SHA-256 of its SHA256SUMS).
        rule: Temperature, novelty limit, policies and offsets; the threshold is what evidence is
            sought for.
        labels: Labels that documents may be sorted to.

    Returns:
        64 hexadecimal digits.
    """
    policies = {label: policy for label, policy in rule.policies.items() if policy != "auto"}
    offsets = {label: offset for label, offset in rule.offsets.items() if offset}
    content = [fingerprint, rule.temperature, rule.novelty_limit, policies, offsets, sorted(labels)]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
