"""Metrics by hand, and equal to ranx on random rankings."""

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


def test_equal_to_ranx_on_random_rankings() -> None:
    from ranx import Qrels, Run, evaluate

    rng = np.random.default_rng(5)
    n_cases, n_items = 500, 60
    lists = [rng.permutation(n_items)[: rng.integers(1, 21)].tolist() for _ in range(n_cases)]
    targets = [rng.permutation(n_items)[: rng.integers(1, 8)].tolist() for _ in range(n_cases)]
    ours = case_metrics(make_lists(lists), make_targets(targets, n_items))
    qrels = Qrels({f"q{i}": {str(t): 1 for t in row} for i, row in enumerate(targets)})
    run = Run(
        {f"q{i}": {str(t): 100.0 - r for r, t in enumerate(row)} for i, row in enumerate(lists)}
    )
    names = [f"{name}@{k}" for name in ("hit_rate", "ndcg", "mrr") for k in (1, 5, 10, 20)]
    theirs = evaluate(qrels, run, names)
    for name in names:
        mine = ours[name.replace("hit_rate", "hit")].mean()
        assert mine == pytest.approx(theirs[name], abs=1e-9), name
