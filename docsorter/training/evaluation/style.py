"""The style sheet of the report: light and dark, wide and narrow, screen and paper."""

from typing import Final

STYLE: Final = """
:root{color-scheme:light dark;--paper:#fffdf8;--card:#fff;--ink:#23272e;--soft:#5c6470;
--line:#dcd8ce;--grid:#ece8de;--c0:#1b6a9c;--c1:#b8500f;--c2:#2f7a4d;--c3:#7a4a9e;--c4:#8a6d00;
--c5:#5f6b78;--hit:27 106 156;--miss:200 84 20}
@media (prefers-color-scheme:dark){:root{--paper:#16191d;--card:#1e2227;--ink:#e6e4df;
--soft:#a3abb5;--line:#3a4048;--grid:#2a2f35;--c0:#70b8e6;--c1:#f0a066;--c2:#7fc796;--c3:#c39be0;
--c4:#d9bd55;--c5:#a9b4c0;--hit:70 140 190;--miss:205 105 45}}
*{box-sizing:border-box}
body{font:16px/1.55 "Iowan Old Style","Palatino Linotype",Palatino,Georgia,serif;
color:var(--ink);background:var(--paper);max-width:66rem;margin:0 auto;padding:2rem 1.2rem 4rem}
h1{font-size:1.9rem;font-weight:600;margin:0 0 .2rem;line-height:1.2}
h2{font-size:1.4rem;font-weight:600;margin:3.2rem 0 .3rem;padding-top:1rem;
border-top:2px solid var(--ink);overflow-wrap:anywhere}
h3{font-size:1.08rem;font-weight:600;margin:2.2rem 0 .4rem}
p{margin:.5rem 0;max-width:44rem}
.soft,figcaption,.why{color:var(--soft);font-size:.9rem}
.lead{font-size:1.13rem;line-height:1.6}.lead b{font-weight:600;white-space:nowrap}
nav ul{list-style:none;padding:0;margin:1rem 0;display:flex;flex-wrap:wrap;gap:.3rem 1.6rem}
a{color:var(--c0)}
table{border-collapse:collapse;font:.86rem/1.4 system-ui,-apple-system,"Segoe UI",sans-serif;
font-variant-numeric:tabular-nums;margin:.6rem 0}
caption{text-align:left;color:var(--soft);padding-bottom:.3rem}
th,td{text-align:left;padding:.28rem 1rem .28rem 0;border-bottom:1px solid var(--grid);
vertical-align:baseline;font-weight:400}
thead th{color:var(--soft);border-bottom:1px solid var(--line);font-size:.8rem;
vertical-align:bottom}
tbody th{overflow-wrap:break-word;min-width:6rem}.rules tbody th{min-width:13rem}.rules .why{
display:block;min-width:11rem}
.n{text-align:right;white-space:nowrap}
td:has(.spark){vertical-align:middle}tbody th .soft{font-size:.78rem}
.none{color:var(--soft);font-style:italic}
.scroll{overflow-x:auto;max-width:100%}
.pair{display:flex;flex-wrap:wrap;gap:1rem 2.4rem;align-items:flex-start}
figure{margin:.6rem 0;flex:0 1 auto;min-width:0}
figure svg{display:block;width:100%;height:auto}
.w330{width:330px;max-width:100%}.w560{width:560px;max-width:100%}
figcaption{max-width:34rem}
svg text{font:11px system-ui,-apple-system,"Segoe UI",sans-serif;fill:var(--soft)}
svg .middle{text-anchor:middle}svg .end{text-anchor:end}
svg .name{fill:var(--ink);font-size:11.5px}svg .label{font-size:12px;fill:var(--ink)}
svg .note{font-style:italic;font-size:10.5px}
svg .axis{stroke:var(--soft);fill:none}svg .grid{stroke:var(--grid);fill:none}
svg .guide{stroke:var(--soft);stroke-dasharray:3 4;fill:none}
svg .guide.solid{stroke-dasharray:none;stroke-width:.9;opacity:.75}
svg .target{stroke:var(--c1);stroke-dasharray:1 3;fill:none}
svg .curve{fill:none;stroke-width:2;stroke-linejoin:round}
svg .whisker{fill:none;stroke-width:1.6;opacity:.6}
svg .dot{stroke:var(--paper);stroke-width:1}
svg .dot.hollow{fill:var(--paper)!important;stroke-width:1.5}
svg .band{stroke:none;opacity:.14}
svg .bar{fill:var(--soft);opacity:.22}
svg .label.faint{fill:var(--soft)}svg .label.target{fill:var(--c1);stroke:none}
.spark{width:140px;height:14px;display:block}
.confusion td{width:5.2rem;min-width:4rem;text-align:center;padding:0;
border:2px solid var(--paper)}.confusion td div{padding:.5rem .3rem}.confusion .zero{opacity:.4}
.confusion td small{display:block;font-size:.74rem;opacity:.8}
.confusion thead th{text-align:center;padding:.2rem .3rem;border:0}
.confusion tbody th{text-align:right;border:0;padding-right:.7rem}
.confusion td:last-child,.confusion thead th:last-child{color:var(--soft);width:auto}
details{margin:.3rem 0}summary{cursor:pointer;color:var(--soft);font-size:.86rem}
.cases{display:grid;grid-template-columns:repeat(auto-fill,minmax(19rem,1fr));gap:1rem;
margin:.8rem 0}
.case{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:.8rem;
display:flex;gap:.9rem;align-items:flex-start;break-inside:avoid;
font:.84rem/1.35 system-ui,-apple-system,"Segoe UI",sans-serif}
.case img{width:7.6rem;height:auto;max-height:11rem;object-fit:contain;object-position:top;
border:1px solid var(--line);background:#fff;flex:none}
.case>div{flex:1;min-width:0}
.case h4{font-size:.92rem;font-weight:600;margin:0 0 .35rem;overflow-wrap:anywhere}
.case p{margin:.35rem 0 0;color:var(--soft);font-size:.78rem;overflow-wrap:anywhere}
.case .alone{color:var(--c1);font-weight:600}
.bars{display:grid;grid-template-columns:minmax(3.2rem,auto) 1fr auto;gap:.12rem .5rem;
align-items:center;margin:0}
.bars dt{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;max-width:7.5rem}
.bars dt.is{font-weight:600}
.bars .track{background:var(--grid);height:.62rem;border-radius:2px}
.bars .fill{display:block;height:100%;background:var(--c5);border-radius:2px}
.bars .fill.is{background:var(--c2)}.bars .fill.wrong{background:var(--c1)}
.bars dd{margin:0;font-variant-numeric:tabular-nums;text-align:right}
@media (max-width:40rem){body{font-size:15px;padding:1.2rem .8rem 3rem}h1{font-size:1.5rem}
.lead{font-size:1.02rem}tbody th .soft{display:none}
th,td{padding-right:.6rem}.confusion td{min-width:3.2rem;width:auto}
.spark{width:90px}}
@media print{:root{color-scheme:light;--paper:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#bbb;
--grid:#ddd;--c0:#1b6a9c;--c1:#b8500f;--c2:#2f7a4d;--c3:#7a4a9e;--c4:#8a6d00;--c5:#5f6b78;
--hit:27 106 156;--miss:200 84 20}
body{font-size:10.5pt;max-width:none;padding:0}*{print-color-adjust:exact;
-webkit-print-color-adjust:exact}nav{display:none}h2{break-before:page}h3{break-after:avoid}
section:first-of-type h2{break-before:auto}figure,table,.pair{break-inside:avoid}
.cases{grid-template-columns:1fr 1fr}}
""" + "".join(
    f"svg .c{n}.curve,svg .c{n}.whisker{{stroke:var(--c{n})}}"
    f"svg .c{n}.dot,svg .c{n}.band,svg .c{n}.label{{fill:var(--c{n})}}"
    f"svg .c{n}.hollow{{stroke:var(--c{n})}}\n"
    for n in range(6)
)
