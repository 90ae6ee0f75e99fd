"""Forms: their fields, boxes and grids, as claims and applications use them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from starter.parts import Filler
from starter.typesetting import Plan, Writer, bold, columns, lit, sized

# ----------------------------------------------------------------------
# What stands in the fields of a form, and how its lines are printed.

# A part that stands here twice is drawn twice as often: most real forms are black boxes.
FIELDS = (
    "boxes",
    "boxes",
    "dense",
    "dense",
    "dense",
    "underlines",
    "shaded",
    "pairs",
    "pairs",
    "comb",
    "rounded",
)


SECTIONS = ("bar", "black", "bold", "tab", "numbered", "tinted", "centred")


INKS = ("black", "black", "black", "black", "accent", "red", "faint", "green")


_FIELD_VALUES = {
    "name": "family",
    "first_name": "given",
    "birth": "past_date",
    "address": "street",
    "place": "city",
    "phone": "phone",
    "email": "mail",
    "driver": "person",
    "insured": "person",
    "doctor": "person",
    "employee": "person",
    "date": "date",
    "witness": "person",
}


_CODES = {
    "policy": "??-#######",
    "claim_no": "########",
    "plate": "?? ## ???",
    "number": "#####",
    "time": "##:##",
    "customer": "######",
    "diagnosis": "?##.#",
    "our_ref": "####/##",
    "mileage": "### ###",
}


EXTRA = ("code", "number", "date", "amount", "time", "qty", "plate", "tax")


TOPICS: dict[str, tuple[tuple[tuple[str, ...], ...], tuple[str, ...], tuple[str, ...]]] = {
    "claim": (
        (
            ("name", "first_name", "birth"),
            ("policy", "claim_no", "date", "time"),
            ("address", "place"),
            ("doctor", "diagnosis", "number"),
            ("make", "plate", "driver"),
            ("amount", "tax", "total"),
            ("bank", "number", "our_ref"),
            ("witness", "phone"),
            ("purpose",),
            ("code", "qty", "price", "amount", "date"),
        ),
        ("injury", "police", "paid"),
        ("details", "damage", "insured", "official"),
    ),
    "general": (
        (
            ("name", "first_name", "birth"),
            ("address", "place"),
            ("phone", "email"),
            ("employee", "department"),
            ("from", "to", "date"),
            ("number", "our_ref"),
            ("bank", "number"),
            ("purpose",),
            ("amount", "tax", "total"),
            ("code", "number", "amount"),
        ),
        ("section", "details", "employee"),
        ("details", "employee", "section", "official"),
    ),
}
"""Rows of fields, questions and headings that fill a form's page, by what it is about."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a form's lines and labels are printed."""

    ink: str
    stroke: float
    label: float
    row: float
    shade: str


def draw_look(plan: Plan) -> Look:
    """Draw ink, line width and the size of rows for a form."""
    rng, style = plan.rng, plan.style
    ink = {
        "black": "#111111",
        "accent": style.accent,
        "red": rng.choice(("#c62828", "#d84315", "#b71c1c")),
        "faint": rng.choice(("#bdbdbd", "#d7b5b0", "#a9c4d8")),
        "green": "#1b6b3a",
    }[plan["ink"]]
    dense = plan["fields"] == "dense"
    return Look(
        ink,
        rng.choice((0.4, 0.5, 0.7, 1.0)),
        rng.uniform(4.0, 5.4) if dense else rng.uniform(5.6, 8.0),
        rng.uniform(5.4, 7.8) if dense else rng.uniform(8.0, 12.5),
        rng.choice(("#e8eef7", "#f0f0f0", "#fdf2d0", "#e6f2e6", "#fde8e4")),
    )


def value_for(key: str, writer: Writer) -> str:
    """Make up what someone would write into field ``key``."""
    if key in _FIELD_VALUES:
        return str(getattr(writer, _FIELD_VALUES[key])())
    if key in _CODES:
        return writer.code(_CODES[key])
    if key in ("amount", "total", "price"):
        return writer.plain_money(writer.rng.uniform(10, 4000))
    return writer.words(2)


# ----------------------------------------------------------------------
# Forms: rows of labelled fields, boxes to tick, grids, instructions. Claims and others use it.


class Form:
    """Builds one form piece by piece; each method returns Typst markup."""

    def __init__(self, plan: Plan, writer: Writer, filler: Filler) -> None:
        self.plan = plan
        self.writer = writer
        self.filler = filler
        self.look = draw_look(plan)
        self._number = 0
        self.used = 0.0
        """About how many millimetres of the page have been filled."""

    @property
    def _rng(self) -> random.Random:
        return self.plan.rng

    @property
    def stroke(self) -> str:
        """The form's line as Typst writes it."""
        return f'{self.look.stroke:.1f}pt + rgb("{self.look.ink}")'

    def label(self, text: str, factor: float = 1.0) -> str:
        """Return a small printed label."""
        self._number += 1
        prefix = f"{self._number}. " if self.plan["numbers"] == "yes" else ""
        caps = text.upper() if self.plan["fields"] == "dense" else text
        return sized(self.look.label * factor, lit(prefix + caps), fill=self.look.ink)

    def section(self, text: str) -> str:
        """Return the heading of a part of the form."""
        part, size = self.plan["sections"], self.plan.style.size
        self.used += size * 0.35 + 4
        if part in ("bar", "black"):
            fill = "#111111" if part == "black" else self.look.ink
            return (
                f'#block(width: 100%, fill: rgb("{fill}"), inset: 1.2mm, above: 2mm, below:'
                f" 0mm)[{sized(size * 0.95, bold(text), fill='#ffffff')}]\n"
            )
        if part == "tinted":
            return (
                f'#block(width: 100%, fill: rgb("{self.look.shade}"), inset: 1.5mm, above: 3mm,'
                f" below: 1mm)[{bold(text)}]\n"
            )
        if part == "numbered":
            self._number = 0
            word = f"{self.writer.word('section')} {self._rng.choice('ABCDEFG')} - {text}"
            return f"#block(above: 3mm, below: 1mm)[{bold(word)}]\n"
        if part == "centred":
            return (
                f"#block(width: 100%, stroke: {self.stroke}, inset: 1mm, above: 0mm, below:"
                f" 0mm)[#align(center)[{bold(text.upper())}]]\n"
            )
        if part == "tab":
            tab = (
                f'#box(fill: rgb("{self.look.ink}"), inset:'
                f" 1.4mm)[{sized(size * 0.9, bold(text), fill='#ffffff')}]"
            )
            return (
                f"#block(above: 3mm, below: 0mm)[{tab}#line(length: 100%, stroke: {self.stroke})]\n"
            )
        return (
            "#block(above: 3.5mm, below:"
            f" 1.5mm)[{sized(size * 1.1, bold(text), fill=self.look.ink)}]\n"
        )

    def _field(self, key: str) -> str:
        size = min(self.plan.style.size, self.look.row * 1.05)
        value = self.filler.value(value_for(key, self.writer), size)
        part = self.plan["fields"]
        label = self.label(self.writer.word(key))
        if part == "underlines":
            return f"{label} #h(1mm) {value} #v(-1.2mm) #line(length: 100%, stroke: {self.stroke})"
        if part in ("shaded", "rounded"):
            radius = "1.5mm" if part == "rounded" else "0mm"
            return (
                f"{label} #v(-1.6mm) #block(width: 100%, height: {self.look.row * 0.6:.1f}mm,"
                f" radius: {radius}, "
                f'fill: rgb("{self.look.shade}"), stroke: 0.3pt + rgb("{self.look.ink}"), inset:'
                f" (x: 1mm, y: 0.7mm))[{value}]"
            )
        if part == "comb":
            cells = self._rng.randrange(8, 18)
            comb = (
                f"#grid(columns: ({'1fr, ' * cells}), rows: {self.look.row * 0.55:.1f}mm, stroke:"
                f" {self.stroke}, {'[], ' * cells})"
            )
            return (
                f"{label} #v(-1.4mm) {comb} #v(-{self.look.row * 0.62 + 1.5:.1f}mm) #h(1mm) {value}"
            )
        return f"{label} \\ {value}"

    def row(self, keys: Sequence[str]) -> str:
        """Return one row of fields of different widths."""
        if self.plan["fields"] == "pairs":
            self.used += len(keys) * (self.plan.style.size * 0.35 + 2.4)
            return self._pairs(keys)
        self.used += self.look.row + (0 if self.plan["fields"] in ("boxes", "dense") else 1.4)
        if self.plan["fields"] == "dense":
            keys = (*keys, *self._rng.choices(EXTRA, k=self._rng.randrange(4)))
        widths = [f"{self._rng.choice((1, 1, 1.5, 2, 3))}fr" for _ in keys]
        cells = [self._field(key) for key in keys]
        if self.plan["fields"] in ("boxes", "dense"):
            body = ", ".join(f"[{cell}]" for cell in cells)
            return (
                f"#block(above: 0mm, below: 0mm)[#grid(columns: ({', '.join(widths)},), rows:"
                f" {self.look.row:.1f}mm, stroke: {self.stroke}, inset: (x: 0.8mm, y: 0.7mm),"
                f" {body})]\n"
            )
        return (
            "#block(above: 1.4mm, below: 0mm, height:"
            f" {self.look.row:.1f}mm)[{columns(widths, cells, 3)}]\n"
        )

    def _pairs(self, keys: Sequence[str]) -> str:
        size = self.plan.style.size
        body = ""
        for key in keys:
            value = self.filler.value(value_for(key, self.writer), size)
            body += f"[{bold(self.writer.word(key) + ':')}], [{value}], "
        return (
            "#block(above: 2.2mm, below: 0mm)[#grid(columns: (48mm, 1fr), row-gutter: 2.2mm,"
            f" {body})]\n"
        )

    def ticks(self, key: str, words: Sequence[str]) -> str:
        """Return a question with boxes to tick."""
        boxes = ""
        self.used += self.look.row * 0.75
        for word in words:
            mark = '#text(weight: "bold")[X]' if self.filler.tick() else ""
            boxes += (
                f"#box(width: 2.6mm, height: 2.6mm, stroke: {self.stroke}, inset: 0.2mm)[#set"
                f" text(size: 6pt)\n#align(center + horizon)[{mark}]]"
                f" {sized(self.look.label * 1.1, lit(word), fill=self.look.ink)} #h(3mm) "
            )
        frame = (
            f", stroke: {self.stroke}, inset: 1mm"
            if self.plan["fields"] in ("boxes", "dense")
            else ""
        )
        return (
            f"#block(width: 100%, above: 0mm, below: 0mm{frame}, height:"
            f" {self.look.row * 0.75:.1f}mm)[{self.label(self.writer.word(key))} #h(3mm) {boxes}]\n"
        )

    def grid(self, heads: Sequence[str], rows: int, filled: int) -> str:
        """Return a ruled table with ``rows`` rows, the first ``filled`` of them written in."""
        cells = [self.label(self.writer.word(head), 1.1) for head in heads]
        self.used += (rows + 1) * self.look.row * 0.72
        size = min(self.plan.style.size * 0.9, 9.5)
        for index in range(rows):
            cells += [
                self.filler.value(value_for(head, self.writer), size) if index < filled else ""
                for head in heads
            ]
        texts = [
            i
            for i, head in enumerate(heads)
            if head in ("description", "purpose", "doctor", "place")
        ]
        wide = self._rng.choice(texts or range(len(heads)))
        widths = ", ".join("3fr" if i == wide else "1fr" for i in range(len(heads)))
        head_fill = self._rng.choice((f'rgb("{self.look.shade}")', "none"))
        body = ", ".join(f"[{cell}]" for cell in cells)
        return (
            f"#block(above: 0mm, below: 0mm)[#table(columns: ({widths},), rows:"
            f" {self.look.row * 0.72:.1f}mm, stroke: {self.stroke}, fill: (x, y) => if y == 0 {{"
            f" {head_fill} }}, inset: 0.8mm, {body})]\n"
        )

    def box(self, text: str, height: float) -> str:
        """Return a large box to write into, with a heading."""
        self.used += height
        written = self.filler.value(self.writer.sentence(5), self.plan.style.size)
        return (
            f"#block(width: 100%, height: {height:.1f}mm, stroke: {self.stroke}, inset: 1mm, above:"
            f" 0mm, below: 0mm)[{self.label(text)} \\ {written}]\n"
        )

    def official(self, height: float) -> str:
        """Return the shaded part that the office fills in itself."""
        self.used += height + 1.5
        return (
            f"#block(width: 100%, height: {height:.1f}mm, stroke: {self.stroke}, fill:"
            ' rgb("#dddddd"), '
            f"inset: 1mm, above: 1.5mm, below: 0mm)[{self.label(self.writer.word('official'))}]\n"
        )

    def note(self, sentences: int) -> str:
        """Return instructions in small print."""
        self.used += sentences * 2.6 + 3
        text = lit(self.writer.paragraph(sentences))
        small = sized(self.look.label * 1.05, text, fill=self.look.ink)
        return f"#block(above: 1.5mm, below: 1.5mm)[{small}]\n"

    def signing(self) -> str:
        """Return the line for place, date and signature."""
        sign = self.filler.signature(30)
        when = self.filler.value(f"{self.writer.date()}", self.plan.style.size)
        cells = []
        for key, written in (("date", when), ("signature", sign)):
            cells.append(
                f"#box(height: 9mm)[#align(bottom)[{written}]] #line(length: 100%, stroke:"
                f" {self.stroke}) #v(-1.5mm) {self.label(self.writer.word(key))}"
            )
        return f"#block(above: 3mm)[{columns(('1fr', '2fr'), cells, 8)}]\n"

    def more(self, until: float, topic: str) -> str:
        """Return further parts on ``topic``, a key of ``TOPICS``, until ``until`` mm are used."""
        rng, word = self._rng, self.writer.word
        rows, questions, headings = TOPICS[topic]
        body = ""
        while self.used < until:
            draw = rng.random()
            if draw < 0.55:
                body += self.row(rng.choice(rows))
            elif draw < 0.7:
                body += self.ticks(rng.choice(questions), (word("yes"), word("no")))
            elif draw < 0.8:
                body += self.section(word(rng.choice(headings)))
            elif draw < 0.88:
                body += self.note(rng.randrange(2, 6))
            elif draw < 0.95:
                count = rng.randrange(3, 8)
                body += self.grid(
                    ("date", "description", "qty", "amount"), count, rng.randrange(count)
                )
            else:
                body += self.box(word("description"), rng.uniform(12, 30))
        return body
