"""The ratios as a bar chart in SVG: right of the line at 1.0 Burin is faster, left of it the peer is.

The axis is logarithmic, so that twice as fast and half as fast are equally long.
"""
import html
import math

from report import SMALL_MS, by_threads, geometric_mean, is_small

WIDTH, LEFT, RIGHT = 1000, 290, 70
BAR, GAP, PANEL_GAP = 11, 9, 64
HEAD, FOOT = 112, 36
COLOURS = ["#1f5fa8", "#e08a1e", "#3c8c5a", "#8a4fa3"]
SLOWER = "#c0392b"
TICKS = [0.125, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 128]


class Axis:
    """Ratio -> x, for a range that holds all ratios and the line at 1.0."""

    def __init__(self, ratios):
        self.low = max(t for t in TICKS if t <= max(min([0.75, *ratios]), TICKS[0]))
        self.high = min(t for t in TICKS if t >= min(max([2, *ratios]), TICKS[-1]))

    def x(self, ratio):
        share = math.log(min(max(ratio, self.low), self.high) / self.low)
        return LEFT + (WIDTH - LEFT - RIGHT) * share / math.log(self.high / self.low)

    def ticks(self):
        """Those that leave room for their labels; 1 always."""
        shown = []
        for tick in [1] + [t for t in TICKS if self.low <= t <= self.high]:
            if all(abs(self.x(tick) - self.x(other)) > 34 for other in shown):
                shown.append(tick)
        return shown


def text(x, y, content, size=12, anchor="start", fill="#222", weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
            f'fill="{fill}" font-weight="{weight}">{html.escape(content)}</text>')


def rect(x, y, width, height, fill):
    return (f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.8):.1f}" height="{height:.1f}" '
            f'fill="{fill}" rx="1.5"/>')


def line(x, y1, y2, colour, width=1.0):
    return (f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y1:.1f}" y2="{y2:.1f}" stroke="{colour}" '
            f'stroke-width="{width}"/>')


def panels(rows):
    """(title, rows) of each group that is not empty, the fastest network first."""
    groups = [(f"Networks built in", [r for r in rows if r["group"] != "models" and not is_small(r)]),
              ("Trained networks", [r for r in rows if r["group"] == "models" and not is_small(r)]),
              (f"Under {SMALL_MS} ms (with the call of the peer's binding)",
               [r for r in rows if is_small(r)])]
    return [(title, own) for title, own in groups if own]


def draw_network(name, own, counts, axis, y):
    """The bars of one network and their labels."""
    parts = [text(LEFT - 10, y + len(counts) * BAR / 2 + 4, name, 12, "end")]
    for i, count in enumerate(counts):
        if count not in own:
            continue
        row, top = own[count], y + i * BAR
        begin, end = sorted((axis.x(1), axis.x(row["ratio"])))
        parts.append(rect(begin, top, end - begin, BAR - 1.5, COLOURS[i % len(COLOURS)]))
        label = f"{row['ratio']:.2f}" + ("" if row["agree"] else " outputs disagree")
        fill = SLOWER if row["ratio"] < 1 or not row["agree"] else "#444"
        parts.append(text(max(end, axis.x(1)) + 4, top + BAR - 2.5, label, 9.5, fill=fill))
    return parts


def draw_panel(title, rows, counts, y):
    """(elements, y below the panel)"""
    networks = by_threads(rows)
    order = sorted(networks, key=lambda n: -max(r["ratio"] for r in networks[n].values()))
    axis = Axis([r["ratio"] for r in rows])
    height = len(order) * (len(counts) * BAR + GAP) + GAP
    means = [f"{geometric_mean(r['ratio'] for r in rows if r['threads'] == c):.2f} on {c}"
             for c in counts if any(r["threads"] == c for r in rows)]
    parts = [text(24, y - 26, title, 15, weight="bold"),
             text(WIDTH - RIGHT, y - 26, "geometric mean " + ", ".join(means), 12, "end", "#555")]
    for tick in axis.ticks():
        parts.append(line(axis.x(tick), y, y + height, "#e4e4e4"))
        for edge in (y - 7, y + height + 14):
            parts.append(text(axis.x(tick), edge, f"{tick:g}", 10.5, "middle", "#666"))
    for i, name in enumerate(order):
        parts += draw_network(name, networks[name], counts, axis,
                              y + GAP + i * (len(counts) * BAR + GAP))
    parts.append(line(axis.x(1), y - 3, y + height + 3, "#222", 1.6))
    return parts, y + height + PANEL_GAP


def draw(rows, result):
    """`rows` are those that were measured; `result` says where and with what."""
    counts = sorted({row["threads"] for row in rows})
    where = result["machine"]
    parts = [text(24, 34, "How many times as fast as the faster of ONNX Runtime and PyTorch"
                  + ("" if result["target"] == "native" else f", held to {result['target']}"), 19,
                  weight="bold"),
             text(24, 56, f"ONNX Runtime {where['onnxruntime']}, PyTorch {where['pytorch']}; "
                  f"{where['processor']}, {where['cores']} cores; Burin {where['commit']}, "
                  f"{result['at'][:10]}; median of {result['rounds']} rounds, log scale", 12,
                  fill="#555")]
    for i, count in enumerate(counts):
        parts.append(rect(24 + 110 * i, 69, 14, 11, COLOURS[i % len(COLOURS)]))
        parts.append(text(43 + 110 * i, 79, f"{count} thread{'s' if count > 1 else ''}"))
    y = HEAD + 28
    for title, own in panels(rows):
        drawn, y = draw_panel(title, own, counts, y)
        parts += drawn
    height = y - PANEL_GAP + FOOT
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" '
            f'width="{WIDTH}" height="{height:.0f}" '
            'font-family="Helvetica, Arial, DejaVu Sans, sans-serif">\n'
            f'<rect width="{WIDTH}" height="{height:.0f}" fill="#ffffff"/>\n'
            + "\n".join(parts) + "\n</svg>\n")
