#!/usr/bin/env bash
# What an append-only file costs the engine and redis-server in one run: with everysec the CPU per
# SET beside the same without a file, with always the SETs per second, and the CPU per SET.
#
# Rounds are interleaved. Servers run on the first core in the rounds for CPU, wherever the system
# puts them in those for throughput: the engine's log has a thread of its own. The engine is warmed
# up first, by several loads: those who come anew have the just-in-time compiler, on the same core,
# do some of its work again.
#
# What always gives is a matter of who is woken how soon, so it needs a machine that does nothing
# else: the engine hands over to a thread and back where redis-server goes on. Who may can at least
# put all of it before what else runs, by a session of its own where sessions share the processors:
#
#   setsid -w sh -c 'echo -20 >/proc/self/autogroup; exec engine-server/src/bench/append-only.sh'
#
#   mvn -q -DskipTests package -pl engine-server
#   engine-server/src/bench/append-only.sh [rounds]
#
# Environment: REQUESTS (default 1000000), PIPELINE (16), CLIENTS (50), WARMUP_LOADS (6).
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
rounds=${1:-3}
requests=${REQUESTS:-1000000}
pipeline=${PIPELINE:-16}
clients=${CLIENTS:-50}
warmup=${WARMUP_LOADS:-6}
scratch=$(mktemp -d)
declare -A pid port
finish() {
  for each in "${pid[@]}"; do kill "$each" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$scratch"
}
trap finish EXIT

start() { # name of a server and a mode
  local name=$1-$2 dir=$scratch/$1-$2 options=(--appendonly no)
  mkdir -p "$dir"
  [ "$2" = off ] || options=(--appendonly yes --appendfsync "$2" --auto-aof-rewrite-percentage 0)
  port[$name]=$((20000 + RANDOM % 12000))
  local program=redis-server
  [ "$1" = redis ] || program=$here/bin/pillion-server
  local pin=(taskset -c 0)
  [ "$2" != always ] || pin=()
  "${pin[@]}" "$program" --bind 127.0.0.1 --port "${port[$name]}" --save '' --dir "$dir" \
    "${options[@]}" >"$dir/log" 2>&1 &
  pid[$name]=$!
  for _ in $(seq 200); do
    [ "$(redis-cli -p "${port[$name]}" ping 2>/dev/null)" = PONG ] && return
    sleep 0.1
  done
  echo "$name does not answer on port ${port[$name]}:" >&2
  cat "$dir/log" >&2
  exit 1
}
ticks() { sed 's/.*) //' "/proc/$1/stat" | awk '{print $12 + $13}'; }
load() { # name requests: SETs per second
  redis-benchmark -p "${port[$1]}" -t set -n "$2" -P "$pipeline" -c "$clients" -r 100000 -d 64 -q \
    | tr '\r' '\n' | awk '/requests per second/ {print $2}'
}
median() { sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }

for server in redis engine; do
  for mode in off everysec always; do
    start $server $mode
    [ $server = redis ] || for _ in $(seq "$warmup"); do
      load $server-$mode "$requests" >/dev/null
    done
  done
done
for round in $(seq "$rounds"); do
  for mode in off everysec; do
    for server in redis engine; do
      before=$(ticks "${pid[$server-$mode]}")
      load $server-$mode "$requests" >/dev/null
      after=$(ticks "${pid[$server-$mode]}")
      awk -v t=$((after - before)) -v n="$requests" 'BEGIN {print t * 1e4 / n}' \
        >>"$scratch/$server-$mode.cpu"
    done
  done
  for server in redis engine; do
    before=$(ticks "${pid[$server-always]}")
    load $server-always "$((requests / 4))" >>"$scratch/$server-always.rate"
    after=$(ticks "${pid[$server-always]}")
    awk -v t=$((after - before)) -v n="$((requests / 4))" 'BEGIN {print t * 1e4 / n}' \
      >>"$scratch/$server-always.cpu"
  done
done
for server in redis engine; do
  off=$(median <"$scratch/$server-off.cpu")
  on=$(median <"$scratch/$server-everysec.cpu")
  echo "$server: CPU seconds per million SETs at -P $pipeline: $off without, $on with everysec:" \
    "$(awk -v a="$on" -v b="$off" 'BEGIN {printf "%.2f", a / b}') times;" \
    "always: $(median <"$scratch/$server-always.rate") SETs a second," \
    "$(median <"$scratch/$server-always.cpu") CPU seconds per million"
done
each() { median <"$scratch/$1"; }
awk -v r="$(each redis-everysec.cpu)" -v r0="$(each redis-off.cpu)" \
  -v e="$(each engine-everysec.cpu)" -v e0="$(each engine-off.cpu)" \
  -v ra="$(each redis-always.rate)" -v ea="$(each engine-always.rate)" 'BEGIN {
    printf "everysec: the ratio is %.2f of redis-server\047s (bar: 1.05 at most); ", e / e0 / (r / r0)
    printf "always: %.2f of its throughput (bar: 0.95 at least)\n", ea / ra
  }'
