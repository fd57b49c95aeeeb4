"""Do the off-policy estimators hit a known value, and do their intervals cover it?

    python -m benchmarks.off_policy [--logs 2000] [--world 7] [--only "whole list"]

Each line: one way of choosing, one assumption and one size of log, over many simulated logs of one
world whose true value is computed exactly. Bias is relative to that value; coverage of the answered
logs has to be 95 %, 2.5 % of the intervals above and 2.5 % below the truth. Refused logs are
counted by reason. Figures: docs/off-policy.md.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from saldopas.training_pipeline.console import print_table
from saldopas.training_pipeline.evaluating.off_policy.estimate import (
    Estimate,
    OffPolicyValue,
    estimate_value,
)
from saldopas.training_pipeline.evaluating.off_policy.weights import (
    Assumption,
    CannotEstimateError,
    OffPolicyConfig,
)

from benchmarks.simulated_log import (
    WorldConfig,
    by_slot,
    draw_log,
    first_liked,
    make_world,
    true_value_by_slot,
    true_value_first_liked,
)

BEHAVIOURS = {
    "by slot": (by_slot, true_value_by_slot),
    "first liked": (first_liked, true_value_first_liked),
}
ESTIMATORS = {"ips": "IPS", "snips": "SNIPS", "doubly_robust": "doubly robust"}


@dataclass(frozen=True)
class Case:
    """How people choose, what is assumed of them, and a log's size."""

    name: str
    behaviour: str
    assumption: Assumption
    participants: int
    world: dict[str, Any] = field(default_factory=dict)
    clip: float | None = None


ONE = {"slots": 1, "courses": 8}
CASES = (
    Case("slots", "by slot", "item-position", 3_000),
    Case("slots, clip 3", "by slot", "item-position", 3_000, clip=3.0),
    Case("cascade", "by slot", "cascade", 3_000),
    Case("cascade", "first liked", "cascade", 3_000),
    Case("slots (wrong)", "first liked", "item-position", 3_000),
    Case("one course, small", "by slot", "item-position", 600, ONE),
    Case("one course", "by slot", "item-position", 1_500, ONE),
    Case(
        "one course, rare and skewed",
        "by slot",
        "item-position",
        6_000,
        ONE | {"relevance": 0.03, "logger_epsilon": 0.3},
    ),
    Case("whole list, small", "first liked", "list", 1_500),
    Case("whole list", "first liked", "list", 6_000),
    Case("whole list, skewed", "first liked", "list", 6_000, {"logger_epsilon": 0.6}),
    Case("whole list, large", "first liked", "list", 20_000),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logs", type=int, default=2_000)
    parser.add_argument("--world", type=int, default=7, help="seed of prices, tastes and rankings")
    parser.add_argument("--only", default="", help="cases whose name starts so")
    asked = parser.parse_args()
    columns = ("estimator", "bias", "spread", "coverage", "above", "below")
    for case in CASES:
        if case.name.startswith(asked.only):
            title, rows = measured(case, logs=asked.logs, seed=asked.world)
            print_table(title, columns, rows)


def measured(case: Case, *, logs: int, seed: int) -> tuple[str, list[tuple[object, ...]]]:
    """What was simulated, and a line an estimator."""
    choose, exact = BEHAVIOURS[case.behaviour]
    world = make_world(WorldConfig(**case.world), seed=seed)
    truth = exact(world, world.target)
    config = OffPolicyConfig(assumption=case.assumption, clip=case.clip)
    found: list[OffPolicyValue] = []
    refused: Counter[str] = Counter()
    for log in range(logs):
        lists, kind = draw_log(
            world, choose, participants=case.participants, seed=1_000 * log + seed
        )
        try:
            found.append(estimate_value(lists, world.target.take(kind), config, seed=log))
        except CannotEstimateError as error:
            refused[error.reason] += 1
    reasons = ", ".join(f"{count} {reason}" for reason, count in refused.most_common())
    title = (
        f"{case.name}: people choose {case.behaviour}, assumed {case.assumption}, clip "
        f"{case.clip or 'none'}, {case.participants:,} participants a log, world {seed}, true "
        f"value {truth:.4f}\n{len(found)} of {logs} logs answered; refused: {reasons or 'none'}"
    )
    if found:
        lists, purchases = np.mean([(v.effective_lists, v.effective_purchases) for v in found], 0)
        title += f"; effective lists {lists:.0f}, purchases {purchases:.0f}"
    return title, [
        (words, *_quality([getattr(value, name) for value in found], truth))
        for name, words in ESTIMATORS.items()
    ]


def _quality(estimates: list[Estimate], truth: float) -> tuple[str, ...]:
    """Bias, spread, coverage and the shares of intervals above and below the truth."""
    if not estimates:
        return ("-",) * 5
    values, low, high = np.array([(e.value, e.low, e.high) for e in estimates]).T
    above, below = (low > truth).mean(), (high < truth).mean()
    return (
        f"{values.mean() / truth - 1:+.1%}",
        f"{values.std() / truth:.1%}",
        f"{1 - above - below:.1%}",
        f"{above:.1%}",
        f"{below:.1%}",
    )


if __name__ == "__main__":
    main()
