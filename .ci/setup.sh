# shellcheck shell=bash
# What `run`, `test` and `.ci/run` share: installing what is missing and building.
# Sourced, never run. Needs `set -euo pipefail` and ROOT, the repository's folder.

PACKAGES=(
  # toolchain
  g++ cmake ninja-build ccache mold clang libclang-rt-14-dev clang-format clang-tidy
  # libraries
  libcaf-dev libcapnp-dev capnproto liblmdb-dev libboost-test-dev libcli11-dev libtomlplusplus-dev
  libspdlog-dev libfmt-dev libisal-dev libssl-dev liblz4-dev libsnappy-dev libzstd-dev zlib1g-dev libxxhash-dev
  # tests and benchmarks
  librapidcheck-dev libbenchmark-dev lmdb-utils kcat
  python3 python3-kafka python3-confluent-kafka python3-lz4 python3-snappy python3-zstandard python3-crc32c
  iproute2
)

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# JavaScript clients that tests and examples drive; npm installs them there.
JS_CLIENTS=$ROOT/tests/e2e/clients_js
JS_FOLDERS=("$JS_CLIENTS" "$ROOT/examples/node")

# missing_packages PACKAGE...: those of them that are not installed.
missing_packages() {
  local package
  for package in "$@"; do
    # shellcheck disable=SC2016 # a format of dpkg-query, not a variable
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || printf '%s\n' "$package"
  done
}

as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "installing packages needs root or sudo; run as root: $*"
  fi
}

# install_packages [PACKAGE...]: ours if none are named. Touches the network only if
# something is missing.
install_packages() {
  command -v dpkg-query >/dev/null || die "this script installs packages with apt: it needs Debian 12"
  (($#)) || set -- "${PACKAGES[@]}"
  local missing
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  say "Installing ${missing[*]}"
  as_root apt-get update -q
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
}

# Only for the tests. A node of any origin will do; Debian's if there is none.
install_js_clients() {
  local folder
  for folder in "${JS_FOLDERS[@]}"; do
    [[ $folder/node_modules/.package-lock.json -nt $folder/package-lock.json ]] && continue
    command -v node >/dev/null || install_packages nodejs
    command -v npm >/dev/null || install_packages npm
    say "Installing what ${folder#"$ROOT/"} needs"
    (cd "$folder" && npm ci --no-audit --no-fund --loglevel=error)
  done
}

# build_release [TARGET...]: configures and builds build/.
build_release() {
  say "Building in build/"
  local output
  output=$(cmake --preset release -S "$ROOT" 2>&1) || die "cmake could not configure the project: $output"
  cmake --build "$ROOT/build" -- "$@"
}

# launch_node DATA LISTEN [OPTION...]: starts callboard in the background. Sets NODE_PID.
# Its output goes to DATA.out and DATA.log.
launch_node() {
  local data=$1 listen=$2
  shift 2
  "${CALLBOARD_BUILD:-$ROOT/build}/callboard" start --data "$data" --listen "$listen" --format json "$@" \
    >"$data.out" 2>"$data.log" &
  NODE_PID=$!
}

# await_node DATA PID: waits for the ready line of that node. Sets NODE_ADDRESS.
await_node() {
  local data=$1 pid=$2 deadline=$((SECONDS + 30))
  until NODE_ADDRESS=$(sed -n 's/.*"event":"ready".*"listen":"\([^"]*\)".*/\1/p' "$data.out") && [[ -n $NODE_ADDRESS ]]; do
    kill -0 "$pid" 2>/dev/null || die "the node ended at once: $(cat "$data.log" "$data.out")"
    ((SECONDS < deadline)) || die "the node was not ready within 30 s: $(cat "$data.log")"
    sleep 0.05
  done
}

# spare_addresses COUNT: with ports that the kernel had to spare a moment ago.
spare_addresses() {
  /usr/bin/python3 -c 'import socket, sys
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(f"127.0.0.1:{s.getsockname()[1]}" for s in held))' "$1"
}
