"""Exact top-n against a full sort."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.topk import top_n


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from([-1.0, 0.0, 0.5, 2.0]), min_size=1, max_size=30),
    st.integers(0, 35),
    st.data(),
)
def test_equals_a_stable_sort(values: list[float], count: int, data: st.DataObject) -> None:
    scores = np.array(values, np.float32)
    candidates = np.flatnonzero(
        data.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values)))
    )
    expected = sorted(candidates.tolist(), key=lambda item: (-scores[item], item))[:count]
    assert top_n(scores, candidates, count).tolist() == expected
