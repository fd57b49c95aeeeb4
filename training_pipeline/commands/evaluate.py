"""`saldopas evaluate` and `saldopas compare`: models on purchases that they have not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from saldopas.training_pipeline.commands.options import (
    BootstrapSeed,
    By,
    Data,
    DataOption,
    Json,
    MinPeople,
    PerParticipant,
    ReportFile,
    Resamples,
    Since,
    Trec,
)
from saldopas.training_pipeline.console import print_json, print_table, say

if TYPE_CHECKING:
    from saldopas.training_pipeline.evaluating.intervals import Segments
    from saldopas.training_pipeline.evaluating.reports import ComparisonReport, EvaluationReport

BALANCE = ("balance_used@10", "nothing_left@1")
SHOWN = ("hit@10", "ndcg@10", "recall@20", "ndcg@20")


CANDIDATE = (
    "champion, challenger, previous, a version, a directory, or a .parquet or .csv of "
    "participant_id, rank, course_id."
)


def evaluate(
    source: Data,
    model: Annotated[
        str,
        typer.Option(
            help="champion, challenger, previous, a version, a directory, or a .parquet or .csv "
            "of participant_id, rank, course_id."
        ),
    ] = "champion",
    by: By = None,
    since: Since = None,
    resamples: Resamples = 1_000,
    seed: BootstrapSeed = 7,
    min_people: MinPeople = 100,
    out: ReportFile = None,
    per_participant: PerParticipant = None,
    trec: Trec = None,
    as_json: Json = False,
) -> None:
    """Measure a model on held-out purchases, beside popularity.

    Purchases after the model's cut-off are predicted by the very policy that is served. Where the
    data ends at the cut-off, the model's recipe is fitted again on what lies before the test cut.

    Example: `saldopas evaluate data/sample --by history --by wave --out report.md`
    """
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
    _print_evaluation(report)
    for line in (*predicted_lines(report.decisions), *report.notes):
        say(line)


def compare(
    a: Annotated[str, typer.Argument(help=CANDIDATE)],
    b: Annotated[str, typer.Argument(help="The same; measured against A.")],
    data: DataOption,
    metric: Annotated[
        list[str] | None,
        typer.Option(help="Compare these; the p-values are corrected for how many they are."),
    ] = None,
    by: By = None,
    since: Since = None,
    resamples: Resamples = 1_000,
    seed: BootstrapSeed = 7,
    min_people: MinPeople = 100,
    out: ReportFile = None,
    per_participant: PerParticipant = None,
    trec: Trec = None,
    as_json: Json = False,
) -> None:
    """Is B better than A? Paired tests on the same decisions, corrected for many metrics.

    Example: `saldopas compare champion challenger --data data/sample --out report.md`
    """
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
        _print_comparison(report)


def _print_evaluation(report: EvaluationReport) -> None:
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


def _print_comparison(report: ComparisonReport) -> None:
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


def print_evaluation(found: dict[str, Any]) -> None:
    """One table for people: policies by group, the usual metrics."""

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
