#!/usr/bin/env bash
# From nothing to an answered request; `make demo` calls it.
set -euo pipefail
data=$1
if [ "$data" = data/sample ] && [ ! -d "$data" ]; then
  # a month before the last spending day, so that there is something to plan
  saldopas sample --participants "$PARTICIPANTS" --seed 7 --until 2021-11-15 --out "$data"
fi
saldopas train "$data"
saldopas evaluate "$data" --model champion
participant=$(python scripts/any_participant.py "$data")
saldopas recommend --participant "$participant" --balance 300000 --n 5
if [ "$SERVE" = 0 ]; then
  echo "Done. Serve with: .venv/bin/saldopas serve --port $PORT; runs: .venv/bin/mlflow ui --backend-store-uri sqlite:///mlruns/mlflow.db"
  exit 0
fi
exec saldopas serve --port "$PORT"
