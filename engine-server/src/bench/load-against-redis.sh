#!/usr/bin/env bash
# Compares how fast the engine and redis-server load an RDB file, in one run.
#
# Rounds are interleaved. What is printed are the seconds that each says it took, the CPU seconds of
# its process until it was ready (of the engine with the start of the JVM and its compilers), the
# longest time that a client waited for an answer while data were loaded, and the ratio of the
# medians.
#
#   mvn -q -DskipTests package -pl engine-server
#   engine-server/src/bench/load-against-redis.sh [rounds] [file.rdb]
#
# Environment: MIB (default 1024): how large a file is made when none is given; DATA: "strings"
# (the default: DEBUG POPULATE, not compressed) or "mixed" (hashes, sets, sorted sets, lists and
# streams of 5 to 500 elements beside strings, compressed where that helps); KEEP: where to keep the
# file that was made; ENGINE_OPTIONS; PIN: a list of cores for taskset.
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
rounds=${1:-3}
file=${2:-}
scratch=$(mktemp -d)
pid=
finish() {
  [ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || true
  rm -rf "$scratch"
}
trap finish EXIT

mixed='
local from, count = tonumber(ARGV[1]), tonumber(ARGV[2])
local function noise(i, length)
  return string.sub(string.rep(redis.sha1hex(i), math.ceil(length / 40)), 1, length)
end
for i = from, from + count - 1 do
  local size = i % 100 == 0 and 500 or 5 + i % 20
  local kind = i % 8
  if kind < 3 then
    redis.call("SET", "string:" .. i, noise(i, 20 + i % 180))
  elseif kind == 3 then
    for j = 1, size do redis.call("HSET", "hash:" .. i, "field:" .. j, noise(i * j, 30)) end
  elseif kind == 4 then
    for j = 1, size do redis.call("SADD", "set:" .. i, noise(i + j, 16)) end
  elseif kind == 5 then
    for j = 1, size do redis.call("ZADD", "zset:" .. i, (i * j) % 1000 / 8, noise(i + j, 16)) end
  elseif kind == 6 then
    for j = 1, size do redis.call("RPUSH", "list:" .. i, noise(i * j, 40)) end
  else
    for j = 1, size do
      redis.call("XADD", "stream:" .. i, j .. "-1", "name", noise(i * j, 20), "value", j)
    end
  end
end'

make_file() {
  local port=$((20000 + RANDOM % 10000)) keys=$((${MIB:-1024} * 7400)) from
  redis-server --bind 127.0.0.1 --port "$port" --save '' --dir "$scratch" \
    --rdbcompression "$([ "${DATA:-strings}" = mixed ] && echo yes || echo no)" \
    --enable-debug-command yes >/dev/null &
  pid=$!
  until redis-cli -p "$port" ping >/dev/null 2>&1; do sleep 0.1; done
  if [ "${DATA:-strings}" = mixed ]; then
    for from in $(seq 1 2000 $((${MIB:-1024} * 2500))); do
      redis-cli -p "$port" eval "$mixed" 0 "$from" 2000 >/dev/null
    done
  else
    redis-cli -p "$port" debug populate "$keys" key 115 >/dev/null
  fi
  redis-cli -p "$port" save >/dev/null
  kill "$pid"; wait "$pid" 2>/dev/null || true; pid=
  file=${KEEP:-$scratch/made.rdb}
  mv "$scratch/dump.rdb" "$file"
}

ticks() { sed 's/.*) //' "/proc/$1/stat" | awk '{print ($12 + $13) / 100}'; }

measure() { # name command...
  local name=$1 port=$((20000 + RANDOM % 10000)) longest=0 before after cpu seconds; shift
  mkdir "$scratch/run"; ln -s "$(readlink -f "$file")" "$scratch/run/dump.rdb"
  : >"$scratch/log"
  ${PIN:+taskset -c "$PIN"} "$@" --bind 127.0.0.1 --port "$port" --save '' --dir "$scratch/run" \
    >"$scratch/log" 2>&1 &
  pid=$!
  until grep -q 'Ready to accept' "$scratch/log"; do
    kill -0 "$pid" 2>/dev/null || { echo "$name ended:"; tail -5 "$scratch/log"; exit 1; }
    before=$(date +%s%N)
    timeout 10 redis-cli -p "$port" get nothing >/dev/null 2>&1 || true
    after=$(date +%s%N)
    [ $((after - before)) -le "$longest" ] || longest=$((after - before))
    sleep 0.1
  done
  cpu=$(ticks "$pid")
  seconds=$(sed -n 's/.*DB loaded from disk: \([0-9.]*\) seconds.*/\1/p' "$scratch/log")
  echo "$name $seconds $cpu $((longest / 1000000))" | tee -a "$scratch/results"
  kill -9 "$pid"; wait "$pid" 2>/dev/null || true; pid=
  rm -r "$scratch/run"
}

[ -n "$file" ] || make_file
echo "server, seconds, CPU seconds, longest answer in ms; $(stat -Lc %s "$file") bytes"
cat "$file" >/dev/null # so that the first round does not read it from the disk
for _ in $(seq "$rounds"); do
  measure redis redis-server
  measure engine "$here/bin/pillion-server" ${ENGINE_OPTIONS:-}
done
median() { # name column
  awk -v n="$1" -v c="$2" '$1 == n {print $c}' "$scratch/results" | sort -n |
    awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'
}
for column in 2 3; do
  awk -v a="$(median engine $column)" -v b="$(median redis $column)" -v c="$column" \
    'BEGIN {printf "engine / redis: %.2f in %s\n", a / b, c == 2 ? "seconds" : "CPU seconds"}'
done
