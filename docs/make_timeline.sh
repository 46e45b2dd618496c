#!/usr/bin/env bash
# Makes docs/timeline.png from a fresh trace of ResNet50 on 4x4, sparse.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$root/tessera" run "$root/configs/runs/resnet50_4x4.json" --only sparse --trace "$work/trace.json" --out "$work" >/dev/null
/usr/bin/python3 "$root/docs/plot_timeline.py" "$work/trace.json" "$root/docs/timeline.png"
