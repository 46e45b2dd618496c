#!/usr/bin/env python3
"""Runs every simulation behind published.csv, lanes.csv, deviations.csv and slow_ddr.csv. See make.sh."""
import argparse
import concurrent.futures
import csv
import json
import os
import pathlib
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
GOLDEN = ROOT / "tests/golden/published"
NETWORKS = ["resnet50", "inception_v3", "vgg16"]
SIZES = range(2, 9)
DENSITIES = ["dense", "sparse50"]
LANES = ["loadfm", "loadwm", "comp", "writefm"]
# column -> (accounting, policy): what `tessera run` is asked for
RUNS = {
    "policy_published_accounting_published_us": ("published", "published"),
    "policy_published_accounting_physical_us": ("physical", "published"),
    "policy_best_accounting_physical_us": ("physical", "best"),
}
COLUMNS = ["network", "rows", "cols", "density", "published_us", "replay_accounting_published_us",
           "audit_accounting_physical_us", "audit_added_passes"] + list(RUNS)


class Tessera:
    def __init__(self, program, scratch):
        self.program, self.scratch = program, pathlib.Path(scratch)

    def json(self, *arguments, name):
        """The --json output of a command, or None with its last line of stderr."""
        out = self.scratch / (name + ".json")
        done = subprocess.run([self.program, *arguments, "--json", str(out)], cwd=ROOT, capture_output=True, text=True)
        if done.returncode == 0:
            return json.loads(out.read_text()), ""
        return None, " ".join(done.stderr.split())[:300]

    def replay(self, trace, accounting):
        result, why = self.json("replay", str(trace), "--accounting", accounting, name=f"{trace.stem}_{accounting}")
        if result is None:
            raise SystemExit(f"{trace}: {why}")
        assert result["accounting"] == accounting
        return result

    def run(self, config, sets, name):
        arguments = ["run", config, "--out", str(self.scratch / "runs")]
        for s in sets:
            arguments += ["--set", s]
        result, why = self.json(*arguments, name=name)
        return result, why


def published_totals():
    totals = {}
    with open(GOLDEN / "totals.csv") as f:
        for row in csv.DictReader(f):
            for density in DENSITIES:
                totals[row["network"], int(row["rows"]), density] = row[density + "_us"]
    return totals


def lane_sums(replay):
    sums = {lane: sum(p[lane + "_us"] for layer in replay["layers"] for p in layer["passes"]) for lane in LANES}
    for lane in ("load", "loadw", "write"):
        sums[lane] = sum(layer[lane + "_us"] for layer in replay["layers"])
    return sums


def us(value):
    return "" if value is None else f"{value:.3f}"


def durations(ends):
    """{layer: microseconds} from the ends of layers that follow one another."""
    found, last = {}, 0.0
    for name, end in ends:
        found[name], last = end - last, end
    return found


def deviation(row, ours, layers, trace):
    """Plan against published total, and the three layers that deviate most where their trace is known."""
    percent = 100 * (ours / float(row["published_us"]) - 1)
    worst = ""
    if trace.exists():
        with open(trace) as f:
            theirs = durations((l["layer"], l["end_us"]) for l in map(json.loads, f))
        difference = {name: layers[name] - theirs[name] for name in theirs}
        top = sorted(difference, key=lambda name: -abs(difference[name]))[:3]
        worst = "; ".join(f"{name} {difference[name]:+.1f} us" for name in top)
    return dict(network=row["network"], rows=row["rows"], cols=row["cols"], density=row["density"],
                published_us=row["published_us"], planned_accounting_published_us=us(ours),
                deviation_percent=f"{percent:+.2f}", worst_layers=worst)


def one_size(tessera, network, size):
    """{(column, density): value} and problems of the three kinds of runs."""
    values, problems = {}, []
    for column, (accounting, policy) in RUNS.items():
        sets = [f"hardware.rows={size}", f"hardware.cols={size}", f"accounting={accounting}", f"schedule.policy={policy}"]
        result, why = tessera.run(f"configs/runs/{network}_4x4.json", sets, f"{network}_{size}_{accounting}_{policy}")
        if result is None:
            problems.append(f"{network} {size}x{size} {accounting} {policy}: {why}")
            continue
        assert result["accounting"] == accounting and result["policy"] == policy
        for key, density in (("dense", "dense"), ("sparse", "sparse50")):
            values[column, density] = result[key]["latency_us"]
            if accounting == "published":
                values["layers", density] = durations((l["name"], l["end_us"]) for l in result[key]["layers"])
    return values, problems


def table(tessera, jobs):
    totals = published_totals()
    rows, lanes, deviations, problems = [], [], [], []
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        sizes = {(n, s): pool.submit(one_size, tessera, n, s) for n in NETWORKS for s in SIZES}
        for network in NETWORKS:
            for size in SIZES:
                ours, wrong = sizes[network, size].result()
                problems += wrong
                for density in DENSITIES:
                    row = dict(network=network, rows=size, cols=size, density=density)
                    row["published_us"] = totals.get((network, size, density), "")
                    trace = GOLDEN / f"{network}_{size}x{size}_{density}.jsonl"
                    if trace.exists():
                        replay = tessera.replay(trace, "published")
                        audit = tessera.replay(trace, "physical")
                        row["replay_accounting_published_us"] = us(replay["latency_us"])
                        row["audit_accounting_physical_us"] = us(audit["latency_us"])
                        row["audit_added_passes"] = audit["added_passes"]
                        for result in (replay, audit):
                            sums = lane_sums(result)
                            lanes.append(dict(network=network, rows=size, cols=size, density=density,
                                              accounting=result["accounting"], total_us=us(result["latency_us"]),
                                              **{k + "_us": us(v) for k, v in sums.items()}))
                    for column in RUNS:
                        row[column] = us(ours.get((column, density)))
                    rows.append(row)
                    planned = ours.get(("policy_published_accounting_published_us", density))
                    if planned is not None and row["published_us"] not in ("", "failed"):
                        deviations.append(deviation(row, planned, ours["layers", density], trace))
    write_csv(HERE / "deviations.csv", list(deviations[0]), deviations)
    write_csv(HERE / "published.csv", COLUMNS, rows)
    write_csv(HERE / "lanes.csv", list(lanes[0]), lanes)
    return problems


def slow_ddr(tessera):
    """Per layer of VGG16 on 3x3, DDR 16 times slower: published accounting and the model of the machine."""
    rows, problems = [], []
    for config in ("vgg16_3x3_slow_ddr_published", "vgg16_3x3_slow_ddr", "vgg16_3x3_slow_ddr_tiled"):
        result, why = tessera.run(f"configs/runs/{config}.json", [], config)
        if result is None:
            problems.append(f"{config}: {why}")
            continue
        ends = {"dense": 0.0, "sparse": 0.0}
        for dense, sparse in zip(result["dense"]["layers"], result["sparse"]["layers"]):
            row = dict(config=config, accounting=result["accounting"], policy=result["policy"],
                       hardware=result["hardware"]["name"], layer=dense["name"])
            for key, layer in (("dense", dense), ("sparse", sparse)):
                row[key + "_us"] = us(max(0.0, layer["end_us"] - ends[key]))
                ends[key] = max(ends[key], layer["end_us"])
                row[key + "_ddr_bytes"] = layer["ddr_read_bytes"] + layer["ddr_write_bytes"]
            rows.append(row)
        rows.append(dict(config=config, accounting=result["accounting"], policy=result["policy"],
                         hardware=result["hardware"]["name"], layer="total",
                         dense_us=us(result["dense"]["latency_us"]), sparse_us=us(result["sparse"]["latency_us"]),
                         dense_ddr_bytes=result["dense"]["ddr_read_bytes"] + result["dense"]["ddr_write_bytes"],
                         sparse_ddr_bytes=result["sparse"]["ddr_read_bytes"] + result["sparse"]["ddr_write_bytes"]))
    write_csv(HERE / "slow_ddr.csv", ["config", "accounting", "policy", "hardware", "layer", "dense_us", "sparse_us",
                                      "dense_ddr_bytes", "sparse_ddr_bytes"], rows)
    return problems


def write_csv(path, columns, rows):
    with open(path, "w", newline="") as f:
        writer = csv.DictWriter(f, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tessera", default="./tessera")
    parser.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 2) // 2))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        tessera = Tessera(arguments.tessera, scratch)
        problems = slow_ddr(tessera) + table(tessera, arguments.jobs)
    for problem in problems:
        print("no result:", problem)


if __name__ == "__main__":
    main()
