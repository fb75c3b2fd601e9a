#!/usr/bin/env bash
# Three nodes on this machine form a cluster and are shown at work; then one is killed.
#   demonstration.sh              on temporary data; status 0 if all of it worked
#   demonstration.sh --stay DATA  on data that is kept; the nodes stay until Ctrl-C
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"
# shellcheck source=.ci/setup.sh
source .ci/setup.sh

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Nodes are found again where the others know them, so addresses are kept with the data.
choose_addresses() {
  local port chosen=
  if [[ -z $scratch && -f $data/addresses ]]; then
    chosen=$(<"$data/addresses")
    for port in ${chosen//127.0.0.1:/}; do
      port_is_free "$port" || die "port $port of the nodes in $data is taken; is ./run running already?"
    done
  elif [[ -z $scratch ]] && port_is_free 9092 && port_is_free 9093 && port_is_free 9094; then
    chosen="127.0.0.1:9092 127.0.0.1:9093 127.0.0.1:9094"
  else
    chosen=$(spare_addresses 3)
  fi
  read -ra addresses <<<"$chosen"
  printf '%s\n' "$chosen" >"$data/addresses"
}

# launch NUMBER: the same command for each of them, and at every start.
launch() {
  launch_node "$data/node$1" "${addresses[$1 - 1]}" --seeds "$(IFS=, && printf '%s' "${addresses[*]}")"
  pids[$1]=$NODE_PID
}

stop_all() {
  local number status=0
  for number in "${!pids[@]}"; do kill -TERM "${pids[$number]}" 2>/dev/null || true; done
  for number in "${!pids[@]}"; do
    wait "${pids[$number]}" || {
      status=$?
      printf 'node %s ended with status %s: %s\n' "$number" "$status" "$(tail -n 3 "$data/node$number.log")" >&2
    }
  done
  pids=()
  return $status
}

clean_up() {
  stop_all 2>/dev/null || true
  [[ -z $scratch ]] || rm -rf "$scratch"
}

scratch=
pids=()
case ${1:-} in
  --stay) data=${2:?a directory for the data} && mkdir -p "$data" ;;
  '') scratch=$(mktemp -d) && data=$scratch ;;
  *) sed -n '2,4s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit 2 ;;
esac
trap clean_up EXIT
trap 'exit 130' INT TERM

say "Starting three nodes"
choose_addresses
started=$(date +%s%3N)
for number in 1 2 3; do launch $number; done
for number in 1 2 3; do await_node "$data/node$number" "${pids[$number]}"; done
echo "They are a cluster after $(($(date +%s%3N) - started)) ms: ${addresses[*]}; data in $data"

examples/tour.sh "${addresses[0]}"

say "A leader is killed while records flow through both doors"
topic=failover-$$
nodes=()
for number in 1 2 3; do nodes+=("${addresses[$number - 1]}=${pids[$number]}"); done
# Bash would report that one of its children was killed, which is what is wanted here.
exec 3>&2 2>/dev/null
held=0
/usr/bin/python3 examples/python/failover.py $topic "${nodes[@]}" 2>&3 || held=$?
killed=
for number in 1 2 3; do
  kill -0 "${pids[$number]}" && continue
  wait "${pids[$number]}" || true
  killed=$number
done
exec 2>&3 3>&-
((held == 0)) || die "the failover did not go as it should"

say "The killed node is started again"
launch "$killed"
await_node "$data/node$killed" "${pids[$killed]}"
/usr/bin/python3 examples/python/caught_up.py "$NODE_ADDRESS" $topic

if [[ -n $scratch ]]; then
  stop_all || die "a node did not stop with status 0"
  say "The demonstration is over and everything worked"
else
  trap : INT TERM
  say "The nodes stay on ${addresses[*]} until Ctrl-C"
  wait || true
  stop_all || die "a node did not stop with status 0"
fi
