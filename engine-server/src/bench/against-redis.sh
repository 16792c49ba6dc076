#!/usr/bin/env bash
# Compares the engine with redis-server in one run: CPU per request and memory per key.
#
# Each server is pinned to the first core, the load to the second; rounds are interleaved, so that
# whatever else the machine does hits both. What is printed are CPU seconds of the server process
# per million requests (median, lowest, highest) and the ratio of the medians; absolute times mean
# little elsewhere, ratios more.
#
#   mvn -q -DskipTests package -pl engine-server
#   engine-server/src/bench/against-redis.sh [rounds]
#
# Environment: REQUESTS (default 1000000 at P 16, a quarter of it at P 1), WARMUP_SECONDS (10),
# TESTS (default "get set"), PIPELINES (default "1 16"), ENGINE_OPTIONS (more directives),
# KEYS_FOR_MEMORY (1000000).
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
rounds=${1:-5}
requests=${REQUESTS:-1000000}
tests=${TESTS:-get set}
pipelines=${PIPELINES:-1 16}
warmup=${WARMUP_SECONDS:-10}
memory_keys=${KEYS_FOR_MEMORY:-1000000}
scratch=$(mktemp -d)
pids=()
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$scratch"
}
trap finish EXIT

await() { # port
  for _ in $(seq 200); do
    [ "$(redis-cli -p "$1" ping 2>/dev/null)" = PONG ] && return
    sleep 0.1
  done
  echo "nothing answers on port $1" >&2
  exit 1
}
ticks() { # pid: user and system time in hundredths of a second
  sed 's/.*) //' "/proc/$1/stat" | awk '{print $12 + $13}'
}
resident_kib() { awk '/^VmRSS/ {print $2}' "/proc/$1/status"; }

redis_port=$((20000 + RANDOM % 10000))
engine_port=$((30000 + RANDOM % 10000))
taskset -c 0 redis-server --bind 127.0.0.1 --port "$redis_port" --save '' --appendonly no \
  --dir "$scratch" --daemonize no >"$scratch/redis.log" &
redis_pid=$!; pids+=("$redis_pid")
taskset -c 0 "$here/bin/pillion-server" --bind 127.0.0.1 --port "$engine_port" --save '' \
  --dir "$scratch" ${ENGINE_OPTIONS:-} >"$scratch/engine.log" 2>&1 &
engine_pid=$!; pids+=("$engine_pid")
await "$redis_port"; await "$engine_port"

load() { # port test pipeline requests
  taskset -c 1 redis-benchmark -p "$1" -t "$2" -P "$3" -n "$4" -r 1000000 -d 64 -c 50 -q \
    >"$scratch/load.out" 2>&1
}

echo "redis-server $(redis-cli -p "$redis_port" info server | tr -d '\r' | sed -n 's/^redis_version://p')" \
  "and the engine on $(java -version 2>&1 | head -1), $rounds rounds, $(nproc) cores"
for port in "$redis_port" "$engine_port"; do
  end=$((SECONDS + warmup))
  while [ $SECONDS -lt $end ]; do
    for test in $tests; do for p in $pipelines; do load "$port" "$test" "$p" 100000; done; done
  done
done

for test in $tests; do
  for p in $pipelines; do
    n=$requests
    [ "$p" = 1 ] && n=$((requests / 4))
    : >"$scratch/redis"; : >"$scratch/engine"
    for _ in $(seq "$rounds"); do
      for server in redis engine; do
        [ $server = redis ] && pid=$redis_pid port=$redis_port || pid=$engine_pid port=$engine_port
        before=$(ticks "$pid")
        load "$port" "$test" "$p" "$n"
        after=$(ticks "$pid")
        awk -v t=$((after - before)) -v n="$n" 'BEGIN {printf "%.3f\n", t / 100 * 1e6 / n}' \
          >>"$scratch/$server"
      done
    done
    for server in redis engine; do
      sort -n "$scratch/$server" | awk -v s=$server '{v[NR] = $1}
        END {printf "%s %.2f %.2f %.2f\n", s, v[int((NR + 1) / 2)], v[1], v[NR]}'
    done | awk -v t="$test" -v p="$p" '
      $1 == "redis" {r = $2; rr = $2 " [" $3 "-" $4 "]"}
      $1 == "engine" {e = $2; ee = $2 " [" $3 "-" $4 "]"}
      END {printf "%-4s P %-3s CPU s per 1M: redis %-20s engine %-20s ratio %.2f\n",
        toupper(t), p, rr, ee, e / r}'
  done
done

if [ "$memory_keys" -gt 0 ]; then
  for server in redis engine; do
    [ $server = redis ] && pid=$redis_pid port=$redis_port || pid=$engine_pid port=$engine_port
    redis-cli -p "$port" flushall >/dev/null
  done
  # Fresh processes: what the load above left behind would hide in the figure.
  kill "$redis_pid" "$engine_pid"; wait "$redis_pid" "$engine_pid" 2>/dev/null || true
  redis-server --bind 127.0.0.1 --port "$redis_port" --save '' --appendonly no \
    --dir "$scratch" --daemonize no >"$scratch/redis.log" &
  redis_pid=$!; pids+=("$redis_pid")
  "$here/bin/pillion-server" --bind 127.0.0.1 --port "$engine_port" --save '' \
    --dir "$scratch" ${ENGINE_OPTIONS:-} >"$scratch/engine.log" 2>&1 &
  engine_pid=$!; pids+=("$engine_pid")
  await "$redis_port"; await "$engine_port"
  value=$(printf 'v%.0s' $(seq 64))
  for server in redis engine; do
    [ $server = redis ] && pid=$redis_pid port=$redis_port || pid=$engine_pid port=$engine_port
    before=$(resident_kib "$pid")
    seq -f 'SET key:%012.0f '"$value" 1 "$memory_keys" | redis-cli -p "$port" --pipe >/dev/null
    after=$(resident_kib "$pid")
    echo "memory: $server $(((after - before) * 1024 / memory_keys)) bytes per key (16 + 64 bytes," \
      "$memory_keys keys; process $((before / 1024)) MiB before, $((after / 1024)) MiB after," \
      "keys $(redis-cli -p "$port" dbsize))"
  done
fi
