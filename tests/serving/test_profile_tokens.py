"""One profile of a request gets the tokens that the whole table gives the same person."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from hypothesis import example, given
from hypothesis import strategies as st
from saldopas.features.encoding.pairs import Pairs
from saldopas.features.encoding.profile import ProfileVocabulary, TokenColumn

VOCABULARY = ProfileVocabulary(
    columns=(
        TokenColumn(column="age", kind="edges", edges=(18.0, 26.0, 36.5)),
        TokenColumn(column="gender", kind="values", values=("F", "M")),
        TokenColumn(column="wave", kind="values", values=("1", "2", "0.5", "True")),
        TokenColumn(column="nothing", kind="edges", edges=()),
    )
)
TEXTS = st.one_of(
    st.text("FM1290 .-_e+٣", max_size=4),
    st.sampled_from(["26", " 26 ", "26.0", "1_000", "inf", "nan", "1e5", "٣", "-0", "F", "True"]),
)
NUMBERS = st.one_of(st.integers(), st.integers(-5, 60), st.floats(), st.floats(0, 60), st.just(3.0))
VALUES = st.one_of(st.none(), TEXTS, NUMBERS, st.booleans())
PROFILES = st.dictionaries(st.sampled_from(["age", "gender", "wave", "nothing", "else"]), VALUES)


def encoded(profile: dict[str, Any]) -> Pairs:
    return Pairs.of([VOCABULARY.tokens_of(profile)], n_columns=VOCABULARY.n_tokens)


@given(PROFILES)
@example({"age": 1e300, "wave": 1e300})
@example({"age": 10**400, "wave": -0.0})
def test_a_profile_is_encoded_as_its_row_of_a_table(profile: dict[str, Any]) -> None:
    table = pd.DataFrame([profile], index=[0])
    np.testing.assert_array_equal(encoded(profile).toarray(), VOCABULARY.encode(table).toarray())


@given(st.lists(st.one_of(st.none(), st.floats(allow_nan=False), st.integers(-9, 99)), min_size=1))
def test_a_column_of_numbers_is_encoded_as_its_values_one_by_one(values: list[Any]) -> None:
    column = pd.Series(values, dtype="float64")
    table = VOCABULARY.encode(pd.DataFrame({"age": column, "wave": column})).toarray()
    ones = [encoded({"age": v, "wave": v}).toarray()[0] for v in column]
    np.testing.assert_array_equal(table, np.array(ones))


@given(st.lists(st.one_of(st.none(), TEXTS), min_size=1))
def test_a_column_of_texts_is_encoded_as_its_values_one_by_one(values: list[Any]) -> None:
    column = pd.Series(values, dtype="str")
    table = VOCABULARY.encode(pd.DataFrame({"age": column, "wave": column})).toarray()
    ones = [encoded({"age": v, "wave": v}).toarray()[0] for v in values]
    np.testing.assert_array_equal(table, np.array(ones))


def test_the_tokens_of_a_person_read_as_one_expects() -> None:
    profile = {"age": 26, "gender": "X", "wave": 2.0, "city": "Bandung"}
    tokens = VOCABULARY.tokens_of(profile)
    assert [VOCABULARY.labels[token] for token in tokens] == [
        "age=26-36.5",
        "gender=other",
        "wave=2",
    ]
