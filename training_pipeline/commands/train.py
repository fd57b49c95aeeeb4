"""`saldopas train` and `saldopas tune`: fit, evaluate, track, register, search."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from saldopas.training_pipeline.commands.evaluate import print_evaluation
from saldopas.training_pipeline.commands.options import Data, Json, Quarantine, moment
from saldopas.training_pipeline.commands.promote import print_gate
from saldopas.training_pipeline.console import OUT, print_json, print_table, say

if TYPE_CHECKING:
    from saldopas.training_pipeline.tuning.outcome import TuningOutcome

MINUTES = 10.0
SHOWN = 10


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


def tune(
    source: Data,
    config: Annotated[
        Path | None,
        typer.Option(help="TOML with split and seed; hyperparameters in it are held as they are."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="`auto`: every model that train compares; or one name.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the search and of models.")] = None,
    minutes: Annotated[
        float | None,
        typer.Option(min=0, help=f"Time for all models together [{MINUTES:g} without --trials]."),
    ] = None,
    trials: Annotated[
        int | None, typer.Option(min=1, help="Trials of each model, those before included.")
    ] = None,
    windows: Annotated[
        int | None, typer.Option(min=1, max=6, help="Validation windows by date [3].")
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh/--resume", help="Begin again, or go on where it stopped.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write what is taken as a TOML for `train --config`.")
    ] = None,
    quarantine: Quarantine = None,
    as_json: Json = False,
) -> None:
    """Search hyperparameters on several validation windows; test is never looked at.

    Interrupt it when you like: the same command goes on where it stopped. `saldopas train` then
    uses what was found. Example: `saldopas tune data/sample --minutes 10`
    """
    from saldopas.training_pipeline.ingest.files import check_file
    from saldopas.training_pipeline.tracking.tuning_log import tune_and_track
    from saldopas.training_pipeline.training.config import read_training_config
    from saldopas.training_pipeline.tuning.tune import Effort

    if out is not None:
        check_file("--out", out)
    outcome = tune_and_track(
        source,
        read_training_config(config, model=model, seed=seed),
        Effort(
            minutes=MINUTES if minutes is None and trials is None else minutes,
            trials=trials,
            windows=windows,
            fresh=fresh,
        ),
        quarantine=quarantine,
    )
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(outcome.toml(), "utf-8")
        say(f"wrote {out}")
    if as_json:
        print_json(outcome.summary())
    else:
        _print_tuning(outcome)


def _print_tuning(outcome: TuningOutcome) -> None:
    from saldopas.training_pipeline.tuning.outcome import best_first

    for model, told in outcome.summary()["models"].items():
        tried, taken = best_first(outcome.of(model)), outcome.taken.get(model)
        more = f", the best {SHOWN} shown" if len(tried) > SHOWN else ""
        people = "people with a history" if told["people"] == "warm" else "new people"
        print_table(
            f"{model}: {len(tried)} trials{more}; NDCG@10 of {people}",
            ("trial", "NDCG@10", "state", "seconds", "hyperparameters"),
            [
                (
                    ("defaults" if one.number == 1 else str(one.number))
                    + (", taken" if one is taken else ""),
                    one.score,
                    one.state if not one.why else f"failed: {one.why}",
                    f"{one.seconds:.1f}",
                    ", ".join(f"{key} {_short(value)}" for key, value in one.config.items()),
                )
                for one in tried[:SHOWN]
            ],
        )
    OUT.print(f"MLflow run {outcome.run_id}", markup=False)


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
