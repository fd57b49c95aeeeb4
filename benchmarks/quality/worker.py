"""Makes peers' lists on demand: a JSON request a line on standard input, a JSON answer a line out.

    {"peer": NAME, "config": {...}, "task": PATH, "out": PATH}
    {"fit_s": ..., "score_s": ..., "processor_s": ...} or {"error": "..."}

Runs in whichever environment holds the peer's library; imports nothing of the project but this
package. The lists are a (B, 20) int32 .npy file, -1 past the end.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.quality.lists import top_lists
from benchmarks.quality.peers import peer_named
from benchmarks.quality.task import Task


def answer(request: dict[str, Any], tasks: dict[str, Task]) -> dict[str, Any]:
    """Fit, score, write; `tasks` keeps what was read."""
    if request["task"] not in tasks:
        tasks[request["task"]] = Task.read(Path(request["task"]))
    task = tasks[request["task"]]
    module, name = peer_named(request["peer"]).fit.split(":")
    fit = getattr(importlib.import_module(f"benchmarks.quality.peers.{module}"), name)
    started, busy = time.perf_counter(), time.process_time()
    score = fit(request["config"], task)
    fitted = time.perf_counter()
    np.save(request["out"], top_lists(task, score))
    return {
        "fit_s": round(fitted - started, 2),
        "score_s": round(time.perf_counter() - fitted, 2),
        "processor_s": round(time.process_time() - busy, 2),
    }


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints goes to standard error, not among the answers
    tasks: dict[str, Task] = {}
    for line in sys.stdin:
        try:
            found = answer(json.loads(line), tasks)
        except Exception as error:  # noqa: BLE001 - a peer that fails is a line of the report
            found = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(found) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
