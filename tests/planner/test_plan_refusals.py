"""What cannot be planned is refused with a reason, and what is no problem at all with an error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from saldopas.models.native._native import PlanSolver
from saldopas.models.planner.days import CourseDays, Window
from saldopas.models.planner.plan import solve
from saldopas.models.planner.problem import PlanProblem, PlanRefusedError

PRICE = np.array([60, 50, 50])
RELEVANCE = np.array([0.5, 0.4, 0.4])


def problem(**changes: Any) -> PlanProblem:
    fields = {"price_rp": PRICE, "relevance": RELEVANCE, "balance_rp": 200, "max_courses": 3}
    return PlanProblem(**{**fields, **changes})


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("must_include_unknown", {"must_include": (3,)}),
        ("must_include_too_many", {"must_include": (0, 1), "max_courses": 1}),
        ("must_include_over_balance", {"must_include": (0, 1), "balance_rp": 109}),
        (
            "must_include_category",
            {"must_include": (0, 1), "category": np.zeros(3, np.int64), "max_per_category": 1},
        ),
        (
            "must_include_near_duplicates",
            {"must_include": (0, 1), "near_duplicates": np.array([[1, 0]])},
        ),
        (
            "must_include_not_in_time",  # ten days each, one after the other, on sale for five
            {
                "must_include": (0, 1),
                "days": CourseDays(
                    np.zeros(3, np.int64),
                    np.full(3, 10, np.int64),
                    np.full(3, 105, np.int64),
                    Window(first_day=100),
                ),
            },
        ),
    ],
)
def test_what_must_be_in_and_cannot_be_is_refused(reason: str, changes: dict[str, Any]) -> None:
    with pytest.raises(PlanRefusedError) as refused:
        solve(problem(**changes))
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        ("price_rp must be", {"price_rp": PRICE.astype(float)}),
        ("relevance must be", {"relevance": RELEVANCE[:2]}),
        ("at least 0", {"price_rp": -PRICE}),
        ("at least 0", {"relevance": np.array([0.1, np.nan, 0.1])}),
        ("at least 0", {"balance_rp": -1}),
        ("needs category", {"max_per_category": 1}),
        ("positions below 3", {"near_duplicates": np.array([[0, 3]])}),
        ("duplicate of itself", {"near_duplicates": np.array([[1, 1]])}),
        ("twice", {"must_include": (1, 1)}),
        ("too large", {"balance_rp": 10**12}),
    ],
)
def test_what_is_no_problem_is_an_error(words: str, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=words):
        problem(**changes)


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        ("each candidate", {"relevance_units": np.ones(2, np.int64)}),
        ("each candidate", {"categories": (np.zeros(2, np.int64), 1)}),
        ("each candidate", {"days": (np.zeros(3, np.int64), np.zeros(2, np.int64))}),
        ("no candidate's", {"must_include": np.array([3])}),
        ("no candidate's", {"near_duplicates": np.array([[0, -1]])}),
        ("must be pairs", {"near_duplicates": np.array([[0, 1, 2]])}),
        ("at least those of must_include", {"must_include": np.array([0]), "balance_rp": 59}),
    ],
)
def test_the_native_search_checks_its_arrays(words: str, changes: dict[str, Any]) -> None:
    fields = {
        "price_rp": PRICE,
        "relevance_units": np.ones(3, np.int64),
        "balance_rp": 200,
        "max_courses": 3,
    }
    with pytest.raises(ValueError, match=words):
        PlanSolver(**{**fields, **changes})
