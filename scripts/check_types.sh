#!/usr/bin/env bash
# mypy cannot follow the build's mapping of folders to `saldopas.*` (docs/decisions/0015): it is given a tree of links.
set -euo pipefail
cd "$(dirname "$0")/.."
tree=build/types/saldopas
rm -rf build/types
mkdir -p "$tree"
for file in python/saldopas/*; do ln -s "$PWD/$file" "$tree/"; done
for package in features store models training_pipeline serving; do ln -s "$PWD/$package" "$tree/"; done
.venv/bin/mypy -p saldopas -p tests -p benchmarks "$@"
