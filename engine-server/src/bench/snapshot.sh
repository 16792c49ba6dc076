#!/usr/bin/env bash
# What a BGSAVE of about 2 GiB costs those who write meanwhile, here and in redis-server: strings of
# 1,000 bytes, and a hash, a sorted set and a list of 3,000,000 elements each, changed 20,000 times
# a second. Times count from the moment at which a request ought to have been sent.
#
# One server at a time has the machine. What is printed: microseconds to the reply (half of them,
# 99 %, 99.9 %, all) without and with a BGSAVE going on, and the ratio of the 99 %; how long the
# engine's lock was held at most; memory of the process (with its child: shared pages count half)
# before and at most.
#
#   mvn -q -DskipTests package -pl engine-server
#   engine-server/src/bench/snapshot.sh
#
# Environment: SCALE (default 1, about 2 GiB), RATE (20000), IDLE_SECONDS (20), WARMUP_SECONDS (20),
# SNAPSHOT_MEMORY (16mb), SERVERS (default "redis engine").
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
scale=${SCALE:-1}
rate=${RATE:-20000}
idle=${IDLE_SECONDS:-20}
warmup=${WARMUP_SECONDS:-20}
memory=${SNAPSHOT_MEMORY:-16mb}
scratch=$(mktemp -d)
pid=
finish() {
  rm -f "$scratch"/running
  [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$scratch"
}
trap finish EXIT
javac -d "$scratch" "$here/src/bench/PacedLoad.java"

cli() { redis-cli -p "$port" "$@"; }
info() { cli info "$1" | tr -d '\r' | awk -F: -v k="$2" '$1 == k {print $2}'; }
load() { java -cp "$scratch" PacedLoad load "$port" "$scale" "$rate" "$scratch/running"; }
saving() { [ "$(info persistence rdb_bgsave_in_progress)" = 1 ]; }
loaded_for() { # seconds
  local left
  touch "$scratch/running"
  load &
  # Who looks disturbs, so it looks as often as while the server saves.
  for left in $(seq $(($1 + 5))); do saving || sleep 1; done
  rm "$scratch/running"
  wait $!
}
loaded_while_saving() {
  touch "$scratch/running"
  load &
  local loader=$!
  sleep 5.5
  cli bgsave >/dev/null
  while saving; do sleep 1; done
  rm "$scratch/running"
  wait "$loader"
}
mebibytes() { # of the server and its children
  local sum=0 each
  for each in $pid $(pgrep -P "$pid" || true); do
    sum=$((sum + $(awk '/^Pss:/ {print $2}' "/proc/$each/smaps_rollup" 2>/dev/null || echo 0)))
  done
  echo $((sum / 1024))
}

measure() { # server
  port=$((20000 + RANDOM % 20000))
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
  # The first one is not measured: programs that run for long have saved before.
  touch "$scratch/running"
  load >/dev/null &
  sleep "$warmup"
  cli bgsave >/dev/null
  while saving; do sleep 0.2; done
  rm "$scratch/running"
  wait $!
  local quiet quiet_turn busy busy_turn before peak=0 now
  cli config resetstat >/dev/null
  quiet=$(loaded_for "$idle")
  quiet_turn=$(info stats longest_turn_usec)
  cli config resetstat >/dev/null
  busy=$(loaded_while_saving)
  busy_turn=$(info stats longest_turn_usec)
  # Memory once more on its own: to count pages takes a processor for many milliseconds.
  before=$(mebibytes)
  loaded_while_saving >/dev/null &
  local saver=$!
  while kill -0 "$saver" 2>/dev/null; do
    now=$(mebibytes)
    [ "$now" -le "$peak" ] || peak=$now
    sleep 0.2
  done
  wait "$saver"
  echo "$1: $(info memory used_memory_human) of data, saved in $(info persistence \
    rdb_last_bgsave_time_sec) s ($(info persistence rdb_last_bgsave_status)), file" \
    "$(du -m "$scratch/$1/dump.rdb" | cut -f1) MiB"
  echo "  requests, a second, us: half 99% 99.9% all: without: $quiet"
  echo "  requests, a second, us: half 99% 99.9% all:    with: $busy"
  awk -v q="$quiet" -v b="$busy" 'BEGIN {split(q, x, " "); split(b, y, " ");
    printf "  99%%: %.2f times\n", y[4] / x[4]}'
  echo "  memory: $before MiB before, $peak MiB at most"
  if [ "$1" = engine ]; then
    echo "  longest turn: $quiet_turn us without, $busy_turn us with;" \
      "gathered at most $(info persistence rdb_last_cow_size) bytes," \
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
