"""The rows as text: who is faster, how soon the first result comes, how steady it is."""
import math

SMALL_MS = 0.1  # below it the call of a peer's binding counts


def layout(rows):
    """Columns as wide as they must be; the first is flush left."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(w) if i == 0 else cell.rjust(w)
                       for i, (cell, w) in enumerate(zip(row, widths))).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def ms(value):
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.2f}" if value >= 1 else f"{value:.4f}"


def times(ratio):
    return "-" if ratio is None else f"{ratio:.2f}x"


def megabytes(value):
    return "-" if value is None else f"{value / 2**20:.0f}"


def figure(row, engine, key):
    return row.get(engine, {}).get(key)


def is_small(row):
    return row[row["faster"]]["p50_ms"] < SMALL_MS


def geometric_mean(values):
    values = list(values)
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def mark(row):
    """Whether outputs agree; where they do only between roundings, by how many quanta."""
    if not row["agree"]:
        return "DISAGREES"
    if "cuts" not in row:
        return ""
    steps = {key: found["quanta"] for key, found in row["cuts"].items()}
    saturated = steps.pop("onnxruntime", 0)
    text = f"roundings differ by {max(steps.values())}"
    return text + (f", ORT saturates by {saturated}" if saturated > 1 else "")


def speed_table(rows):
    table = [["network", "threads", "Burin ms", "p99", "ORT ms", "PyTorch ms", "vs ORT",
              "vs PyTorch", "vs faster", "of peak", "difference", ""]]
    for row in rows:
        worst = max(row["differences"].values())
        table.append([row["network"], str(row["threads"]), ms(row["burin"]["p50_ms"]),
                      ms(row["burin"]["p99_ms"]), ms(figure(row, "onnxruntime", "p50_ms")),
                      ms(figure(row, "pytorch", "p50_ms")),
                      times(figure(row, "onnxruntime", "ratio")),
                      times(figure(row, "pytorch", "ratio")), times(row["ratio"]),
                      f"{100 * row['burin']['share_of_peak']:.0f} %", f"{worst:.0e}", mark(row)])
    return layout(table)


def small_table(rows, overhead):
    """As speed_table, with the ratio that is left when a peer's call costs nothing."""
    table = [["network", "threads", "Burin ms", "ORT ms", "PyTorch ms", "vs faster",
              "less its call", "difference", ""]]
    for row in rows:
        rest = row[row["faster"]]["p50_ms"] - overhead[row["faster"]]
        table.append([row["network"], str(row["threads"]), ms(row["burin"]["p50_ms"]),
                      ms(figure(row, "onnxruntime", "p50_ms")),
                      ms(figure(row, "pytorch", "p50_ms")), times(row["ratio"]),
                      times(max(rest, 0) / row["burin"]["p50_ms"]),
                      f"{max(row['differences'].values()):.0e}", mark(row)])
    return layout(table)


def load_table(rows):
    table = [["network", "threads", "Burin process ms", "in it: engrave", "ORT load+run ms",
              "its library", "ratio", "Burin MiB", "ORT process MiB", "Node alone", "code KiB",
              "arena MiB"]]
    for row in rows:
        if "onnxruntime" not in row:
            continue
        ours, theirs = row["burin"], row["onnxruntime"]
        first = ours["load"]["process_ms"]
        table.append([row["network"], str(row["threads"]), ms(first),
                      ms(ours["stages_ms"].get("engrave")), ms(theirs["load"]["first_result_ms"]),
                      ms(theirs["load"]["library_ms"]),
                      times(theirs["load"]["first_result_ms"] / first),
                      megabytes(ours.get("peak_rss_bytes")), megabytes(theirs["peak_rss_bytes"]),
                      megabytes(theirs["load"]["node_rss_bytes"]),
                      f"{ours['code_bytes'] / 1024:.0f}", megabytes(ours["arena_bytes"])])
    return layout(table)


def by_threads(rows):
    """network -> threads -> row"""
    networks = {}
    for row in rows:
        networks.setdefault(row["network"], {})[row["threads"]] = row
    return networks


def steadiness_table(rows):
    """p99 / p50 per thread count, of all runs and of those for which no thread waited for a
    processor, beside that of fixed work in the cores' caches in turn with Burin, and what the second
    thread brings, in turn with one."""
    counts = sorted({row["threads"] for row in rows})
    kinds = "p99/p50 Burin", "undisturbed", "the machine", "ORT"
    table = [["network", *[f"{kind}, {c} thr" for kind in kinds for c in counts],
              *[f"{c} threads over 1" for c in counts if c > 1]]]
    for network, own in by_threads(rows).items():
        def cell(count, engine, key, form):
            value = figure(own.get(count, {}), engine, key)
            return "-" if value is None else form(value)

        table.append([network,
                      *[cell(c, engine, key, "{:.2f}".format)
                        for engine, key in (("burin", "steadiness"), ("burin", "undisturbed_steadiness"),
                                            ("burin", "machine_steadiness"),
                                            ("onnxruntime", "steadiness")) for c in counts],
                      *[cell(c, "burin", "gain", times) for c in counts if c > 1]])
    return layout(table)


def summary(rows):
    """Figures per thread count: means over the rows that are not small, counts over all."""
    result = {}
    for count in sorted({row["threads"] for row in rows}):
        mine = [r for r in rows if r["threads"] == count]
        large = [r for r in mine if not is_small(r)]
        below = sorted((r for r in mine if r["ratio"] < 1), key=lambda r: r["ratio"])
        result[str(count)] = {
            "rows": len(mine), "small_rows": len(mine) - len(large),
            "geometric_mean": geometric_mean(r["ratio"] for r in large),
            "geometric_mean_zoo": geometric_mean(r["ratio"] for r in large if r["group"] == "zoo"),
            "geometric_mean_models": geometric_mean(
                r["ratio"] for r in large if r["group"] == "models"),
            "below_1": [[r["network"], round(r["ratio"], 3)] for r in below],
            "disagree": [r["network"] for r in mine if not r["agree"]]}
    return result


def summary_text(rows):
    lines = []
    for count, s in summary(rows).items():
        lines.append(
            f"{count} thread{'s' if count != '1' else ''}: geometric mean "
            f"{times(s['geometric_mean'])} over {s['rows'] - s['small_rows']} rows (zoo "
            f"{times(s['geometric_mean_zoo'])}, models {times(s['geometric_mean_models'])}); "
            f"{len(s['below_1'])} of {s['rows']} rows below 1.0: "
            + (", ".join(f"{name} {ratio:.2f}" for name, ratio in s["below_1"]) or "none"))
        if s["disagree"]:
            lines.append(f"  OUTPUTS DISAGREE: {', '.join(s['disagree'])}")
    return "\n".join(lines)


def overhead_text(overhead):
    return ("One call of a one-node network (Relu on one element): Burin's session in its own process "
            f"{overhead['burin'] * 1e3:.2f} us, ONNX Runtime's native binding from Node "
            f"{overhead['onnxruntime'] * 1e3:.2f} us, PyTorch's frozen module from Python "
            f"{overhead['pytorch'] * 1e3:.2f} us. Each includes its clock.")


def text(result):
    """The whole report. Rows under SMALL_MS stand apart."""
    rows = [r for r in result["rows"] if "skipped" not in r]
    large = [r for r in rows if not is_small(r)]
    small = [r for r in rows if is_small(r)]
    parts = []
    if large:
        parts.append("Milliseconds, median of the rounds; ratios above 1 say that Burin is faster\n"
                     + speed_table(large))
    if small:
        parts.append(f"Under {SMALL_MS} ms, where calling a peer counts\n"
                     + small_table(small, result["overhead_ms"]))
    if any("onnxruntime" in r for r in rows):
        parts.append("From process start to first result, and peak memory\n" + load_table(rows))
    if rows:
        parts.append("Steadiness, and the gain from threads\n" + steadiness_table(rows))
    skipped = [r for r in result["rows"] if "skipped" in r]
    if skipped:
        reasons = sorted({f"skipped {r['network']}: {r['skipped']}" for r in skipped})
        parts.append("\n".join(reasons))
    refusals = sorted({f"no PyTorch for {r['network']}: {r['refused']['pytorch']}"
                       for r in rows if "pytorch" in r["refused"]})
    if refusals:
        parts.append("\n".join(refusals))
    parts.append(overhead_text(result["overhead_ms"]))
    if rows:
        parts.append(summary_text(rows))
    return "\n\n".join(parts)
