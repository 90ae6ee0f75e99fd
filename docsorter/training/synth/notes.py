"""Sheets with little or no print: notes by hand, and empty pages."""

from docsorter.training.synth.content import Writer
from docsorter.training.synth.filling import Pen
from docsorter.training.synth.markup import (
    lit,
    place,
    rule,
)
from docsorter.training.synth.plan import Plan, Slots
from docsorter.training.synth.small import small_page

SLOTS: dict[str, Slots] = {
    "blank": {
        "mark": ("nothing", "line", "stain", "number", "dots"),
        "paper": ("white", "cream", "grey"),
        "turned": ("yes", "no"),
    },
    "handwriting": {
        "ruling": ("none", "lines", "grid", "margin"),
        "length": ("short", "page"),
        "pen": ("blue", "black", "pencil"),
        "paper": ("a4", "a5", "note"),
    },
}


def blank(plan: Plan, writer: Writer) -> str:
    """Return a page with nothing on it, or next to nothing."""
    style, rng = plan.style, plan.rng
    fill = {"white": "#ffffff", "cream": "#fbf6e6", "grey": "#eeeeee"}[plan["paper"]]
    mark = {
        "nothing": "",
        "line": rule(style),
        "stain": place(
            rng.uniform(0, 120),
            rng.uniform(0, 200),
            f'#circle(radius: {rng.uniform(8, 25):.0f}mm, stroke: 2pt + rgb("#c8a97e80"))',
        ),
        "number": f"#place(bottom + center)[{lit(writer.code('##'))}]",
        "dots": "".join(
            place(rng.uniform(0, 180), rng.uniform(0, 260), "#circle(radius: 0.3mm, fill: black)")
            for _ in range(12)
        ),
    }[plan["mark"]]
    width, height = (
        (style.height, style.width) if plan["turned"] == "yes" else (style.width, style.height)
    )
    return small_page(plan, width, height, margin="12mm", fill=fill) + f"{mark}\n#hide[.]"


def handwriting(plan: Plan, writer: Writer) -> str:
    """Return a page written by hand that is no letter: notes."""
    rng, pen = plan.rng, Pen(plan.rng)
    pen.colour = {"blue": "#1a3a8f", "black": "#151515", "pencil": "#666666"}[plan["pen"]]
    width, height = {"a4": (210.0, 297.0), "a5": (148.0, 210.0), "note": (105.0, 105.0)}[
        plan["paper"]
    ]
    step = rng.uniform(8, 12)
    rows = int((height - 24) / step)
    grid = ""
    if plan["ruling"] != "none":
        grid = "".join(
            place(
                -8, y * step, f'#line(length: {width - 10:.0f}mm, stroke: 0.4pt + rgb("#9fb8d9"))'
            )
            for y in range(1, rows + 1)
        )
    if plan["ruling"] == "grid":
        grid += "".join(
            place(
                x * step - 8,
                0,
                f'#line(angle: 90deg, length: {height - 20:.0f}mm, stroke: 0.4pt + rgb("#9fb8d9"))',
            )
            for x in range(int(width / step))
        )
    if plan["ruling"] == "margin":
        grid += place(
            12, -8, f'#line(angle: 90deg, length: {height:.0f}mm, stroke: 0.6pt + rgb("#e08080"))'
        )
    count = rows if plan["length"] == "page" else min(rows, rng.randrange(3, 8))
    size = step * rng.uniform(0.8, 1.05)
    text = "".join(
        place(
            rng.uniform(2, 6),
            i * step + step * 0.12,
            pen.write(writer.words(max(1, int(width / size / 2.6)) + rng.randrange(2)), size),
        )
        for i in range(count)
        if rng.random() < 0.93
    )
    return (
        small_page(
            plan,
            width,
            height,
            margin="10mm",
            fill=rng.choice(
                ("#ffffff", "#fffde7", "#fff59d" if plan["paper"] == "note" else "#ffffff")
            ),
        )
        + grid
        + text
        + "\n#hide[.]"
    )
