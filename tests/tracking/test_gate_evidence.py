"""Few decisions are no evidence of "not worse", and no metric is a gain by chance or by silence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from saldopas.models.artifact.artifact import load_artifact
from saldopas.models.policy.policy import Recommendations
from saldopas.training_pipeline.evaluating.comparison import differences
from saldopas.training_pipeline.evaluating.measured import FAMILY, Measured
from saldopas.training_pipeline.evaluating.statistics import EvaluationConfig
from saldopas.training_pipeline.gate.reference import (
    Against,
    PairedMetric,
    evidence_of,
    measured_against,
)
from saldopas.training_pipeline.gate.rules import COUNTED, better_metrics, main_metric

from tests.tracking.gate_world import BEST, FAIR, STRICT, GateWorld

QUICK = EvaluationConfig(resamples=100)
PEOPLE, LOST, TRIALS = 300, 4, 600


@pytest.fixture(scope="module")
def against(gate_world: GateWorld) -> Against:
    """The best one against the fair one, on the test cut."""
    ours, theirs = (load_artifact(gate_world.records[name].artifact) for name in (BEST, FAIR))
    found = measured_against(
        gate_world.dataset,
        ours,
        theirs,
        shared_courses=STRICT.shared_courses,
        config=STRICT.evaluation,
    )
    assert found is not None
    return found


def of_people(ours: list[float], theirs: list[float]) -> PairedMetric:
    return PairedMetric(np.array(ours), np.array(theirs), np.arange(len(ours)))


def test_a_loss_that_was_hardly_seen_is_excluded_in_one_of_forty() -> None:
    """A participant in 75 loses a hit: of 300, some four do, and in one sample of fifty nobody."""
    rng = np.random.default_rng(11)
    theirs = np.ones(PEOPLE)
    excluded = 0
    for _ in range(TRIALS):
        ours = (rng.random(PEOPLE) >= LOST / PEOPLE).astype(np.float64)
        found = evidence_of(PairedMetric(ours, theirs, np.arange(PEOPLE)), QUICK)
        excluded += found.low >= -LOST / PEOPLE
    assert excluded <= 0.025 * TRIALS + 3 * np.sqrt(TRIALS * 0.025 * 0.975)


def test_where_nobody_differs_the_bound_is_of_one_in_so_many() -> None:
    few, many = (evidence_of(of_people([0.5] * n, [0.5] * n), QUICK) for n in (100, 10_000))
    assert few.differing == many.differing == 0
    assert few.low == pytest.approx(-0.5 * 4.8 / 100, rel=0.05)
    assert many.low == pytest.approx(-0.5 * 4.8 / 10_000, rel=0.05)
    assert few.detectable > 0


def test_the_bound_is_below_both_intervals() -> None:
    rng = np.random.default_rng(3)
    pair = of_people(rng.random(2_000).tolist(), rng.random(2_000).tolist())
    found = evidence_of(pair, QUICK)
    error = float((pair.ours - pair.theirs).std() / np.sqrt(2_000))
    mean = float((pair.ours - pair.theirs).mean())
    assert mean - 2.3 * error < found.low < mean - 1.9 * error
    assert found.differing == 2_000


def test_equal_lists_on_few_decisions_are_not_enough(against: Against) -> None:
    """Every difference is 0, and so was the width of the interval."""
    some = np.flatnonzero(against.decisions.people < np.quantile(against.decisions.people, 0.1))
    cut = against.decisions.cut
    decisions = replace(against.decisions, cut=replace(cut, cases=cut.cases.take(some)))
    lists = against.theirs.lists
    rows = [np.arange(lists.indptr[row], lists.indptr[row + 1]) for row in some]
    taken = Recommendations(
        np.concatenate([[0], np.cumsum([len(row) for row in rows])]),
        lists.item_idx[np.concatenate(rows)],
        lists.scores[np.concatenate(rows)],
        lists.source[np.concatenate(rows)],
    )
    same = Measured.of("x", decisions, taken)
    verdict = main_metric(replace(against, ours=same, theirs=same), STRICT)
    assert verdict.outcome == "not enough evidence"
    assert ", 0 of whom differ," in verdict.sentence
    everybody = replace(against, ours=against.theirs)
    assert main_metric(everybody, STRICT).outcome == "passed"


def test_a_reference_without_a_hit_is_no_reference(against: Against) -> None:
    nothing = replace(against.theirs, metrics=against.theirs.metrics * 0)
    verdict = main_metric(replace(against, ours=nothing, theirs=nothing), STRICT)
    assert verdict.outcome == "not enough evidence"


def test_who_shows_nothing_or_one_course_gains_nothing(against: Against) -> None:
    """By other metrics one course is better than ten: it costs less than what was bought."""
    one = _first(against.theirs, 1)
    family = [name for name in FAMILY if name in one.names]
    found = differences(against.theirs, one, names=family, config=STRICT.evaluation)
    assert "better" in {found.verdict for found in found}
    for shown in (0, 1):
        less = replace(against, ours=_first(against.theirs, shown))
        assert better_metrics(less, STRICT) == []


@pytest.mark.parametrize(("times", "better"), [(1.005, False), (1.02, True)])
def test_a_sure_gain_counts_from_a_hundredth_on(
    against: Against, times: float, better: bool
) -> None:
    """What another seed of the same recipe gains is sure where decisions are many, and small."""
    name = "balance_used@10"
    metrics = against.theirs.metrics.assign(**{name: against.theirs.metrics[name] * times})
    raised = replace(against.theirs, metrics=metrics)
    assert (
        differences(against.theirs, raised, names=COUNTED, config=STRICT.evaluation)[3].verdict
        == "better"
    )
    found = better_metrics(replace(against, ours=raised), STRICT)
    assert found == ([name] if better else [])


def test_many_metrics_are_corrected_for(against: Against) -> None:
    """One that is surely better alone, at 4 %, is not among five."""
    pair = PairedMetric.of(against, "recall@10")
    rng = np.random.default_rng(5)
    noise = rng.normal(0, 1, len(pair.people))
    noise = (noise - noise.mean()) / noise.std()
    free = STRICT.model_copy(update={"least_gain": 0.0})
    for z, expected in ((2.2, []), (4.0, ["recall@10"])):
        shift = noise + z / np.sqrt(len(noise))
        metrics = against.theirs.metrics.assign(**{"recall@10": pair.theirs + 0.01 * shift})
        raised = replace(against, ours=replace(against.theirs, metrics=metrics))
        assert better_metrics(raised, free) == expected


def _first(measured: Measured, shown: int) -> Measured:
    """The same lists, cut."""
    lists = measured.lists
    rank = np.arange(len(lists.item_idx)) - np.repeat(lists.indptr[:-1], np.diff(lists.indptr))
    kept = rank < shown
    taken = Recommendations(
        np.concatenate([[0], np.cumsum(np.minimum(np.diff(lists.indptr), shown))]),
        lists.item_idx[kept],
        lists.scores[kept],
        lists.source[kept],
    )
    return Measured.of("cut", measured.decisions, taken)
