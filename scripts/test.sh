#!/usr/bin/env bash
# Every test. Installs Debian's PostgreSQL server where it is absent and may be installed.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1 && [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
  echo "installing PostgreSQL for the tests"
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends postgresql; } \
    > /tmp/saldopas-apt.log 2>&1 || echo "PostgreSQL could not be installed (see /tmp/saldopas-apt.log): its tests are skipped"
fi
# one BLAS thread: tests are many small solves, and two threads on two busy cores are slower
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
exec .venv/bin/python -m pytest "$@"
