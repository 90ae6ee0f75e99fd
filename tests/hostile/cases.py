"""What a hostile file is, for those who make them and those who run them."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial

READ = "read"
"""The outcome of a file whose pages could be had: nothing hostile is left of it then."""


@dataclass(frozen=True, slots=True)
class Hostile:
    """One kind of hostile file.

    Attributes:
        kind: What is wrong with it; unique.
        suffix: What its name says it is.
        make: Makes its bytes, always the same.
        heavy: It is meant to take time or memory up to the limit.
        expect: Reason codes it may end with, or `READ`; empty when any of the closed list will do.
    """

    kind: str
    suffix: str
    make: Callable[[], bytes]
    heavy: bool = False
    expect: frozenset[str] = frozenset()

    @property
    def slug(self) -> str:
        """The kind as a file name."""
        plain = "".join(c if c.isalnum() else "-" for c in self.kind.lower())
        return f"{plain}.{self.suffix}"


def case(
    kind: str,
    suffix: str,
    make: Callable[..., bytes],
    *arguments: object,
    heavy: bool = False,
    expect: Collection[str] = (),
) -> Hostile:
    """Describe a hostile file that `make` makes of the arguments."""
    return Hostile(kind, suffix, partial(make, *arguments), heavy, frozenset(expect))
