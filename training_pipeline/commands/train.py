"""`saldopas train`: fit, evaluate, track, register, and promote if the gate lets it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from saldopas.training_pipeline.commands.evaluate import print_evaluation
from saldopas.training_pipeline.commands.options import Data, Json, Quarantine, moment
from saldopas.training_pipeline.commands.promote import print_gate
from saldopas.training_pipeline.console import OUT, print_json, print_table


def train(
    source: Data,
    config: Annotated[
        Path | None, typer.Option(help="TOML with models, split and seed; see docs/training.md.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="`auto` compares several models on validation; or one model's name."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of sampling and of models.")] = None,
    until: Annotated[
        datetime | None,
        typer.Option(parser=moment, metavar="ISO", help="See only purchases before this moment."),
    ] = None,
    search: Annotated[
        bool | None,
        typer.Option(
            "--search/--no-search",
            help="Search hyperparameters on validation, or take the defaults; without either, what "
            "`saldopas tune` found for this dataset, else a search.",
        ),
    ] = None,
    quarantine: Quarantine = None,
    promote: Annotated[
        bool, typer.Option("--promote/--no-promote", help="Move `champion` if the gate lets it.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Fit on the data, evaluate on held-out purchases, track in MLflow, register, promote.

    Hyperparameters are chosen on a validation cut; the test cut is read once; what is registered
    is fitted on everything. Example: `saldopas train data/sample --json`
    """
    from saldopas.training_pipeline.tracking.tracked_training import train_and_track
    from saldopas.training_pipeline.training.config import read_training_config

    outcome = train_and_track(
        source,
        read_training_config(
            config, model=model, seed=seed, search=search, tuned=None if search is None else False
        ),
        until=until,
        quarantine=quarantine,
        promote_it=promote,
    )
    if as_json:
        print_json(outcome)
    else:
        _print(outcome)


def _print(outcome: dict[str, Any]) -> None:
    for cut in ("validation", "test"):
        if outcome[cut]:
            print_evaluation(outcome[cut])
    if outcome["blend"]:
        print_table(
            "Who answers, by purchases known (weight x model)",
            ("purchases", "decisions", "models", "NDCG@10 on validation"),
            [
                (
                    place,
                    level["cases"],
                    " + ".join(f"{part['weight']:g} x {part['model']}" for part in level["parts"]),
                    level["together"],
                )
                for place, level in enumerate(outcome["blend"])
            ],
        )
    if outcome["gate"]:
        print_gate(outcome["gate"])
    print_table(
        "Registered",
        ("what", "value"),
        [
            ("run", outcome["run_id"]),
            ("version", outcome["version"]),
            ("model", outcome["model"]),
            ("promoted", "yes" if outcome["promoted"] else f"no: {outcome['why']}"),
        ],
    )
    chosen = "" if outcome["promoted"] else f" --model {outcome['version']}"
    OUT.print(
        f"Next: saldopas recommend --participant ID --balance 300000{chosen}; "
        f"saldopas serve{chosen}",
        markup=False,
    )
