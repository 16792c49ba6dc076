#!/usr/bin/env bash
# What a BGSAVE of about 2 GiB costs those who write meanwhile, here and in redis-server: strings of
# 1,000 bytes, and a hash, a sorted set and a list of 3,000,000 elements each, changed 20,000 times
# a second. Times count from the moment at which a request ought to have been sent.
#
# One server at a time has the machine. What is printed, by turns without and with a BGSAVE going
# on: how many replies, microseconds to them (half of them, 99 %, 99.9 %, all), how long the
# engine's lock was held at most, and how much of its time the machine below gave to others; the
# ratio of the 99 % of all rounds together, and of each; memory of the process (with its child:
# shared pages count half) before and at most.
#
#   mvn -q -DskipTests package -pl engine-server
#   engine-server/src/bench/snapshot.sh
#
# Environment: SCALE (default 1, about 2 GiB), RATE (20000), ROUNDS (3), IDLE_SECONDS (20),
# SNAPSHOT_MEMORY (16mb), SERVERS (default "redis engine").
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
scale=${SCALE:-1}
rate=${RATE:-20000}
rounds=${ROUNDS:-3}
idle=${IDLE_SECONDS:-20}
memory=${SNAPSHOT_MEMORY:-16mb}
scratch=$(mktemp -d)
pid=
finish() {
  [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$scratch"
}
trap finish EXIT
javac -d "$scratch" "$here/src/bench/PacedLoad.java"

cli() { redis-cli -p "$port" "$@"; }
info() { cli info "$1" | tr -d '\r' | awk -F: -v k="$2" '$1 == k {print $2}'; }
load() { java -cp "$scratch" PacedLoad load "$port" "$scale" "$rate" "$1" "$idle"; } # rounds
mebibytes() { # of the server and its children
  local sum=0 each
  for each in $pid $(pgrep -P "$pid" || true); do
    sum=$((sum + $(awk '/^Pss:/ {print $2}' "/proc/$each/smaps_rollup" 2>/dev/null || echo 0)))
  done
  echo $((sum / 1024))
}

measure() { # server
  port=$((20000 + RANDOM % 12000))
  local program=redis-server options=()
  [ "$1" = redis ] || { program=$here/bin/pillion-server; options=(--snapshot-memory "$memory"); }
  mkdir "$scratch/$1"
  "$program" --bind 127.0.0.1 --port "$port" --save '' --appendonly no --dir "$scratch/$1" \
    "${options[@]}" >"$scratch/$1/log" 2>&1 &
  pid=$!
  for _ in $(seq 200); do
    [ "$(cli ping 2>/dev/null)" = PONG ] && break
    sleep 0.1
  done
  java -cp "$scratch" PacedLoad fill "$port" "$scale"
  local before peak=0 now
  echo "$1:"
  load "$rounds"
  # Memory once more on its own: to count pages takes a processor for many milliseconds.
  before=$(mebibytes)
  load 0 &
  local loader=$!
  while kill -0 "$loader" 2>/dev/null; do
    now=$(mebibytes)
    [ "$now" -le "$peak" ] || peak=$now
    sleep 0.2
  done
  wait "$loader"
  echo "  $(info memory used_memory_human) of data, saved in $(info persistence \
    rdb_last_bgsave_time_sec) s ($(info persistence rdb_last_bgsave_status)), file" \
    "$(du -m "$scratch/$1/dump.rdb" | cut -f1) MiB"
  echo "  memory: $before MiB before, $peak MiB at most"
  if [ "$1" = engine ]; then
    echo "  gathered at most $(info persistence rdb_last_cow_size) bytes," \
      "spilled $(info persistence snapshot_spilled_bytes)," \
      "delayed $(info persistence snapshot_delayed_writes) writes"
  else
    echo "  fork: $(info stats latest_fork_usec) us"
  fi
  kill "$pid"
  wait "$pid" 2>/dev/null || true
  pid=
  rm -rf "${scratch:?}/$1"
}

for server in ${SERVERS:-redis engine}; do
  measure "$server"
done
