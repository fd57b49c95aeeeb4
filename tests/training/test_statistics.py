"""Intervals and tests against numbers worked out by hand, and against their own promises."""

from __future__ import annotations

import numpy as np
import pytest
from saldopas.training_pipeline.evaluating.statistics import (
    PairedDifference,
    bootstrap_interval,
    bootstrap_means,
    holm,
    paired_difference,
)


def column(*values: float) -> np.ndarray:
    return np.array(values, float)[:, None]


def paired(values: np.ndarray, **options: object) -> PairedDifference:
    return paired_difference(values, np.zeros_like(values), seed=1, **options)


def test_t_of_a_paired_difference_by_hand() -> None:
    # differences 1 2 3 4 5: mean 3, standard deviation sqrt(2.5), error sqrt(.5), t = 4.2426, 4 df
    found = paired(column(1, 2, 3, 4, 5))
    assert found.mean[0] == 3
    assert found.standard_error[0] == pytest.approx(0.5**0.5)
    assert found.p_value[0] == pytest.approx(0.013236, abs=1e-6)


def test_only_the_difference_matters() -> None:
    ours, theirs = column(0.9, 0.4, 0.7, 0.1), column(0.5, 0.5, 0.2, 0.0)
    found = paired_difference(ours, theirs, seed=1)
    assert found.mean[0] == pytest.approx(0.225)
    swapped = paired_difference(theirs, ours, seed=1)
    assert swapped.p_value[0] == pytest.approx(found.p_value[0])
    assert swapped.low[0] == pytest.approx(-found.high[0])


def test_cluster_error_by_hand() -> None:
    # participants a: 1 3, b: 0, c: 2 2 2; mean 10/6; residual sums a: 4 - 20/6, b: -10/6, c: 6 - 5
    found = paired(column(1, 3, 0, 2, 2, 2), clusters=np.array([7, 7, 1, 4, 4, 4]))
    residuals = np.array([4 - 20 / 6, -10 / 6, 1])
    assert found.n_units == 3
    assert found.mean[0] == pytest.approx(10 / 6)
    assert found.standard_error[0] == pytest.approx(np.sqrt((residuals**2).sum() * 3 / 2) / 6)


def test_a_decision_repeated_by_the_same_participant_is_no_new_evidence() -> None:
    values = np.random.default_rng(3).normal(0.1, 1, (60, 2))
    people = np.arange(60)
    once = paired(values, clusters=people)
    twice = paired(np.tile(values, (2, 1)), clusters=np.tile(people, 2))
    assert twice.p_value == pytest.approx(once.p_value)
    assert twice.low == pytest.approx(once.low)
    naive = paired(np.tile(values, (2, 1)))
    assert (naive.standard_error < 0.75 * once.standard_error).all()


def test_equal_models_and_constant_differences() -> None:
    same = paired(np.zeros((30, 1)))
    assert (same.p_value[0], same.low[0], same.high[0]) == (1.0, 0.0, 0.0)
    constant = paired(np.full((4, 1), 0.3))
    assert constant.p_value[0] == 2.0**-3  # the sign-flip test: 2 of 16 sign patterns


def test_means_of_one_resample_are_those_of_the_units_drawn() -> None:
    # two units of sizes 1 and 3: only three means are possible
    values = column(4, 0, 0, 0)
    drawn = bootstrap_means(values, clusters=np.array([0, 1, 1, 1]), seed=0, resamples=400)
    seen, counts = np.unique(drawn.round(9), return_counts=True)
    assert seen.tolist() == [0.0, 1.0, 4.0]
    assert counts / 400 == pytest.approx([0.25, 0.5, 0.25], abs=0.1)


def test_interval_of_a_share_by_the_normal_approximation() -> None:
    values = (np.arange(2000) < 600).astype(float)[:, None]
    found = bootstrap_interval(values, seed=5)
    half = 1.96 * np.sqrt(0.3 * 0.7 / 2000)
    assert found.mean[0] == 0.3
    assert [found.low[0], found.high[0]] == pytest.approx([0.3 - half, 0.3 + half], abs=0.2 * half)


def test_blocks_and_number_of_metrics_do_not_change_a_resample(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = np.random.default_rng(0).random((50, 3))
    whole = bootstrap_means(values, seed=9, resamples=64)
    assert bootstrap_means(values[:, :1], seed=9, resamples=64) == pytest.approx(whole[:, :1])
    monkeypatch.setattr(
        "saldopas.training_pipeline.evaluating.statistics.DRAWS_A_BLOCK", 64 * 50 // 4
    )
    assert bootstrap_means(values, seed=9, resamples=64) == pytest.approx(whole)


def test_under_the_null_about_one_in_twenty_is_rejected() -> None:
    """Hits of two equally good models: 400 comparisons, 150 participants of 1 to 3 decisions."""
    rng = np.random.default_rng(11)
    people = np.repeat(np.arange(150), rng.integers(1, 4, 150))
    skill = rng.random((150, 400))
    ours = (rng.random((len(people), 400)) < 0.6 * skill[people]).astype(float)
    theirs = (rng.random((len(people), 400)) < 0.6 * skill[people]).astype(float)
    found = paired_difference(ours, theirs, clusters=people, seed=2, resamples=400)
    # 20 expected; 5 and 41 are beyond three and a half standard deviations (4.4)
    assert 5 <= (found.p_value < 0.05).sum() <= 41
    assert 0.90 <= ((found.low <= 0) & (found.high >= 0)).mean() <= 0.98


def test_intervals_of_clustered_decisions_cover_and_naive_ones_do_not() -> None:
    """Participants have one taste for all of their 4 decisions; the truth is .5."""
    rng = np.random.default_rng(4)
    people = np.repeat(np.arange(120), 4)
    taste = rng.random((120, 300))
    values = taste[people]
    drawn = bootstrap_interval(values, clusters=people, seed=3, resamples=400)
    assert 0.90 <= ((drawn.low <= 0.5) & (drawn.high >= 0.5)).mean() <= 0.99
    naive = bootstrap_interval(values, seed=3, resamples=400)
    assert ((naive.low <= 0.5) & (naive.high >= 0.5)).mean() < 0.85


def test_detectable_difference_is_detected_as_often_as_promised() -> None:
    found = paired(np.random.default_rng(0).normal(0, 1, (100, 1)))
    # (t_.975 + t_.8) at 99 degrees of freedom = 1.98422 + 0.84523
    assert found.detectable()[0] == pytest.approx(2.82945 * found.standard_error[0], rel=1e-4)
    shifted = np.random.default_rng(8).normal(0.2830, 1, (100, 500))
    share = (paired(shifted, resamples=2).p_value < 0.05).mean()
    assert 0.73 <= share <= 0.87


def test_holm_by_hand() -> None:
    adjusted = holm(np.array([0.01, 0.04, 0.03, 0.005]))
    # sorted .005 .01 .03 .04 times 4 3 2 1 = .02 .03 .06 .04, never falling
    assert adjusted == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.6, 0.9])).tolist() == [1.0, 1.0]


def test_what_cannot_be_judged_is_refused() -> None:
    with pytest.raises(ValueError, match="fewer than two"):
        bootstrap_interval(np.zeros((1, 1)), seed=0)
    with pytest.raises(ValueError, match="fewer than two"):
        bootstrap_interval(np.zeros((5, 1)), clusters=np.zeros(5, np.int64), seed=0)
    with pytest.raises(ValueError, match="finite"):
        bootstrap_interval(column(1, float("nan")), seed=0)
    with pytest.raises(ValueError, match=r"\(n, m\)"):
        bootstrap_interval(np.zeros(5), seed=0)
    with pytest.raises(ValueError, match="differ in shape"):
        paired_difference(np.zeros((3, 1)), np.zeros((4, 1)), seed=0)
