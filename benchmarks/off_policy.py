"""Do the off-policy estimators hit a known value, and do their intervals cover it?

    python -m benchmarks.off_policy [--logs 400] [--participants 6000]

Each line: one way of choosing and one assumption, over many simulated logs of one world whose true
value is computed exactly. Bias is relative to that value; coverage has to be 95 %.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np

from training_pipeline.console import print_table
from training_pipeline.off_policy.errors import CannotEstimateError
from training_pipeline.off_policy.estimate import OffPolicyValue, estimate_value
from training_pipeline.off_policy.exploring import ExploringRanking
from training_pipeline.off_policy.simulation import (
    World,
    WorldConfig,
    by_slot,
    draw_log,
    first_liked,
    make_world,
    true_value_by_slot,
    true_value_first_liked,
)
from training_pipeline.off_policy.weights import OffPolicyConfig

WORLD = WorldConfig()
SEED = 7
CASES = (
    ("by slot", "item-position", None),
    ("by slot", "item-position", 3.0),
    ("by slot", "cascade", None),
    ("first liked", "cascade", None),
    ("first liked", "list", None),
    ("first liked", "item-position", None),
)
BEHAVIOURS = {
    "by slot": (by_slot, true_value_by_slot),
    "first liked": (first_liked, true_value_first_liked),
}
ESTIMATORS = {"ips": "IPS", "snips": "SNIPS", "doubly_robust": "doubly robust"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logs", type=int, default=400)
    parser.add_argument("--participants", type=int, default=6_000)
    asked = parser.parse_args()
    title = f"{asked.participants:,} participants a log, {WORLD.slots} slots, intervals at 95 %"
    columns = ("estimator", "bias", "spread", "coverage")
    for behaviour, assumption, clip in CASES:
        config = OffPolicyConfig(assumption=assumption, clip=clip)
        words, rows = lines(behaviour, config, logs=asked.logs, participants=asked.participants)
        print_table(f"{title}\n{words}", columns, rows)


def lines(
    behaviour: str, config: OffPolicyConfig, *, logs: int, participants: int
) -> tuple[str, list[tuple[object, ...]]]:
    """What was simulated, and a line an estimator."""
    choose, exact = BEHAVIOURS[behaviour]
    world = make_world(WORLD, seed=SEED)
    truth = exact(world, world.target)
    found: list[OffPolicyValue] = []
    for log in range(logs):
        lists, kind = draw_log(world, choose, participants=participants, seed=1_000 * log)
        try:
            found.append(estimate_value(lists, world.target.take(kind), config, seed=log))
        except CannotEstimateError:
            continue
    words = (
        f"people choose {behaviour}, assumed {config.assumption}, clip {config.clip or 'none'}: "
        f"true value {truth:.4f}, of the logger {exact(world, _greedy(world)):.4f} without "
        f"exploring; {len(found)} of {logs} logs answered"
    )
    if found:
        effective = np.mean([value.effective_lists for value in found])
        words += f", effective lists {effective:.0f} of {np.mean([v.n_lists for v in found]):.0f}"
    rows = [
        (words, *_quality([getattr(value, name) for value in found], truth))
        for name, words in ESTIMATORS.items()
    ]
    return words, rows


def _greedy(world: World) -> ExploringRanking:
    return replace(world.logger, epsilon=0.0)


def _quality(estimates: list[object], truth: float) -> tuple[str, str, str]:
    if not estimates:
        return "-", "-", "-"
    values, low, high = np.array([(e.value, e.low, e.high) for e in estimates]).T  # type: ignore[attr-defined]
    bias = values.mean() / truth - 1
    covered = ((low <= truth) & (truth <= high)).mean()
    return f"{bias:+.1%}", f"{values.std() / truth:.1%}", f"{covered:.1%}"


if __name__ == "__main__":
    main()
