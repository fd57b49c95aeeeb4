"""How far the models of `saldopas train` can get on Ta-Feng's February at all.

    python -m benchmarks.tafeng_limit DIR         # DIR: of `saldopas import tafeng --out DIR`

The search and the weights of the blend, as in training, but each decided on one of two windows:
the validation months, as in life, or February itself, as nobody may. What the second reaches is no
result: it says which figures are out of reach of these models by choosing better, and how much of
the gap is a choice that the months before February do not show.
"""

from __future__ import annotations

import sys

from benchmarks.real import CONFIGS
from features.dataset import read_dataset
from features.indexed import index_dataset
from features.split import earlier_windows, make_cuts
from training_pipeline.console import print_table, progress
from training_pipeline.evaluation import evaluate_policy
from training_pipeline.selection import AUTO, count_fits, select
from training_pipeline.training_config import read_training_config

METRICS = ("recall@20", "ndcg@20")


def main() -> None:
    dataset = read_dataset(sys.argv[1])
    config = read_training_config(CONFIGS / "tafeng-auto.toml")
    data = index_dataset(dataset)
    cuts = make_cuts(data, config.split, seed=config.seed)
    if cuts is None:
        raise ValueError("too little was bought to hold anything out")
    earlier = (cuts[0], *earlier_windows(data, config.split, cuts, seed=config.seed))
    rows = []
    fits = count_fits(AUTO, {}, has_tokens=True)
    for name, windows in (("the months before", earlier), ("February itself", (cuts[1],))):
        for blend in (True, False):
            with progress(f"chosen on {name}", total=fits) as advance:
                found = select(
                    data,
                    windows,
                    names=AUTO,
                    fixed={},
                    memory_mb=config.search_memory_mb,
                    seed=config.seed,
                    blend=blend,
                    advance=advance,
                )
            policy = found.recipe.fit(cuts[1].train, seed=config.seed)
            evaluation = evaluate_policy(policy, data, cuts[1])
            chosen = "; ".join(dict.fromkeys(stage.model for stage in found.recipe.stages))
            rows += [
                (name, chosen, group, *(evaluation.mean(metric, group) for metric in METRICS))
                for group in ("warm", "new")
            ]
    print_table("Ta-Feng, February", ("chosen on", "recipe", "people", *METRICS), rows)


if __name__ == "__main__":
    main()
