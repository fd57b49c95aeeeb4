"""`saldopas compare`: two models, or tables of recommendations, on the same decisions."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from saldopas.training_pipeline.commands.typed import moment

if TYPE_CHECKING:
    from saldopas.training_pipeline.evaluating.reports import ComparisonReport

CANDIDATE = (
    "champion, challenger, previous, a version, a directory, or a .parquet or .csv of "
    "participant_id, rank, course_id."
)


def compare(
    a: Annotated[str, typer.Argument(help=CANDIDATE)],
    b: Annotated[str, typer.Argument(help="The same; measured against A.")],
    data: Annotated[str, typer.Option(metavar="DATA", help="Directory or database URL.")],
    metric: Annotated[
        list[str] | None,
        typer.Option(help="Compare these; the p-values are corrected for how many they are."),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(help="Segments: history, price, balance, course-age or a profile column."),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            parser=moment, metavar="ISO", help="Predict what was bought from this moment on."
        ),
    ] = None,
    resamples: Annotated[int, typer.Option(min=100, help="Bootstrap resamples.")] = 1_000,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 7,
    min_people: Annotated[
        int, typer.Option(min=2, help="Segments of fewer participants are not shown.")
    ] = 100,
    out: Annotated[Path | None, typer.Option(help="Write the report as Markdown.")] = None,
    per_participant: Annotated[
        Path | None, typer.Option(help="Write a Parquet file with a row a participant.")
    ] = None,
    trec: Annotated[
        Path | None,
        typer.Option(
            help="Write runs and qrels of TREC to this directory; an empty list is the one line "
            "`(none)`, so that every tool counts it as a miss."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Is B better than A? Paired tests on the same decisions, corrected for many metrics.

    Example: `saldopas compare champion challenger --data data/sample --out report.md`
    """
    from saldopas.training_pipeline.console import print_json
    from saldopas.training_pipeline.evaluating import api
    from saldopas.training_pipeline.evaluating.exports import Outputs
    from saldopas.training_pipeline.evaluating.statistics import EvaluationConfig
    from saldopas.training_pipeline.tracking.registry import resolve

    outputs = Outputs(out=out, per_participant=per_participant, trec=trec)
    outputs.check()
    report = api.compare(
        a,
        b,
        data=data,
        metrics=metric or (),
        by=by or (),
        since=since,
        config=EvaluationConfig(seed=seed, resamples=resamples, min_people=min_people),
        find=resolve,
    )
    outputs.write(report, {"a": report.a, "b": report.b})
    if as_json:
        print_json(report.as_dict())
    else:
        _print(report)


def _print(report: ComparisonReport) -> None:
    from saldopas.training_pipeline.commands.evaluate import print_segments
    from saldopas.training_pipeline.console import print_table, say
    from saldopas.training_pipeline.evaluating.decisions import predicted_lines
    from saldopas.training_pipeline.evaluating.markdown import number

    rows = [
        (
            one.metric,
            number(one.a),
            number(one.b),
            f"{number(one.low)}..{number(one.high)}",
            number(one.detectable),
            one.verdict,
        )
        for one in report.differences
    ]
    decisions = report.decisions
    title = (
        f"A: {report.a.name} ({report.fitted[0]}), B: {report.b.name} ({report.fitted[1]})\n"
        f"{decisions.n_decisions:,} decisions of {decisions.n_people:,} participants"
    )
    print_table(title, ("metric", "A", "B", "B - A", "detects", "B is"), rows)
    for one in report.segments:
        print_segments(one, ", B - A")
    for line in (*predicted_lines(report.decisions), *report.notes):
        say(line)
