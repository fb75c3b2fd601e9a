#!/usr/bin/env bash
# Two members of one consumer group, with kcat: kcat.sh HOST:PORT TOPIC. Writes 20 lines
# to the topic, which it expects to have several partitions, and prints who read which.
set -euo pipefail
[[ $# == 2 ]] || {
  sed -n '2,3s/^# //p' "${BASH_SOURCE[0]}"
  exit 2
}
address=$1 topic=$2 lines=20
group=readers-of-$topic

seq -f "line %g" "$lines" | while read -r line; do printf '%s:%s\n' "${line##* }" "$line"; done |
  kcat -b "$address" -P -t "$topic" -K :

scratch=$(mktemp -d)
members=()
clean_up() {
  ((${#members[@]} == 0)) || kill "${members[@]}" 2>/dev/null || true
  rm -rf "$scratch"
}
trap clean_up EXIT
for member in one two; do
  kcat -b "$address" -G "$group" -X auto.offset.reset=earliest -u -q -f "$member: partition %p, %s\n" "$topic" \
    >"$scratch/$member" 2>"$scratch/$member.log" &
  members+=($!)
done

deadline=$((SECONDS + 30))
until (($(cat "$scratch/one" "$scratch/two" | wc -l) >= lines)); do
  ((SECONDS < deadline)) || {
    cat "$scratch"/* >&2
    echo "not all lines were read within 30 s" >&2
    exit 1
  }
  sleep 0.1
done
sort -V "$scratch/one" "$scratch/two"
