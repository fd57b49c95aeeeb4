#!/usr/bin/env bash
# Every test. Installs Debian's PostgreSQL server and Chromium where they are absent and may be installed.
set -euo pipefail
cd "$(dirname "$0")/.."
wanted=()
ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1 || wanted+=(postgresql)
command -v chromium > /dev/null || wanted+=(chromium)
if [ ${#wanted[@]} -gt 0 ] && [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
  echo "installing ${wanted[*]} for the tests"
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${wanted[@]}"; } \
    > /tmp/saldopas-apt.log 2>&1 || echo "not installed (see /tmp/saldopas-apt.log): their tests are skipped"
fi
unset PYTHONDONTWRITEBYTECODE  # or each of the many processes compiles our modules anew
# one BLAS thread: tests are many small solves, and two threads on two busy cores are slower
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
exec .venv/bin/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder "$@"
