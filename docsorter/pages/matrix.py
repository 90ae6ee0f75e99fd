"""Transformations of a PDF page's plane (ISO 32000-1, 8.3.4)."""

from typing import NamedTuple

from docsorter.pages.outline import Box


class Matrix(NamedTuple):
    """A transformation [a b c d e f] of PDF: x' = a x + c y + e, y' = b x + d y + f."""

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 1.0
    e: float = 0.0
    f: float = 0.0

    def then(self, after: "Matrix") -> "Matrix":
        """Return this transformation followed by another."""
        a, b, c, d, e, f = after
        return Matrix(
            self.a * a + self.b * c,
            self.a * b + self.b * d,
            self.c * a + self.d * c,
            self.c * b + self.d * d,
            self.e * a + self.f * c + e,
            self.e * b + self.f * d + f,
        )

    @property
    def straight(self) -> bool:
        """Whether sides stay parallel to the axes."""
        size = max(map(abs, self[:4]))
        upright, lying = max(abs(self.b), abs(self.c)), max(abs(self.a), abs(self.d))
        return size > 0 and min(upright, lying) <= 1e-4 * size

    def box(self, x: float = 0, y: float = 0, width: float = 1, height: float = 1) -> Box:
        """Return where a rectangle comes to lie, the unit square if none is named."""
        corners = [(x, y), (x + width, y), (x, y + height), (x + width, y + height)]
        across = [self.a * u + self.c * v + self.e for u, v in corners]
        up = [self.b * u + self.d * v + self.f for u, v in corners]
        return Box(min(across), min(up), max(across), max(up))
