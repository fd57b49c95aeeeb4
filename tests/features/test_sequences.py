"""Ragged rows by hand and against plain Python."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from saldopas.features.encoding.sequences import Sequences, kept_only, ragged_ranges, recency_matrix

ROWS = st.lists(st.lists(st.integers(0, 5), max_size=6), min_size=1, max_size=6)


def test_the_newest_purchase_weighs_most() -> None:
    matrix = recency_matrix(Sequences.of([[2, 0, 1], []], n_items=3), decay=0.5)
    np.testing.assert_allclose(matrix.toarray(), [[0.5, 1.0, 0.25], [0, 0, 0]])


def test_a_course_bought_twice_keeps_its_newest_weight() -> None:
    matrix = recency_matrix(Sequences.of([[0, 1, 0]], n_items=2), decay=0.5)
    np.testing.assert_allclose(matrix.toarray(), [[1.0, 0.5]])


@settings(max_examples=60, deadline=None)
@given(ROWS, st.data())
def test_prefixes_are_the_first_events(rows: list[list[int]], data: st.DataObject) -> None:
    sequences = Sequences.of(rows, n_items=6)
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=5))
    lengths = [data.draw(st.integers(0, len(rows[row]))) for row in chosen]
    found = sequences.prefixes(np.array(chosen, int), np.array(lengths, int))
    expected = [rows[row][:length] for row, length in zip(chosen, lengths, strict=True)]
    assert [
        found.item_idx[found.indptr[i] : found.indptr[i + 1]].tolist() for i in range(len(chosen))
    ] == expected


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_the_binary_matrix_has_a_one_where_something_was_bought(rows: list[list[int]]) -> None:
    dense = Sequences.of(rows, n_items=6).matrix().toarray()
    assert dense.tolist() == [[float(item in row) for item in range(6)] for row in rows]


@settings(max_examples=60, deadline=None)
@given(ROWS, st.integers(0, 5))
def test_kept_only_drops_events_and_no_rows(rows: list[list[int]], gone: int) -> None:
    sequences = Sequences.of(rows, n_items=6)
    found = kept_only(sequences, sequences.item_idx != gone)
    assert found.n_rows == len(rows)
    assert found.item_idx.tolist() == [item for row in rows for item in row if item != gone]


def test_ragged_ranges_by_hand() -> None:
    assert ragged_ranges(np.array([5, 0, 2]), np.array([2, 0, 3])).tolist() == [5, 6, 2, 3, 4]
