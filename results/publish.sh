#!/bin/bash
# Makes a published folder again: results/publish.sh SWEEP [FIGURE...]
# Runs configs/sweeps/SWEEP.json from nothing, draws the figures, and copies table and figures to results/SWEEP. Of a table
# of more than 1000 rows only the columns that say what a point is and how fast it is are published.
set -eu
cd "$(dirname "$0")/.."
sweep=$1
shift
work=results/sweeps/$sweep
rm -rf "$work"
./tessera sweep "configs/sweeps/$sweep.json" --out "$work"
./tessera plot "$work" "$@"
mkdir -p "results/$sweep"
rm -rf "results/$sweep/figures"
cp -r "$work/figures" "$work/axes.json" "results/$sweep/"
if [ "$(wc -l < "$work/table.csv")" -le 1000 ]; then
  cp "$work/table.csv" "results/$sweep/"
else
  python3 - "$work/table.csv" "results/$sweep/table.csv" <<'END'
import csv, sys
columns = ("network_name rows cols sparsity.block sparsity.ratio status latency_us dense_latency_us speedup weight_bytes zero_share mask_marks").split()
with open(sys.argv[1], newline="") as source, open(sys.argv[2], "w", newline="") as out:
    rows = csv.DictReader(source)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        for name in ("zero_share", "latency_us", "dense_latency_us", "speedup"):
            row[name] = f"{float(row[name]):.4g}" if row[name] else ""
        writer.writerow([row[name] for name in columns])
END
fi
