#!/usr/bin/env bash
# Makes timeline.pdf, .png and .csv of this folder from a fresh trace of ResNet50 on 4x4, sparse.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$root/tessera" run "$root/configs/runs/resnet50_4x4.json" --only sparse --trace "$work/trace.json" --out "$work" >/dev/null
python=python3
python3 -c "import matplotlib" 2>/dev/null || python=/usr/bin/python3
"$python" "$here/plot.py" "$work/trace.json" "$here"
