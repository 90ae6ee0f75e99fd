"""Pieces of HTML; every text that comes from outside goes through `text`."""

import html
from collections.abc import Iterable, Sequence
from typing import Final

from docsorter.training.data_report.findings import Spread

STYLE: Final = """
:root{color-scheme:light dark;--paper:#fffdf8;--card:#fff;--ink:#23272e;--soft:#5c6470;
--line:#dcd8ce;--grid:#ece8de;--blue:#1b6a9c;--warn:#b8500f;--good:#2f7a4d}
@media (prefers-color-scheme:dark){:root{--paper:#16191d;--card:#1e2227;--ink:#e6e4df;
--soft:#a3abb5;--line:#3a4048;--grid:#2a2f35;--blue:#70b8e6;--warn:#f0a066;--good:#7fc796}}
*{box-sizing:border-box}
body{font:16px/1.55 "Iowan Old Style","Palatino Linotype",Palatino,Georgia,serif;
color:var(--ink);background:var(--paper);max-width:66rem;margin:0 auto;padding:2rem 1.2rem 4rem}
h1{font-size:1.9rem;font-weight:600;margin:0 0 .2rem;line-height:1.2;overflow-wrap:anywhere}
h2{font-size:1.4rem;font-weight:600;margin:3rem 0 .3rem;padding-top:1rem;
border-top:2px solid var(--ink)}
h3{font-size:1.08rem;font-weight:600;margin:1.8rem 0 .4rem;overflow-wrap:anywhere}
p{margin:.5rem 0;max-width:44rem}.soft,figcaption{color:var(--soft);font-size:.9rem}
a{color:var(--blue)}
.verdict{border-left:5px solid var(--good);background:var(--card);padding:.7rem 1rem;
margin:1.2rem 0;max-width:46rem;overflow-wrap:anywhere}.verdict.no{border-color:var(--warn)}
.verdict b{display:block;font-size:1.1rem}
ul.first{padding-left:1.1rem;max-width:46rem}ul.first li{margin:.3rem 0}
table{border-collapse:collapse;font:.86rem/1.4 system-ui,-apple-system,"Segoe UI",sans-serif;
font-variant-numeric:tabular-nums;margin:.6rem 0}
th,td{text-align:left;padding:.28rem 1.1rem .28rem 0;border-bottom:1px solid var(--grid);
vertical-align:baseline;font-weight:400;overflow-wrap:anywhere}
thead th{color:var(--soft);border-bottom:1px solid var(--line);font-size:.8rem;
vertical-align:bottom;overflow-wrap:normal}
.n{text-align:right;white-space:nowrap}.wide{min-width:9rem}
.bar{display:inline-block;height:.62rem;background:var(--blue);opacity:.75;min-width:1px}
.track{display:inline-block;width:8rem}
.scroll{overflow-x:auto;max-width:100%}
.case{display:flex;flex-wrap:wrap;gap:1rem;background:var(--card);border:1px solid var(--line);
padding:.8rem;margin:.8rem 0;align-items:flex-start;break-inside:avoid}
.case p{margin:.2rem 0;flex-basis:100%}
figure{margin:0;width:9.4rem}figure img{display:block;max-width:100%;border:1px solid var(--line);
background:#fff}
figcaption{font:.72rem/1.35 system-ui,sans-serif;overflow-wrap:anywhere;padding-top:.25rem}
figcaption b{display:block;color:var(--ink);font-weight:600}
.large figure{width:13.6rem;break-inside:avoid}.case.many{break-inside:auto}
.sheet{display:flex;flex-wrap:wrap;gap:.8rem .7rem;align-items:flex-end}
.sheet figure{width:6.4rem;break-inside:avoid}
.sheet figcaption{white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.mark{color:var(--warn);font-weight:600}.good{color:var(--good)}
@media print{:root{color-scheme:light;--paper:#fff}body{font-size:10.5pt;padding:0;max-width:none}
h2{break-after:avoid;margin-top:1.4rem}h3{break-after:avoid}tr{break-inside:avoid}
.scroll{overflow:visible}a{color:inherit;text-decoration:none}}
@page{margin:16mm 14mm}
"""

_POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def text(raw: object) -> str:
    """Escape text; control characters, and bytes that are no UTF-8, are shown as escapes."""
    plain = str(raw).encode("utf-8", "backslashreplace").decode("utf-8")
    return html.escape(
        "".join(c if c.isprintable() else ascii(c).strip("'\"") for c in plain), quote=True
    )


def document(title: str, body: Iterable[str]) -> str:
    """Return a whole page that loads nothing and runs nothing."""
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<title>{text(title)}</title><style>{STYLE}</style></head><body>",
        *body,
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are HTML already; a head with ">" sets its column right."""
    kinds = [' class="n"' if head.startswith(">") else "" for head in heads]
    top = "".join(
        f"<th{kind}>{text(head.removeprefix('>'))}</th>"
        for head, kind in zip(heads, kinds, strict=True)
    )
    lines = [
        "<tr>" + "".join(f"<td{k}>{c}</td>" for c, k in zip(row, kinds, strict=True)) + "</tr>"
        for row in rows
    ]
    return (
        f'<div class="scroll"><table><thead><tr>{top}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def bar(share: float) -> str:
    """Return a bar of a share, 0-1, of its track."""
    return f'<span class="track"><span class="bar" style="width:{100 * share:.1f}%"></span></span>'


def figure(uri: str, caption: str, name: str) -> str:
    """Return a picture with a caption that is HTML already; without one it says so."""
    none = '<p class="soft">(no room for its picture)</p>'
    image = f'<img src="{uri}" alt="" title="{text(name)}">' if uri else none
    return f"<figure>{image}<figcaption>{caption}</figcaption></figure>"


def spread(values: Spread) -> str:
    """Write a spread: the median, and from where to where."""
    if values.median is None:
        return "not known"
    if values.least == values.most:
        return str(values.median)
    return f"{values.median} ({values.least}-{values.most})"


def number(count: int, word: str, many: str = "") -> str:
    """Write a number with its word: "1 document", "2 documents"."""
    return f"{count:,} {word if count == 1 else many or word + 's'}"
