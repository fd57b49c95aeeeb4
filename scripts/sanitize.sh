#!/usr/bin/env bash
# Property tests of the native core under address and undefined-behaviour sanitizers, with a build of its own by gcc.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH=$PWD/.venv/bin:$PATH OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
build=build/sanitized
mkdir -p build
{
  cmake -S models/native -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DSALDOPAS_SANITIZE=ON \
    -DPython_EXECUTABLE="$PWD/.venv/bin/python" -Dnanobind_DIR="$(python -m nanobind --cmake_dir)"
  cmake --build "$build"
} > build/sanitized.log 2>&1 || { cat build/sanitized.log; exit 1; }

# CPython itself leaks at its end, so leaks are not looked for. The build takes the place of the installed extension.
ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 \
  LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libstdc++.so)" \
  exec python - "$(echo "$build"/_native.*.so)" <<'PYTHON'
import importlib.util
import sys

import pytest

spec = importlib.util.spec_from_file_location("saldopas.models.native._native", sys.argv[1])
sys.modules[spec.name] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules[spec.name])
tests = ["native", "test_policy.py", "test_promises.py"]
plans = ["test_plan_promises.py", "test_plan_optimum.py", "test_plan_schedule.py"]
paths = [*(f"tests/models/{name}" for name in tests), *(f"tests/planner/{name}" for name in plans)]
sys.exit(pytest.main(["-p", "no:xdist", "--capture=sys", *paths]))
PYTHON
