"""Figures show the numbers of the record, and are left out where there is nothing to show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.artifact import load_artifact
from models.policy import Policy
from training_pipeline.plots.catalogue_share import catalogue_share
from training_pipeline.plots.figures import figures_of
from training_pipeline.plots.price_and_balance import price_and_balance
from training_pipeline.plots.quality_by_cutoff import quality_by_cutoff
from training_pipeline.plots.quality_by_history import quality_by_history
from training_pipeline.plots.trials import trials
from training_pipeline.record import TrainingRecord


@pytest.fixture(scope="module")
def policy(small_record: TrainingRecord) -> Policy:
    return load_artifact(small_record.artifact).policy


def test_bars_are_means_of_the_test_cut(small_record: TrainingRecord) -> None:
    figure = quality_by_history(small_record)
    assert figure is not None
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    found = small_record.test
    new = [found[name].mean("ndcg@10", "new") for name in ("popularity", "chosen")]
    assert [heights[0], heights[len(heights) // 2]] == pytest.approx(new)


def test_lines_end_at_the_longest_list(small_record: TrainingRecord) -> None:
    figure = quality_by_cutoff(small_record)
    assert figure is not None
    last = [line.get_ydata()[-1] for line in figure.axes[1].lines]  # type: ignore[index]
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


def test_every_trial_is_a_dot(small_record: TrainingRecord) -> None:
    figure = trials(small_record)
    assert figure is not None
    scores = [float(line.get_xdata()[0]) for axis in figure.axes for line in axis.lines]  # type: ignore[index]
    assert sorted(scores) == pytest.approx(sorted(trial.score for trial in small_record.trials))


def test_what_is_not_known_is_not_drawn(small_record: TrainingRecord, policy: Policy) -> None:
    free = replace(
        small_record.data,
        courses=replace(small_record.data.courses, price_rp=np.zeros(120, np.int64)),
    )
    bare = replace(small_record, data=free, trials=(), validation={}, test={})
    assert figures_of(bare, policy) == {}
    nobody = replace(small_record.data, has_grant=np.zeros_like(small_record.data.has_grant))
    assert price_and_balance(replace(small_record, data=nobody), policy) is None
