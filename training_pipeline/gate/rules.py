"""The rules of the gate, each a function from measurements to one verdict."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from saldopas.models.artifact.artifact import Artifact
from saldopas.training_pipeline.evaluating.comparison import Difference
from saldopas.training_pipeline.evaluating.evaluation import MAIN_METRIC, POPULAR
from saldopas.training_pipeline.evaluating.groups import grouping
from saldopas.training_pipeline.evaluating.intervals import segments_of
from saldopas.training_pipeline.evaluating.measured import ExposureValue
from saldopas.training_pipeline.evaluating.statistics import holm, paired_difference
from saldopas.training_pipeline.gate import verdict as v
from saldopas.training_pipeline.gate.latency import Latency
from saldopas.training_pipeline.gate.reference import (
    BALANCE_USED,
    Against,
    LossEvidence,
    PairedMetric,
    evidence_of,
)
from saldopas.training_pipeline.gate.verdict import GateConfig, Outcome, Verdict

NOISE = 1.1  # times that the same model takes when it is timed again; 1.06 was seen
COUNTED = (MAIN_METRIC, "recall@10", "mrr@10", BALANCE_USED, "coverage@10")
"""More is wanted of each, and a list gets more of none by showing less: an empty one has 0."""


def not_below_popularity(model: str, *, beats: bool, measured: bool) -> Verdict:
    """Above popularity on the validation cut; popularity itself may answer."""
    if beats:
        return Verdict(v.POPULARITY, "passed", "above popularity on the validation cut")
    if model == POPULAR:
        told = "it is popularity: nothing that was tried is better"
        return Verdict(v.POPULARITY, "passed", told)
    told = (
        "it does not beat popularity on the validation cut"
        if measured
        else "too little data to hold anything out, so nothing is known of its quality"
    )
    return Verdict(v.POPULARITY, "failed", told)


def main_metric(against: Against, config: GateConfig) -> Verdict:
    """Not surely worse, and a loss above the margin excluded; in place of a champion, better."""
    change = against.changes.get(MAIN_METRIC)
    if change is None:
        return Verdict(v.MAIN, "not enough evidence", "there are decisions of one participant only")
    told = (
        f"{MAIN_METRIC} {change.b:.4f} against {change.a:.4f} of {against.reference}, "
        f"difference {change.difference:+.4f} ({change.low:+.4f} to {change.high:+.4f})"
    )
    found = evidence_of(PairedMetric.of(against, MAIN_METRIC), config.evaluation)
    if against.reference == "popularity":
        outcome: Outcome = "passed" if found.low > 0 else "failed"
        why = f"at worst {found.low:+.4f}; wanted: surely above popularity"
        return Verdict(v.MAIN, outcome, f"{told}; {why}", _figures(change, found))
    return _not_worse(v.MAIN, change, found, told, margin=config.margin, loss="a loss")


def segments(against: Against, config: GateConfig) -> Verdict:
    """No group is surely under its floor, a share of what the reference gives it."""
    settings = config.evaluation.model_copy(update={"level": config.segment_level})
    frame = against.ours.metrics[[MAIN_METRIC]].rename(columns={MAIN_METRIC: "ours"})
    frame = frame.assign(theirs=against.theirs.metrics[MAIN_METRIC])
    frame["above_floor"] = frame["ours"] - config.segment_share * frame["theirs"]
    under, closest, shown, hidden = [], (0.0, ""), 0, 0
    columns = _columns(against, config)
    if not columns:
        told = "switched off by the settings (segments = []): no group was looked at"
        return Verdict(v.SEGMENTS, "not applicable", told)
    for column in columns:
        ours, theirs, above = segments_of(
            frame,
            grouping(against.decisions, column),
            against.decisions.people,
            names=("ours", "theirs", "above_floor"),
            config=settings,
        )
        shown, hidden = shown + len(above.groups), hidden + above.hidden
        for label, one in above.groups.items():
            mean, theirs_mean = ours.groups[label].mean or 0.0, theirs.groups[label].mean or 0.0
            ratio = mean / theirs_mean if theirs_mean > 0 else 1.0
            named = f"{column} {label}: {mean:.4f} against {theirs_mean:.4f}"
            closest = min(closest, (ratio - 1.0, named))
            if one.high is not None and one.high < 0:
                under.append(named)
    figures: dict[str, v.Figure] = {
        "groups": shown,
        "hidden": hidden,
        "under_floor": "; ".join(under),
        "worst_change": round(closest[0], 4),
        "worst_group": closest[1],
    }
    if shown == 0:
        return Verdict(v.SEGMENTS, "not applicable", "no group is large enough to look at", figures)
    if under:
        told = f"under {config.segment_share:.0%} of {against.reference}: {'; '.join(under)}"
        return Verdict(v.SEGMENTS, "failed", told, figures)
    worst = f"; lowest {closest[1]}" if closest[1] else ""
    told = f"none of {shown} groups is surely under its floor ({hidden} small ones not shown)"
    return Verdict(v.SEGMENTS, "passed", told + worst, figures)


def balance(against: Against, config: GateConfig) -> Verdict:
    """The expected share of the balance that is used does not fall."""
    change = against.changes.get(BALANCE_USED)
    if change is None:
        return Verdict(v.BALANCE, "not applicable", "no balance is known")
    if against.reference == "popularity":
        return Verdict(v.BALANCE, "not applicable", "the champion cannot be compared")
    told = (
        f"{change.b:.1%} of the balance used against {change.a:.1%} "
        f"({100 * change.low:+.1f} to {100 * change.high:+.1f} points)"
    )
    found = evidence_of(PairedMetric.of(against, BALANCE_USED), config.evaluation)
    return _not_worse(v.BALANCE, change, found, told, margin=config.balance_margin, loss="a fall")


def request_latency(latency: Latency, config: GateConfig) -> Verdict:
    """Within the budget, which is the champion's time in the same run with a ceiling."""
    ours, theirs = latency.challenger_ms, latency.champion_ms
    budget, why = _budget(theirs, config)
    figures: dict[str, v.Figure] = {
        "median_ms": round(ours, 6),
        "champion_median_ms": None if theirs is None else round(theirs, 6),
        "budget_ms": round(budget, 6),
        "requests": latency.requests,
    }
    told = f"median {ours:.3g} ms of {latency.requests} single requests, without HTTP"
    if theirs is not None:
        told += f", champion {theirs:.3g} ms in turns with it"
    outcome: Outcome = "passed" if ours <= budget else "failed"
    return Verdict(v.LATENCY, outcome, f"{told}; budget {budget:.3g} ms, {why}", figures)


def _budget(champion_ms: float | None, config: GateConfig) -> tuple[float, str]:
    """Milliseconds, and where they come from."""
    if champion_ms is None:
        return config.latency_ms, "the ceiling"
    if champion_ms > config.latency_ms:
        told = f"the champion and {NOISE - 1:.0%} for noise: it is above {config.latency_ms:g} ms"
        return NOISE * champion_ms, told
    several = config.slower * champion_ms
    if several <= config.unnoticed_ms:
        return min(config.unnoticed_ms, config.latency_ms), "what nobody notices"
    if several <= config.latency_ms:
        return several, f"{config.slower:g} times the champion"
    return config.latency_ms, "the ceiling"


def _not_worse(
    rule: str, change: Difference, found: LossEvidence, told: str, *, margin: float, loss: str
) -> Verdict:
    """No loss is sure, and one above the margin, a share of the reference, is excluded.

    Unless it is surely better, the decisions must be able to show a loss as large as the margin at
    all: else nothing that they do not show is evidence.
    """
    largest = margin * change.a
    above = f"{loss} above {margin:.1%} ({largest:.4f})"
    outcome: Outcome = "passed"
    if change.high < 0:
        outcome, why = "failed", f"{loss} is sure"
    elif found.low > 0:
        why = f"surely better, at worst {found.low:+.4f}"
    elif change.a <= 0:
        outcome, why = "not enough evidence", "the reference has nothing that could be lost"
    elif largest < found.detectable:
        outcome = "not enough evidence"
        why = (
            f"the smallest difference that {change.cases:,} decisions of {change.people:,} "
            f"participants, {found.differing:,} of whom differ, would show is "
            f"{found.detectable:.4f}: {above} could go unseen"
        )
    elif found.low < -largest:
        outcome, why = "failed", f"at worst {found.low:+.4f}: {above} is not excluded"
    else:
        why = f"at worst {found.low:+.4f}: {above} is excluded"
    return Verdict(rule, outcome, f"{told}; {why}", _figures(change, found) | {"least": -largest})


def _columns(against: Against, config: GateConfig) -> Sequence[str]:
    if config.segments is not None:
        return config.segments
    data = against.decisions.data
    declared = [name for name in data.config.profile or {} if name in data.people]
    return ("history", *declared)


def _figures(change: Difference, found: LossEvidence) -> dict[str, v.Figure]:
    return {
        "metric": change.metric,
        "challenger": change.b,
        "reference": change.a,
        "difference": change.difference,
        "low": change.low,
        "high": change.high,
        "at_worst": found.low,
        "detectable": found.detectable,
        "decisions": change.cases,
        "participants": change.people,
        "differing": found.differing,
    }


def gain(
    against: Against,
    config: GateConfig,
    *,
    challenger: Artifact,
    champion: Artifact | None,
    latency: Latency,
) -> Verdict:
    """Better on one of `COUNTED`, cheaper, or of newer data: else there is no reason to change."""
    if champion is None or against.reference == "popularity":
        return Verdict(v.GAIN, "not applicable", "the champion cannot be compared")
    better = better_metrics(against, config)
    found = [f"{name} {_relative(against, name)}" for name in better]
    size, other = (_megabytes(one) for one in (challenger, champion))
    figures: dict[str, v.Figure] = {
        "better_metrics": ", ".join(better),
        "size_mb": round(size, 3),
        "champion_size_mb": round(other, 3),
    }
    theirs_ms = latency.champion_ms
    noticed = theirs_ms is not None and theirs_ms > config.unnoticed_ms
    if theirs_ms is not None and noticed and latency.challenger_ms <= config.cheaper * theirs_ms:
        found.append(f"{latency.challenger_ms:.3g} ms a request instead of {theirs_ms:.3g}")
    if size <= config.cheaper * other:
        found.append(f"{size:.1f} MB instead of {other:.1f}")
    if config.newer:
        found += _other_data(challenger, champion)
    if found:
        return Verdict(v.GAIN, "passed", f"better or cheaper: {', '.join(found)}", figures)
    least = f"on no metric surely better by {config.least_gain:.1%}"
    return Verdict(v.GAIN, "failed", f"{least}, not cheaper, no newer data", figures)


def better_metrics(against: Against, config: GateConfig) -> list[str]:
    """Those of `COUNTED` that are surely better by `least_gain` of the reference's value.

    Two-sided tests whose null is that very gain, Holm's correction over all that are counted: the
    same recipe with another seed differs surely from the champion on some metric, if by little.
    """
    names = [
        name for name in COUNTED if name in against.ours.names and name in against.theirs.names
    ]
    found = [_beyond(against, name, config) for name in names]
    corrected = holm(np.array([p_value for _, p_value in found]))
    return [
        name
        for name, (beyond, _), p_value in zip(names, found, corrected, strict=True)
        if beyond > 0 and p_value < config.evaluation.alpha
    ]


def _beyond(against: Against, name: str, config: GateConfig) -> tuple[float, float]:
    """How far the difference is beyond the least gain, and the p-value of that."""
    raised = 1 + config.least_gain
    if name in against.ours.exposure:
        theirs = against.theirs.exposure[name]
        least = ExposureValue(
            raised * theirs.value, raised * theirs.deviation, raised**2 * theirs.unseen
        )
        changed = against.ours.exposure[name].minus(least)
        return changed.value, changed.p_value()
    pair, settings = PairedMetric.of(against, name), config.evaluation
    if len(np.unique(pair.people)) < 2:
        return 0.0, 1.0
    paired = paired_difference(
        pair.ours[:, None],
        raised * pair.theirs[:, None],
        seed=settings.seed,
        clusters=pair.people,
        resamples=settings.resamples,
    )
    return float(paired.mean[0]), float(paired.p_value[0])


def _relative(against: Against, name: str) -> str:
    if name in against.ours.exposure:
        ours, theirs = (one.exposure[name].value for one in (against.ours, against.theirs))
    else:
        pair = PairedMetric.of(against, name)
        ours, theirs = float(pair.ours.mean()), float(pair.theirs.mean())
    return f"{ours / theirs - 1:+.1%}" if theirs else f"{ours:.4f} instead of 0"


def _other_data(challenger: Artifact, champion: Artifact) -> list[str]:
    ours, theirs = challenger.manifest, champion.manifest
    if ours.cutoff_s > theirs.cutoff_s:
        return ["learned from newer data"]
    if ours.cutoff_s == theirs.cutoff_s and ours.fingerprint != theirs.fingerprint:
        return ["learned from data that was changed since"]
    return []


def _megabytes(artifact: Artifact) -> float:
    """Size of models and catalogue, without the snapshot, which grows with the participants."""
    folders = ("models", "exploration", "evidence")
    files = [file for name in folders for file in (artifact.path / name).rglob("*.npy")]
    return sum(file.stat().st_size for file in files) / 1e6
