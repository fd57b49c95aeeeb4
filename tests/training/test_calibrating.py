"""Probabilities learned on one cut hold on the next, and are what the artifact serves."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from saldopas.features.encoding.batch import ParticipantBatch
from saldopas.features.encoding.indexed import index_dataset
from saldopas.features.encoding.pairs import Pairs
from saldopas.features.encoding.sequences import Sequences
from saldopas.features.splits.split import make_cuts
from saldopas.features.splits.split_config import SplitConfig
from saldopas.features.tables.dataset import read_dataset
from saldopas.models.artifact.artifact import load_artifact
from saldopas.models.policy.calibration import Calibration
from saldopas.models.policy.policy import Policy
from saldopas.training_pipeline.tracking.plots.quality import reliability
from saldopas.training_pipeline.training.calibration.learn import learn_calibration
from saldopas.training_pipeline.training.calibration.reliability import BEST, measure
from saldopas.training_pipeline.training.record import TrainingRecord
from saldopas.training_pipeline.training.selection import untried_recipe

from tests.made import make_batch, make_requests
from tests.small_world import ONE_MODEL, SEED, SmallWorld


@pytest.fixture(scope="module")
def learned(small_world: SmallWorld) -> tuple[Policy, Calibration]:
    cut = small_world.cuts[0]
    policy = untried_recipe(ONE_MODEL.model, ONE_MODEL.fixed).fit(cut.train, seed=SEED)
    return policy, learn_calibration(small_world.data, cut, policy, seed=SEED)


def test_on_their_own_cut_foretold_and_bought_agree(
    small_world: SmallWorld, learned: tuple[Policy, Calibration]
) -> None:
    policy, calibration = learned
    found = measure(calibration, small_world.data, small_world.cuts[0], policy, seed=SEED)
    assert found.foretold.sum() == pytest.approx(found.bought.sum(), rel=0.02)
    assert found.foretold_best == pytest.approx(found.bought_best, rel=0.05)
    assert found.brier < found.base_brier


def test_on_their_own_cut_they_agree_about_cheap_and_dear_courses(
    small_world: SmallWorld, learned: tuple[Policy, Calibration]
) -> None:
    """Scores alone overrate cheap courses: whoever has little left buys nothing else."""
    policy, calibration = learned
    cut, price_rp = small_world.cuts[0], small_world.data.courses.price_rp
    one = np.ones(1)
    by_score = dataclasses.replace(
        calibration, price=one, price_factor=one, share=one, share_factor=one
    )
    requests = cut.requests(small_world.data, count=1)
    bought = cut.cases.targets.toarray().sum(axis=0)
    cheap = price_rp <= np.median(np.repeat(price_rp, bought.astype(np.int64)))
    told, told_by_score = (
        one.probabilities(policy, requests).sum(axis=0)[cheap].sum()
        for one in (calibration, by_score)
    )
    assert told == pytest.approx(bought[cheap].sum(), rel=0.02)
    assert told_by_score > 1.05 * bought[cheap].sum()


def test_on_the_next_cut_they_agree_about_plan_sized_sets(small_record: TrainingRecord) -> None:
    assert small_record.calibrated is not None
    found = small_record.calibrated.reliability
    assert found.foretold_best == pytest.approx(found.bought_best, rel=0.25)
    assert found.metrics()["brier_skill"] > 0
    assert found.metrics()[f"foretold@{BEST}"] == found.foretold_best


def test_strangers_whom_the_cut_does_not_know_have_what_popularity_says(
    small_world: SmallWorld, learned: tuple[Policy, Calibration]
) -> None:
    """Everybody of the sample has a profile, so that no decision of the cut was theirs."""
    policy, calibration = learned
    data, cut = small_world.data, small_world.cuts[0]
    known = cut.requests(data, count=1)
    empty: list[list[int]] = [[] for _ in range(known.n_rows)]
    n_tokens = known.participants.tokens.n_columns
    nobody = replace(
        known,
        participants=ParticipantBatch(
            Sequences.of(empty, n_items=data.courses.n_items), Pairs.none(known.n_rows, n_tokens)
        ),
    )
    told = calibration.probabilities(policy, nobody)
    bought = cut.cases.targets.toarray()
    assert told.sum() == pytest.approx(bought.sum(), rel=0.02)
    best = np.argsort(-told.sum(axis=0))[:BEST]
    assert told.sum(axis=0)[best].sum() == pytest.approx(bought[:, best].sum(), rel=0.2)
    popular = policy.scores(policy.stages[-1], nobody)
    rich = np.flatnonzero((told > 0).sum(axis=1) >= 40)
    assert len(rich) > 100
    for row in rich:
        ranked = np.flatnonzero(told[row])
        favourite = ranked[np.argmax(popular[row, ranked])]
        assert told[row, favourite] > 2 * np.median(told[row, ranked])


@pytest.fixture(scope="module")
def at_random(tmp_path_factory: pytest.TempPathFactory) -> tuple[Policy, Calibration]:
    """Everybody buys one to three of 40 courses at random within months; no balance is known."""
    folder = tmp_path_factory.mktemp("random") / "data"
    folder.mkdir()
    rng = np.random.default_rng(SEED)
    prices = pd.DataFrame({"course_id": [f"c{i}" for i in range(40)], "price": range(10, 410, 10)})
    prices.to_csv(folder / "courses.csv", index=False)
    days = pd.date_range("2021-01-01", periods=120, freq="D")
    rows = [
        (f"p{person}", f"c{course}", days[day])
        for person in range(2_000)
        for course, day in zip(
            rng.permutation(40)[: 1 + person % 3], rng.integers(0, 120, 3), strict=False
        )
    ]
    purchases = pd.DataFrame(rows, columns=["participant_id", "course_id", "purchased_at"])
    purchases.to_csv(folder / "purchases.csv", index=False)
    data = index_dataset(read_dataset(folder))
    cut = (make_cuts(data, SplitConfig(), seed=SEED) or ())[0]
    assert cut.cases.proxy.all()
    policy = untried_recipe(ONE_MODEL.model, ONE_MODEL.fixed).fit(cut.train, seed=SEED)
    return policy, learn_calibration(data, cut, policy, seed=SEED)


def test_a_price_says_nothing_where_purchases_are_random_and_no_balance_is_known(
    at_random: tuple[Policy, Calibration],
) -> None:
    """What was spent in a period is no balance: the dearest course below it is the one bought."""
    _, calibration = at_random
    assert calibration.price_factor.min() > 0.7
    assert calibration.price_factor.max() < 1.4
    assert calibration.share_factor.tolist() == [1.0]


def test_a_length_of_history_that_the_cut_does_not_show_has_probabilities(
    at_random: tuple[Policy, Calibration],
) -> None:
    policy, calibration = at_random
    histories = [[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4, 5, 6]]
    asked = make_requests(make_batch(histories, n_items=40))
    told = calibration.probabilities(policy, asked).sum(axis=1)
    assert told.min() > 0.2 * told.max()


def test_a_higher_score_is_never_less_probable(learned: tuple[Policy, Calibration]) -> None:
    _, calibration = learned
    for low, high in zip(calibration.indptr[:-1], calibration.indptr[1:], strict=True):
        assert (np.diff(calibration.score[low:high]) > 0).all()
        assert (np.diff(calibration.chance[low:high]) >= 0).all()


def test_scores_in_another_unit_give_the_same_probabilities(
    small_world: SmallWorld, learned: tuple[Policy, Calibration]
) -> None:
    """Only the order of scores and the data decide, so 2 * score is no other answer."""
    policy, calibration = learned
    doubled = dataclasses.replace(calibration, score=2 * calibration.score)
    cut = small_world.cuts[0]
    requests = cut.requests(small_world.data, count=1).take(np.arange(20))

    class Doubled(Policy):
        def scores(self, stage, requests):
            return 2 * super().scores(stage, requests)

    other = Doubled(policy.stages, policy.courses)
    np.testing.assert_allclose(
        doubled.probabilities(other, requests), calibration.probabilities(policy, requests)
    )


def test_the_artifact_serves_the_learned_curves(small_record: TrainingRecord) -> None:
    artifact = load_artifact(small_record.artifact)
    assert artifact.calibration is not None
    assert small_record.calibrated is not None
    for name, array in small_record.calibrated.calibration.arrays().items():
        np.testing.assert_array_equal(artifact.calibration.arrays()[name], array)


def test_the_figure_is_drawn(small_record: TrainingRecord) -> None:
    figure = reliability(small_record)
    assert figure is not None
    assert len(figure.axes) == 2
    uncalibrated = dataclasses.replace(small_record, calibrated=None)
    assert reliability(uncalibrated) is None
