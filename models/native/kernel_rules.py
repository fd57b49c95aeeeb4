"""Machine code: which courses one request may be answered with at all."""

from __future__ import annotations

import numpy as np
from numba import carray
from saldopas.features.requests.batch import (
    AGE,
    BALANCE,
    EDUCATION,
    HAS_BALANCE,
    MAX_PRICE,
    MOMENT,
)
from saldopas.models.native.compiled import inner
from saldopas.models.native.kernel_rows import to_int32, to_int64


@inner
def rank_at_most(values, limit):  # type: ignore[no-untyped-def]
    """How many of the ascending `values` are at most `limit`: a rank below that is allowed."""
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) // 2
        if values[middle] <= limit:
            low = middle + 1
        else:
            high = middle
    return np.int32(low)


@inner
def allow(courses, rules, row, left):  # type: ignore[no-untyped-def]
    """left (n_items,) = affordable, on sale, eligible, neither owned nor excluded.

    The definition of each rule is in `encoding.masks`. A rule compares a course's number with the
    request's; here it is the number's rank among all courses' numbers that is compared, which is
    the same and half as wide.

    Args:
        courses: of price, start and end of sale, minimum age and education, each: int32 rank of
            each course, and the int64 values that ranks stand for, ascending.
        rules: of B requests, terms as `requests.batch` has them and the pairs of what is owned
            and excluded; row: which of the requests.
        left: receives the answer.
    """
    prices, starts, ends, ages, educations = courses
    terms, owned_ptr, owned, excluded_ptr, excluded = rules
    moment = terms[MOMENT, row]
    price, from_s, until_s, min_age, min_education = (
        prices[0],
        starts[0],
        ends[0],
        ages[0],
        educations[0],
    )
    limit = terms[MAX_PRICE, row]
    if terms[HAS_BALANCE, row]:
        limit = min(limit, terms[BALANCE, row])
    n_prices = rank_at_most(prices[1], limit)
    n_starts = rank_at_most(starts[1], moment)
    n_ended = rank_at_most(ends[1], moment - 1)
    n_ages = rank_at_most(ages[1], terms[AGE, row])
    n_educations = rank_at_most(educations[1], terms[EDUCATION, row])
    for item in range(len(price)):
        left[item] = (
            (price[item] < n_prices)
            & (from_s[item] < n_starts)
            & (until_s[item] >= n_ended)
            & (min_age[item] < n_ages)
            & (min_education[item] < n_educations)
        )
    for place in range(owned_ptr[row], owned_ptr[row + 1]):
        left[owned[place]] = False
    for place in range(excluded_ptr[row], excluded_ptr[row + 1]):
        left[excluded[place]] = False


@inner
def ranked_values(at, first, n_items):  # type: ignore[no-untyped-def]
    """Ranks and values of one rule, from addresses and size."""
    ranks = carray(to_int32(at[first]), (n_items,))
    return ranks, carray(to_int64(at[first + 1]), (at[first + 2],))
