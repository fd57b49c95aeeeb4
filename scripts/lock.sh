#!/usr/bin/env bash
# Lock the requirements of pyproject.toml with hashes. Versions that are locked already stay, unless UPGRADE=1.
set -euo pipefail
cd "$(dirname "$0")/.."
locked=$(mktemp)
trap 'rm -f "$locked"' EXIT
if [ "${UPGRADE:-0}" = 0 ]; then
  grep -hE '^[A-Za-z0-9._-]+==' requirements/dev.txt | sed -E 's/ *(;.*)?\\?$//' > "$locked"
fi
lock() {  # OUT EXTRA...
  out=$1; shift
  extras=(); for extra in "$@"; do extras+=(--extra "$extra"); done
  .venv/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 \
    "${extras[@]}" --constraints "$locked" pyproject.toml --output-file "requirements/$out.txt"
}
lock dev dev
lock serve serve
lock train train
