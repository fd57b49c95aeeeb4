"""`saldopas evaluate`: a model on the purchases that it has not seen."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from saldopas.training_pipeline.commands.typed import moment

if TYPE_CHECKING:
    from saldopas.training_pipeline.evaluating.intervals import Segments
    from saldopas.training_pipeline.evaluating.reports import EvaluationReport

BALANCE = ("balance_used@10", "nothing_left@1")
SHOWN = ("hit@10", "ndcg@10", "recall@20", "ndcg@20")


def evaluate(
    source: Annotated[str, typer.Argument(metavar="DATA", help="Directory or database URL.")],
    model: Annotated[
        str,
        typer.Option(
            help="champion, challenger, previous, a version, a directory, or a .parquet or .csv "
            "of participant_id, rank, course_id."
        ),
    ] = "champion",
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
    """Measure a model on held-out purchases, beside popularity.

    Purchases after the model's cut-off are predicted by the very policy that is served. Where the
    data ends at the cut-off, the model's recipe is fitted again on what lies before the test cut.

    Example: `saldopas evaluate data/sample --by history --by wave --out report.md`
    """
    from saldopas.training_pipeline.console import print_json, say
    from saldopas.training_pipeline.evaluating import api
    from saldopas.training_pipeline.evaluating.decisions import predicted_lines
    from saldopas.training_pipeline.evaluating.exports import Outputs
    from saldopas.training_pipeline.evaluating.statistics import EvaluationConfig
    from saldopas.training_pipeline.tracking.registry import resolve

    outputs = Outputs(out=out, per_participant=per_participant, trec=trec)
    outputs.check()
    report = api.evaluate(
        source,
        model,
        by=by or (),
        since=since,
        config=EvaluationConfig(seed=seed, resamples=resamples, min_people=min_people),
        find=resolve,
    )
    outputs.write(report, report.measured)
    if as_json:
        print_json(report.as_dict())
        return
    _print(report)
    for line in (*predicted_lines(report.decisions), *report.notes):
        say(line)


def _print(report: EvaluationReport) -> None:
    from saldopas.training_pipeline.console import print_table
    from saldopas.training_pipeline.evaluating.markdown import with_interval

    policies = list(report.intervals)
    rows = [
        (
            group,
            f"{values[name].cases:,}",
            name,
            *(with_interval(report.intervals[policy][group].get(name)) for policy in policies),
        )
        for group, values in report.intervals[policies[0]].items()
        for name in (*SHOWN, *BALANCE)
        if name in values
    ]
    decisions = report.decisions
    title = (
        f"{report.model} ({report.fitted}): {decisions.n_decisions:,} decisions of "
        f"{decisions.n_people:,} participants\nheld out {decisions.cut.method}, "
        f"{decisions.cut.protocol}; intervals over participants; groups of fewer than "
        f"{report.config.min_people} are not shown"
    )
    print_table(title, ("people", "decisions", "metric", *policies), rows)
    for one in report.segments:
        print_segments(one)


def print_evaluation(found: dict[str, Any]) -> None:
    """One table for people: policies by group, the usual metrics."""
    from saldopas.training_pipeline.console import print_table

    first = next(iter(found.values()))
    rows = [
        (policy, group, values["cases"], *(values["metrics"].get(name) for name in SHOWN))
        for policy, summary in found.items()
        for group, values in summary["groups"].items()
        if values["cases"]
    ]
    title = f"{first['cut'].capitalize()} cut ({first['method']}, {first['protocol']})"
    print_table(title, ("policy", "people", "decisions", *SHOWN), rows)


def print_segments(one: Segments, suffix: str = "") -> None:
    """A table for people: one metric by group; `suffix` says what of it."""
    from saldopas.training_pipeline.console import print_table
    from saldopas.training_pipeline.evaluating.markdown import with_interval

    rows = [
        (label, f"{value.people:,}", f"{value.cases:,}", with_interval(value))
        for label, value in one.groups.items()
    ]
    hidden = f", {one.hidden} small groups not shown" if one.hidden else ""
    title = f"{one.metric} by {one.column}{suffix}{hidden}"
    if one.gap is not None:
        difference = with_interval(one.gap.difference)
        title += f"\nwidest gap: {one.gap.best} over {one.gap.worst}, {difference}"
    print_table(title, (one.column, "participants", "decisions", "mean (interval)"), rows)
