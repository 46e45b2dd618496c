#!/usr/bin/env python3
"""Writes the tables of results/accuracy, control, control_8x8, platforms and published that stand between marks of their README,
from the CSV files beside them. Nothing is simulated or trained.

    results/tables.py            writes them
    results/tables.py --check    fails where one is not what the CSV says"""
import csv
import pathlib
import sys
from statistics import median

HERE = pathlib.Path(__file__).resolve().parent


def read(path):
    with open(HERE / path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def markdown(head, lines, left):
    """The first `left` columns stand left, the others right."""
    marks = ["---"] * left + ["---:"] * (len(head) - left)
    return ["| " + " | ".join(head) + " |", "|" + "|".join(marks) + "|"] + [
        "| " + " | ".join(line) + " |" for line in lines
    ]


def accuracy():
    """Median of three seeds, least and greatest."""
    kinds = {}
    for row in read("accuracy/accuracy.csv"):
        kinds.setdefault(row["run"].rsplit("_s", 1)[0], []).append(row)

    def name(rows):
        row = rows[0]
        if not row["block"]:
            return "dense"
        if float(row["ratio"]) == 0:
            return f"dense, {row['epochs']} more epochs"
        words = {"global": ", ratio free per layer (l2)"}.get(row["allocation"], "")
        return f"{row['block']}x{row['block']}{words}{', pruned in steps' if row['schedule'] == 'gradual' else ''}"

    def order(rows):
        row = rows[0]
        return (
            int(row["block"] or 0),
            row["allocation"] == "global",
            row["schedule"] == "gradual",
            float(row["ratio"]),
        )

    def spread(values):
        return f"{median(values):.2f} ({min(values):.2f} to {max(values):.2f})"

    lines = []
    for rows in sorted(kinds.values(), key=order):
        share = median(float(row["zero_share"]) for row in rows)
        floats, integers = ([float(row[key]) for row in rows] for key in ("top1", "int8_top1"))
        lines.append([name(rows), f"{100 * share:.1f} %", spread(floats), spread(integers)])
    return markdown(["blocks", "zero", "float32", "int8"], lines, 1)


NETWORKS = {"resnet50": "ResNet50", "vgg16": "VGG16", "inception_v3": "Inception V3"}


def platforms():
    """Speed-ups of the three networks; AIE2 as predicted when comparison.csv was made."""
    found = {}
    for row in read("platforms/comparison.csv"):
        key = (row["platform"], row["dtype"], row["batch"], row["kernel"], row["block"])
        found[(*key, f"{float(row['ratio']):g}", row["network"])] = row["speedup"]
    groups = [
        ("H200", dtype, batch, "own_triton", f"H200 {dtype}, batch {batch}")
        for batch in ("32", "1")
        for dtype in ("float16", "int8")
    ]
    for key in sorted({key[:4] for key in found if key[0].startswith("AIE2")}):
        groups.append((*key, f"{key[0].split(',')[0]} {key[1]}, batch {key[2]}, predicted"))
    lines = []
    for *key, title in groups:
        for block in ("8", "16", "32", "64"):
            cells = []
            for ratio in ("0.5", "0.7", "0.9"):
                speedups = [found.get((*key, block, ratio, network)) for network in NETWORKS]
                cells.append(" / ".join(f"{float(s):.2f}" for s in speedups) if all(speedups) else "")
            if any(cells):
                lines.append([title, block, *cells])
    return markdown(["platform", "block", "50 %", "70 %", "90 %"], lines, 1)


PUBLISHED = {
    "published totals": "published_us",
    "audit, physical": "audit_accounting_physical_us",
    "policy published, physical": "policy_published_accounting_physical_us",
    "policy best, physical": "policy_best_accounting_physical_us",
}


def published():
    """Speed-ups over the arrays for which both densities are known."""
    rows, lines = read("published/published.csv"), []
    for network in ("resnet50", "inception_v3", "vgg16"):
        cells = []
        for column in PUBLISHED.values():
            times = {}
            for row in rows:
                if row["network"] == network and row[column] not in ("", "failed"):
                    times[row["rows"], row["cols"], row["density"]] = float(row[column])
            ratios = [
                t / times[r, c, "sparse50"]
                for (r, c, d), t in times.items()
                if d == "dense" and (r, c, "sparse50") in times
            ]
            cells.append(f"{min(ratios):.2f} to {max(ratios):.2f}")
        lines.append([NETWORKS[network], *cells])
    return markdown(["", *PUBLISHED], lines, len(PUBLISHED) + 1)


MECHANISMS = {
    "none": "nobody (free)",
    "core": "cores, packets elsewhere",
    "control_packets": "control packets",
    "serial": "firmware, serial",
}


def control(folder):
    """Latency and speed-up of random masks; what balanced ones save; operations, dense and with half of the blocks zero."""
    rows = {}
    for row in read(f"{folder}/table.csv"):
        key = (row["network_name"], row["hardware.controller.mechanism"], row["sparsity.pattern"])
        rows[(*key, float(row["sparsity.ratio"]))] = row
    lines = []
    for network, name in NETWORKS.items():
        for mechanism, who in MECHANISMS.items():
            def at(pattern, ratio):
                return rows[network, mechanism, pattern, ratio]

            dense, half = at("random", 0), at("random", 0.5)
            cells = [f"{float(dense['latency_us']) / 1000:.2f}"]
            for ratio in (0.25, 0.5, 0.75):
                row = at("random", ratio)
                cells.append(f"{float(row['latency_us']) / 1000:.2f} ({float(row['speedup']):.2f})")
            for ratio in (0.25, 0.5, 0.75):
                change = float(at("balanced", ratio)["latency_us"]) / float(at("random", ratio)["latency_us"]) - 1
                cells.append(f"{100 * change:+.1f} %")
            operations = [row["control_operations"] for row in (dense, half, at("balanced", 0.5))]
            cells.append(" / ".join(f"{int(o):,}" for o in operations) if all(operations) else "")
            lines.append([name, who, *cells])
    head = ["network", "who starts transfers", "dense, ms", "25 % zero, ms (speed-up)", "50 %", "75 %",
            "balanced instead, at 25 %", "at 50 %", "at 75 %", "operations: dense / 50 % random / balanced"]
    return markdown(head, lines, 2)


TABLES = {
    "accuracy": accuracy,
    "platforms": platforms,
    "published": published,
    "control": lambda: control("control"),
    "control_8x8": lambda: control("control_8x8"),
}


def main():
    wrong = []
    for folder, table in TABLES.items():
        page, mark = HERE / folder / "README.md", "<!-- table -->\n"
        text = page.read_text(encoding="utf-8")
        before, _, after = text.split(mark)
        made = before + mark + "\n".join(table()) + "\n" + mark + after
        if "--check" not in sys.argv:
            page.write_text(made, encoding="utf-8")
        elif made != text:
            wrong.append(f"{page}: the table is not what its CSV says; results/tables.py writes it")
    sys.exit("\n".join(wrong) or 0)


if __name__ == "__main__":
    main()
