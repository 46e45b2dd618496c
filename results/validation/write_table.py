#!/usr/bin/env python3
"""Writes validation.csv and the tables of README.md (between the marks) from validation.json.

    python3 results/validation/write_table.py
"""
import csv
import json
from pathlib import Path

HERE = Path(__file__).resolve().parent
BEGIN, END = "<!-- table -->", "<!-- /table -->"


def summary(rows):
    errors = [(abs(r["error_pct"]), r["id"]) for r in rows if not r["skipped"]]
    if not errors:
        return f"0 | {len(rows)} | | | "
    worst = max(errors)
    mean = sum(e for e, _ in errors) / len(errors)
    return f"{len(errors)} | {len(rows) - len(errors)} | {mean:.2f} % | {worst[0]:.1f} % | {worst[1]}"


def main():
    rows = json.loads((HERE / "validation.json").read_text())["rows"]
    columns = ["id", "group", "class", "measured", "predicted", "unit", "error_pct", "noise", "bound_by", "calibration",
               "device", "assumed", "extrapolated", "skipped"]
    with open(HERE / "validation.csv", "w", newline="") as f:
        table = csv.writer(f, lineterminator="\n")
        table.writerow(columns)
        for r in rows:
            table.writerow([f"{r[c]:.6g}" if isinstance(r[c], float) else r[c] for c in columns])
    scored = [r for r in rows if r["class"] not in ("network", "open engine")]
    lines = ["| rows | predicted | skipped | mean | maximum | worst |", "|---|---:|---:|---:|---:|---|",
             f"| all | {summary(scored)} |", f"| hold-out | {summary([r for r in scored if not r['calibration']])} |"]
    for device in dict.fromkeys(r["device"] for r in scored if not r["skipped"]):
        for calibration in (True, False):
            chosen = [r for r in scored if r["device"] == device and r["calibration"] == calibration]
            if chosen:
                lines.append(f"| {device}, {'calibration' if calibration else 'hold-out'} | {summary(chosen)} |")
    for name in ("micro", "kernel", "gemm", "bottleneck", "open engine"):
        for calibration in (True, False):
            chosen = [r for r in rows if r["class"] == name and r["calibration"] == calibration]
            if chosen:
                lines.append(f"| {name}, {'calibration' if calibration else 'hold-out'} | {summary(chosen)} |")
    for group in dict.fromkeys(r["group"] for r in scored):
        chosen = [r for r in scored if r["group"] == group and not r["calibration"]]
        if chosen:
            lines.append(f"| {group}, hold-out | {summary(chosen)} |")
    lines += ["", "Whole networks under closed overlays, side by side, nothing tuned:", "",
              "| row | measured | predicted | measured / predicted |", "|---|---:|---:|---:|"]
    for r in rows:
        if r["class"] == "network" and not r["skipped"]:
            lines.append(f"| {r['id']} | {r['measured']:.3g} {r['unit']} | {r['predicted']:.3g} {r['unit']} | "
                         f"{r['measured'] / r['predicted']:.2f} |")
    lines += ["", "Rows that rest on assumptions, which neither they nor their sources state:", "",
              "| row | error | assumed |", "|---|---:|---|"]
    for r in rows:
        if r["assumed"] and not r["skipped"] and r["class"] != "network":
            lines.append(f"| {r['id']} | {r['error_pct']:+.1f} % | {r['assumed']} |")
    readme = HERE / "README.md"
    text = readme.read_text()
    head, tail = text.split(BEGIN)[0], text.split(END)[1]
    readme.write_text(head + BEGIN + "\n" + "\n".join(lines) + "\n" + END + tail)


if __name__ == "__main__":
    main()
