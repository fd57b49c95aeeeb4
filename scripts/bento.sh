#!/usr/bin/env bash
# Build a bento of the wheel, offline. BentoML cannot follow the build's mapping of folders to `saldopas.*`, so
# it is given a directory that holds the wheel's files.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH" # BentoML calls `uv`
rm -rf build/bento
python -m pip install --quiet --no-deps --no-index --no-build-isolation --target build/bento . 1>&2
cp requirements/serve.txt build/bento/requirements.txt
cp docs/http.md build/bento/http.md
exec python -m bentoml build --bentofile "$PWD/bentofile.yaml" "$@" build/bento
