"""The pieces of the generator, against figures worked out by hand."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from saldopas.features.seconds import DAY_S
from saldopas.training_pipeline.ingest.sample.catalogue import draw_catalogue, share_out
from saldopas.training_pipeline.ingest.sample.config import PurchaseConfig, SampleConfig
from saldopas.training_pipeline.ingest.sample.generate import SampleTables, generate
from saldopas.training_pipeline.ingest.sample.moments import (
    day_start_s,
    first_purchase_s,
    month_of,
    next_purchase_s,
    timestamps,
)
from saldopas.training_pipeline.ingest.sample.people import rake
from saldopas.training_pipeline.ingest.sample.titles import draw_titles

SMALL = SampleConfig(participants=300, courses=60)


def test_same_seed_same_tables_and_another_seed_others() -> None:
    one, same, other = (generate(SMALL, seed=seed) for seed in (1, 1, 2))
    for name in ("participants", "courses", "purchases"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(same, name))
        assert not getattr(one, name).equals(getattr(other, name))


def test_participants_do_not_depend_on_the_number_of_courses() -> None:
    more = SampleConfig(participants=300, courses=80)
    pd.testing.assert_frame_equal(
        generate(SMALL, seed=1).participants, generate(more, seed=1).participants
    )


def test_progress_counts_every_participant_once() -> None:
    done = 0

    def advance(count: int = 1) -> None:
        nonlocal done
        done += count

    generate(SMALL, seed=1, advance=advance)
    assert done == 300


def test_ids_titles_and_prices_of_the_catalogue(large: SampleTables) -> None:
    courses = large.courses
    assert courses["course_id"].is_unique
    assert courses["title"].is_unique
    assert courses["provider"].nunique() > 150
    assert courses["price"].between(24_000, 1_000_000).all()
    assert (courses["price"] % 1_000 == 0).all()
    assert (courses["price"] % 10_000 == 9_000).mean() == pytest.approx(0.37, abs=0.03)
    assert large.participants["participant_id"].is_unique


@pytest.mark.parametrize("seed", range(3))
def test_popularity_says_nothing_of_price_or_order(seed: int) -> None:
    catalogue = draw_catalogue(SampleConfig(), np.random.default_rng(seed))
    wanted = np.flatnonzero(catalogue.popularity)
    popularity = pd.Series(catalogue.popularity[wanted])
    assert abs(popularity.corr(pd.Series(catalogue.price_rp[wanted]), "spearman")) < 0.03
    assert abs(popularity.corr(pd.Series(wanted), "spearman")) < 0.12  # 4 standard errors


@pytest.mark.parametrize("seed", range(3))
def test_best_sellers_have_the_price_distribution_of_the_whole(seed: int) -> None:
    catalogue = draw_catalogue(SampleConfig(), np.random.default_rng(seed))
    weighted = float((catalogue.popularity * catalogue.price_rp).sum())
    assert weighted == pytest.approx(catalogue.price_rp.mean(), abs=12_000)


def test_raking_meets_both_marginals_and_keeps_the_odds() -> None:
    rows, columns = np.array([0.6, 0.4]), np.array([0.5, 0.5])
    table = rake(np.array([[2.0, 1.0], [1.0, 1.0]]), rows, columns)
    assert table.sum(axis=1) == pytest.approx(rows)
    assert table.sum(axis=0) == pytest.approx(columns)
    odds = table[0, 0] * table[1, 1] / (table[0, 1] * table[1, 0])
    assert odds == pytest.approx(2.0)


def test_young_people_have_more_sma_and_old_ones_more_primary_school(large: SampleTables) -> None:
    people = large.participants
    young, old = people["age"] <= 25, people["age"] > 45
    middle = ~young & ~old
    sma, sarjana = people["education"] == "SMA", people["education"] == "Sarjana"
    school = people["education"].isin(["SD", "SMP"])
    assert sma[young].mean() > sma[middle].mean() + 0.03
    assert sarjana[young].mean() < sarjana[middle].mean() - 0.03
    assert school[old].mean() > 1.5 * school[middle].mean()


@pytest.mark.parametrize("seed", range(5))
def test_sharing_out_hits_the_shares(seed: int) -> None:
    mass = 1 / np.arange(4.0, 800.0)
    labels = share_out(mass, np.array([60.0, 30.0, 10.0]), np.random.default_rng(seed))
    shares = np.bincount(labels, mass) / mass.sum()
    assert shares == pytest.approx([0.6, 0.3, 0.1], abs=0.005)


def test_titles_are_distinct_however_many() -> None:
    titles = draw_titles("Keuangan", 3_000, np.random.default_rng(0))
    assert len(set(titles)) == 3_000


def test_local_time() -> None:
    start = day_start_s(date(2021, 12, 15))
    last = timestamps(np.array([start + DAY_S - 1]))[0]
    assert last == datetime(2021, 12, 15, 23, 59, 59, tzinfo=ZoneInfo("Asia/Jakarta"))
    months = month_of(np.array([start, start + 17 * DAY_S]))
    assert months[1] - months[0] == 1


def test_first_purchase_is_never_before_the_announcement() -> None:
    announced = np.full(5_000, day_start_s(date(2021, 9, 22)) + 16 * 3_600)
    at_s = first_purchase_s(PurchaseConfig(), announced, np.random.default_rng(0))
    assert (at_s >= announced).all()
    last_day = day_start_s(date(2021, 10, 21))  # announced 22 September: the scheme's own example
    assert last_day <= at_s.max() < last_day + DAY_S


def test_people_hurry_before_the_money_lapses() -> None:
    own = PurchaseConfig(gap_median_days=10, gap_sigma=0)
    rng = np.random.default_rng(0)
    ready, pace = np.array([0]), np.ones(1)
    calm = next_purchase_s(own, ready, np.array([100 * DAY_S]), pace, rng=rng)
    late = next_purchase_s(own, ready, np.array([10 * DAY_S]), pace, rng=rng)
    assert calm[0] == 10 * DAY_S
    assert late[0] == 4 * DAY_S  # 10 days at 2.5 times the pace
