"""`saldopas sample`: generates a calibrated data set of the 2021 scheme."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from saldopas.training_pipeline.console import print_json, print_table, progress, rupiah, say

if TYPE_CHECKING:
    from saldopas.training_pipeline.ingest.sample.calibration import Marginal


def sample(
    out: Annotated[Path, typer.Option(help="Directory to write; it must be empty or absent.")],
    participants: Annotated[int, typer.Option(min=1, help="How many participants.")] = 50_000,
    courses: Annotated[int, typer.Option(min=20, help="How many titles.")] = 1_700,
    strength: Annotated[
        float, typer.Option(min=0, max=5, help="How much profile and taste decide; 0: nothing.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same data.")] = 7,
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="What had happened before this day; else all."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="TOML file with other assumptions, see docs/sample.md.")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--as-csv", help="CSV instead of Parquet.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the data set in that directory.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The calibration as JSON.")] = False,
) -> None:
    """Generate participants, courses and purchases of the 2021 scheme.

    Generated data; no public purchase data of the programme exists. A model that wins on it only
    recovers what was planted: compare with `--strength 0`.
    """
    from saldopas.training_pipeline.ingest.files import check_room, refuse_if_in_the_way
    from saldopas.training_pipeline.ingest.sample.calibration import calibrate
    from saldopas.training_pipeline.ingest.sample.config import read_sample_config
    from saldopas.training_pipeline.ingest.sample.generate import NOTICE, generate, write_sample

    settings = read_sample_config(
        config,
        participants=participants,
        courses=courses,
        strength=strength,
        until=until.date() if until else None,
    )
    refuse_if_in_the_way(out, overwrite=overwrite)
    check_room(out)
    say(NOTICE)
    with progress("Participants", total=participants) as advance:
        tables = generate(settings, seed=seed, advance=advance)
    marginals = calibrate(tables, settings)
    write_sample(tables, settings, out, seed=seed, as_csv=as_csv, overwrite=overwrite)
    rows = {
        "participants": len(tables.participants),
        "courses": len(tables.courses),
        "purchases": len(tables.purchases),
    }
    if as_json:
        head = {"notice": NOTICE, "out": str(out), "seed": seed, "strength": strength}
        print_json({**head, "rows": rows, "calibration": [_as_json(one) for one in marginals]})
    else:
        _print(marginals, out, rows)


def _print(marginals: list[Marginal], out: Path, rows: dict[str, int]) -> None:
    from saldopas.training_pipeline.ingest.sample.generate import NOTICE

    print_table(
        f"Calibration. {NOTICE}",
        ("figure", "target", "actual", "difference", "tolerance", "ok"),
        [_as_row(one) for one in marginals],
    )
    if not marginals[0].judged:
        say("Not judged: wanted are 30,000 participants, 1,000 courses, and the whole time.")
    counts = ", ".join(f"{count:,} {name}" for name, count in rows.items())
    say(f"{out}: {counts}")


def _as_row(one: Marginal) -> tuple[str, str, str, str, str, str]:
    def text(value: float) -> str:
        if one.unit == "share":
            return f"{100 * value:.1f} %"
        return rupiah(round(value)) if one.unit == "rupiah" else f"{value:.2f}"

    verdict = {True: "yes", False: "NO", None: "-"}[one.ok]
    sign = "+" if one.difference >= 0 else "-"
    difference = sign + text(abs(one.difference))
    return one.name, text(one.target), text(one.actual), difference, text(one.tolerance), verdict


def _as_json(one: Marginal) -> dict[str, Any]:
    return {
        "name": one.name,
        "unit": one.unit,
        "target": one.target,
        "actual": one.actual,
        "difference": one.difference,
        "tolerance": one.tolerance,
        "judged": one.judged,
        "ok": one.ok,
    }
