"""Timings beside implicit in the same run: fitting, and one request among 2,000 courses.

    python -m benchmarks.speed [--participants 50000]

Figures vary by a third between runs on a shared machine: quote the ratios.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from features.dataset import read_dataset
from features.indexed import IndexedDataset, index_dataset
from features.split import end_of
from models.ease import Ease, EaseConfig
from models.recipe import Recipe, StageRecipe
from models.sequence_ridge import SequenceRidge, SequenceRidgeConfig
from training_pipeline.console import print_table
from training_pipeline.sample.config import SampleConfig
from training_pipeline.sample.generate import generate
from training_pipeline.sample.write import write_sample

COURSES = 2_000
REQUESTS = 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--participants", type=int, default=50_000)
    data = sample(parser.parse_args().participants)
    cutoff_s = end_of(data)
    learned = data.training_set(data.seen_before(cutoff_s), as_of_s=cutoff_s)
    peer = AlternatingLeastSquares(factors=64, iterations=15, random_state=0, num_threads=2)
    bought = csr_matrix(learned.participants.sequence.matrix())
    with threadpool_limits(1, "blas"):
        als_s = seconds(lambda: peer.fit(bought, show_progress=False))
    ridge_s = seconds(lambda: SequenceRidge.fit(SequenceRidgeConfig(), learned, seed=0))
    ease_s = seconds(lambda: Ease.fit(EaseConfig(), learned, seed=0))
    rows = [
        ("fit", "implicit ALS, 64 factors", als_s * 1e3, 1.0),
        ("fit", "sequence-ridge", ridge_s * 1e3, ridge_s / als_s),
        ("fit", "ease", ease_s * 1e3, ease_s / als_s),
    ]
    with threadpool_limits(1, "blas"):
        rows += requests(data, peer, bought, cutoff_s)
    print_table(
        f"{data.n_people:,} participants, {COURSES:,} courses",
        ("what", "who", "milliseconds", "ratio to implicit"),
        rows,
    )


def requests(
    data: IndexedDataset, peer: AlternatingLeastSquares, bought: csr_matrix, cutoff_s: int
) -> list[tuple[str, str, float, float]]:
    learned = data.training_set(data.seen_before(cutoff_s), as_of_s=cutoff_s)
    recipe = Recipe(
        stages=(
            StageRecipe(source="history", model="sequence-ridge"),
            StageRecipe(source="popular", model="popularity"),
        )
    )
    policy = recipe.fit(learned, seed=0)
    rows = np.random.default_rng(0).integers(0, bought.shape[0], REQUESTS)
    buyers = np.flatnonzero((data.events.lengths > 0) & ~data.opted_out)[rows]
    asked = data.requests(
        buyers,
        data.events.lengths[buyers],
        as_of_s=np.full(REQUESTS, cutoff_s),
        count=10,
        vocabulary=learned.vocabulary,
    )
    single = [asked.take(np.array([row])) for row in range(REQUESTS)]
    expensive = [
        np.flatnonzero(data.courses.price_rp > limit).astype(np.int32) for limit in asked.limit_rp
    ]
    ours = median_ms([lambda one=one: policy.recommend(one) for one in single])
    theirs = median_ms(
        [
            lambda row=row, dear=dear: peer.recommend(row, bought[row], N=10, filter_items=dear)
            for row, dear in zip(rows, expensive, strict=True)
        ]
    )
    return [
        ("one request, top 10", "implicit recommend(filter_items=)", theirs, 1.0),
        ("one request, top 10", "Policy.recommend, every rule", ours, ours / theirs),
    ]


def sample(participants: int) -> IndexedDataset:
    config = SampleConfig(participants=participants, courses=COURSES)
    with tempfile.TemporaryDirectory() as scratch:
        write_sample(generate(config, seed=7), config, Path(scratch) / "data", seed=7)
        return index_dataset(read_dataset(Path(scratch) / "data"))


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def median_ms(calls: list[Callable[[], object]]) -> float:
    return statistics.median(seconds(call) for call in calls) * 1e3


if __name__ == "__main__":
    main()
