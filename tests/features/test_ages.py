"""Years surely reached: of one value as of a column that holds it."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from saldopas.features.encoding.eligibility import age_at_least, ages_at_least

CASES = {30: 30, 30.9: 30, "26-35": 26, " >= 41": 41, "≥18": 18, "old": 0, None: 0, -3: 0}
ODD = {10**400: 0, 999: 150, "9" * 400: 0, True: 1}


@pytest.mark.parametrize(("value", "years"), (CASES | ODD).items())
def test_one_value(value: object, years: int) -> None:
    assert age_at_least(value) == years


@given(
    st.one_of(
        st.text(),
        st.integers(),
        st.floats(),
        st.booleans(),
        st.from_regex(r"\A\s?>?=?\d{1,3}-\d{1,3}\Z"),
    )
)
def test_one_value_is_a_column_of_it(value: str | float) -> None:
    column = ages_at_least(pd.DataFrame({"age": [value]}), "age")
    assert age_at_least(value) == column[0]
