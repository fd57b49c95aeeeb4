"""The rules of the gate, each a function from what was found to one verdict."""

from __future__ import annotations

from collections.abc import Sequence

from models.artifact import Artifact
from training_pipeline.evaluating.comparison import Difference
from training_pipeline.evaluating.groups import grouping
from training_pipeline.evaluating.segments import segments_of
from training_pipeline.evaluation import MAIN_METRIC
from training_pipeline.gate import verdict as v
from training_pipeline.gate.config import GateConfig
from training_pipeline.gate.latency import Latency
from training_pipeline.gate.measured_against import Against
from training_pipeline.gate.verdict import Outcome, Verdict
from training_pipeline.selection import POPULARITY

BALANCE_USED = "balance_used@10"


def not_below_popularity(model: str, *, beats: bool, measured: bool) -> Verdict:
    """Above popularity on the validation cut; popularity itself may answer."""
    if beats:
        return Verdict(v.POPULARITY, "passed", "above popularity on the validation cut")
    if model == POPULARITY:
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
    change = against.changes[MAIN_METRIC]
    figures = _figures(change)
    told = (
        f"{MAIN_METRIC} {change.b:.4f} against {change.a:.4f} of {against.reference}, "
        f"difference {change.difference:+.4f} ({change.low:+.4f} to {change.high:+.4f})"
    )
    if against.reference == "popularity":
        outcome: Outcome = "passed" if change.low > 0 else "failed"
        wants = "above popularity with its whole interval"
        return Verdict(v.MAIN, outcome, f"{told}; wanted: {wants}", figures)
    return _not_worse(v.MAIN, change, told, figures, margin=config.margin, loss="a loss")


def gain(
    against: Against,
    config: GateConfig,
    *,
    challenger: Artifact,
    champion: Artifact | None,
    latency: Latency,
) -> Verdict:
    """Better on one metric, cheaper, or of newer data: else there is no reason to change."""
    if champion is None or against.reference == "popularity":
        return Verdict(v.GAIN, "not applicable", "the champion cannot be compared")
    better = [name for name, one in against.changes.items() if one.verdict == "better"]
    found = [f"{name} {_relative(against.changes[name])}" for name in better]
    size, other = (_megabytes(one) for one in (challenger, champion))
    figures: dict[str, v.Figure] = {
        "better_metrics": ", ".join(better),
        "size_mb": round(size, 3),
        "champion_size_mb": round(other, 3),
    }
    theirs_ms = latency.champion_ms
    if theirs_ms is not None and latency.challenger_ms <= config.cheaper * theirs_ms:
        found.append(f"{latency.challenger_ms:.3g} ms a request instead of {theirs_ms:.3g}")
    if size <= config.cheaper * other:
        found.append(f"{size:.1f} MB instead of {other:.1f}")
    ours, theirs = challenger.manifest, champion.manifest
    changed = ours.cutoff_s == theirs.cutoff_s and ours.fingerprint != theirs.fingerprint
    newer = ours.cutoff_s > theirs.cutoff_s or changed
    if config.newer and newer:
        found.append("learned from newer data")
    if found:
        return Verdict(v.GAIN, "passed", f"better or cheaper: {', '.join(found)}", figures)
    return Verdict(v.GAIN, "failed", "on no metric better, not cheaper, no newer data", figures)


def segments(against: Against, config: GateConfig) -> Verdict:
    """No group is surely under its floor, a share of what the reference gives it."""
    settings = config.evaluation.model_copy(update={"level": config.segment_level})
    frame = against.ours.metrics[[MAIN_METRIC]].rename(columns={MAIN_METRIC: "ours"})
    frame = frame.assign(theirs=against.theirs.metrics[MAIN_METRIC])
    frame["above_floor"] = frame["ours"] - config.segment_share * frame["theirs"]
    under, closest, shown, hidden = [], (0.0, ""), 0, 0
    for column in _columns(against, config):
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
    figures, margin = _figures(change), config.balance_margin
    return _not_worse(v.BALANCE, change, told, figures, margin=margin, loss="a fall")


def request_latency(latency: Latency, config: GateConfig) -> Verdict:
    """Within the budget; where the champion is above it too, not much slower than that one."""
    ours, theirs = latency.challenger_ms, latency.champion_ms
    figures: dict[str, v.Figure] = {
        "median_ms": round(ours, 6),
        "champion_median_ms": None if theirs is None else round(theirs, 6),
        "budget_ms": config.latency_ms,
        "requests": latency.requests,
    }
    told = f"median {ours:.3g} ms of {latency.requests} single requests"
    if theirs is not None:
        told += f", champion {theirs:.3g} ms in the same run"
    if ours <= config.latency_ms:
        return Verdict(v.LATENCY, "passed", f"{told}; budget {config.latency_ms:g} ms", figures)
    if theirs is not None and config.latency_ms < theirs and ours <= config.slower * theirs:
        busy = f"above {config.latency_ms:g} ms, as the champion is here: this machine is slow"
        return Verdict(v.LATENCY, "passed", f"{told}; {busy}", figures)
    return Verdict(v.LATENCY, "failed", f"{told}; budget {config.latency_ms:g} ms", figures)


def _not_worse(
    rule: str,
    change: Difference,
    told: str,
    figures: dict[str, v.Figure],
    *,
    margin: float,
    loss: str,
) -> Verdict:
    """Passed where the interval reaches 0 and stays above the margin, a share of the reference."""
    least = -margin * change.a
    above = f"{loss} above {margin:.1%}"
    outcome: Outcome = "passed" if least <= change.low and change.high >= 0 else "failed"
    if change.high < 0:
        why = f"{loss} is sure"
    elif outcome == "failed":
        why = f"{change.cases:,} decisions do not exclude {above}"
    else:
        why = f"{above} is excluded"
    return Verdict(rule, outcome, f"{told}; {why}", figures | {"least": least})


def _columns(against: Against, config: GateConfig) -> Sequence[str]:
    if config.segments is not None:
        return config.segments
    data = against.decisions.data
    declared = [name for name in data.config.profile or {} if name in data.people]
    return ("history", *declared)


def _figures(change: Difference) -> dict[str, v.Figure]:
    return {
        "metric": change.metric,
        "challenger": change.b,
        "reference": change.a,
        "difference": change.difference,
        "low": change.low,
        "high": change.high,
        "decisions": change.cases,
        "participants": change.people,
    }


def _relative(change: Difference) -> str:
    if change.relative is None:
        return f"{change.b:.4f} instead of {change.a:.4f}"
    return f"{change.relative:+.1%}"


def _megabytes(artifact: Artifact) -> float:
    """What serves: models and catalogue, not the snapshot, which grows with the people."""
    folders = ("models", "exploration", "evidence")
    files = [file for name in folders for file in (artifact.path / name).rglob("*.npy")]
    return sum(file.stat().st_size for file in files) / 1e6
