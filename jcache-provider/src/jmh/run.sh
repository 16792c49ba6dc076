#!/usr/bin/env bash
# The speed of caches beside other providers, in one run of about eight minutes: prints the table of
# docs/performance.md. What JMH says goes to jcache-provider/target/jmh.log.*.
#
#   jcache-provider/src/jmh/run.sh
#
# Builds, starts an engine of its own on a free port of 127.0.0.1 and ends it.
set -euo pipefail
root=$(cd "$(dirname "$0")/../../.." && pwd)
mvn -q -B -f "$root/pom.xml" -DskipTests -Pjmh package -pl jcache-provider -am
scratch=$(mktemp -d)
port=$((20000 + RANDOM % 12000))
"$root/engine-server/bin/pillion-server" --bind 127.0.0.1 --port "$port" --save '' \
  --dir "$scratch" >"$scratch/engine.log" 2>&1 &
engine=$!
trap 'kill "$engine" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$scratch"' EXIT
target=$root/jcache-provider/target
java -Dpillion.bench.port="$port" -Dpillion.bench.log="$target/jmh.log" \
  -Dlogback.configurationFile="$root/jcache-provider/src/test/resources/logback-test.xml" \
  -cp "$target/test-classes:$target/classes:$(cat "$target/jmh.classpath")" \
  io.pillion.bench.CacheBenchmarks "$@"
