// The look, in light and dark.
#include "report/parts.h"

namespace burin::report {

std::string_view page_style() {
  return R"css(
:root { --paper:#fbfaf7; --card:#fff; --ink:#23211d; --soft:#77726a; --line:#e4e0d8;
  --compute:#3566c8; --l2:#16917f; --l3:#d08a1d; --memory:#c23f73; color-scheme:light dark; }
@media (prefers-color-scheme: dark) { :root { --paper:#16171a; --card:#1e2024; --ink:#eae7e1;
  --soft:#9a958c; --line:#34363c; --compute:#6f9bf2; --l2:#3cc0ab; --l3:#e8ad4e; --memory:#ea74a0; } }
* { box-sizing:border-box; }
body { margin:0; background:var(--paper); color:var(--ink);
  font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif; }
main { max-width:1200px; margin:0 auto; padding:36px 24px 60px; }
header h1 { font-size:34px; line-height:1.1; margin:0; letter-spacing:-.02em; overflow-wrap:anywhere; }
header p { margin:6px 0 22px; color:var(--soft); }
section { background:var(--card); border:1px solid var(--line); border-radius:14px;
  padding:22px 26px; margin:0 0 20px; }
h2 { font-size:19px; margin:0; letter-spacing:-.01em; }
h3 { font-size:15px; margin:0 0 6px; }
.what, .note { color:var(--soft); margin:2px 0 16px; max-width:78ch; }
.note { margin:8px 0 0; font-size:13px; }
.figures { display:flex; flex-wrap:wrap; gap:14px 56px; }
.figure b { display:block; font-size:38px; line-height:1.15; font-weight:650; letter-spacing:-.03em;
  font-variant-numeric:tabular-nums; }
.figure span { color:var(--soft); font-size:14px; }
.verdict { font-size:16px; margin:16px 0 14px; max-width:92ch; }
i { display:inline-block; font-style:normal; background:var(--soft); }
i s { display:block; background:var(--card); opacity:.62; text-decoration:none; }
i.compute, .dot.compute { background:var(--compute); fill:var(--compute); }
i.l2, .dot.l2 { background:var(--l2); fill:var(--l2); }
i.l3, .dot.l3 { background:var(--l3); fill:var(--l3); }
i.memory, .dot.memory { background:var(--memory); fill:var(--memory); }
i.lost { background:var(--soft); opacity:.4; }
.strip { display:flex; height:46px; gap:1px; border-radius:7px; overflow:hidden; }
.strip i { min-width:0; height:100%; }
.legend { display:flex; flex-wrap:wrap; gap:4px 22px; margin:10px 0 0; color:var(--soft); font-size:13px; }
.legend i { width:11px; height:11px; border-radius:3px; margin-right:7px; }
@media screen { .bars { max-height:1200px; overflow-y:auto; padding-right:8px; } }
.bar { display:grid; grid-template-columns:minmax(120px,230px) 1fr 76px 52px; gap:12px; align-items:center;
  font-size:13px; line-height:21px; }
.bar:hover { background:color-mix(in srgb,var(--soft) 12%,transparent); }
.bar .name { overflow:hidden; text-overflow:ellipsis; white-space:nowrap; direction:rtl; text-align:left; }
.bar .track i { display:flex; justify-content:flex-end; height:13px; min-width:1px; border-radius:3px; overflow:hidden; }
.bar .time, .bar .share { text-align:right; font-variant-numeric:tabular-nums; }
.bar .share { color:var(--soft); }
.scroll { overflow-x:auto; }
table { border-collapse:collapse; font-size:13px; width:100%; font-variant-numeric:tabular-nums; }
.losses th { text-align:right; color:var(--soft); font-weight:500; white-space:nowrap; }
.losses td { text-align:right; white-space:nowrap; border-top:1px solid var(--line); vertical-align:top; }
.losses th, .losses td { padding:5px 14px 5px 0; }
.losses th:first-child, .losses td:first-child, .losses th:last-child, .losses td:last-child { text-align:left; }
.losses td:first-child { font-weight:600; white-space:normal; overflow-wrap:break-word; max-width:260px; }
.losses td:last-child { white-space:normal; min-width:300px; }
.losses td i { width:9px; height:9px; border-radius:2px; margin-right:6px; }
.reason { color:var(--soft); }
.columns { display:grid; grid-template-columns:repeat(auto-fit,minmax(310px,1fr)); gap:22px 40px; }
.facts th { text-align:left; font-weight:400; color:var(--soft); padding:3px 14px 3px 0; vertical-align:top; white-space:nowrap; }
.facts td { padding:3px 0; overflow-wrap:anywhere; }
svg.picture { display:block; width:100%; height:auto; }
svg text { fill:var(--ink); font:12px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif; }
svg .middle { text-anchor:middle; }
svg .end { text-anchor:end; }
svg .tick, svg .axis { fill:var(--soft); }
svg .grid { stroke:var(--line); stroke-width:1; }
svg .roof { stroke-width:2; }
line.compute { stroke:var(--compute); } line.l2 { stroke:var(--l2); }
line.l3 { stroke:var(--l3); } line.memory { stroke:var(--memory); }
svg .roofname { font-weight:600; paint-order:stroke; stroke:var(--card); stroke-width:4px; }
text.l2 { fill:var(--l2); } text.l3 { fill:var(--l3); } text.memory { fill:var(--memory); }
svg .dot { fill-opacity:.55; stroke:var(--card); stroke-width:1; }
svg .dot:hover { fill-opacity:.95; }
svg .label { font-size:11px; paint-order:stroke; stroke:var(--card); stroke-width:3px; }
svg .block { stroke:var(--card); stroke-width:.8; fill:var(--compute); }
svg .t0 { fill-opacity:.78; } svg .t1 { fill-opacity:.52; } svg .t2 { fill-opacity:.66; } svg .t3 { fill-opacity:.4; }
svg .block:hover { fill-opacity:1; }
@media print { section { break-inside:avoid; } }
)css";
}

}  // namespace burin::report
