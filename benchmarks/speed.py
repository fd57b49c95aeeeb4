"""Timings beside implicit in the same run: fitting, and one request among 2,000 courses.

    python -m benchmarks.speed [--participants 50000] [--artifact DIR]

The requests go to what `saldopas train` chooses on the sample by itself (two minutes), or to an
artifact that it made before. The documented way to call implicit cuts a row out of its matrix; it
is shown without that as well, and with the courses that are out both ready-made and found for the
request, see `benchmarks.one_request`. "Times ready" and "times made" are multiples of the two lines
of ours. Figures vary by a third between runs on a shared machine: quote the ratios.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from saldopas.features.encoding.indexed import IndexedDataset, index_dataset
from saldopas.features.splits.split import end_of
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset import Dataset, read_dataset
from saldopas.models.artifact.artifact import Artifact, load_artifact
from saldopas.models.recommenders.ease import Ease, EaseConfig
from saldopas.models.recommenders.sequence_ridge import SequenceRidge, SequenceRidgeConfig
from saldopas.training_pipeline.console import print_table
from saldopas.training_pipeline.ingest.sample.config import SampleConfig
from saldopas.training_pipeline.ingest.sample.generate import generate, write_sample
from saldopas.training_pipeline.training.config import TrainingConfig
from saldopas.training_pipeline.training.train import train
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from benchmarks.one_request import beside_implicit

COURSES = 2_000


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
        rows = beside_implicit(artifact, peer, bought, people)
    history = artifact.manifest.recipe.stages[0]
    print_table(
        f"answered by {history.model} of {', '.join(history.model_names)}",
        ("one request, top 10", "microseconds", "times ready", "times made"),
        rows,
    )


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
