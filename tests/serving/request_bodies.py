"""Strategies of request bodies."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

LEVELS = ("SD", "SMP", "SMA", "Diploma", "Sarjana")
COURSES = [f"C{number:05}" for number in range(1, 151)]
CATEGORIES = ["Keuangan", "Makanan & Minuman", "Manajemen", "no such category"]
MOMENTS = ["2020-06-01", "2021-03-05T10:00:00+07:00", "2021-11-20T23:59:59Z", "2030-01-01"]
QUICK = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def optional(key: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(st.just({}), st.fixed_dictionaries({key: values}))


def merged(parts: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    return {key: value for part in parts for key, value in part.items()}


money = st.one_of(st.integers(0, 1_200_000), st.sampled_from([0, 2**53]))
course_lists = st.lists(st.sampled_from(COURSES), max_size=6)
profiles = st.fixed_dictionaries(
    {},
    optional={
        "age": st.one_of(st.none(), st.integers(10, 80), st.sampled_from(["26-35", ">=56", "x"])),
        "gender": st.sampled_from(["F", "M", "other"]),
        "education": st.sampled_from([*LEVELS, "S3"]),
        "employment": st.sampled_from(["jobseeker", "working"]),
    },
)
bodies = st.tuples(
    optional("participant_id", st.integers(0, 29)),
    optional("balance", money),
    optional("max_price", money),
    optional("n", st.integers(1, 100)),
    optional("purchased", course_lists),
    optional("exclude", course_lists),
    optional("profile", profiles),
    optional("category", st.sampled_from(CATEGORIES)),
    optional("as_of", st.sampled_from(MOMENTS)),
).map(merged)


def named(body: dict[str, Any], names: list[str]) -> dict[str, Any]:
    if "participant_id" in body:
        return body | {"participant_id": names[body["participant_id"] % len(names)]}
    return body
