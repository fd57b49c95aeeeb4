"""Challenger and reference on the same held-out decisions, and what those show on the safe side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from saldopas.features.encoding.indexed import align_courses, index_dataset
from saldopas.features.splits.split import Cut, make_cuts
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset import Dataset
from saldopas.models.artifact.artifact import Artifact
from saldopas.training_pipeline.evaluating.backtest import Backtest
from saldopas.training_pipeline.evaluating.comparison import Difference, differences
from saldopas.training_pipeline.evaluating.decisions import CUTOFFS, Decisions
from saldopas.training_pipeline.evaluating.evaluation import MAIN_METRIC, popularity_only
from saldopas.training_pipeline.evaluating.measured import Measured
from saldopas.training_pipeline.evaluating.statistics import EvaluationConfig, paired_difference
from scipy.special import stdtrit

Reference = Literal["champion", "popularity"]
BALANCE_USED = "balance_used@10"
UNLUCKY = 2  # participants who are taken to lose all that one can, beside those that were seen


@dataclass(frozen=True)
class Against:
    """The challenger and what it is measured against.

    Attributes:
        ours, theirs: all metrics of the same decisions.
        reference: `popularity` where the champion cannot be compared.
        words: who and what was compared, and why so.
        config: of intervals and tests.
    """

    ours: Measured
    theirs: Measured
    reference: Reference
    words: str
    config: EvaluationConfig

    @property
    def decisions(self) -> Decisions:
        """The decisions of both."""
        return self.ours.decisions

    @cached_property
    def changes(self) -> dict[str, Difference]:
        """Challenger minus reference, of the metrics that must not fall."""
        gated = (MAIN_METRIC, BALANCE_USED)
        names = [name for name in gated if name in self.ours.names and name in self.theirs.names]
        found = differences(self.theirs, self.ours, names=names, config=self.config)
        return {one.metric: one for one in found}


def measured_against(
    dataset: Dataset,
    challenger: Artifact,
    champion: Artifact | None,
    *,
    why_not: str | None = None,
    measured: Measured | None = None,
    shared_courses: float,
    config: EvaluationConfig,
) -> Against | None:
    """Both on purchases that they have not seen; None where nothing can be held out.

    The purchases after both cut-offs where there are enough: both answer as they would serve. Else
    the challenger's test cut, with its recipe fitted before it; the champion answers as it serves
    where it has not seen these purchases, else its recipe is fitted before the cut as well. A
    champion of another dataset or catalogue is no measure: popularity takes its place.

    Args:
        dataset: what the challenger was trained on, or the same going on.
        challenger, champion: loaded artifacts; None: the champion is no measure.
        why_not: the reason, in words.
        measured: the challenger on its test cut, where that was done already.
        shared_courses: least share of the champion's courses that the dataset lists.
        config: of intervals and tests.
    """
    if champion is not None:
        why_not = _not_comparable(dataset, challenger, champion, shared_courses)
    if champion is None or why_not:
        return _against_popularity(dataset, challenger, why_not, measured, config)
    later = _after_both(dataset, challenger, champion)
    if later is not None:
        ours = Measured.of("challenger", later.decisions, later.lists_of(challenger))
        theirs = Measured.of("champion", later.decisions, later.lists_of(champion))
        words = f"{_count(later)} after both cut-offs; both answer as they serve"
        return Against(ours, theirs, "champion", words, config)
    held_out = _test_cut(dataset, challenger)
    if held_out is None:
        return None
    ours = _challenger(held_out, challenger, measured)
    unseen = _has_not_seen(champion, held_out.decisions.cut)
    answering = replace(held_out, since_s=held_out.decisions.cut.train.as_of_s if unseen else None)
    theirs = Measured.of("champion", held_out.decisions, answering.lists_of(champion))
    told = (
        "the champion answers as it serves"
        if unseen
        else "the champion has learned from them, so its recipe was fitted again before them"
    )
    words = f"{_count(held_out)} of the challenger's test cut; {told}"
    return Against(ours, theirs, "champion", words, config)


def _against_popularity(
    dataset: Dataset,
    challenger: Artifact,
    why_not: str | None,
    measured: Measured | None,
    config: EvaluationConfig,
) -> Against | None:
    """The declared rule where the champion is no measure."""
    held_out = _test_cut(dataset, challenger)
    if held_out is None:
        return None
    policy, data, cut = held_out.policy_of(challenger)
    popular = popularity_only(policy).recommend(cut.requests(data, count=max(CUTOFFS)))
    ours = _challenger(held_out, challenger, measured)
    theirs = Measured.of("popularity", held_out.decisions, popular)
    words = (
        f"{_count(held_out)} of the challenger's test cut; {why_not}, so popularity stands in for "
        "it and must be beaten"
    )
    return Against(ours, theirs, "popularity", words, config)


def _challenger(held_out: Backtest, challenger: Artifact, measured: Measured | None) -> Measured:
    """Metrics of the challenger; those of its training where the decisions are the same."""
    if measured is not None and _same(measured.decisions, held_out.decisions):
        return measured
    return Measured.of("challenger", held_out.decisions, held_out.lists_of(challenger))


def _same(ours: Decisions, theirs: Decisions) -> bool:
    one, other = ours.cut.cases, theirs.cut.cases
    return (
        ours.n_items == theirs.n_items
        and np.array_equal(one.row, other.row)
        and np.array_equal(one.as_of_s, other.as_of_s)
    )


def _not_comparable(
    dataset: Dataset, challenger: Artifact, champion: Artifact, shared_courses: float
) -> str | None:
    ours, theirs = challenger.manifest.dataset.name, champion.manifest.dataset.name
    if ours != theirs:
        return f"the champion is of another dataset, {theirs}"
    known = champion.policy.courses.frame[c.COURSE_ID]
    shared = float(known.isin(dataset.courses[c.COURSE_ID]).mean())
    if shared < shared_courses:
        return f"{shared:.0%} of the champion's courses are in this catalogue"
    return None


def _after_both(dataset: Dataset, challenger: Artifact, champion: Artifact) -> Backtest | None:
    since_s = max(challenger.manifest.cutoff_s, champion.manifest.cutoff_s)
    enough = challenger.manifest.split_config.min_cases
    if int((~_before(dataset, since_s)).sum()) < enough:
        return None
    found = Backtest.of(dataset, [challenger, champion])
    return found if found.since_s and found.decisions.n_decisions >= enough else None


def _test_cut(dataset: Dataset, challenger: Artifact) -> Backtest | None:
    """The test cut of the challenger's training; models are fitted before it."""
    manifest = challenger.manifest
    known = dataset.purchases[_before(dataset, manifest.cutoff_s)].reset_index(drop=True)
    aligned = align_courses(replace(dataset, purchases=known), challenger.policy.courses.frame)
    data = index_dataset(aligned)
    cuts = make_cuts(data, manifest.split_config, seed=manifest.seed)
    if cuts is None:
        return None
    decisions = Decisions(data, cuts[1])
    return Backtest(aligned, decisions, manifest.split_config, manifest.seed, since_s=None)


def _before(dataset: Dataset, moment_s: int) -> pd.Series[bool]:
    """Which purchases are before the moment, in epoch seconds."""
    return dataset.purchases[c.PURCHASED_AT] < pd.Timestamp(moment_s, unit="s", tz="UTC")


def _has_not_seen(champion: Artifact, cut: Cut) -> bool:
    return cut.method == "by-date" and champion.manifest.cutoff_s <= cut.train.as_of_s


def _count(backtest: Backtest) -> str:
    return f"{backtest.decisions.n_decisions:,} decisions"


@dataclass(frozen=True)
class LossEvidence:
    """Conservative bounds on a loss, from paired decisions.

    Attributes:
        low: no lower true difference is likely, the lower of a bootstrap's and a t interval's end.
        detectable: smallest true difference that these decisions find with the wanted power.
        differing: participants for whom the two differ at all.
    """

    low: float
    detectable: float
    differing: int


@dataclass(frozen=True)
class PairedMetric:
    """A metric in [0, 1] of both, on the decisions where both have it.

    Attributes:
        ours, theirs: (n,) challenger and reference; people: (n,) participant of each decision.
    """

    ours: NDArray[np.float64]
    theirs: NDArray[np.float64]
    people: NDArray[np.int64]

    @classmethod
    def of(cls, against: Against, metric: str) -> PairedMetric:
        """A column of both."""
        ours = against.ours.metrics[metric].to_numpy(np.float64)
        theirs = against.theirs.metrics[metric].to_numpy(np.float64)
        known = ~(np.isnan(ours) | np.isnan(theirs))
        return cls(ours[known], theirs[known], against.decisions.people[known])


def evidence_of(pair: PairedMetric, config: EvaluationConfig) -> LossEvidence:
    """The safe side of challenger minus reference.

    Where few participants differ, both intervals are too narrow: where none does they have no
    width, and "no loss" would be certain on any number of decisions. So `UNLUCKY` participants
    more, of one decision each, are taken to lose all that one can, the reference's highest value v,
    as in the adjusted interval of a proportion (Agresti & Coull 1998): where nobody of n differs,
    the bound is about -4.8 v / n; the exact 97.5 % limit of a proportion that was never seen is
    3.7 / n. Among thousands who differ they change nothing.
    """
    changed = pair.ours != pair.theirs
    unlucky = np.arange(UNLUCKY) + pair.people.max(initial=0) + 1
    found = paired_difference(
        np.append(pair.ours, np.zeros(UNLUCKY))[:, None],
        np.append(pair.theirs, np.full(UNLUCKY, pair.theirs.max(initial=0.0)))[:, None],
        seed=config.seed,
        clusters=np.append(pair.people, unlucky),
        level=config.level,
        resamples=config.resamples,
    )
    quantile = stdtrit(found.n_units - 1, (1 + config.level) / 2)
    by_t = float(found.mean[0] - quantile * found.standard_error[0])
    return LossEvidence(
        low=min(float(found.low[0]), by_t),
        detectable=float(found.detectable(power=config.power, alpha=config.alpha)[0]),
        differing=len(np.unique(pair.people[changed])),
    )
