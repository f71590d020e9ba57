"""One network on so many threads: the engines take turns for several rounds; a row comes out."""
import statistics
import time

import processors
from cuts import Cut, within
from engines import Burin, BurinAlone, OnnxRuntime, PreciseOnnxRuntime, PyTorch, Refused
from networks import difference

ENGINES = (Burin, OnnxRuntime, PyTorch)
LOADS = 3
STEADINESS_SECONDS = 2
PAUSE = 0.02  # seconds: the threads of the engine before go to sleep


def start_engines(network, threads, target):
    """The engines that run the network, and why the others do not. Burin comes first or not at all."""
    engines, reasons = [], {}
    for kind in ENGINES:
        try:
            engines.append(kind(network, threads, target))
        except Refused as reason:
            reasons[kind.key] = str(reason)
            if kind is Burin:
                break
    return engines, reasons


def median_of(samples, key):
    return statistics.median(s[key] for s in samples)


def take_turns(engines, threads, rounds, seconds):
    """key -> what each round measured; who goes first changes from round to round."""
    samples = {engine.key: [] for engine in engines}
    running = [engine.worker.process.pid for engine in engines if hasattr(engine, "worker")]
    for turn in range(rounds):
        shift = turn % len(engines)
        with processors.kept(threads, turn, running):
            for engine in engines[shift:] + engines[:shift]:
                time.sleep(PAUSE)
                samples[engine.key].append(engine.measure(seconds))
    return samples


def median_ratio(above, below):
    """Of medians within a round, the median over the rounds."""
    return statistics.median(a["p50_ms"] / b["p50_ms"] for a, b in zip(above, below))


def summarise(samples):
    figures = {key: median_of(samples, key) for key in ("p50_ms", "p99_ms", "min_ms")}
    figures["steadiness"] = statistics.median(s["p99_ms"] / s["p50_ms"] for s in samples)
    figures["rounds_ms"] = [s["p50_ms"] for s in samples]
    if "peak_rss_bytes" in samples[0]:
        figures["peak_rss_bytes"] = max(s["peak_rss_bytes"] for s in samples)
    return figures


def stages(samples):
    """Stage of compilation -> milliseconds, the median of some processes."""
    names = samples[0]["stages_ms"]
    return {name: statistics.median(s["stages_ms"][name] for s in samples) for name in names}


def measure_loads(engine):
    """The median of a few fresh processes, from start to first result."""
    loads = [engine.load() for _ in range(LOADS)]
    return {key: median_of(loads, key) for key in loads[0]}


def add_ratios(row, peers):
    """peer / Burin within a round, the median over the rounds; the faster peer's is the row's."""
    ours = row["burin"]["rounds_ms"]
    for key in peers:
        row[key]["ratio"] = statistics.median(
            theirs / our for theirs, our in zip(row[key]["rounds_ms"], ours))
    row["faster"] = min(peers, key=lambda key: row[key]["p50_ms"])
    row["ratio"] = row[row["faster"]]["ratio"]


def add_agreement(row, outputs, network, threads, target):
    """Each engine's largest difference from ONNX Runtime's outputs, of their range. Where values are
    rounded on the way, what counts is the difference from one rounding to the next."""
    reference = "onnxruntime" if "onnxruntime" in outputs else "burin"
    row["tolerance"] = network.tolerance
    row["differences"] = {key: difference(values, outputs[reference])
                          for key, values in outputs.items() if key != reference}
    row["agree"] = all(d <= network.tolerance for d in row["differences"].values())
    if network.rounds and not row["agree"]:
        add_cuts(row, network, [k for k in ENGINES if k.key in outputs], threads, target)


def add_cuts(row, network, kinds, threads, target):
    """The differences from one rounding to the next, from ONNX Runtime without saturated sums; its default
    is held to nothing but shown, for that is what is timed."""
    reference = PreciseOnnxRuntime if OnnxRuntime in kinds else kinds[0]
    cut = Cut(network, reference, threads, target)
    row["cuts"] = {kind.key: cut.differences(kind) for kind in kinds if kind is not reference}
    row["agree"] = all(within(found) for key, found in row["cuts"].items() if key != "onnxruntime")


def compare(network, threads, target, rounds, seconds):
    """The row; only {network, threads, skipped} if Burin, or every peer, refuses the network."""
    row = {"network": network.name, "group": network.group, "threads": threads}
    engines, reasons = start_engines(network, threads, target)
    try:
        if len(engines) < 2 or engines[0].key != "burin":
            row["skipped"] = "; ".join(f"{k}: {v[:160]}" for k, v in reasons.items())
            return row
        # Of a first run: ONNX Runtime leaves parts of some results to what the memory held before.
        outputs = {engine.key: engine.outputs() for engine in engines}
        alone = [BurinAlone(network, target)] if threads > 1 else []
        samples = take_turns(engines + alone, threads, rounds, seconds)
        for engine in engines:
            row[engine.key] = summarise(samples[engine.key])
        row["burin"]["stages_ms"] = stages([engines[0].measure(0.01) for _ in range(LOADS)])
        row["refused"] = reasons
        if alone:
            row["burin"]["gain"] = median_ratio(samples[alone[0].key], samples["burin"])
        add_details(row, engines)
        add_ratios(row, [e.key for e in engines[1:]])
        add_agreement(row, outputs, network, threads, target)
        return row
    except Refused as reason:
        return {**{k: row[k] for k in ("network", "group", "threads")}, "skipped": str(reason)}
    finally:
        for engine in engines:
            engine.close()


def add_details(row, engines):
    first = engines[0].first
    steady = engines[0].steadiness(STEADINESS_SECONDS)
    row["burin"]["steadiness"] = steady["p99_over_p50"]
    row["burin"]["undisturbed_steadiness"] = steady.get("undisturbed_p99_over_p50")
    row["burin"]["machine_steadiness"] = steady["machine_p99_over_p50"]
    for key in ("gflop", "share_of_peak", "code_bytes", "weight_bytes", "arena_bytes"):
        row["burin"][key] = first[key]
    for engine in engines:
        if engine.key == "pytorch":
            row["pytorch"].update(engine.first)
        else:
            row[engine.key]["load"] = measure_loads(engine)
