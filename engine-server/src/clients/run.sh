#!/usr/bin/env bash
# Tries client libraries of other languages on a server that runs already: run.sh HOST PORT
# The server's data is FLUSHED. Needs node with npm, python3-redis, php-cli and php-redis (Debian's
# names); what is not installed is said and left out. Exits 1 when a library finds a difference.
set -u
host=${1:?host} port=${2:?port}
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
failed=0

try() {
  local name=$1
  shift
  timeout 120 "$@" || { echo "$name: FAILED"; failed=1; }
}

if command -v npm >/dev/null; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  cp "$here"/*.mjs "$here/package.json" "$work"
  if (cd "$work" && npm install --silent --no-audit --no-fund >/dev/null); then
    for script in ioredis node-redis bullmq; do
      try "$script" node "$work/$script.mjs" "$host" "$port"
    done
  else
    echo "Node.js libraries: npm could not install them"
    failed=1
  fi
else
  echo "Node.js libraries: left out, there is no npm"
fi
# Debian's own interpreter: its packages are not seen by others that stand before it in the PATH.
if /usr/bin/python3 -c 'import redis' 2>/dev/null; then
  try redis-py /usr/bin/python3 "$here/redis_py.py" "$host" "$port"
else
  echo "redis-py: left out, python3-redis is not installed"
fi
if php -r 'exit(extension_loaded("redis") ? 0 : 1);' 2>/dev/null; then
  try phpredis php "$here/phpredis.php" "$host" "$port"
else
  echo "phpredis: left out, php-redis is not installed"
fi
exit $failed
