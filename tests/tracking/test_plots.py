"""Figures show the numbers of the record, and are left out where there is nothing to show."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.patches import Rectangle
from saldopas.models.artifact.artifact import load_artifact
from saldopas.models.policy.policy import Policy
from saldopas.training_pipeline.evaluating.statistics import EvaluationConfig
from saldopas.training_pipeline.tracking.model_card import HeldOutQuality, held_out_quality
from saldopas.training_pipeline.tracking.plots import figures_of
from saldopas.training_pipeline.tracking.plots.balance import (
    GRIDS,
    Points,
    balance_used,
    catalogue_share,
    price_and_balance,
    told_points,
)
from saldopas.training_pipeline.tracking.plots.quality import (
    quality_by_cutoff,
    quality_by_history,
    quality_by_segment,
    reliability,
)
from saldopas.training_pipeline.tracking.plots.trials import search_history, trials
from saldopas.training_pipeline.training.record import TrainingRecord, Trial


def at_least(record: TrainingRecord, min_people: int) -> TrainingRecord:
    """The same training, whose figures show groups of at least so many participants."""
    return replace(record, evaluation=EvaluationConfig(min_people=min_people))


@pytest.fixture(scope="module")
def policy(small_record: TrainingRecord) -> Policy:
    return load_artifact(small_record.artifact).policy


@pytest.fixture(scope="module")
def quality(small_record: TrainingRecord) -> HeldOutQuality:
    found = held_out_quality(small_record)
    assert found is not None
    return found


def test_bars_are_means_of_the_test_cut(small_record: TrainingRecord) -> None:
    quality = held_out_quality(at_least(small_record, 2))
    figure = quality_by_history(quality, "ours")
    assert figure is not None
    recall, ndcg = figure.axes
    for axis, metric in ((recall, "recall@10"), (ndcg, "ndcg@10")):
        assert axis.get_title("left").lower() == metric
        heights = [bar.get_height() for bar in axis.patches if isinstance(bar, Rectangle)]
        new = [small_record.test[name].mean(metric, "new") for name in ("popularity", "chosen")]
        assert [heights[0], heights[len(heights) // 2]] == pytest.approx(new)


def test_groups_too_small_to_show_are_not_drawn(small_record: TrainingRecord) -> None:
    strict = at_least(small_record, 10_000)
    quality = held_out_quality(strict)
    assert quality_by_history(quality, "ours") is None
    assert quality_by_segment(quality, "ours") is None
    figure = quality_by_cutoff(strict)
    assert figure is not None
    labels = {line.get_label() for line in figure.axes[0].lines}
    assert labels == {"popularity, everybody", "sequence-ridge, everybody"}
    told = reliability(strict)
    assert told is not None
    assert not told.axes[1].patches
    assert reliability(at_least(small_record, 2)).axes[1].patches


def test_lines_end_at_the_longest_list(small_record: TrainingRecord) -> None:
    figure = quality_by_cutoff(at_least(small_record, 2))
    assert figure is not None
    last = [line.get_ydata()[-1] for line in figure.axes[1].lines]
    means = [
        small_record.test[name].mean("ndcg@20", group)
        for name in ("popularity", "chosen")
        for group in ("warm", "new")
    ]
    assert last == pytest.approx(means)


def test_shares_of_the_catalogue_grow_to_one(small_record: TrainingRecord) -> None:
    figure = catalogue_share(small_record)
    assert figure is not None
    curves = [np.asarray(line.get_ydata()) for line in figure.axes[0].lines[:3]]
    for curve in curves:
        assert curve[0] == 0
        assert curve[-1] == pytest.approx(1)
        assert (np.diff(curve) >= 0).all()
    assert (np.diff(curves[2], 2) <= 1e-9).all()  # bought: best sellers first


def test_no_recommended_course_costs_more_than_the_balance(
    small_record: TrainingRecord, policy: Policy
) -> None:
    figure = price_and_balance(small_record, policy)
    assert figure is not None
    assert figure.axes[0].get_title("left") == "recommended: 0.0 % above the balance"


@pytest.mark.parametrize("least", [2, 20, 100])
def test_no_cell_of_the_grid_is_of_few_people(
    small_record: TrainingRecord, policy: Policy, least: int
) -> None:
    rng = np.random.default_rng(0)
    limit = 997  # a prime: no whole number lies between two cells
    points = Points(rng.integers(0, limit, 900), rng.integers(0, limit, 900), np.arange(900) // 3)
    for cells in GRIDS:
        told = points.told(limit, cells, min_people=least)
        cell = points.price * cells // limit, points.balance * cells // limit
        for row, column in np.argwhere(told > 0):
            inside = (cell[0] == row) & (cell[1] == column)
            assert told[row, column] == inside.sum()
            assert len(np.unique(points.person[inside])) >= least
    figure = price_and_balance(at_least(small_record, least), policy)
    assert figure is not None
    drawn = [np.ma.filled(axis.collections[0].get_array(), 0) for axis in figure.axes]
    assert all(cells.max() >= least for cells in drawn)
    assert f"a cell is of {least} participants or more" in figure.texts[1].get_text()
    assert price_and_balance(at_least(small_record, 10_000), policy) is None


def test_no_step_of_the_balance_curve_is_of_few_people() -> None:
    rng = np.random.default_rng(1)
    share, people = rng.random(400) ** 2, np.arange(400) // 2
    share[:3] = 0  # one or two people have nothing left
    points = told_points(share, people, min_people=30)
    assert points[-1] == 1
    assert points[0] > 0
    for low, high in pairwise([-1.0, *points]):
        assert len(np.unique(people[(share > low) & (share <= high)])) >= 30
    assert told_points(share, people, min_people=10_000) == [1.0]
    share[:200] = 0
    assert told_points(share, people, min_people=30)[0] == 0


def test_every_trial_is_a_dot(small_record: TrainingRecord) -> None:
    figure = trials(small_record)
    assert figure is not None
    scores = [float(line.get_xdata()[0]) for axis in figure.axes for line in axis.lines]
    assert sorted(scores) == pytest.approx(sorted(trial.score for trial in small_record.trials))


def test_a_segment_is_a_dot_at_its_mean(
    small_record: TrainingRecord, quality: HeldOutQuality
) -> None:
    figure = quality_by_segment(quality, "ours")
    assert figure is not None
    (axis,) = (axis for axis in figure.axes if axis.get_title("left") == "gender")
    dots = [np.asarray(line.get_xdata()) for line in axis.lines if line.get_marker() == "o"]
    cases = small_record.test["chosen"].cases
    gender = small_record.data.people["gender"].to_numpy()[cases["participant"]]
    means = cases["recall@10"].groupby(gender).mean()
    assert sorted(dot[0] for dot in dots) == pytest.approx(sorted(means))


def test_the_use_of_the_balance_is_that_of_the_evaluation(quality: HeldOutQuality) -> None:
    figure = balance_used(quality, "ours")
    assert figure is not None
    used, left = figure.axes
    ours = quality.measured["chosen"].metrics
    assert np.asarray(used.lines[1].get_ydata()) == pytest.approx(
        [ours[f"balance_used@{k}"].mean() for k in (1, 5, 10, 20)]
    )
    reached = np.asarray(left.lines[1].get_ydata())
    assert (np.diff(reached) >= 0).all()
    assert reached[-1] == 1
    balance = quality.decisions.balance_rp
    share = (ours["leftover_rp@10"] / balance).dropna().to_numpy()
    points = np.asarray(left.lines[1].get_xdata())
    assert reached == pytest.approx([(share <= point).mean() for point in points])


def test_a_search_is_drawn_in_the_order_of_trying(small_record: TrainingRecord) -> None:
    """The record holds the kept one first, whenever it was tried."""
    scores = [(3, 0.4), (1, 0.2), (2, 0.1)]
    tried = tuple(
        Trial("history", "ease", {}, score, 1.0, place == 3, place) for place, score in scores
    )
    figure = search_history(replace(small_record, trials=tried))
    assert figure is not None
    (axis,) = (axis for axis in figure.axes if axis.get_visible())
    dots, best, kept = axis.lines[:3]
    assert np.asarray(dots.get_ydata()).tolist() == [0.2, 0.1, 0.4]
    assert np.asarray(best.get_ydata()).tolist() == [0.2, 0.2, 0.4]
    assert np.asarray(kept.get_xdata()).tolist() == [3]
    assert search_history(replace(small_record, trials=tried[:1])) is None


def test_what_is_not_known_is_not_drawn(small_record: TrainingRecord, policy: Policy) -> None:
    free = replace(
        small_record.data,
        courses=replace(small_record.data.courses, price_rp=np.zeros(120, np.int64)),
    )
    bare = replace(small_record, data=free, trials=(), validation={}, test={}, calibrated=None)
    assert held_out_quality(bare) is None
    assert figures_of(bare, policy, None) == {}
    nobody = replace(small_record.data, has_grant=np.zeros_like(small_record.data.has_grant))
    assert price_and_balance(replace(small_record, data=nobody), policy) is None
