"""Lists for all participants, each with a balance of its own, beside implicit in the same run.

    python -m benchmarks.lists [--peer-share 1.0] [--data DIR [--artifact DIR]]

Top 10 of 2,000 courses, two threads each. Ours is `Policy.recommend` on blocks of requests, which a
pool of two threads cuts out and ranks: native code runs without the GIL. The policy is the one of
an artifact, or sequence-ridge before popularity, fitted here. implicit takes a batch of users with
one `filter_items`, so its users are grouped by balance; a second line groups all balances that can
pay the same courses. Groups are made before the clock starts. Its factors are fitted for one
iteration, since their values cost no time. With `--peer-share` it lists that share of the
participants only.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from numpy.typing import NDArray
from saldopas.features.encoding.indexed import index_dataset
from saldopas.features.requests.batch import RequestBatch, build_requests
from saldopas.features.requests.participants import KnownParticipants
from saldopas.features.splits.split import end_of
from saldopas.features.tables.dataset import read_dataset
from saldopas.models.artifact.artifact import load_artifact
from saldopas.models.policy.policy import Policy
from saldopas.models.policy.recipe import Recipe, StageRecipe
from saldopas.training_pipeline.console import print_table
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from benchmarks.speed import sample

PARTICIPANTS = 500_000
COUNT = 10
Groups = list[tuple[NDArray[np.int64], NDArray[np.int32]]]
BLOCK = 2_000
THREADS = 2
TURNS = 3
RECIPE = Recipe(
    stages=(
        StageRecipe(source="history", model="sequence-ridge"),
        StageRecipe(source="profile", model="sequence-ridge"),
        StageRecipe(source="popular", model="popularity"),
    )
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="a data set instead of a new sample")
    parser.add_argument("--artifact", type=Path, help="of a training on that data set")
    parser.add_argument("--peer-share", type=float, default=1.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        dataset = read_dataset(given.data) if given.data else sample(PARTICIPANTS, Path(scratch))
        data = index_dataset(dataset)
    cutoff_s = end_of(data)
    seen = data.seen_before(cutoff_s)
    learned = data.training_set(seen, as_of_s=cutoff_s)
    policy, vocabulary = RECIPE.fit(learned, seed=7), learned.vocabulary
    if given.artifact is not None:
        artifact = load_artifact(given.artifact)
        policy, vocabulary = artifact.policy, artifact.vocabulary
    balances = np.random.default_rng(7).integers(100, 3_500, data.n_people) * 1_000
    everybody = np.arange(data.n_people)
    known = KnownParticipants.of_dataset(data, everybody, seen, vocabulary)
    known = known.with_balances(balances.tolist())
    requests = build_requests(known, as_of_s=cutoff_s, count=COUNT)
    ours = [seconds(lambda: listed(policy, requests)) for _ in range(TURNS)]
    bought = csr_matrix(learned.participants.sequence.matrix())
    users = np.arange(int(bought.shape[0] * given.peer_share))
    own = balances[users]
    dearest = np.append(-1, np.unique(policy.courses.price_rp))
    payable = dearest[np.searchsorted(dearest, own, side="right") - 1]
    peer = AlternatingLeastSquares(factors=64, iterations=1, random_state=0, num_threads=THREADS)
    with threadpool_limits(1, "blas"):
        peer.fit(bought, show_progress=False)
        theirs = []
        for balance in (own, payable):
            groups = grouped(policy, balance, cutoff_s)
            theirs.append(seconds(lambda groups=groups: peer_lists(peer, bought, groups)))
    rows = [("Policy.recommend, two threads", data.n_people, min(ours))]
    rows += [
        (f"implicit, grouped by {what}", len(users), spent)
        for what, spent in zip(("balance", "the dearest payable price"), theirs, strict=True)
    ]
    rates = [count / spent for _, count, spent in rows]
    print_table(
        f"{data.n_people:,} participants, top {COUNT} of {policy.courses.n_items:,} courses",
        ("who", "lists", "seconds", "lists a second", "ours is so many times as fast"),
        [(*row, rate, rates[0] / rate) for row, rate in zip(rows, rates, strict=True)],
    )


def listed(policy: Policy, requests: RequestBatch) -> int:
    """How many courses are listed, block by block."""

    def block(start: int) -> int:
        rows = np.arange(start, min(start + BLOCK, requests.n_rows))
        return len(policy.recommend(requests.take(rows)).item_idx)

    policy.recommend(requests.take(np.arange(1)))  # makes the ranker
    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(block, range(0, requests.n_rows, BLOCK)))


def grouped(policy: Policy, balances: NDArray[np.int64], cutoff_s: int) -> Groups:
    """Users of each distinct balance, and the courses that are too dear for it or not on sale."""
    courses = policy.courses
    closed = (courses.on_sale_from_s > cutoff_s) | (courses.on_sale_until_s < cutoff_s)
    order = np.argsort(balances, kind="stable")
    distinct, first = np.unique(balances[order], return_index=True)
    return [
        (users, np.flatnonzero((courses.price_rp > balance) | closed).astype(np.int32))
        for balance, users in zip(distinct, np.split(order, first[1:]), strict=True)
    ]


def peer_lists(peer: AlternatingLeastSquares, bought: csr_matrix, groups: Groups) -> None:
    """As implicit's documentation calls it, group by group."""
    for users, out in groups:
        peer.recommend(users, bought[users], N=COUNT, filter_items=out)


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
