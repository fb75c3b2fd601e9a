#!/usr/bin/env bash
# A walk through a running node: tour.sh HOST:PORT. Every command is printed before it
# runs; the first that fails ends the tour with its status.
set -euo pipefail
[[ $# == 1 ]] || {
  sed -n '2,3s/^# //p' "${BASH_SOURCE[0]}"
  exit 2
}
cd "$(dirname "${BASH_SOURCE[0]}")/.."
address=$1
topic=tour-$$
build=${CALLBOARD_BUILD:-build}

step() { printf '\n\033[1m# %s\033[0m\n' "$*"; }
# show COMMAND...: prints it as one would type it, then runs it.
show() {
  local word typed=
  for word; do
    [[ $word == *[!a-zA-Z0-9_./:=-]* ]] && word=${word@Q}
    typed+=" $word"
  done
  printf '\033[2m$%s\033[0m\n' "$typed"
  "$@"
}

step "A topic, made by the command line"
show "$build"/callboard --bootstrap "$address" topic create "$topic" --partitions 1
show "$build"/callboard --bootstrap "$address" topic list

if command -v kcat >/dev/null; then
  step "Kafka's protocol, from the shell: kcat writes, kcat reads"
  printf '%s\n' "a line from kcat" "another line from kcat" | show kcat -b "$address" -P -t "$topic" -p 0
  show kcat -b "$address" -C -t "$topic" -p 0 -o beginning -c 2 -q -f 'offset %o: %s\n'
fi

step "Kafka's protocol, from Python: kafka-python, unchanged"
printf '%s\n' "a line from Python" | show /usr/bin/python3 examples/python/produce.py "$address" "$topic"

step "Cap'n Proto RPC, from C++: typed, and streamed with one flush"
# Kafka's clients find the leader by themselves; these talk to the node they are given.
leader=$(/usr/bin/python3 examples/python/leader.py "$address" "$topic")
show "$build"/examples/produce "$leader" "$topic" "a record from C++"
show "$build"/examples/stream_produce "$leader" "$topic" 1000

step "What one door took, the other gives"
show "$build"/examples/consume "$leader" "$topic" 4
show /usr/bin/python3 examples/python/consume.py "$address" "$topic" 4

step "What every actor is doing"
show "$build"/callboard --bootstrap "$address" actors
