"""Every generated row keeps the rules of the 2021 scheme, checked from the tables alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from saldopas.features.scheme import SCHEMES
from saldopas.features.tables.dataset_config import Eligibility
from saldopas.training_pipeline.ingest.sample.config import SampleConfig
from saldopas.training_pipeline.ingest.sample.generate import SampleTables, draw_world, generate
from saldopas.training_pipeline.ingest.sample.purchases import draw_purchases

SCHEME = SCHEMES["2021"]
WORLDS = [(1, 1.0, 400), (2, 0.0, 400), (3, 2.0, 60), (4, 1.0, 1_700)]  # seed, strength, courses


@pytest.fixture(scope="module", params=WORLDS, ids=lambda world: f"seed{world[0]}")
def tables(request: pytest.FixtureRequest) -> SampleTables:
    seed, strength, courses = request.param
    config = SampleConfig(participants=4_000, courses=courses, strength=strength)
    return generate(config, seed=seed)


@pytest.fixture(scope="module")
def rows(tables: SampleTables) -> pd.DataFrame:
    """One row a purchase with its participant and course, in order of time."""
    return (
        tables.purchases.merge(tables.participants, on="participant_id", validate="m:1")
        .merge(tables.courses, on="course_id", validate="m:1")
        .sort_values(["participant_id", "purchased_at"])
        .reset_index(drop=True)
    )


def test_price_paid_is_the_price_and_fits_what_is_left(rows: pd.DataFrame) -> None:
    assert (rows["price_paid"] == rows["price"]).all()
    spent_before = rows.groupby("participant_id")["price_paid"].cumsum() - rows["price_paid"]
    assert (rows["price_paid"] <= rows["balance"] - spent_before).all()


def test_no_course_is_bought_twice(rows: pd.DataFrame) -> None:
    assert not rows.duplicated(["participant_id", "course_id"]).any()


def test_course_is_on_sale(rows: pd.DataFrame) -> None:
    assert (rows["on_sale_from"] <= rows["purchased_at"]).all()
    ends = rows["on_sale_until"].notna()
    assert (rows["purchased_at"][ends] <= rows["on_sale_until"][ends]).all()
    assert ends.any(), "no course of the sample ever leaves: the rule is not tested"


def test_minimum_age_and_education_are_reached(rows: pd.DataFrame) -> None:
    order = Eligibility().education_order
    level = rows["education"].map(order.index)
    needed = rows["min_education"].map(order.index, na_action="ignore").fillna(0)
    assert (level >= needed).all()
    assert (rows["age"] >= rows["min_age"].fillna(0)).all()
    assert (rows["min_age"] > 18).any(), "no purchase of a restricted course: nothing is tested"


def test_first_purchase_is_within_thirty_inclusive_days(rows: pd.DataFrame) -> None:
    first = rows.drop_duplicates("participant_id")
    midnight = first["announced_at"].dt.normalize()
    days = (first["purchased_at"] - midnight).dt.days + 1
    assert (first["purchased_at"] >= first["announced_at"]).all()
    assert days.max() == SCHEME.first_purchase_days  # the last day is used, and none after it


def test_nothing_is_bought_after_the_last_spending_day(rows: pd.DataFrame) -> None:
    assert SCHEME.last_spending_day is not None
    last = pd.Timestamp(SCHEME.last_spending_day, tz="Asia/Jakarta") + pd.Timedelta(days=1)
    assert (rows["purchased_at"] < last).all()
    of_2020 = rows[rows["announced_at"].dt.year == 2020]
    assert (of_2020["purchased_at"] < pd.Timestamp("2020-12-16", tz="Asia/Jakarta")).all()


def test_next_purchase_only_after_the_previous_is_completed(rows: pd.DataFrame) -> None:
    last = ~rows.duplicated("participant_id", keep="last")
    assert (rows["status"][~last] == "completed").all()
    assert set(rows["status"]) == {"completed", "active"}  # 2021 knows no cancellation
    assert ((rows["status"] == "completed") == rows["rating"].notna()).all()
    assert rows["rating"].dropna().between(1, 5).all()


def test_next_purchase_only_after_finish_and_rating() -> None:
    config = SampleConfig(participants=4_000, courses=400)
    rng = np.random.default_rng(0)
    bought = draw_purchases(
        config,
        draw_world(config, seed=5),
        grant_rp=1_000_000,
        rng=rng,
        advance=lambda count=1: None,
    )
    order = np.lexsort((bought.at_s, bought.person))
    same = bought.person[order][1:] == bought.person[order][:-1]
    assert same.any()
    assert (bought.at_s[order][1:] >= bought.ready_s[order][:-1])[same].all()


def test_quota_of_a_month_is_never_exceeded_and_sometimes_used_up(rows: pd.DataFrame) -> None:
    limited = rows[rows["quota"].notna()]
    month = limited["purchased_at"].dt.strftime("%Y-%m")
    sold = limited.groupby(["course_id", month]).agg(n=("quota", "size"), quota=("quota", "first"))
    assert (sold["n"] <= sold["quota"]).all()
    assert (sold["n"] == sold["quota"]).any(), "no batch sells out: the rule is not tested"


def test_some_end_with_nothing_left_because_equality_is_allowed() -> None:
    config = SampleConfig(
        participants=500,
        courses=40,
        catalogue={"price_min_rp": 999_000, "price_ends_in_9000": 0},
    )
    assert (generate(config, seed=1).purchases["price_paid"] == 1_000_000).any()


def test_a_sample_until_a_day_is_what_was_known_before_it() -> None:
    config = SampleConfig(participants=2_000, courses=100)
    day = pd.Timestamp("2021-11-15", tz="Asia/Jakarta")
    whole, known = (
        generate(config.model_copy(update={"until": until}), seed=7) for until in (None, day.date())
    )
    before = whole.purchases[whole.purchases["purchased_at"] < day].reset_index(drop=True)
    assert 0 < len(before) < len(whole.purchases)
    told = ["participant_id", "course_id", "purchased_at", "price_paid"]
    pd.testing.assert_frame_equal(known.purchases[told], before[told])
    going_on = known.purchases["status"] == "active"
    assert (before["status"] == "active")[~going_on].sum() == 0
    assert (going_on & (before["status"] == "completed")).any()
    assert known.purchases["rating"][going_on].isna().all()


def test_a_day_before_the_last_wave_is_refused() -> None:
    with pytest.raises(ValueError, match="last wave"):
        SampleConfig.model_validate({"until": "2020-06-01"})
