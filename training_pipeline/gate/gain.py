"""A reason to change: better on a metric, cheaper, or of other data."""

from __future__ import annotations

import numpy as np
from saldopas.models.artifact.artifact import Artifact
from saldopas.training_pipeline.evaluating.evaluation import MAIN_METRIC
from saldopas.training_pipeline.evaluating.exposure import ExposureValue
from saldopas.training_pipeline.evaluating.statistics import holm, paired_difference
from saldopas.training_pipeline.gate import verdict as v
from saldopas.training_pipeline.gate.config import GateConfig
from saldopas.training_pipeline.gate.evidence import Paired
from saldopas.training_pipeline.gate.latency import Latency
from saldopas.training_pipeline.gate.measured_against import BALANCE_USED, Against
from saldopas.training_pipeline.gate.verdict import Verdict

COUNTED = (MAIN_METRIC, "recall@10", "mrr@10", BALANCE_USED, "coverage@10")
"""More is wanted of each, and a list gets more of none by showing less: an empty one has 0."""


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
    pair, settings = Paired.of(against, name), config.evaluation
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
        pair = Paired.of(against, name)
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
    """What serves: models and catalogue, not the snapshot, which grows with the people."""
    folders = ("models", "exploration", "evidence")
    files = [file for name in folders for file in (artifact.path / name).rglob("*.npy")]
    return sum(file.stat().st_size for file in files) / 1e6
