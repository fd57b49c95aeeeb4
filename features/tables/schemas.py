"""Pandera schemas of the three tables: types, ranges, uniqueness, once values have parsed.

A check's `error` is `problem; remedy`: `contract.py` splits it into the one-line refusal.
"""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa
from saldopas.features.seconds import END_S
from saldopas.features.tables import columns as c
from saldopas.features.tables.moments import DTYPE
from saldopas.features.tables.parsing import WRITE_WHOLE

MAX_MONEY = 2**53
MAX_ID = 200
FIRST_MOMENT = pd.Timestamp("1970-01-01", tz="UTC")
LAST_MOMENT = pd.Timestamp(END_S, unit="s", tz="UTC")
MISSING = "it has no value; fill it in"
TWICE = "the id occurs twice; keep one row of it"

MONEY = (
    pa.Check.ge(0, error=f"the amount is negative; {WRITE_WHOLE}"),
    pa.Check.le(MAX_MONEY, error=f"the number is absurdly large; {WRITE_WHOLE}"),
)
ID = (
    pa.Check.str_length(max_value=MAX_ID, error=f"the id is too long; use at most {MAX_ID} signs"),
    pa.Check.str_matches(
        r"^[^\x00-\x1f\x7f-\x9f]*$", error="the id holds a control character; take it out"
    ),
)
MOMENT = (
    pa.Check(
        lambda times: (times >= FIRST_MOMENT) & (times < LAST_MOMENT),
        error="the year is not within 1970..2100; mend it",
    ),
)


def _between(low: int, high: int, what: str) -> tuple[pa.Check]:
    return (pa.Check.in_range(low, high, error=f"{what} is not within {low}..{high}; mend it"),)


def _optional(dtype: str, checks: tuple[pa.Check, ...] = ()) -> pa.Column:
    return pa.Column(dtype, list(checks), nullable=True, required=False)


def _required(dtype: str, checks: tuple[pa.Check, ...]) -> pa.Column:
    return pa.Column(dtype, list(checks), nullable=False)


def _key() -> pa.Column:
    return pa.Column("str", list(ID), unique=True, report_duplicates="exclude_first")


SCHEMAS: dict[str, pa.DataFrameSchema] = {
    c.PARTICIPANTS: pa.DataFrameSchema(
        {
            c.PARTICIPANT_ID: _key(),
            c.ANNOUNCED_AT: _optional(DTYPE, MOMENT),
            c.BALANCE: _optional("Int64", MONEY),
            c.OPTED_OUT: _optional("boolean"),
        }
    ),
    c.COURSES: pa.DataFrameSchema(
        {
            c.COURSE_ID: _key(),
            c.PRICE: _required("Int64", MONEY),
            c.TITLE: _optional("str"),
            c.CATEGORY: _optional("str"),
            c.PROVIDER: _optional("str"),
            c.PLATFORM: _optional("str"),
            c.MODE: _optional("str"),
            c.MIN_AGE: _optional("Int64", _between(0, 150, "the age")),
            c.MIN_EDUCATION: _optional("str"),
            c.QUOTA: _optional("Int64", _between(0, 10**9, "the quota")),
            c.ON_SALE_FROM: _optional(DTYPE, MOMENT),
            c.ON_SALE_UNTIL: _optional(DTYPE, MOMENT),
            c.DURATION_DAYS: _optional("Int64", _between(0, 36_500, "the duration")),
        },
    ),
    c.PURCHASES: pa.DataFrameSchema(
        {
            c.PARTICIPANT_ID: _required("str", ID),
            c.COURSE_ID: _required("str", ID),
            c.PURCHASED_AT: _required(DTYPE, MOMENT),
            c.PRICE_PAID: _optional("Int64", MONEY),
            c.STATUS: _optional(
                "str",
                (
                    pa.Check.isin(
                        c.STATUSES,
                        error=f"the status is unknown; write one of {', '.join(c.STATUSES)}",
                    ),
                ),
            ),
            c.RATING: _optional("Float64", _between(0, 5, "the rating")),
        }
    ),
}
