"""Metrics by hand; `test_evaluation_metrics.py` compares them with ranx."""

from __future__ import annotations

import numpy as np
import pytest
from saldopas.training_pipeline.evaluating.metrics import case_metrics, coverage

from tests.training.made_lists import make_lists, make_targets


def test_by_hand() -> None:
    # hits at rank 2 and 4 of two targets out of three; an empty list; one hit at the first rank
    lists = make_lists([[9, 1, 8, 2], [], [5]])
    found = case_metrics(lists, make_targets([[1, 2, 3], [4], [5]], 10), cutoffs=(1, 5))
    assert found["hit@1"].tolist() == [0, 0, 1]
    assert found["recall@5"].tolist() == [pytest.approx(2 / 3), 0, 1]
    assert found["mrr@5"].tolist() == [0.5, 0, 1]
    gain = 1 / np.log2(3) + 1 / np.log2(5)
    ideal = 1 + 1 / np.log2(3) + 1 / np.log2(4)
    assert found["ndcg@5"].tolist() == [pytest.approx(gain / ideal), 0, 1]


def test_coverage_counts_distinct_courses_of_the_first_places() -> None:
    lists = make_lists([[0, 1, 2], [0, 3]])
    assert coverage(lists, n_items=10, depth=1) == 0.1
    assert coverage(lists, n_items=10, depth=3) == 0.4
