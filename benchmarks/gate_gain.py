"""How often is ALS with another seed a gain over itself, and how often is it "not worse"?

    python -m benchmarks.gate_gain [--participants 50000] [--seeds 10]

All ordered pairs of seeds on the test cut of the sample. "any of the family" is what a gate would
accept that took every metric that `saldopas compare` calls better.
"""

from __future__ import annotations

import argparse
from itertools import permutations

import numpy as np
from saldopas.features.splits.split import make_cuts
from saldopas.features.splits.split_config import SplitConfig
from saldopas.training_pipeline.evaluating.comparison import differences
from saldopas.training_pipeline.evaluating.decisions import CUTOFFS, Decisions
from saldopas.training_pipeline.evaluating.measured import FAMILY, Measured
from saldopas.training_pipeline.gate.reference import Against
from saldopas.training_pipeline.gate.rules import better_metrics, main_metric
from saldopas.training_pipeline.gate.verdict import GateConfig
from saldopas.training_pipeline.ingest.sample.config import SampleConfig
from saldopas.training_pipeline.training.selection import untried_recipe

from benchmarks.evaluation import generated

CONFIG = GateConfig()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--participants", type=int, default=50_000)
    parser.add_argument("--seeds", type=int, default=10)
    asked = parser.parse_args()
    data = generated(SampleConfig(participants=asked.participants))
    cuts = make_cuts(data, SplitConfig(), seed=7)
    if cuts is None:
        raise SystemExit("too few participants")
    test = cuts[1]
    decisions = Decisions(data, test)
    recipe, measured = untried_recipe("als", {}), []
    for seed in range(asked.seeds):
        policy = recipe.fit(test.train, seed=seed)
        lists = policy.recommend(test.requests(data, count=max(CUTOFFS)))
        measured.append(Measured.of("x", decisions, lists))
    names = [name for name in FAMILY if name in measured[0].names]
    family, gate, main_rule = [], [], []
    for theirs, ours in permutations(measured, 2):
        found = differences(theirs, ours, names=names, config=CONFIG.evaluation)
        family.append(any(one.verdict == "better" for one in found))
        against = Against(ours, theirs, "champion", "", CONFIG.evaluation)
        gate.append(bool(better_metrics(against, CONFIG)))
        main_rule.append(main_metric(against, CONFIG).outcome)
    print(f"{decisions.n_decisions:,} decisions, {len(gate)} ordered pairs of {asked.seeds} seeds")
    print(
        f"better on any of the family: {np.mean(family):.0%}; gain by the gate: {np.mean(gate):.0%}"
    )
    for outcome in sorted(set(main_rule)):
        print(f"main-metric {outcome}: {main_rule.count(outcome) / len(main_rule):.0%}")


if __name__ == "__main__":
    main()
