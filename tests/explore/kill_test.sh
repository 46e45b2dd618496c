#!/bin/bash
# Does the real simulator's sweep end in the same bytes after kill -9 of its whole process group at random moments?
# kill_test.sh TESSERA SWEEP_FILE
set -u
tessera=$1
sweep=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*"; tail -5 "$work"/*.log; exit 1; }

"$tessera" sweep "$sweep" --out "$work/whole" -j 2 >"$work/whole.log" 2>&1 || fail "the undisturbed sweep"
RANDOM=7
killed=0
for i in 1 2 3 4 5; do
  setsid "$tessera" sweep "$sweep" --out "$work/killed" -j 2 >>"$work/killed.log" 2>&1 &
  leader=$!
  sleep "0.$((RANDOM % 6 + 2))"
  kill -9 -- "-$leader" 2>/dev/null && killed=$((killed + 1))
  wait "$leader" 2>/dev/null
  "$tessera" sweep status "$work/killed" >>"$work/killed.log" 2>&1
done
[ "$killed" -ge 2 ] || fail "the sweep ended before it could be killed"
"$tessera" sweep "$sweep" --out "$work/killed" -j 2 >>"$work/killed.log" 2>&1 || fail "the last run"
cmp "$work/whole/table.csv" "$work/killed/table.csv" || fail "the tables differ"
echo "killed $killed times: the same table"
