#!/usr/bin/env bash
# Compares what large values cost in the engine and in redis-server, in one run.
#
# Each server is pinned to the first core, the load to the second; rounds are interleaved. What is
# printed are milliseconds of processor time of the server per MB of values (median, lowest,
# highest), and the ratio of the medians.
#
#   mvn -q -DskipTests package -pl engine-server
#   engine-server/src/bench/large-values.sh [rounds]
#
# Environment: SIZES (default "1024 4096 16384 131072 1048576", bytes of a value), MEGABYTES (of
# values in a round, default 400), KEYS (different ones, default 50), CLIENTS (default 20), PIPELINE
# (default 1), ENGINE_OPTIONS (more directives), OTHER_JAR (another engine's jar, to be measured in
# the same rounds).
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
rounds=${1:-3}
sizes=${SIZES:-1024 4096 16384 131072 1048576}
megabytes=${MEGABYTES:-400}
keys=${KEYS:-50}
clients=${CLIENTS:-20}
pipeline=${PIPELINE:-1}
scratch=$(mktemp -d)
declare -A pids ports
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$scratch"
}
trap finish EXIT

start() { # name command ...
  local name=$1
  shift
  ports[$name]=$((20000 + RANDOM % 12000))
  taskset -c 0 "$@" --bind 127.0.0.1 --port "${ports[$name]}" --save '' --dir "$scratch" \
    >"$scratch/$name.log" 2>&1 &
  pids[$name]=$!
  for _ in $(seq 200); do
    [ "$(redis-cli -p "${ports[$name]}" ping 2>/dev/null)" = PONG ] && return
    sleep 0.1
  done
  echo "nothing answers on port ${ports[$name]}" >&2
  exit 1
}
ticks() { # name: user and system time in hundredths of a second
  sed 's/.*) //' "/proc/${pids[$1]}/stat" | awk '{print $12 + $13}'
}

servers=(redis)
start redis redis-server
if [ -n "${OTHER_JAR:-}" ]; then
  servers+=(other)
  PILLION_JAR=$OTHER_JAR start other "$here/bin/pillion-server" ${ENGINE_OPTIONS:-}
fi
servers+=(engine)
start engine "$here/bin/pillion-server" ${ENGINE_OPTIONS:-}

load() { # name test size requests
  taskset -c 1 redis-benchmark -p "${ports[$1]}" -t "$2" -d "$3" -n "$4" -r "$keys" -c "$clients" \
    -P "$pipeline" -q >"$scratch/load.out" 2>&1
}

for size in $sizes; do
  n=$((megabytes * 1000000 / size))
  # Every key has to be there before it is read; and the compiler has to be through.
  for server in "${servers[@]}"; do
    for test in set get set get; do load "$server" "$test" "$size" $((n > 2000 ? n : 2000)); done
  done
  for test in get set; do
    for server in "${servers[@]}"; do : >"$scratch/$server"; done
    for _ in $(seq "$rounds"); do
      for server in "${servers[@]}"; do
        before=$(ticks "$server")
        load "$server" "$test" "$size" "$n"
        after=$(ticks "$server")
        awk -v t=$((after - before)) -v mb="$megabytes" 'BEGIN {printf "%.3f\n", t * 10 / mb}' \
          >>"$scratch/$server"
      done
    done
    for server in "${servers[@]}"; do
      sort -n "$scratch/$server" | awk -v s="$server" '{v[NR] = $1}
        END {printf "%s %.2f %.2f %.2f\n", s, v[int((NR + 1) / 2)], v[1], v[NR]}'
    done | awk -v t="$test" -v size="$size" '
      $1 == "redis" {r = $2}
      {out = out sprintf("  %s %.2f [%.2f-%.2f] (%.2f)", $1, $2, $3, $4, $2 / r)}
      END {printf "%s %8d bytes, CPU ms per MB:%s\n", toupper(t), size, out}'
  done
done
