"""Decisions of a period: who is judged by which balance, and every purchase accounted for."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from saldopas.features.encoding.indexed import IndexedDataset, index_dataset
from saldopas.features.splits.cases import Decided, LeftOut, cases_from, sample_cases
from saldopas.features.splits.split import Cut, make_cuts
from saldopas.features.splits.split_config import SplitConfig
from saldopas.features.tables.dataset import read_dataset
from saldopas.models.policy.policy import Policy

from tests.features.made_purchases import random_purchases

MAY, JUNE = (int(pd.Timestamp(day, tz="UTC").timestamp()) for day in ("2021-05-01", "2021-06-01"))
CHEAP, DEAR, NEW, OTHER, SWAPPED = "cheap", "dear", "new", "other", "swapped"
COURSES = ("any", "adults")


def indexed(
    folder: Path, people: pd.DataFrame, courses: pd.DataFrame, purchases: pd.DataFrame
) -> IndexedDataset:
    folder.mkdir()
    for name, table in (("participants", people), ("courses", courses), ("purchases", purchases)):
        table.to_csv(folder / f"{name}.csv", index=False)
    (folder / "dataset.toml").write_text('timezone = "UTC"\n')
    return index_dataset(read_dataset(folder))


@pytest.fixture
def world(tmp_path: Path) -> IndexedDataset:
    """`a` has 100, `b` has no balance known, `c` opted out; in May each buys for a reason."""
    people = pd.DataFrame(
        {
            "participant_id": ["a", "b", "c"],
            "balance": pd.array([100, None, 100], dtype="Int64"),
            "opted_out": [False, False, True],
        }
    )
    courses = pd.DataFrame(
        {
            "course_id": [CHEAP, DEAR, NEW, OTHER, SWAPPED],
            "price": [30, 90, 20, 40, 10],
            "on_sale_from": [None, None, "2021-05-03", None, None],
        }
    )
    rows = [
        ("a", CHEAP, "2021-04-01", 25, "completed"),
        ("a", CHEAP, "2021-05-02", 30, "completed"),  # bought before
        ("a", SWAPPED, "2021-05-04", 10, "cancelled"),
        ("a", DEAR, "2021-05-05", 15, "completed"),  # 45 is left: 90 is more, whatever was paid
        ("a", OTHER, "2021-05-06", 10, "completed"),  # 30 is left: 40 is more
        ("b", CHEAP, "2021-05-02", 20, "completed"),
        ("b", CHEAP, "2021-05-03", 30, "completed"),  # the second in its basket
        ("b", NEW, "2021-05-03", 20, "completed"),  # not on sale when its basket is decided
        ("b", OTHER, "2021-05-04", 40, "completed"),
        ("c", OTHER, "2021-05-04", 40, "completed"),  # opted out
    ]
    names = ["participant_id", "course_id", "purchased_at", "price_paid", "status"]
    return indexed(tmp_path / "data", people, courses, pd.DataFrame(rows, columns=names))


def test_every_purchase_is_a_target_or_left_out_for_a_reason(world: IndexedDataset) -> None:
    found = cases_from(world, MAY, JUNE, "mixed")
    assert found.left_out == LeftOut(
        cancelled=1, opted_out=1, bought_before=2, not_on_sale=1, above_balance=2
    )
    assert found.targets.nnz + sum(asdict(found.left_out).values()) == 9


@pytest.mark.parametrize("decided", ["replay", "window", "mixed"])
def test_reasons_and_targets_add_up_to_the_period(world: IndexedDataset, decided: Decided) -> None:
    found = cases_from(world, MAY, JUNE, decided)
    assert found.targets.nnz + sum(asdict(found.left_out).values()) == 9
    fewer = sample_cases(found, 1, seed=3)
    assert fewer.targets.nnz + sum(asdict(fewer.left_out).values()) == 9


@pytest.mark.parametrize("decided", ["replay", "window"])
def test_what_the_rules_forbid_is_no_target(tmp_path: Path, decided: Decided) -> None:
    """No policy may list it, so that it would be a miss for every one."""
    people = pd.DataFrame({"participant_id": ["young", "old", "unknown"], "age": [20, 50, None]})
    courses = pd.DataFrame(
        {"course_id": ["any", "adults"], "price": [10, 10], "min_age": [None, 21]}
    )
    rows = [(who, one, "2021-05-02", 10) for who in people["participant_id"] for one in COURSES]
    names = ["participant_id", "course_id", "purchased_at", "price_paid"]
    data = indexed(tmp_path / "data", people, courses, pd.DataFrame(rows, columns=names))
    found = cases_from(data, MAY, JUNE, decided)
    assert found.left_out == LeftOut(not_eligible=2)
    bought = np.zeros((data.n_people, 2), int)
    np.add.at(bought, found.row, found.targets.toarray().astype(int))
    of = dict(zip(data.people["participant_id"], bought.tolist(), strict=True))
    assert of == {"young": [1, 0], "old": [1, 1], "unknown": [1, 0]}
    train = data.training_set(data.seen_before(MAY), as_of_s=MAY)
    asked = Cut("test", "by-date", decided, train, found).requests(data, count=2)
    allowed = Policy((), data.courses).allowed(asked).allowed
    assert allowed[found.targets.nonzero()].all(), "what is predicted may be listed"


def test_the_proxy_is_for_those_without_a_balance_alone(tmp_path: Path) -> None:
    """One participant of 80 has no balance: the others are replayed purchase by purchase."""
    purchases = random_purchases(80, 4, dated=True).assign(price_paid=8)
    ids = [f"p{person}" for person in range(80)]
    balance = pd.array([None, *[50] * 79], dtype="Int64")
    people = pd.DataFrame({"participant_id": ids, "balance": balance})
    courses = pd.DataFrame({"course_id": [f"c{i}" for i in range(30)], "price": 10})
    late = pd.Timestamp("2021-04-01")
    purchases.loc[(purchases["participant_id"] == "p0").idxmax() + 3, "purchased_at"] = late
    data = indexed(tmp_path / "data", people, courses, purchases)
    cuts = make_cuts(data, SplitConfig(test_from=late, min_cases=1), seed=1)
    assert cuts is not None
    test = cuts[1]
    assert test.protocol == "mixed"
    theirs = test.cases.row == data.people["participant_id"].tolist().index("p0")
    assert theirs.sum() == 1
    assert (test.cases.proxy == theirs).all()
    assert test.cases.has_balance.all()
    assert test.cases.as_of_s[theirs].tolist() == [test.train.as_of_s]
    assert len(set(test.cases.as_of_s[~theirs].tolist())) > 5, "each at its own moment"
    bought = test.cases.seen[~theirs]
    assert (test.cases.balance_rp[~theirs] == 50 - 8 * bought).all()


def test_what_was_paid_is_kept_beside_the_decision(world: IndexedDataset) -> None:
    found = cases_from(world, MAY, JUNE, "window")
    of = dict(zip(found.row.tolist(), found.paid_rp.tolist(), strict=True))
    assert of[1] == pytest.approx((20 + 40) / 2), "the first of two; what it cost, not its price"
