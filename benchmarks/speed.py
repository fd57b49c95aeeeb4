"""Timings beside implicit in the same run: fitting, and one request among 2,000 courses.

    python -m benchmarks.speed [--participants 50000] [--artifact DIR]

The requests go to what `saldopas train` chooses on the sample by itself (two minutes), or to an
artifact that it made before. implicit is given the courses that are out ready-made; ours finds them
from balance, dates, restrictions and purchases. The documented way to call implicit cuts a row out
of its matrix; it is shown without that as well. Figures vary by a third between runs on a shared
machine: quote the ratios.
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
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from features import columns as c
from features.dataset import Dataset, read_dataset
from features.indexed import IndexedDataset, index_dataset
from features.split import end_of
from models.artifact import Artifact, load_artifact
from models.ease import Ease, EaseConfig
from models.sequence_ridge import SequenceRidge, SequenceRidgeConfig
from training_pipeline.console import print_table
from training_pipeline.sample.config import SampleConfig
from training_pipeline.sample.generate import generate
from training_pipeline.sample.write import write_sample
from training_pipeline.train import train
from training_pipeline.training_config import TrainingConfig

COURSES = 2_000
REQUESTS = 300
TURNS = 5

Row = tuple[str, float, float, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--participants", type=int, default=50_000)
    parser.add_argument("--artifact", type=Path, help="of a training on this very sample")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        dataset = sample(given.participants, Path(scratch))
        path = given.artifact or Path(scratch) / "artifact"
        if given.artifact is None:
            train(dataset, TrainingConfig(), artifact=path)
        compare(index_dataset(dataset), load_artifact(path))


def compare(data: IndexedDataset, artifact: Artifact) -> None:
    cutoff_s = end_of(data)
    learned = data.training_set(data.seen_before(cutoff_s), as_of_s=cutoff_s)
    peer = AlternatingLeastSquares(factors=64, iterations=15, random_state=0, num_threads=2)
    bought = csr_matrix(learned.participants.sequence.matrix())
    with threadpool_limits(1, "blas"):
        als_s = seconds(lambda: peer.fit(bought, show_progress=False))
    ridge_s = seconds(lambda: SequenceRidge.fit(SequenceRidgeConfig(), learned, seed=0))
    ease_s = seconds(lambda: Ease.fit(EaseConfig(), learned, seed=0))
    print_table(
        f"fits: {data.n_people:,} participants, {COURSES:,} courses",
        ("who", "milliseconds", "ratio to implicit"),
        [
            ("implicit ALS, 64 factors", als_s * 1e3, 1.0),
            ("sequence-ridge", ridge_s * 1e3, ridge_s / als_s),
            ("ease", ease_s * 1e3, ease_s / als_s),
        ],
    )
    buyers = np.flatnonzero((data.seen_before(cutoff_s) > 0) & ~data.opted_out)
    people = artifact.snapshot.rows_of(data.people[c.PARTICIPANT_ID].iloc[buyers].tolist())
    with threadpool_limits(1, "blas"):
        rows = requests(artifact, peer, bought, people)
    history = artifact.manifest.recipe.stages[0]
    print_table(
        f"answered by {history.model} of {', '.join(history.model_names)}",
        ("one request, top 10", "microseconds", "times faster", "than the second"),
        rows,
    )


def requests(
    artifact: Artifact, peer: AlternatingLeastSquares, bought: csr_matrix, people: NDArray[np.int64]
) -> list[Row]:
    """The same requests in turns of all of ours and all of theirs, with the same courses out."""
    policy, snapshot = artifact.policy, artifact.snapshot
    rows = np.random.default_rng(0).integers(0, bought.shape[0], REQUESTS)
    asked = snapshot.requests(
        people[rows],
        as_of_s=artifact.manifest.cutoff_s,
        count=10,
        n_items=policy.courses.n_items,
        n_tokens=artifact.vocabulary.n_tokens,
    )
    single = [asked.take(np.array([row])) for row in range(REQUESTS)]
    out = [np.flatnonzero(~row).astype(np.int32) for row in policy.allowed(asked).allowed]
    sliced = [bought[row] for row in rows]

    def documented(place: int) -> object:
        row = rows[place]
        return peer.recommend(row, bought[row], N=10, filter_items=out[place])

    def bare(place: int) -> object:
        return peer.recommend(rows[place], sliced[place], N=10, filter_items=out[place])

    calls: dict[str, Callable[[int], object]] = {
        "implicit recommend(filter_items=)": documented,
        "implicit, its row cut out before": bare,
        "Policy.recommend, every rule": lambda place: policy.recommend(single[place]),
    }
    times = in_turns(list(calls.values()))
    return [
        (name, own * 1e3, times[0] / own, times[1] / own)
        for name, own in zip(calls, times, strict=True)
    ]


def in_turns(calls: list[Callable[[int], object]]) -> list[float]:
    """Median milliseconds of each, over `TURNS` turns after one that does not count."""
    times: list[list[float]] = [[] for _ in calls]
    for turn in range(TURNS + 1):
        for call, own in zip(calls, times, strict=True):
            for place in range(REQUESTS):
                started = time.perf_counter()
                call(place)
                if turn > 0:
                    own.append(time.perf_counter() - started)
    return [statistics.median(own) * 1e3 for own in times]


def sample(participants: int, scratch: Path) -> Dataset:
    config = SampleConfig(participants=participants, courses=COURSES)
    write_sample(generate(config, seed=7), config, scratch / "data", seed=7)
    return read_dataset(scratch / "data")


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
