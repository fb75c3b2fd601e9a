#!/usr/bin/env bash
# One of three nodes that form a cluster, with TLS: start.sh NAME NAME NAME
# The same on each machine; NAMEs are how the machines reach each other, this one among them.
set -euo pipefail
[[ $# == 3 ]] || {
  sed -n '2,3s/^# //p' "${BASH_SOURCE[0]}"
  exit 2
}
port=${PORT:-9092}
self=
for name; do [[ $name != "${SELF:-$(hostname)}" && $name != "$(hostname -f)" ]] || self=$name; done
[[ -n $self ]] || {
  echo "this machine is $(hostname), which is none of $*; say which one it is: SELF=NAME $0 $*" >&2
  exit 1
}
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
tls=${TLS:-tls}
[[ -r $tls/$self.key ]] || {
  echo "there is no $tls/$self.key; make it with build/callboard cluster init-tls, see examples/three-machines/README.md" >&2
  exit 1
}
exec build/callboard start --data "${DATA:-data}" --listen "${LISTEN:-0.0.0.0}:$port" --advertise "$self:$port" \
  --seeds "$1:$port,$2:$port,$3:$port" --tls-cert "$tls/$self.crt" --tls-key "$tls/$self.key" \
  --tls-ca "$tls/ca.crt" --tls-client-auth required --secret "$tls/secret"
