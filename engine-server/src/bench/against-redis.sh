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
# TESTS (default "get set"; or any of incr hset lpush zadd zrevrange zrevrank, the sorted set having
# 100,000 members), PIPELINES (default "1 16"), ENGINE_OPTIONS (more directives), MEMORY (default
# "strings"; or any of zset hashes sets streams, and "all" for these four together), ITEMS (default
# 1000000; a tenth of it for streams).
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
rounds=${1:-5}
requests=${REQUESTS:-1000000}
tests=${TESTS:-get set}
pipelines=${PIPELINES:-1 16}
warmup=${WARMUP_SECONDS:-10}
memory=${MEMORY-strings}
items=${ITEMS:-1000000}
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

redis_port=$((20000 + RANDOM % 6000))
engine_port=$((26000 + RANDOM % 6000))
taskset -c 0 redis-server --bind 127.0.0.1 --port "$redis_port" --save '' --appendonly no \
  --dir "$scratch" --daemonize no >"$scratch/redis.log" &
redis_pid=$!; pids+=("$redis_pid")
taskset -c 0 "$here/bin/pillion-server" --bind 127.0.0.1 --port "$engine_port" --save '' \
  --dir "$scratch" ${ENGINE_OPTIONS:-} >"$scratch/engine.log" 2>&1 &
engine_pid=$!; pids+=("$engine_pid")
await "$redis_port"; await "$engine_port"

load() { # port test pipeline requests
  local command=(-t "$2") range=1000000
  case $2 in
    zadd) command=(ZADD board __rand_int__ member:__rand_int__) range=100000 ;;
    zrevrange) command=(ZREVRANGE board 0 9) range=100000 ;;
    zrevrank) command=(ZREVRANK board member:__rand_int__) range=100000 ;;
    hset) command=(HSET hash:__rand_int__ field 0123456789abcdef) ;;
    lpush) command=(LPUSH list:__rand_int__ 0123456789abcdef) range=1000 ;;
  esac
  taskset -c 1 redis-benchmark -p "$1" -P "$3" -n "$4" -r "$range" -d 64 -c 50 -q "${command[@]}" \
    >"$scratch/load.out" 2>&1
}
board() { # port: a sorted set of 100,000 members with the names that the load uses
  seq 0 99999 | awk '{printf "ZADD board %d member:%012d\n", ($1 * 7919) % 100000, $1}' |
    redis-cli -p "$1" --pipe >/dev/null
}

echo "redis-server $(redis-cli -p "$redis_port" info server | tr -d '\r' | sed -n 's/^redis_version://p')" \
  "and the engine on $(java -version 2>&1 | head -1), $rounds rounds, $(nproc) cores"
for port in "$redis_port" "$engine_port"; do
  case " $tests " in *" z"*) board "$port" ;; esac
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
      END {printf "%-9s P %-3s CPU s per 1M: redis %-20s engine %-20s ratio %.2f\n",
        toupper(t), p, rr, ee, e / r}'
  done
done

data() { # kind count: commands that make so many items of that kind
  if [ "$1" = all ]; then
    data zset "$2"; data hashes "$2"; data sets "$2"; data streams $(($2 / 10))
    return
  fi
  seq "$2" | case $1 in
    strings) awk '{printf "SET key:%012d %064d\n", $1, $1}' ;;
    zset) awk '{printf "ZADD board %d member:%d\n", ($1 * 7919) % 1000003, $1}' ;;
    hashes) awk '{printf "HSET user:%d name name%d city city%d age %d score %d visits 1\n",
      $1, $1, $1 % 1000, $1 % 90, $1}' ;;
    sets) awk '{printf "SADD tags:%d red%d green%d blue%d 4-%d five\n", $1, $1, $1, $1, $1}' ;;
    streams) awk '{for (i = 1; i <= 5; i++)
      printf "XADD log:%d %d-%d sensor %d temperature %d\n", $1, 1700000000000 + i, i, $1, i}' ;;
  esac
}

# Fresh processes for each: what was there before would hide in the figure.
for kind in $memory; do
  n=$items
  [ "$kind" = streams ] && n=$((items / 10))
  figures=()
  for server in redis engine; do
    kill "$redis_pid" "$engine_pid" 2>/dev/null || true
    wait "$redis_pid" "$engine_pid" 2>/dev/null || true
    port=$redis_port
    if [ $server = redis ]; then
      redis-server --bind 127.0.0.1 --port "$port" --save '' --appendonly no \
        --dir "$scratch" --daemonize no >"$scratch/redis.log" &
    else
      port=$engine_port
      "$here/bin/pillion-server" --bind 127.0.0.1 --port "$port" --save '' \
        --dir "$scratch" ${ENGINE_OPTIONS:-} >"$scratch/engine.log" 2>&1 &
    fi
    pid=$!; pids+=("$pid")
    [ $server = redis ] && redis_pid=$pid || engine_pid=$pid
    await "$port"
    before=$(resident_kib "$pid")
    data "$kind" "$n" | redis-cli -p "$port" --pipe >/dev/null
    after=$(resident_kib "$pid")
    figures+=($(((after - before) * 1024 / n)) $((before / 1024)) $((after / 1024)))
  done
  awk -v k="$kind" -v n="$n" -v f="${figures[*]}" 'BEGIN {split(f, v, " ")
    printf "memory of %d %s, bytes each: redis %d (process %d to %d MiB), engine %d (%d to %d MiB), " \
      "ratio %.2f, of the whole process %.2f\n", n, k, v[1], v[2], v[3], v[4], v[5], v[6],
      v[4] / v[1], v[6] / v[3]}'
done
