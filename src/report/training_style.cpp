// What the page of a training looks like beyond report/style.cpp.
#include "report/training_parts.h"

namespace burin::report {

std::string_view training_style() {
  return R"css(
.charts { display:grid; grid-template-columns:repeat(auto-fit,minmax(420px,1fr)); gap:18px 28px; }
svg .curve { fill:none; stroke-width:2.2; stroke-linejoin:round; }
svg .point { stroke:var(--card); stroke-width:1; }
.curve.train { stroke:var(--l3); } .point.train, text.train { fill:var(--l3); }
.curve.validation { stroke:var(--compute); } .point.validation, text.validation { fill:var(--compute); }
.curve.rate { stroke:var(--l2); } .point.rate, text.rate { fill:var(--l2); }
svg .name { font-weight:600; }
svg .best { stroke:var(--soft); stroke-dasharray:3 4; }
.matrix { width:auto; border-spacing:2px; border-collapse:separate; }
.matrix th { font-weight:500; color:var(--soft); }
.matrix .over { text-align:left; padding-left:4px; }
.matrix .column { vertical-align:bottom; padding:4px 0; }
.matrix .column span { writing-mode:vertical-rl; transform:rotate(180deg); white-space:nowrap; max-height:140px;
  overflow:hidden; }
.matrix .row { text-align:right; padding-right:10px; white-space:nowrap; color:var(--ink); }
.matrix .cell { min-width:46px; height:34px; text-align:center; border-radius:5px; }
.matrix .strong { color:var(--paper); font-weight:600; }
.matrix .share { color:var(--soft); text-align:center; padding:0 8px; white-space:nowrap; }
.mistakes { display:grid; grid-template-columns:repeat(auto-fill,minmax(132px,1fr)); gap:18px 16px; }
.mistakes figure { margin:0; }
.mistakes img { display:block; width:100%; height:132px; object-fit:contain; border-radius:8px;
  background:color-mix(in srgb,var(--soft) 14%,transparent); }
.mistakes .coarse { image-rendering:pixelated; }
.mistakes figcaption { font-size:13px; line-height:1.4; margin-top:6px; font-variant-numeric:tabular-nums; }
.mistakes b { color:var(--memory); }
.mistakes span { color:var(--soft); }
.settings table { width:auto; }
.settings th { padding-right:40px; }
.balance .bar { grid-template-columns:minmax(120px,230px) 1fr 76px 76px; }
)css";
}

}  // namespace burin::report
