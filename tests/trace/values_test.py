#!/usr/bin/env python3
"""Does a trace say what result.json says?  values_test.py PROGRAM CONFIGS

Times of slices and waits, bytes and counters of `run --trace` are summed and compared with the result, dense and sparse, on
three arrays (one with bank conflicts, two with controllers) and with hostile layer names. A trace in which one value was
changed is refused."""
import collections
import copy
import json
import os
import subprocess
import sys
import tempfile

PROGRAM, CONFIGS = (os.path.abspath(path) for path in sys.argv[1:3])
TICK_US = 1e-4  # of the trace
NAMES = ["</script>\u202e\u05d0\u05d1", "x" * 100_000, "\"quoted\"\n\u2028", "__proto__"]
NETWORK = {"name": "hostile", "input": [28, 28, 16], "layers": [
    {"name": NAMES[0], "op": "conv2d", "channels": 64, "kernel": 3, "padding": 1},
    {"name": NAMES[1], "op": "conv2d", "channels": 64, "kernel": 1},
    {"name": NAMES[2], "op": "add", "inputs": NAMES[:2]},
    {"name": NAMES[3], "op": "maxpool", "kernel": 2}]}
CASES = {"conflicts": ("xdna1_1800mhz", []), "packets": ("aie2", ["hardware.controller.mechanism=control_packets"]),
         "serial": ("xdna1_1800mhz", ["hardware.controller.mechanism=serial"])}


class Process:
    """The events of one density."""

    def __init__(self, events, number):
        own = [event for event in events if event["pid"] == number]
        self.name = next(e["args"]["name"] for e in own if e["name"] == "process_name")
        self.threads = {e["tid"]: e["args"]["name"] for e in own if e["name"] == "thread_name"}
        self.slices, self.counters = collections.defaultdict(list), collections.defaultdict(list)
        for event in own:
            if event["ph"] == "X":
                self.slices[self.threads[event["tid"]]].append(event)
            elif event["ph"] == "C":
                self.counters[event["name"]].append((event["ts"], *event["args"].values()))

    def of(self, *kinds):
        return [s for name, slices in self.slices.items() if name.split("(")[0] in kinds for s in slices]

    def integral(self, counter):
        steps = self.counters[counter]
        return sum(value * (after[0] - at) for (at, value), after in zip(steps, steps[1:]))


def outside(slices):
    """Slices that stand neither in another nor beside it."""
    found, open_ends = 0, []
    for s in slices:
        begin = round(s["ts"] / TICK_US)
        end = begin + round(s["dur"] / TICK_US)
        while open_ends and open_ends[-1] <= begin:
            open_ends.pop()
        found += bool(open_ends) and end > open_ends[-1]
        open_ends.append(end)
    return found


def compare(process, density, hardware, names):
    """What differs, one text each."""
    wrong = []

    def check(what, is_value, should, slack):
        if abs(is_value - should) > slack:
            wrong.append(f"{process.name}: {what} is {is_value}, the result says {should}")

    cycles_per_us = hardware["clock_hz"] / 1e6
    cores = process.of("core")
    tasks = [s for s in cores if s["cat"] != "wait"]
    rounding = lambda slices: (len(slices) + 1) * TICK_US * cycles_per_us  # noqa: E731
    causes = collections.Counter()
    for s in cores:
        if s["cat"] == "wait":
            causes[s["name"]] += s["dur"] * cycles_per_us
    for cause, cycles in density["time"].items():
        if cause not in ("busy", "idle", "overhead"):
            check(f"time of cores in {cause}", causes[cause], cycles, rounding(cores))
    check("time of cores in calls", sum(s["dur"] for s in tasks) * cycles_per_us,
          density["time"]["busy"] + density["time"]["bank_conflict"], rounding(tasks))
    check("busy cores over time", process.integral("busy cores") * cycles_per_us, density["time"]["busy"], rounding(tasks))
    for what, direction in (("read", "mm2s"), ("write", "s2mm")):
        moved = density[f"ddr_{what}_bytes"]
        slices = [s for name, channel in process.slices.items() if name.startswith("shim") and direction in name
                  for s in channel if s["cat"] != "wait"]
        check(f"bytes of DDR {what}", sum(s["args"]["bytes"] for s in slices), moved, 0)
        check(f"DDR {what} over time", process.integral(f"DDR {what}") * 1e3, moved, 1e-6 * moved)
    operations = density["control"].get("operations")
    if operations is not None:
        done = {name: len([s for s in slices if s["cat"] != "wait"]) for name, slices in process.slices.items()
                if name.startswith("controller")}
        of_cores = sum(count for name, count in done.items() if "," in name)  # controller(row,column)
        check("operations of controllers", sum(done.values()) - of_cores, operations, 0)
        check("operations of cores", of_cores, density["control"].get("core_operations", 0), 0)
    for name, slices in process.slices.items():
        check(f"slices of {name} that lap over each other", outside(slices), 0, 0)
    if not any(value > 0 for _, value in process.counters["memory tiles"]):
        wrong.append(f"{process.name}: no tensor is in a memory tile")
    layers = {s["args"].get("whole name", s["name"]): s for s in process.of("layers 0", "layers 1", "layers 2")}
    for layer in (layer for layer in density["layers"] if not layer["mapping"].startswith("fused into ")):
        if layer["name"] not in names or layer["name"] not in layers:
            wrong.append(f"{process.name}: layer {layer['name'][:50]} is missing")
        elif layers[layer["name"]]["args"]["mapping"] != layer["mapping"]:
            wrong.append(f"{process.name}: {layers[layer['name']]['args']} is not {layer['mapping']}")
    return wrong


def differences(trace, result):
    wrong = []
    for number, density in ((1, "dense"), (2, "sparse")):
        process = Process(trace["traceEvents"], number)
        if process.name != density:
            wrong.append(f"process {number} is {process.name}")
        wrong += compare(process, result[density], result["hardware"], NAMES)
    return wrong


def damaged(trace):
    """Traces with one wrong value."""
    def first(of):
        return next(i for i, e in enumerate(trace["traceEvents"]) if of(e))

    changes = {"a longer wait": (lambda e: e.get("cat") == "wait" and e["dur"] > 0.1 and e["name"] == "wait_input", "dur", 2),
               "a longer call": (lambda e: e.get("cat") == "conv", "dur", 0.5)}
    for what, (of, key, factor) in changes.items():
        other = copy.deepcopy(trace)
        other["traceEvents"][first(of)][key] *= factor
        yield what, other
    for what, of in (("more bytes", lambda e: "bytes" in e.get("args", {}) and e["ph"] == "X" and e["tid"] in shims(trace)),
                     ("a higher counter", lambda e: e["ph"] == "C" and e["name"] == "DDR read")):
        other = copy.deepcopy(trace)
        arguments = other["traceEvents"][first(of)]["args"]
        key = "bytes" if "bytes" in arguments else "GB/s"
        arguments[key] += 1
        yield what, other


def shims(trace):
    return {e["tid"] for e in trace["traceEvents"] if e["name"] == "thread_name" and e["args"]["name"].startswith("shim")}


def main():
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        with open("net.json", "w", encoding="utf-8") as file:
            json.dump(NETWORK, file)
        for case, (hardware, sets) in CASES.items():
            with open("run.json", "w", encoding="utf-8") as file:
                json.dump({"network": "net.json", "hardware": f"{CONFIGS}/hardware/{hardware}.json",
                           "sparsity": {"ratio": 0.5}}, file)
            done = subprocess.run([PROGRAM, "run", "run.json", "--trace", "trace.json", "--json", "result.json", "--out", case,
                                   *[word for change in sets for word in ("--set", change)]], capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"{case}: exit {done.returncode}\n{done.stderr}")
            with open("trace.json", encoding="utf-8") as file:
                trace = json.load(file)
            with open("result.json", encoding="utf-8") as file:
                result = json.load(file)
            failures += [f"{case}: {text}" for text in differences(trace, result)]
            if os.path.getsize("trace.json") > 20_000_000:
                failures.append(f"{case}: {os.path.getsize('trace.json')} bytes")
            failures += [f"{case}: accepted {what}" for what, other in damaged(trace) if not differences(other, result)]
    sys.exit("\n".join(failures) if failures else 0)


if __name__ == "__main__":
    main()
