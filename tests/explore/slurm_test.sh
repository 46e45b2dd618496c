#!/bin/bash
# Does a sweep through a real Slurm job array end in the same bytes as on this machine alone, with a task cancelled
# mid-way and another one killed?   slurm_test.sh TESSERA SWEEP_FILE
# Exit code 77: cannot be tried here (no root, no packages, no cgroups). With CI set that is a failure.
set -u
tessera=$1
sweep=$2
here=$(cd "$(dirname "$0")" && pwd)
source "$here/slurm/cluster.sh"

if [ "$(id -u)" != 0 ]; then echo "skipped: the daemons need root"; exit 77; fi
if ! install_slurm; then
  echo "slurm-wlm and munge cannot be installed"
  [ -z "${CI:-}" ] || exit 1  # CI has to run this
  exit 77
fi

work=$(mktemp -d)
finish() {
  stop_cluster
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

fail() {
  echo "FAILED: $*"
  tail -n 5 "$work"/array/slurm/*/log-*.txt 2>/dev/null | tail -n 40
  exit 1
}
rows() { grep -c ",$1," "$work/array/table.csv"; }

"$tessera" sweep "$sweep" --out "$work/local" -j "$(nproc)" || fail "the local sweep"
points=$(($(wc -l < "$work/local/table.csv") - 1))
[ "$points" -ge 200 ] || fail "only $points points"
echo "local: $points points"

if ! start_cluster "$work/cluster"; then
  [ -z "${CI:-}" ] || fail "no cluster"
  echo "skipped: slurmd does not run here; it needs cgroups"
  exit 77
fi

# A cluster that refuses the job leaves nothing behind.
if "$tessera" sweep "$sweep" --out "$work/array" --launcher slurm --sbatch=--partition=nowhere 2>"$work/refused"; then
  fail "a partition that does not exist was accepted"
fi
grep -q "the job array was not accepted" "$work/refused" || fail "no reason: $(cat "$work/refused")"
[ -z "$(ls "$work/array/slurm")" ] || fail "a refused launch left files"

"$tessera" sweep "$sweep" --out "$work/array" --launcher slurm --chunk 12 --limit 2 | tee "$work/submitted"
job=$(sed -n 's/^job \([0-9]*\):.*/\1/p' "$work/submitted")
[ -n "$job" ] || fail "no job number"

# One task is cancelled and one killed as soon as each has finished some of its points and not all.
disturb() {
  for _ in $(seq 2000); do
    for shard in "$work"/array/shards/001-*.jsonl; do
      [ -e "$shard" ] || continue
      task=${shard##*-}; task=${task%.jsonl}
      case " $disturbed " in *" $task "*) continue ;; esac
      lines=$(wc -l < "$shard")
      if [ "$lines" -ge 1 ] && [ "$lines" -le 9 ]; then
        disturbed="$disturbed $task"
        case $1 in
          cancel) scancel "${job}_$task" ;;
          kill) pkill_task "$task" ;;
        esac
        echo "$1 of task $task after $lines runs"
        return 0
      fi
    done
    sleep 0.02
  done
  fail "no task could be caught for $1"
}
# The process of exactly this task of this test, found by its whole command line.
pkill_task() {
  for process in /proc/[0-9]*; do
    if { tr '\0' ' ' < "$process/cmdline"; } 2>/dev/null | grep -q " sweep task $work/array 001 $1 "; then
      kill -9 "${process#/proc/}" 2>/dev/null
    fi
  done
}
disturbed=""
disturb cancel
disturb kill
for _ in $(seq 100); do  # the two that were disturbed may have been all that ran
  "$tessera" sweep status "$work/array" > "$work/status"
  grep -q "^[1-9][0-9]* tasks running" "$work/status" && break
  sleep 0.05
done
cat "$work/status"
grep -q "^[1-9][0-9]* tasks running" "$work/status" || fail "status does not show the tasks"
"$tessera" sweep "$sweep" --out "$work/array" 2>"$work/busy" && fail "a local sweep ran beside the job array"
grep -q "tasks of a job array are at this sweep" "$work/busy" || fail "not said why: $(cat "$work/busy")"

wait_for_queue() {
  for _ in $(seq 3000); do
    [ -z "$(squeue --noheader 2>/dev/null)" ] && return 0
    sleep 0.2
  done
  fail "the queue does not empty"
}
wait_for_queue
"$tessera" sweep status "$work/array" | tee "$work/status"
grep -q "pending" "$work/status" || fail "nothing was lost: the disturbed tasks ended too early"
grep -q "tessera sweep retry" "$work/status" || fail "status does not say what to do"
"$tessera" sweep collect "$work/array" || fail "collect of a partial sweep"
[ "$(rows pending)" -ge 1 ] || fail "a partial table without pending rows"
cmp -s "$work/local/table.csv" "$work/array/table.csv" && fail "the table is whole although runs are missing"

"$tessera" sweep retry "$work/array" --chunk 5 | tee "$work/submitted"
grep -q "^job " "$work/submitted" || fail "retry submitted nothing"
wait_for_queue
"$tessera" sweep collect "$work/array" || fail "collect"
cmp "$work/local/table.csv" "$work/array/table.csv" || fail "the tables differ"
"$tessera" sweep retry "$work/array" | grep -q "nothing to submit" || fail "a finished sweep was submitted again"
cmp "$work/local/table.csv" "$work/array/table.csv" || fail "the table changed"
echo "the same $points rows, byte for byte"
