"""The prior of new courses: planted effects are found, and nothing where nothing was planted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from saldopas.features.encoding.batch import TrainingSet
from saldopas.features.encoding.courses import ALWAYS_FROM_S, ALWAYS_UNTIL_S, CourseTable
from saldopas.features.encoding.sequences import Sequences
from saldopas.features.seconds import DAY_S
from saldopas.models.recommenders.popularity import PopularityConfig, TimeDecayedPopularity
from saldopas.models.recommenders.sales import (
    age_bands,
    course_levels,
    expected_sales,
    exposure,
    price_bands,
)

from tests.made import VOCABULARY, make_batch, make_courses

AS_OF_S = 1_000 * DAY_S


def sold(
    courses: CourseTable, items: np.ndarray, at_day: np.ndarray, *, as_of_s: int = AS_OF_S
) -> TrainingSet:
    """One buyer a purchase."""
    batch = make_batch([[]] * len(items), n_items=courses.n_items)
    sequence = Sequences(
        np.arange(len(items) + 1), items.astype(np.int32), at_day * DAY_S, courses.n_items
    )
    return TrainingSet(type(batch)(sequence, batch.tokens), courses, VOCABULARY, as_of_s)


def dated(courses: CourseTable, days: list[int | None]) -> CourseTable:
    from_s = [ALWAYS_FROM_S if day is None else day * DAY_S for day in days]
    return replace(courses, on_sale_from_s=np.array(from_s, np.int64))


def spread(n_sold: list[int], from_day: int = 0, until_day: int = 999) -> tuple:
    """Items and days of purchases, evenly over the days."""
    items = np.repeat(np.arange(len(n_sold)), n_sold)
    days = [np.linspace(from_day, until_day, count).astype(np.int64) for count in n_sold]
    return items, np.concatenate(days)


def planted(strength: float, seed: int = 0) -> tuple[np.ndarray, list[np.ndarray]]:
    """Counts of 600 courses that differ a lot within a kind, as those of real catalogues do.

    Category 0 sells 4^strength times as much, provider 1 a third^strength as much.
    """
    rng = np.random.default_rng(seed)
    category, provider = rng.integers(0, 4, 600), rng.integers(0, 5, 600)
    rate = 20 * rng.gamma(0.7, 1 / 0.7, 600)
    rate *= np.where(category == 0, 4.0, 1.0) ** strength
    rate *= np.where(provider == 1, 1 / 3, 1.0) ** strength
    return rng.poisson(rate).astype(float), [category, provider]


def means(expected: np.ndarray, level: np.ndarray) -> np.ndarray:
    return np.array([expected[level == one].mean() for one in range(level.max() + 1)])


def test_planted_effects_are_found() -> None:
    counts, levels = planted(1.0)
    expected = expected_sales(counts, np.ones(600), levels, level_strength=10.0)
    category, provider = means(expected, levels[0]), means(expected, levels[1])
    assert 2.5 < category[0] / category[1:].mean() < 5
    assert 0.25 < provider[1] / provider[[0, 2, 3, 4]].mean() < 0.55


def test_where_nothing_was_planted_little_is_found_and_nothing_in_common() -> None:
    """20 catalogues: noise moves an expectation, each time another way, less than any effect."""
    kinds, apart = [], []
    for seed in range(20):
        spans = []
        for strength in (1.0, 0.0):
            counts, levels = planted(strength, seed)
            expected = expected_sales(counts, np.ones(600), levels, level_strength=10.0)
            found = np.log(means(expected, levels[0] * 5 + levels[1]))
            spans.append(np.ptp(found))
        kinds.append(found)
        apart.append(spans)
    of_effects, of_noise = np.transpose(apart)
    assert (of_effects > 3 * of_noise).all()
    assert of_noise.max() < np.log(2)
    assert np.median(of_noise) < np.log(1.7)
    assert np.ptp(np.mean(kinds, axis=0)) < np.log(1.15)


def test_without_features_every_course_is_expected_to_sell_the_mean() -> None:
    expected = expected_sales(np.array([9.0, 0, 0]), np.ones(3), [], level_strength=1.0)
    np.testing.assert_allclose(expected, [3, 3, 3])


def test_one_bestseller_does_not_make_its_category() -> None:
    category = np.repeat([0, 1], 20)
    counts = np.full(40, 10.0)
    counts[0] = 10_000
    expected = expected_sales(counts, np.ones(40), [category], level_strength=10.0)
    assert expected[1] / expected[-1] < 1.5


def test_a_level_of_one_course_stays_near_no_effect() -> None:
    counts, category = np.append(np.full(40, 10.0), 1_000.0), np.append(np.zeros(40, int), 1)
    expected = expected_sales(counts, np.ones(41), [category], level_strength=10.0)
    assert 1 < expected[-1] / expected[0] < 2


def test_expectations_are_rates_and_not_totals() -> None:
    # category 1 was on sale a tenth of the time and sold a third as much in all
    category = np.repeat([0, 1], 50)
    counts, exposures = np.repeat([30.0, 10.0], 50), np.repeat([1.0, 0.1], 50)
    expected = expected_sales(counts, exposures, [category], level_strength=1.0)
    assert 2.5 < expected[-1] / expected[0] < 3.5


def test_exposure_by_hand() -> None:
    courses = dated(make_courses([1, 1, 1, 1]), [None, 500, 990, 2_000])
    ends = np.array([ALWAYS_UNTIL_S, 899 * DAY_S, ALWAYS_UNTIL_S, ALWAYS_UNTIL_S])
    courses = replace(courses, on_sale_until_s=ends)
    # course 0 sold one on each of the days 0, 100, ... 900, course 2 one on day 995
    train = sold(courses, np.array([0] * 10 + [2]), np.array([*range(0, 1_000, 100), 995]))
    found = exposure(train, np.ones(11))
    np.testing.assert_allclose(found, [1, 4 / 11, 1 / 11, 0], atol=1e-9)
    assert found[3] > 0
    np.testing.assert_array_equal(
        exposure(replace(train, dates_are_order_only=True), np.ones(11)), np.ones(4)
    )


def test_bands_by_hand() -> None:
    assert price_bands(np.array([0, 5, 5, 5])).tolist() == [0, 2, 2, 2]
    assert price_bands(np.zeros(2, np.int64)).tolist() == [0, 0]
    prices = np.arange(1, 17)
    assert price_bands(prices).tolist() == np.repeat(np.arange(1, 9), 2).tolist()
    courses = dated(make_courses([1] * 6), [None, 0, 900, 950, 990, 1_500])
    assert age_bands(courses, AS_OF_S).tolist() == [4, 4, 2, 1, 0, 0]


def test_a_feature_with_one_level_says_nothing() -> None:
    bare = sold(make_courses([1_000] * 3), *spread([1, 0, 0]))
    assert course_levels(bare) == []
    told = make_courses([0, 10, 10], category=["x", None, "x"], platform=["p", "p", "p"])
    levels = course_levels(sold(told, *spread([1, 0, 0])))
    assert [level.tolist() for level in levels] == [[0, 1, 0], [0, 1, 1]]  # category, price


def test_an_unsold_course_is_ranked_by_what_its_kind_sells() -> None:
    category = ["loved", "ignored"] * 100
    counts = [40, 4] * 98 + [3, 3, 0, 0]
    courses = make_courses([1_000] * 200, category=category)
    items, days = spread(counts)
    model = TimeDecayedPopularity.fit(
        PopularityConfig(half_life_days=None), sold(courses, items, days), seed=0
    )
    loved, ignored = model.share[198], model.share[199]
    assert loved > 2 * ignored > 0
    # the same with 3 purchases each: their own counts speak already, and the kind still does
    assert model.share[196] > model.share[197] > ignored


@pytest.mark.parametrize("prices", [[0], [1_000], [0, 500]], ids=["free", "one price", "mixed"])
def test_large_bare_catalogues(prices: list[int]) -> None:
    n_items = 41_000
    courses = make_courses((prices * n_items)[:n_items])
    items = np.random.default_rng(0).zipf(1.3, 2_000) % n_items
    train = sold(courses, items, np.arange(2_000) % 1_000)
    share = TimeDecayedPopularity.fit(PopularityConfig(), train, seed=0).share
    assert (share > 0).all()
    assert share.sum() == pytest.approx(1, abs=1e-3)
