"""Quality on a training's test cut, and the model card: a Markdown page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from saldopas.features.splits.split import make_cuts
from saldopas.models.policy.balance_fit import EDGES
from saldopas.training_pipeline.evaluating.decisions import Decisions
from saldopas.training_pipeline.evaluating.evaluation import MAIN_METRIC, Evaluation
from saldopas.training_pipeline.evaluating.groups import grouping
from saldopas.training_pipeline.evaluating.intervals import (
    Intervals,
    Segments,
    intervals_of,
    segments_of,
)
from saldopas.training_pipeline.evaluating.markdown import (
    about,
    evaluation_page,
    number,
    with_interval,
)
from saldopas.training_pipeline.evaluating.measured import Measured
from saldopas.training_pipeline.evaluating.statistics import EvaluationConfig
from saldopas.training_pipeline.training.record import TrainingRecord

ROWS = (
    (MAIN_METRIC, "all", "NDCG@10, all"),
    (MAIN_METRIC, "warm", "NDCG@10, people with earlier purchases"),
    (MAIN_METRIC, "new", "NDCG@10, people without any"),
    ("recall@10", "all", "recall@10, all"),
    ("hit@5", "all", "hit@5, all"),
    ("mrr@10", "all", "MRR@10, all"),
)
BEYOND = (
    ("balance_used@10", "all", "share of the balance used, 10 courses"),
    ("nothing_left@1", "all", "left with nothing affordable after the first"),
    ("coverage@10", "all", "share of the catalogue shown"),
)
GAP = "&nbsp;&nbsp;&nbsp;"  # MLflow's tables have no space between columns
BELOW = "&nbsp;"  # nor below them
SEGMENT_METRICS = (MAIN_METRIC, "recall@10")


def model_card(record: TrainingRecord, quality: HeldOutQuality | None) -> str:
    """Purpose, data, quality beside popularity with intervals, segments, limits and privacy."""
    return "\n\n".join(
        f"{section}\n\n{BELOW}" if section.endswith("|") else section
        for section in [
            f"# {record.manifest.model} on {record.name}",
            "Ranks courses for a participant from earlier purchases and profile; only courses that "
            "the balance pays for, on sale, allowed and not yet owned are answered.",
            _data(record),
            *_quality(record, quality),
            _stages(record),
            *_blend(record),
            *_balance(record),
            "## Limits\n"
            "- Learned from what was bought, so from what was shown and known: it carries on the "
            "preferences of the past, and says nothing of what a course is worth.\n"
            "- Offline figures compare lists with past decisions; they are no forecast of sales.\n"
            "- A course without purchases is ranked by what courses like it sell, if at all.",
            "## Privacy\n"
            "No participant's id, history or profile is logged to this run. The registered "
            "artifact holds a snapshot of balances, purchases and profile tokens by participant "
            "id, because it answers for them: guard the store as the data itself. Participants who "
            "opted out are left out of learning.",
        ]
    )


def _data(record: TrainingRecord) -> str:
    manifest, data = record.manifest, record.data
    description = manifest.dataset.description.strip()
    warning = "**Generated data**: it shows that the code works, and nothing about people.\n\n"
    lines = [
        f"{data.n_people:,} participants, {data.courses.n_items:,} courses, "
        f"{len(data.kept):,} purchases; fingerprint `{manifest.fingerprint[:16]}`.",
        *([f"> {description}"] if description else []),
    ]
    head = warning if "generated data" in description.lower() else ""
    return "## Data\n" + head + "\n\n".join(lines)


def _quality(record: TrainingRecord, quality: HeldOutQuality | None) -> Iterator[str]:
    if record.validation:
        chosen = record.validation["chosen"]
        yield (
            f"## Quality on the validation cut\nHeld out {chosen.method}, {chosen.protocol}; "
            "hyperparameters were chosen on it.\n\n"
            + "\n".join(_table(chosen, record.validation["popularity"], record.evaluation))
        )
    if quality is not None:
        yield _tested(quality)
        yield from _segments(quality)
    if not record.validation:
        yield "## Quality\nToo little data to hold anything out: nothing is known of the quality."


def _table(chosen: Evaluation, popularity: Evaluation, config: EvaluationConfig) -> Iterator[str]:
    yield f"| metric | {GAP}decisions | {GAP}this model | {GAP}popularity |"
    yield "|---|--:|--:|--:|"
    shown = chosen.shown(min_people=config.min_people)
    for metric, group, words in ROWS:
        if group in shown:
            count = int(shown[group].sum())
            ours, theirs = _mean(chosen, metric, group), _mean(popularity, metric, group)
            yield f"| {words} | {GAP}{count:,} | {GAP}**{ours}** | {GAP}{theirs} |"
    yield "\nMeans over decisions; higher is better."


def _mean(evaluation: Evaluation, metric: str, group: str) -> str:
    return number(evaluation.mean(metric, group))


def _tested(quality: HeldOutQuality) -> str:
    cut = quality.decisions.cut
    lines = [f"| metric | {GAP}this model | {GAP}popularity |", "|---|--:|--:|"]
    for metric, group, words in (*ROWS, *BEYOND):
        ours, theirs = (
            quality.intervals[policy][group].get(metric) for policy in ("chosen", "popularity")
        )
        if ours is not None and ours.mean is not None:
            lines.append(f"| {words} | {GAP}{with_interval(ours)} | {GAP}{with_interval(theirs)} |")
    return (
        "## Quality on the test cut\nNothing was chosen on it; the gate compares on it. "
        f"{quality.decisions.n_decisions:,} decisions of {quality.decisions.n_people:,} "
        f"participants, held out {cut.method}, {cut.protocol}; in brackets "
        f"{quality.config.level:.0%} intervals over participants.\n\n" + "\n".join(lines)
    )


def _segments(quality: HeldOutQuality) -> Iterator[str]:
    """Best and worst served group of each column; `evaluation/` has them all."""
    lines = [f"| by | {GAP}worst served | {GAP}best served | {GAP}gap |", "|---|---|---|--:|"]
    for one in quality.segments_by(MAIN_METRIC):
        if one.gap is not None:
            worst, best = one.groups[one.gap.worst], one.groups[one.gap.best]
            lines.append(
                f"| {one.column} | {GAP}{one.gap.worst}: {number(worst.mean)} "
                f"| {GAP}{one.gap.best}: {number(best.mean)} "
                f"| {GAP}{with_interval(one.gap.difference)} |"
            )
    if len(lines) > 2:
        yield (
            f"## Segments\n{MAIN_METRIC} on the test cut; groups of fewer than "
            f"{quality.config.min_people} participants are not shown. Of many groups some always "
            "lie apart.\n\n" + "\n".join(lines)
        )


def _stages(record: TrainingRecord) -> str:
    lines = [
        f"{place}. {stage.source}: `{stage.model}`"
        for place, stage in enumerate(record.manifest.recipe.stages, start=1)
    ]
    runs = ", ".join(f"`{run}`" for run in record.tuned_by)
    tuned = f"\n\nHyperparameters come from tuning run {runs}." if runs else ""
    return "## Stages, asked in this order\n" + "\n".join(lines) + tuned


def _blend(record: TrainingRecord) -> Iterator[str]:
    """Weights of the models by history length."""
    if not record.blend:
        return
    lines = [
        f"| purchases known | {GAP}decisions | {GAP}weights (NDCG@10 alone) | {GAP}together |",
        "|---|--:|---|--:|",
    ]
    last = len(record.blend) - 1
    for place, level in enumerate(record.told_blend):
        name = f"{place} or more" if place == last else str(place)
        parts = ", ".join(
            f"{part.model} {part.weight:g}" + ("" if part.alone is None else f" ({part.alone:.4f})")
            for part in level.parts
        )
        together = "-" if level.together is None else f"{level.together:.4f}"
        lines.append(f"| {name} | {GAP}{level.cases:,} | {GAP}{parts} | {GAP}{together} |")
    yield (
        "## Weights by history length\n"
        "In units of each model's root mean square score; learned on validation, among the best "
        "courses of each model.\n\n" + "\n".join(lines)
    )


def _balance(record: TrainingRecord) -> Iterator[str]:
    fit = record.manifest.recipe.balance_fit
    if fit is None:
        yield "## Balance\nScores do not depend on the balance; it only takes courses away."
        return
    edges = [*(f"up to {edge:.1%}" for edge in EDGES), "above"]
    head = f"| price / balance | {GAP}lift |\n|---|--:|\n"
    rows = [f"| {name} | {GAP}{lift:.2f} |" for name, lift in zip(edges, fit.lift, strict=True)]
    yield (
        "## Balance\nHow many times as often courses were bought as the scores alone foretold, by "
        "price as a share of the balance; scores are multiplied by it.\n\n" + head + "\n".join(rows)
    )


@dataclass(frozen=True)
class HeldOutQuality:
    """The test cut of a training.

    Attributes:
        decisions: what was asked; measured: by policy, `chosen` and `popularity`.
        intervals: by policy, group and metric.
        segments: by policy: history length and every declared profile column.
        config: of the intervals, and the smallest group that is shown.
    """

    decisions: Decisions
    measured: dict[str, Measured]
    intervals: Intervals
    segments: dict[str, list[Segments]]
    config: EvaluationConfig

    def segments_by(self, metric: str, *, policy: str = "chosen") -> list[Segments]:
        """One metric by every column."""
        return [one for one in self.segments[policy] if one.metric == metric]

    def page(self, title: str) -> str:
        """Everything as Markdown, a table a group of people."""
        return evaluation_page(
            title=title,
            about=about(self.decisions, self.config, ()),
            intervals=self.intervals,
            segments=self.segments["chosen"],
        )


def held_out_quality(record: TrainingRecord) -> HeldOutQuality | None:
    """None where nothing was held out."""
    settings = record.evaluation
    manifest = record.manifest
    cuts = (
        make_cuts(record.data, manifest.split_config, seed=manifest.seed) if record.test else None
    )
    if cuts is None:
        return None
    decisions = Decisions(record.data, cuts[1])
    measured = {
        policy: Measured.of(policy, decisions, found.lists) for policy, found in record.test.items()
    }
    data = record.data
    columns = ("history", *(name for name in data.config.profile or {} if name in data.people))
    groupings = [grouping(decisions, column) for column in columns]
    return HeldOutQuality(
        decisions=decisions,
        measured=measured,
        intervals=intervals_of(measured, config=settings),
        segments={
            policy: [
                one
                for by in groupings
                for one in segments_of(
                    found.metrics, by, decisions.people, names=SEGMENT_METRICS, config=settings
                )
            ]
            for policy, found in measured.items()
        },
        config=settings,
    )
