"""Cuts hold out the future, and nothing of it leaks into what models and requests see."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from saldopas.features.encoding.indexed import IndexedDataset, index_dataset
from saldopas.features.errors import DataError
from saldopas.features.splits.split import Cut, earlier_windows, make_cuts
from saldopas.features.splits.split_config import SplitConfig
from saldopas.features.tables.dataset import read_dataset

from tests.features.made_purchases import MONTHS, random_purchases
from tests.small_world import SmallWorld, make_small_world


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> SmallWorld:
    return make_small_world(tmp_path_factory.mktemp("split") / "sample")


def write(
    folder: Path, purchases: pd.DataFrame, n_courses: int = 30, price: int = 10
) -> IndexedDataset:
    folder.mkdir()
    courses = pd.DataFrame({"course_id": [f"c{i}" for i in range(n_courses)], "price": price})
    courses.to_csv(folder / "courses.csv", index=False)
    purchases.to_csv(folder / "purchases.csv", index=False)
    return index_dataset(read_dataset(folder))


@pytest.mark.parametrize("place", [0, 1])
def test_models_see_nothing_at_or_after_the_cut(world: SmallWorld, place: int) -> None:
    cut = world.cuts[place]
    assert cut.method == "by-date"
    assert cut.train.participants.sequence.at_s.max() < cut.train.as_of_s
    assert cut.cases.as_of_s.min() >= cut.train.as_of_s


@pytest.mark.parametrize("place", [0, 1])
def test_a_decision_sees_only_what_was_bought_before_it(world: SmallWorld, place: int) -> None:
    cut = world.cuts[place]
    requests = cut.requests(world.data, count=5)
    sequence = requests.participants.sequence
    assert (sequence.at_s < cut.cases.as_of_s[sequence.rows]).all()
    targets_owned = requests.owned.matrix.multiply(cut.cases.targets)
    assert targets_owned.nnz == 0, "a target was in the history it is predicted from"


@pytest.mark.parametrize("place", [0, 1])
def test_every_target_could_be_bought(world: SmallWorld, place: int) -> None:
    cut, courses = world.cuts[place], world.data.courses
    case = np.repeat(np.arange(cut.cases.n_cases), np.diff(cut.cases.targets.indptr))
    assert (courses.price_rp[cut.cases.targets.indices] <= cut.cases.balance_rp[case]).all()


def test_validation_lies_before_test(world: SmallWorld) -> None:
    validation, test = world.cuts
    assert validation.cases.as_of_s.max() < test.train.as_of_s


@pytest.mark.parametrize("day", ["2020-12-31", "2021-01-01", "2021-05-01", "2033-01-01"])
def test_a_test_that_would_hold_all_or_nothing_is_refused(tmp_path: Path, day: str) -> None:
    data = write(tmp_path / "a", random_purchases(80, 4, dated=True))
    config = SplitConfig(test_from=datetime.fromisoformat(day))
    with pytest.raises(DataError, match=f"test_from {day}.* 2021-01-01 to 2021-04-30"):
        make_cuts(data, config, seed=1)


def test_changing_the_future_changes_nothing_that_is_learned(tmp_path: Path) -> None:
    purchases = random_purchases(80, 4, dated=True)
    config = SplitConfig(test_from=MONTHS[90].to_pydatetime(), min_cases=1)

    def learned(data: IndexedDataset) -> Cut:
        cuts = make_cuts(data, config, seed=1)
        assert cuts is not None
        return cuts[1]

    before = learned(write(tmp_path / "a", purchases))
    late = purchases["purchased_at"] >= MONTHS[90]
    changed = purchases.copy()
    changed.loc[late, "course_id"] = [f"c{i % 30}" for i in range(late.sum())]
    after = learned(write(tmp_path / "b", changed.drop_duplicates()))
    np.testing.assert_array_equal(
        before.train.participants.history.toarray(), after.train.participants.history.toarray()
    )


def test_the_balance_of_the_moment_is_the_grant_minus_what_was_paid(world: SmallWorld) -> None:
    cut, data = world.cuts[1], world.data
    for case in range(0, cut.cases.n_cases, 29):
        row, seen = int(cut.cases.row[case]), int(cut.cases.seen[case])
        start = int(data.events.indptr[row])
        paid = int(data.paid_rp[start : start + seen].sum())
        assert cut.cases.balance_rp[case] == 1_000_000 - paid


def test_without_dates_the_last_purchases_are_held_out(tmp_path: Path) -> None:
    data = write(tmp_path / "flat", random_purchases(200, 4, dated=False))
    cuts = make_cuts(data, SplitConfig(), seed=1)
    assert cuts is not None
    validation, test = cuts
    assert (validation.method, test.method) == ("leave-last-out", "leave-last-out")
    assert test.cases.n_cases == 200
    assert (test.cases.seen == 3).all()
    assert set(validation.cases.seen.tolist()) == {1, 2}
    assert (validation.train.participants.sequence.lengths == 1).all()


def test_with_one_purchase_each_people_are_held_out(tmp_path: Path) -> None:
    data = write(tmp_path / "single", random_purchases(1_000, 1, dated=False))
    cuts = make_cuts(data, SplitConfig(), seed=1)
    assert cuts is not None
    validation, test = cuts
    assert test.cases.is_new.all()
    assert not set(test.cases.row) & set(validation.cases.row)
    assert test.train.participants.n_rows == 1_000 - test.cases.n_cases


def test_too_little_data_gives_no_cut(tmp_path: Path) -> None:
    assert (
        make_cuts(
            write(tmp_path / "tiny", random_purchases(3, 2, dated=True)), SplitConfig(), seed=1
        )
        is None
    )


def test_a_basket_window_needs_no_grant(tmp_path: Path) -> None:
    data = write(tmp_path / "window", random_purchases(200, 4, dated=True))
    cuts = make_cuts(data, SplitConfig(), seed=1)
    assert cuts is not None
    test = cuts[1]
    assert test.protocol == "window"
    assert (test.cases.as_of_s == test.train.as_of_s).all()
    assert (test.cases.balance_rp >= 10 * np.diff(test.cases.targets.indptr)).all()


def test_earlier_windows_are_as_long_and_lie_before(world: SmallWorld) -> None:
    config = SplitConfig(validation_windows=3)
    validation, test = world.cuts
    found = earlier_windows(world.data, config, world.cuts, seed=7)
    assert len(found) == 2
    length = test.train.as_of_s - validation.train.as_of_s
    starts = [validation.train.as_of_s, *(cut.train.as_of_s for cut in found)]
    assert np.diff(starts).tolist() == [-length] * 2
    for cut, following in zip(found, (validation, *found), strict=False):
        assert cut.cases.as_of_s.max() < following.train.as_of_s
