#!/usr/bin/env bash
# Lock the requirements of pyproject.toml with hashes. Versions that are locked already stay, unless UPGRADE=1.
set -euo pipefail
cd "$(dirname "$0")/.."
locked=$(mktemp)
trap 'rm -f "$locked"' EXIT
keep() { grep -hE '^[A-Za-z0-9._-]+==' requirements/dev.txt | sed -E 's/ *(;.*)?\\?$//' > "$locked"; }
lock() {  # NAME SOURCE OPTION...
  .venv/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate \
    --python-version 3.11 --constraints "$locked" "${@:2}" --output-file "requirements/$1.txt"
}
if [ "${UPGRADE:-0}" = 0 ]; then keep; fi
lock dev pyproject.toml --extra dev
keep
lock serve pyproject.toml --extra serve
lock train pyproject.toml --extra train
printf '%s\n' cmake nanobind ninja scikit-build-core | lock build -  # without isolation, pip does not fetch them
