"""Printed forms of agencies and insurers: claims, and what claims nothing but looks alike.

Both are set from the same pieces, so that neither type, boxes nor seals tell them apart, but
what a claim has: a loss, its amounts, treatments, expenses.
"""

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

from starter import parts
from starter.parts import FILLS, Pen
from starter.typesetting import (
    Locale,
    Plan,
    Slots,
    Writer,
    bold,
    columns,
    font_book,
    lit,
    page_setup,
    place,
    sized,
    svg,
    tinted,
)

# ----------------------------------------------------------------------
# What the forms say, and in which script.

SCRIPTS = ("latin",) * 12 + ("cyrillic", "greek", "arabic", "chinese")

_PLACES = {
    "cyrillic": Locale("ru_RU", " RUB", False, ",", " ", "%d.%m.%Y"),
    "greek": Locale("el_GR", " €", False, ",", ".", "%d/%m/%Y"),
    "arabic": Locale("ar_AA", " SAR", False, ".", ",", "%d/%m/%Y"),
    "chinese": Locale("zh_CN", "¥", True, ".", ",", "%Y-%m-%d"),
}

# Few faces know these scripts, so a face may serve both splits.
_FACES = {
    "cyrillic": ("Liberation Sans", "Liberation Serif", "DejaVu Sans", "DejaVu Serif"),
    "greek": ("Liberation Sans", "Liberation Serif", "DejaVu Sans", "DejaVu Serif"),
    "arabic": ("DejaVu Sans", "Noto Sans Arabic", "Noto Naskh Arabic"),
    "chinese": ("Droid Sans Fallback", "Noto Sans CJK SC", "WenQuanYi Micro Hei"),
}  # fmt: skip


@cache
def form_texts() -> dict[str, Any]:
    """Return what forms say, by language and topic."""
    return tomllib.loads(files(__package__).joinpath("form_texts.toml").read_text("utf-8"))


class FormPieces:
    """Draws what a form is made of; lengths are in millimetres, results are Typst markup."""

    def __init__(self, plan: Plan, writer: Writer) -> None:
        found = font_book().families
        faces = [f for f in _FACES.get(plan["script"], ()) if f in found]
        self.foreign = bool(faces)
        self.plan, self.rng = plan, plan.rng
        self.writer = Writer(_PLACES[plan["script"]], plan.rng) if faces else writer
        body = plan.rng.choice(faces) if faces else plan.style.body
        self.style = replace(plan.style, body=body, head=body if faces else plan.style.head)
        self.claim = plan.kind.startswith("claim-")
        table = form_texts()
        own = table.get(self.writer.locale.language, table["en"])
        topic = "claim" if self.claim else "other"
        self._tables = (own[topic], own, table["en"][topic], table["en"])
        self._pen = Pen(plan.rng)
        self.how = plan["fill"]
        self._share = plan.rng.uniform(0.45, 1.0)

    def all(self, key: str) -> list[str]:
        """Return everything that the form's language has for ``key``."""
        found: list[str] = next(table[key] for table in self._tables if key in table)
        return found

    def one(self, key: str) -> str:
        """Return one of the texts for ``key``."""
        return self.rng.choice(self.all(key))

    def caption(self) -> str:
        """Return the name of a field: of what the form is about, or of the person."""
        return self.one("caption" if self.rng.random() < 0.6 else "person")

    def text(self, sentences: int) -> str:
        """Return instructions."""
        notes = self.all("notes") + self.all("declare")
        return " ".join(self.rng.choice(notes) for _ in range(sentences))

    def amount(self) -> str:
        """Return a sum, most often a small one."""
        return self.writer.plain_money(self.rng.lognormvariate(4.6, 1.3))

    def written(self, text: str, size: float) -> str:
        """Return ``text`` as this form is filled in; nothing on an empty one."""
        how = self.how
        if how == "empty" or self.rng.random() > self._share:
            return ""
        if how == "mixed":
            how = self.rng.choice(("hand", "printed"))
        if how == "hand":
            latin = "".join(c if ord(c) < 0x250 else chr(97 + ord(c) % 26) for c in text)
            return self._pen.write(latin[:24], size * 0.72)
        face = self.style.mono if how == "typed" and not self.foreign else ""
        return sized(size, lit(text.upper() if how == "typed" else text), font=face, fill="#10101c")

    def value(self, size: float) -> str:
        """Return what a person writes into a field."""
        w = self.writer
        draws: tuple[Callable[[], str], ...] = (
            w.person, w.family, w.street, w.city, w.date, w.past_date, w.phone,
            lambda: w.code("#########"), lambda: w.code("??-#####"),
            self.amount if self.claim else w.given,
        )  # fmt: skip
        return self.written(self.rng.choice(draws)(), size)

    def ticked(self) -> bool:
        """Say whether a box is ticked."""
        return self.how != "empty" and self.rng.random() < 0.4

    def sign(self, width: float) -> str:
        """Return a signature, or nothing on an empty form."""
        return "" if self.how == "empty" else self._pen.sign(width)

    def setup(self, margin: str, leading: float) -> str:
        """Return the preamble, from right to left where the script is."""
        way = "#set text(dir: rtl)\n" if self.foreign and self.plan["script"] == "arabic" else ""
        return page_setup(self.style, margin=margin, leading=leading) + way


# ----------------------------------------------------------------------
# Forms of agencies: numbered captions over boxes, combs and ticks, under bars and a seal.

_INK = {
    "black": ("#111111",),
    "red": ("#c0271f", "#d4562f"),
    "green": ("#1d7a46", "#3f8f5f"),
    "blue": ("#1f4f9a", "#3a78b5"),
    "dropped": ("#b98d86", "#86a3cb", "#8db596", "#a2a2a2"),
}
"""Colours of printed lines; ``dropped`` is what a scanner leaves of them."""


class _Agency(FormPieces):
    """Fills a page from top to bottom with blocks of known height."""

    def __init__(self, plan: Plan, writer: Writer) -> None:
        super().__init__(plan, writer)
        rng = self.rng
        self.ink = rng.choice(_INK[plan["ink"]])
        self.dark = self.ink
        if plan["ink"] == "dropped":  # without its lines only what was typed tells a form
            self.dark, self.how = "#2a2a2a", "typed" if self.how == "empty" else self.how
            self._share = 1.0
        self.stroke = f'{rng.choice((0.4, 0.5, 0.7, 0.9)):.1f}pt + rgb("{self.ink}")'
        self.row = {"fine": 7.2, "normal": 9.2, "wide": 11.5}[plan["density"]]
        self.row *= rng.uniform(0.93, 1.08)
        self.label = {"fine": 4.8, "normal": 5.9, "wide": 6.9}[plan["density"]]
        self.label *= rng.uniform(0.92, 1.1)
        self.caps = rng.random() < 0.6
        self.margin = rng.uniform(6, 15)
        self.width = self.style.width - 2 * self.margin
        self.left = self.style.height - 2 * self.margin - 7
        self._number = 0
        self.out: list[str] = []

    def put(self, height: float, body: str, extra: str = "") -> None:
        """Add a block of ``height``, if there is room for it."""
        if height > self.left:
            return
        self.left -= height
        self.out.append(
            f"#block(width: 100%, height: {height:.1f}mm, above: 0mm, below: 0mm, clip: true"
            f"{extra})[{body}]\n"
        )

    def small(self, text: str, factor: float = 1.0) -> str:
        """Return small print in the form's colour."""
        return sized(self.label * factor, lit(text), fill=self.ink)

    def named(self, text: str) -> str:
        """Return a numbered caption."""
        self._number += 1
        letter = self.rng.choice(("", "", "A", "B"))
        number = {"dot": f"{self._number}{letter}. ", "bare": f"{self._number} ", "none": ""}
        name, open_, hint = text.partition(" (")
        words = f"{name.upper() if self.caps else name}{open_}{hint}"
        return self.small(number[self.plan["numbers"]] + words)

    def box(self, mark: str = "") -> str:
        """Return a box to tick."""
        mm = self.label * 0.42
        cross = f"#align(center + horizon)[{sized(self.label, bold('X'))}]" if mark else ""
        return f"#box(width: {mm:.1f}mm, height: {mm:.1f}mm, stroke: {self.stroke})[{cross}]"

    def ticks(self, words: Sequence[str]) -> str:
        """Return boxes to tick with their words."""
        chosen = self.rng.randrange(len(words)) if self.ticked() else -1
        return " #h(2mm) ".join(
            f"{self.box('x' if i == chosen else '')} {self.small(word, 0.95)}"
            for i, word in enumerate(words)
        )

    def comb(self, groups: Sequence[int], room: float) -> str:
        """Return cells for one character each, in groups with dashes, at most ``room`` wide."""
        total = sum(groups) + len(groups) - 1
        wide = min(4.6, room / total)
        digits = self.how != "empty" and self.rng.random() < 0.7
        teeth = self.plan["comb"] == "teeth"
        lines = f"(left: {self.stroke}, right: {self.stroke}, bottom: {self.stroke})"
        cells = []
        for index, count in enumerate(groups):
            if index:
                cells.append("grid.cell(stroke: none)[#align(center)[-]]")
            used = self.rng.randrange(count // 2, count + 1) if count > 4 else count
            for i in range(count):
                letter = self.writer.code("#" if count < 5 else "?") if digits and i < used else ""
                cells.append(f"[#align(center + horizon)[{sized(self.label * 1.5, lit(letter))}]]")
        height = min(4.4, self.row * (0.3 if teeth else 0.5))
        return (
            f"#grid(columns: ({wide:.2f}mm,) * {total}, rows: {height:.1f}mm, "
            f"stroke: {lines if teeth else self.stroke}, {', '.join(cells)})"
        )

    def cell(self, room: float) -> str:
        """Return the inside of a field ``room`` wide."""
        rng, caption = self.rng, self.named(self.caption())
        if room > 60 and rng.random() < 0.45:
            hint = self.one("notes").rstrip(".")
            caption += f" #emph[{self.small(f'({hint})', 0.92)}]"
        size = min(self.row * 1.05, 9.5)
        draw = rng.random()
        combs = {"none": 0.0, "boxes": 0.5, "teeth": 0.35}[self.plan["comb"]]
        if draw < combs and room > 30:
            groups: tuple[int, ...] = rng.choice(
                ((2, 2, 4), (3, 2, 4), (3, 3, 4), (int(room / 5),))
            )
            return f"{caption} #v(-1.2mm) {self.comb(groups, room - 3)}"
        if draw > 0.86:
            words = [self.one("person").split(" (")[0] for _ in range(rng.randrange(1, 3))]
            ways = self.all("yes_no") if rng.random() < 0.6 else words
            return f"{caption} \\ {self.ticks(ways)}"
        gap = "#v(-1.5mm)" if self.row < 8 else "\\ "
        return f"{caption} {gap} {self.value(size)}"

    def fields(self) -> None:
        """Add a row of fields of different widths."""
        rng = self.rng
        weights = [rng.choice((1, 1, 2, 2, 3, 4)) for _ in range(rng.choice((1, 2, 2, 3, 3, 4, 5)))]
        rooms = [self.width * w / sum(weights) for w in weights]
        cells = [self.cell(room) for room in rooms]
        spec = ", ".join(f"{w}fr" for w in weights)
        frame = {
            "boxed": f"stroke: {self.stroke}",
            "rules": f"stroke: (bottom: {self.stroke})",
            "open": f"column-gutter: 1.5mm, stroke: (bottom: {self.stroke}, left: {self.stroke})",
        }[self.plan["frame"]]
        body = ", ".join(f"[{c}]" for c in cells)
        height = self.row * rng.choice((1, 1, 1, 1.3))
        self.put(height, f"#grid(columns: ({spec},), rows: {height:.1f}mm, {frame}, "
                 f"inset: (x: 0.8mm, y: 0.7mm), {body})")  # fmt: skip

    def bar(self, text: str) -> None:
        """Add the heading of a section."""
        part = self.plan["bars"]
        roman = self.rng.choice(("I", "II", "III", "IV", "A", "B", "C"))
        word = f"{roman} - {text}" if self.plan["numbers"] != "none" else text
        word = word.upper() if self.caps else word
        fill = {"grey": "#cfcfcf", "black": "#111111", "tint": tinted(self.ink, 0.2)}.get(part, "")
        tone = "#ffffff" if part == "black" else self.dark
        align = "left" if part == "rule" else "center"
        paint = f', fill: rgb("{fill}")' if fill else ""
        body = sized(self.label * 1.35, bold(word), fill=tone)
        self.put(4.6, f"#align({align} + horizon)[{body}]", f"{paint}, stroke: {self.stroke}")

    def note(self, sentences: int) -> None:
        """Add instructions in small print."""
        text = self.text(sentences)
        rows = 1 + len(text) * self.label * (0.4 if self.foreign else 0.19) / self.width
        self.put(int(rows + 0.9) * self.label * 0.46 + 1.4, self.small(text), ", inset: 0.7mm")

    def narrative(self) -> None:
        """Add a large box to write into."""
        lines = [self.written(self.writer.sentence(6), 9) for _ in range(self.rng.randrange(1, 4))]
        height = min(self.rng.uniform(12, 42), self.left)
        body = " \\ ".join([self.named(self.one("narrative")), *filter(None, lines)])
        self.put(height, body, f", inset: 0.8mm, stroke: {self.stroke}")

    def question(self) -> None:
        """Add a question to answer with yes or no."""
        text = f"{self.named(self.one('question'))} #h(1fr) {self.ticks(self.all('yes_no'))}"
        self.put(self.row * 0.62, text, f", inset: 0.8mm, stroke: {self.stroke}")

    def table(self, rows: int, *, money: bool) -> None:
        """Add a table; with ``money`` its last columns are amounts and it has a total."""
        rng = self.rng
        names = self.all("column")
        heads = rng.sample(names, min(len(names), rng.randrange(3, 8)))
        wide = rng.randrange(max(1, len(heads) - 2))
        spec = ", ".join("3fr" if i == wide else "1fr" for i in range(len(heads)))
        height = self.row * rng.uniform(0.6, 0.8)
        rows = min(rows, int(self.left / height) - 2)
        if rows < 2:
            return
        used = rng.randrange(1, rows + 1)
        shade = rng.random() < 0.25
        cells = [f"[{self.named(head)}]" for head in heads]
        for index in range(rows + int(money)):
            for column in range(len(heads)):
                sums = money and column >= len(heads) - 2
                full = index < used or (index == rows and sums)
                text = self.amount() if sums else self.writer.date() if column == 0 else ""
                text = text or rng.choice((self.writer.family(), self.writer.code("####")))
                side = "right" if sums else "left"
                cells.append(f"[#align({side})[{self.written(text, 7.5) if full else ''}]]")
        fill = '(x, y) => if calc.odd(y) { rgb("#dedede") }' if shade else "none"
        height_all = height * (rows + 1 + int(money))
        body = f"columns: ({spec},), rows: {height:.1f}mm, stroke: {self.stroke}, fill: {fill}"
        self.put(height_all, f"#grid({body}, inset: 0.6mm, {', '.join(cells)})")

    def signing(self) -> None:
        """Add the row for signature and date."""
        first = f"{self.named(self.one('sign'))} \\ {self.sign(26)}"
        second = f"{self.named(self.one('sign'))} \\ {self.value(8)}"
        self.put(max(9.0, self.row * 1.2), f"#grid(columns: (3fr, 1fr), rows: 100%, stroke: "
                 f"{self.stroke}, inset: 0.8mm, [{first}], [{second}])")  # fmt: skip

    def head(self) -> None:
        """Add who asks, the title, and the corner for the office."""
        rng, part = self.rng, self.plan["head"]
        name, title = self.one("agency"), self.one("titles")
        title = title.upper() if self.caps else title
        mark = svg(parts.seal(rng, "#ffffff" if part == "band" else self.ink), rng.uniform(6, 9))
        big = sized(self.label * rng.uniform(1.8, 2.7), bold(title), fill=self.dark)
        number = self.small(self.writer.code("No. ####-####")) + " \\ "
        number += self.small(f"{self.writer.word('date') if not self.foreign else ''} 20##"[:12])
        corner = f"#align(center)[{self.small(self.one('corner'))}]"
        seal = svg(parts.seal(rng, self.ink), 15)
        firm = sized(self.label * 1.7, bold(name), fill=self.dark)
        white = sized(self.label * 1.6, bold(name), fill="#ffffff")
        dark = f'fill: rgb("{self.ink}"), inset: 1mm'
        seats = f"columns: (auto, 1fr), column-gutter: 2mm, align: horizon, [{mark}], [{white}]"
        band = f"#block(width: 100%, height: 9mm, {dark})[#grid({seats})]"
        strip = f"{sized(self.label * 2.2, bold(title), fill='#ffffff')} #h(1fr) {white}"
        three = f"[{firm}], [#align(center)[{big}]], [{corner}]"
        third = ("auto", "1fr", "auto")
        matrix = svg(parts.matrix_code(rng), 13)
        body = {
            "band": columns(("1fr", "1.4fr", "0.8fr"), (band, f"#align(center)[{big}]", corner), 2),
            "full": f"#block(width: 100%, {dark})[{strip}]",
            "seal": columns(third, (seal, f"#align(center)[{firm} \\ {big}]", number)),
            "cells": f"#grid(columns: (1fr, 2fr, 1fr), rows: 14mm, stroke: {self.stroke}, "
            f"inset: 1mm, {three})",
            "left": f"{firm} #h(1fr) {number} \\ {big}",
            "title": f"#align(center)[{big} \\ {self.small(self.text(1))}]",
            "code": columns(third, (matrix, f"{firm} \\ {big}", corner)),
        }[part]
        self.put(17, body)

    def foot(self) -> str:
        """Return the line at the foot: the form's number and what it replaces."""
        code = bold(self.writer.code(self.rng.choice(("##-####", "??-###", "FORM ####-?"))))
        words = f"{sized(self.label * 1.9, code, fill=self.dark)} #h(1fr) "
        words += f"{self.small(self.text(1))} #h(1fr) {self.small('1')}"
        return place(0, self.style.height - 2 * self.margin - 5, words, self.width)


def _claimed(form: _Agency) -> None:
    """Add what only a claim has: what happened, and what it cost."""
    rng = form.rng
    draw = rng.random()
    form.bar(form.one("section"))
    if draw < 0.35:
        form.fields()
        form.narrative()
        form.question()
    elif draw < 0.75:
        form.fields()
        form.table(rng.randrange(4, 16), money=True)
    else:
        form.question()
        form.table(rng.randrange(3, 8), money=True)
        form.narrative()


def _asked(form: _Agency) -> None:
    """Add what other forms ask: people, schools, work, consents."""
    rng = form.rng
    draw = rng.random()
    form.bar(form.one("section"))
    if draw < 0.3:
        form.table(rng.randrange(3, 9), money=rng.random() < 0.08)
    elif draw < 0.55:
        for _ in range(rng.randrange(3, 9)):
            form.question()
    elif draw < 0.75:
        form.note(rng.randrange(4, 10))
        form.fields()
    elif draw < 0.85:
        form.narrative()
    else:
        for _ in range(rng.randrange(2, 5)):
            form.fields()


def agency(plan: Plan, writer: Writer) -> str:
    """Return the Typst source of a printed form of an agency or an insurer."""
    form, rng = _Agency(plan, writer), plan.rng
    form.head()
    if plan["notes"] != "few":
        form.note(rng.randrange(2, 9))
    form.bar(form.one("section"))
    for _ in range(rng.randrange(2, 6)):
        form.fields()
    closing = rng.uniform(12, 34)
    add = _claimed if form.claim else _asked
    while form.left > closing + form.row * 2:
        add(form)
        for _ in range(rng.randrange(3)):
            form.fields()
        if plan["notes"] == "many":
            form.note(rng.randrange(1, 5))
        if plan["length"] == "short" and rng.random() < 0.5:
            break
    form.note(rng.randrange(1, 4))
    form.signing()
    outer = f", stroke: {form.stroke}" if plan["frame"] == "boxed" else ""
    page = f"#block(width: 100%, above: 0mm{outer})[{''.join(form.out)}]"
    return form.setup(f"{form.margin:.1f}mm", 0.42) + form.foot() + page


AGENCY_SLOTS: Slots = {
    "script": SCRIPTS,
    "head": ("band", "full", "seal", "cells", "left", "title", "code"),
    "ink": ("black",) * 5 + ("red", "green", "blue", "dropped"),
    "density": ("fine", "normal", "normal", "wide"),
    "numbers": ("dot", "dot", "bare", "none"),
    "comb": ("none", "boxes", "boxes", "teeth"),
    "frame": ("boxed", "boxed", "boxed", "rules", "open"),
    "bars": ("grey", "black", "tint", "rule", "plain"),
    "notes": ("few", "some", "many"),
    "fill": ("empty", "empty", *FILLS),
    "length": ("full", "full", "short"),
}
