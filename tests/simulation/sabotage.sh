#!/bin/sh
# What the tests ask of a rule that is broken on purpose.
#   sabotage.sh noticed SIMULATE NAME SEEDS RULE   found by the checker of RULE; the same
#                                                  seeds are clean while nothing is broken
#   sabotage.sh reduced SIMULATE NAME SEED RULE    the failing seed gives a smaller one,
#                                                  which fails likewise
set -eu
what=$1 simulate=$2 name=$3 seeds=$4 rule=$5

noticed() {
  "$simulate" --seeds "$seeds" --threads 2
  "$simulate" --seeds "$seeds" --threads 2 --sabotage "$name" | tee /dev/stderr | grep -q "FAILED: $rule, "
}

reduced() {
  whole=$("$simulate" --seed "$seeds" --sabotage "$name" --reduce)
  echo "$whole"
  smaller=$(echo "$whole" | sed -n 's/^  reduced: simulate //p')
  case $smaller in *--without*) ;; *) exit 1 ;; esac
  # shellcheck disable=SC2086 # several arguments
  "$simulate" $smaller | tee /dev/stderr | grep -q "FAILED: $rule, "
}

"$what"
