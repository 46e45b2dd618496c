#!/bin/bash
# Does the real simulator's sweep end in the same bytes after kill -9 of its whole process group at 20 random moments?
# kill_test.sh TESSERA SWEEP_FILE
set -u
tessera=$1
sweep=$2
kills=20
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*"; tail -n 5 "$work"/*.log; exit 1; }
now_ms() { echo $(($(date +%s%N) / 1000000)); }
same_table() { cmp "$work/whole/table.csv" "$work/killed/table.csv" || fail "the tables differ"; }

begin=$(now_ms)
"$tessera" sweep "$sweep" --out "$work/whole" -j 2 >"$work/whole.log" 2>&1 || fail "the undisturbed sweep"
# On average a kill comes after 1/25 of the sweep, so that 20 of them fall into one sweep on any machine.
span=$(((($(now_ms) - begin) * 2) / 25 + 1))
RANDOM=7
killed=0
ended=0
while [ "$killed" -lt "$kills" ]; do
  setsid "$tessera" sweep "$sweep" --out "$work/killed" -j 2 >>"$work/killed.log" 2>&1 &
  leader=$!
  delay=$((RANDOM % span + 1))
  sleep "$(printf '%d.%03d' $((delay / 1000)) $((delay % 1000)))"
  kill -9 -- "-$leader" 2>/dev/null || kill -9 "$leader" 2>/dev/null
  wait "$leader" 2>/dev/null
  case $? in
    137)
      killed=$((killed + 1))
      [ ! -e "$work/killed/store.sqlite" ] || "$tessera" sweep status "$work/killed" >>"$work/killed.log" 2>&1 ||
        fail "status after kill $killed"
      ;;
    0)  # it ended before its kill: the remaining ones meet another sweep
      same_table
      rm -rf "$work/killed"
      ended=$((ended + 1))
      ;;
    *) fail "the sweep after kill $killed" ;;
  esac
done
[ "$ended" -le 5 ] || fail "most sweeps ended before they could be killed"
"$tessera" sweep "$sweep" --out "$work/killed" -j 2 >>"$work/killed.log" 2>&1 || fail "the last run"
same_table
echo "killed $killed times: the same table"
