#!/bin/bash
# Does the command line of the explorer say what it should, with the right exit code?   cli_test.sh TESSERA
set -u
tessera=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
base=$PWD/configs/runs/gemm_512_4x4.json
fails=0

# expect EXIT_CODE TEXT COMMAND...: the text stands somewhere in what the command prints
expect() {
  local code=$1 text=$2 output
  shift 2
  output=$("$@" 2>&1)
  local got=$?
  if [ $got != "$code" ] || ! grep -qF -- "$text" <<<"$output"; then
    echo "FAILED: $* -> $got, expected $code and '$text'; it printed:"
    echo "$output"
    fails=$((fails + 1))
  fi
}

cat > "$work/good.json" <<END
{"base": "$base", "fidelity": "transaction",
 "axes": {"hardware.rows": [1, 2], "sparsity.ratio": [0, 0.5], "sparsity.block": [[8, 8], [7, 100]]}}
END
cat > "$work/bad.json" <<END
{"base": "$base", "axes": {"sparsity.ratio": {"from": 1, "to": 0, "step": 0.1}}, "were": "x == 1"}
END
expect 0 "8 points of a grid of 8, 2 dense baselines" "$tessera" sweep "$work/good.json" --plan --out "$work/out"
expect 0 "4 points are refused and become rows with that reason" "$tessera" sweep "$work/good.json" --plan --out "$work/out"
expect 0 "6 runs to make, about" "$tessera" sweep "$work/good.json" --plan --out "$work/out" -j 1
[ ! -e "$work/out" ] || { echo "FAILED: --plan wrote something"; fails=$((fails + 1)); }
expect 0 "8 points: 4 done, 4 invalid; with dense baselines 10 runs: 6 done, 4 invalid" "$tessera" sweep "$work/good.json" --out "$work/out" -j 2
expect 0 "6 of 6 runs are done" "$tessera" sweep "$work/good.json" --plan --out "$work/out"
expect 0 "8 points: 4 done, 4 invalid; with dense baselines 10 runs: 6 done, 4 invalid" "$tessera" sweep status "$work/out"
expect 0 "0 failed runs are made again" "$tessera" sweep retry "$work/out"
expect 0 "$work/out/table.csv" "$tessera" sweep collect "$work/out"
expect 0 "pareto.csv" "$tessera" pareto "$work/out" --min latency_us --min cores
expect 2 "did you mean 'latency_us'?" "$tessera" pareto "$work/out" --min latncy_us --min cores
expect 0 "of 1 points" "$tessera" pareto "$work/out" --min latency_us --min cores --where "point == 1"
expect 2 "did you mean 'cores'?" "$tessera" pareto "$work/out" --min latency_us --min cores --where "coress == 1"
expect 2 "two or more of --min and --max" "$tessera" pareto "$work/out" --min cores
expect 2 "bad.json: were: unknown key; did you mean 'where'?" "$tessera" sweep "$work/bad.json"
expect 2 "axes.sparsity.ratio.to: 0 is below \"from\" 1; at least \"from\"" "$tessera" sweep "$work/bad.json"
expect 2 "cannot be read" "$tessera" sweep "$work/none.json"
expect 2 "holds no sweep" "$tessera" sweep status "$work"
expect 2 "file is required" "$tessera" sweep
expect 2 "pie: unknown figure; there are:" "$tessera" plot "$work/out" pie
if ! command -v sbatch >/dev/null; then
  expect 2 "sbatch" "$tessera" sweep "$work/good.json" --out "$work/cluster" --launcher slurm
fi

# A refused point keeps the reason of the config check, a result the numbers.
grep -q '^3,1,0.5,8x8,done,,done,' "$work/out/table.csv" || { echo "FAILED: no row of point 3"; cat "$work/out/table.csv"; fails=$((fails + 1)); }
grep -q '^2,1,0,7x100,invalid,sparsity.block' "$work/out/table.csv" || { echo "FAILED: no reason in row 2"; cat "$work/out/table.csv"; fails=$((fails + 1)); }

# What is wrong with the sweep itself is said before anything runs; what is wrong with all points is no success.
cat > "$work/axis.json" <<END
{"base": "$base", "axes": {"sparsity.ratoi": [0, 0.5], "hardware.colls": [1]}}
END
cat > "$work/base.json" <<END
{"network": "none.json", "hardwear": 1}
END
cat > "$work/broken.json" <<END
{"base": "base.json", "axes": {"sparsity.ratio": [0, 0.5]}}
END
cat > "$work/refused.json" <<END
{"base": "$base", "axes": {"sparsity.block": [[7, 100]], "network": ["none.json"]}}
END
cat > "$work/slow.json" <<END
{"base": "$PWD/configs/runs/resnet50_8x8.json", "axes": {"sparsity.ratio": [0.5]}, "limits": {"seconds": 0.02, "retries": 0}}
END
expect 2 'axes.sparsity.ratoi: unknown key "ratoi"' "$tessera" sweep "$work/axis.json" --out "$work/axis"
expect 2 'axes.hardware.colls: unknown key "colls"' "$tessera" sweep "$work/axis.json" --plan
expect 2 'hardwear: unknown key "hardwear"' "$tessera" sweep "$work/broken.json" --out "$work/broken"
[ ! -e "$work/axis" ] && [ ! -e "$work/broken" ] || { echo "FAILED: a wrong sweep wrote something"; fails=$((fails + 1)); }
expect 2 "every point is refused" "$tessera" sweep "$work/refused.json" --out "$work/refused"
expect 0 "none.json: cannot be read" cat "$work/refused/table.csv"
expect 1 "runs failed, column \`reason\` of the table says why" "$tessera" sweep "$work/slow.json" --out "$work/slow"

# A sample that comes out short says so.
cat > "$work/sample.json" <<END
{"base": "$base", "axes": {"hardware.rows": [1, 2, 4], "sparsity.ratio": {"from": 0, "to": 0.9, "step": 0.01}},
 "where": "hardware.rows == 1", "sample": {"method": "lhs", "points": 6, "seed": 1}}
END
expect 0 "sample: 2 points of a grid of 273" "$tessera" sweep "$work/sample.json" --plan
expect 0 "6 were to be drawn: the rest did not meet the condition or came twice" "$tessera" sweep "$work/sample.json" --plan

# A condition that no point meets is named, whatever would have been done with the points.
cat > "$work/none.json" <<END
{"base": "$base", "axes": {"hardware.rows": [1, 2], "hardware.cols": [1, 2]}, "where": "hardware.rows > 2"}
END
sed 's/"where"/"sample": {"method": "random", "points": 3}, &/' "$work/none.json" > "$work/none_drawn.json"
sed 's/"where"/"search": {"minimize": ["latency_us", "cores"], "budget": 9, "population": 8}, &/' "$work/none.json" > "$work/none_searched.json"
for sweep in none none_drawn none_searched; do
  for how in --plan "--out=$work/$sweep"; do
    expect 2 "$sweep.json: where: no point meets 'hardware.rows > 2'; a condition that some points meet" "$tessera" sweep "$work/$sweep.json" $how
  done
done
expect 2 "no point meets 'cores > 99'" "$tessera" pareto "$work/out" --min latency_us --min cores --where "cores > 99"

# A search is checked before it runs, too.
cat > "$work/search.json" <<END
{"base": "$base", "axes": {"hardware.rows": [1, 2, 4], "sparsity.ratio": {"from": 0, "to": 0.9, "step": 0.01}},
 "search": {"minimize": ["latency_us", "cores"], "budget": 40, "population": 8}}
END
sed 's/latency_us/latncy_us/; s/"cores"/"network_name"/' "$work/search.json" > "$work/goals.json"
expect 0 "search: a search over 273 points: minimize latency_us, minimize cores" "$tessera" sweep "$work/search.json" --plan
expect 0 "budget: at most 40 of them, in generations of 8, seed 1" "$tessera" sweep "$work/search.json" --plan
expect 0 "up to 40 runs and their dense baselines, about 12 s with 1 workers" "$tessera" sweep "$work/search.json" --plan -j 1
expect 2 "latncy_us: is no column of the table; did you mean 'latency_us'? columns of numbers: point," "$tessera" sweep "$work/goals.json" --plan
expect 2 "network_name: holds no numbers" "$tessera" sweep "$work/goals.json" --out "$work/goals"

expect 2 "network_name: holds no numbers" "$tessera" pareto "$work/out" --min latency_us --min network_name

# Other coefficients under the same name are another law: what was made with the old ones is made again (a point and its baseline).
cp -r "$PWD/configs" "$work/configs"
cat > "$work/law.json" <<END
{"base": "$work/configs/runs/gemm_512_4x4.json", "axes": {"hardware.kernels": ["measured"], "sparsity.ratio": [0]}}
END
library=$work/configs/hardware/kernels/measured.json
expect 0 "2 done" env TESSERA_CONFIGS="$work/configs" "$tessera" sweep "$work/law.json" --out "$work/law"
sed -i 's/"says": "/"says": "In other words. /' "$library"
expect 0 "2 of 2 runs are done" env TESSERA_CONFIGS="$work/configs" "$tessera" sweep "$work/law.json" --plan --out "$work/law"
sed -i 's/"inner": /"inner": 1/' "$library"
expect 0 "2 runs to make" env TESSERA_CONFIGS="$work/configs" "$tessera" sweep "$work/law.json" --plan --out "$work/law"

# On a terminal the progress is a bar.
if command -v script >/dev/null; then
  script -qec "'$tessera' sweep '$work/good.json' --out '$work/terminal'" /dev/null </dev/null | tr '\r' '\n' |
    grep -qF '[########################]' || { echo "FAILED: no bar on a terminal"; fails=$((fails + 1)); }
fi
[ "$fails" = 0 ] && echo "all transcripts as expected"
exit "$((fails > 0))"
