#!/usr/bin/env bash
# Regenerates everything in this folder: published.csv, lanes.csv, slow_ddr.csv and one figure per network.
#   results/published/make.sh [PROGRAM]     PROGRAM: a built tessera; the default is the launcher
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."
program=${1:-./tessera}
python=python3
python3 -c 'import matplotlib' 2>/dev/null || python=/usr/bin/python3
"$python" results/published/make.py --tessera "$program"
"$python" results/published/plot.py
"$python" results/tables.py
