"""Quality on real purchases under the protocols of the published baselines, popularity beside it.

    python -m benchmarks.real tafeng
    python -m benchmarks.real mooccubex --from ../shared/data/mooccubex

Imports into a scratch directory, chooses on the validation cut, reads test once, prints both.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from saldopas.features.tables.dataset import read_dataset
from saldopas.training_pipeline.console import print_table
from saldopas.training_pipeline.training.config import read_training_config
from saldopas.training_pipeline.training.train import train

METRICS = ("hit@10", "ndcg@10", "recall@20", "ndcg@20")
CONFIGS = Path(__file__).parent / "configs"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=("tafeng", "mooccubex"))
    parser.add_argument("--from", dest="source", default="../shared/data/mooccubex")
    parser.add_argument("--config", type=Path, help="instead of benchmarks/configs/NAME.toml")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(scratch) / "data"
        importer = ["saldopas", "import", chosen.name, "--out", str(data)]
        if chosen.name == "mooccubex":
            importer += ["--from", chosen.source]
        command = [sys.executable, "-m", "saldopas", *importer[1:]]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        config = read_training_config(chosen.config or CONFIGS / f"{chosen.name}.toml")
        record = train(read_dataset(data), config, artifact=Path(scratch) / "artifact")
    print_table(
        "Validation, NDCG@10 of every fit that was compared",
        ("stage", "model", "hyperparameters", "score", "chosen"),
        [
            (
                t.stage,
                t.model,
                " ".join(f"{k}={v}" for k, v in t.config.items()) or "defaults",
                t.score,
                "*" if t.chosen else "",
            )
            for t in record.trials
        ],
    )
    for cut, found in (("validation", record.validation), ("test", record.test)):
        rows = [
            (policy, group, int(mask.sum()), *(evaluation.mean(m, group) for m in METRICS))
            for policy, evaluation in found.items()
            for group, mask in evaluation.groups.items()
            if mask.any()
        ]
        print_table(f"{chosen.name}, {cut}", ("policy", "people", "decisions", *METRICS), rows)
    for stage in record.manifest.recipe.stages:
        print(stage.source, stage.model, stage.config)


if __name__ == "__main__":
    main()
