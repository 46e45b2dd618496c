# A Slurm cluster of one node on 127.0.0.1, with everything it writes below $1; sourced by the tests. Needs root.
#   start_cluster FOLDER   installs slurm-wlm and munge if they are missing, starts munged, slurmctld and slurmd
#   stop_cluster           ends the daemons that start_cluster started

cluster_pids=()

install_slurm() {
  command -v slurmctld >/dev/null && command -v slurmd >/dev/null && command -v munged >/dev/null && return 0
  command -v apt-get >/dev/null || return 1
  echo "installing slurm-wlm and munge"
  apt-get update -qq >/dev/null 2>&1
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slurm-wlm munge >/dev/null 2>&1
}

start_cluster() {
  local root=$1 node
  node=$(hostname -s)
  mkdir -p "$root"/{munge,state,spool,log}
  chmod 700 "$root/munge"
  head -c 1024 /dev/urandom > "$root/munge/key"
  chmod 400 "$root/munge/key"
  cat > "$root/slurm.conf" <<END
ClusterName=tessera
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=${SLURM_TEST_PORT:-26817}
SlurmdPort=$((${SLURM_TEST_PORT:-26817} + 1))
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$root/munge/socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
ReturnToService=2
KillWait=5
MinJobAge=10
MessageTimeout=100
StateSaveLocation=$root/state
SlurmdSpoolDir=$root/spool
SlurmctldPidFile=$root/slurmctld.pid
SlurmdPidFile=$root/slurmd.pid
SlurmctldLogFile=$root/log/slurmctld
SlurmdLogFile=$root/log/slurmd
NodeName=$node NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
  export SLURM_CONF=$root/slurm.conf
  munged --foreground --force --key-file="$root/munge/key" --socket="$root/munge/socket" --pid-file="$root/munge/pid" \
    --log-file="$root/munge/log" --seed-file="$root/munge/seed" >"$root/munge/out" 2>&1 &
  cluster_pids+=($!)
  for _ in $(seq 100); do [ -S "$root/munge/socket" ] && break; sleep 0.1; done
  slurmctld -D -i >"$root/log/slurmctld.out" 2>&1 &
  cluster_pids+=($!)
  slurmd -D >"$root/log/slurmd.out" 2>&1 &
  cluster_pids+=($!)
  for _ in $(seq 300); do
    sinfo --noheader --format=%t 2>/dev/null | grep -q '^idle' && return 0
    sleep 0.2
  done
  echo "the cluster does not come up:"
  tail -n 20 "$root"/log/* "$root/munge/out" "$root/munge/log" 2>/dev/null
  return 1
}

stop_cluster() {
  local pid
  for pid in "${cluster_pids[@]}"; do kill "$pid" 2>/dev/null; done
  for pid in "${cluster_pids[@]}"; do
    for _ in $(seq 50); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -9 "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
  done
  cluster_pids=()
}
