"""One request among 2,000 courses, ours beside implicit's `recommend` with the same courses out.

What each has at hand is made just before its call and not timed, as a service has just read a
request when it asks. What the call itself does is said by its name: to find the courses that are
out from balance, dates and restrictions is part of ours always, of implicit's where it says so.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from numpy.typing import NDArray
from saldopas.features.requests.batch import Request, RequestBatch, batch_of, build_requests
from saldopas.features.requests.participants import KnownParticipant
from saldopas.models.artifact.artifact import Artifact
from scipy.sparse import csr_matrix

REQUESTS = 300
TURNS = 5
COUNT = 10

Row = tuple[str, float, float, float]


@dataclass(frozen=True)
class Way:
    """What is made before a call, by the place of the request, and what the call makes of it."""

    name: str
    before: Callable[[int], Any]
    call: Callable[[Any], object]


@dataclass(frozen=True)
class Asked:
    """The requests: rows of implicit's matrix and of the snapshot, and the batch they are."""

    artifact: Artifact
    peer: AlternatingLeastSquares
    bought: csr_matrix
    rows: NDArray[np.int64]
    people: NDArray[np.int64]
    batch: RequestBatch
    n_items: int
    n_tokens: int

    def out(self, place: int) -> NDArray[np.int32]:
        """Courses that no rule lets through, as somebody would find them for `filter_items`."""
        courses, batch = self.artifact.policy.courses, self.batch
        moment = batch.as_of_s[place]
        out = (
            (courses.price_rp > batch.limit_rp[place])
            | (courses.on_sale_from_s > moment)
            | (courses.on_sale_until_s < moment)
            | (courses.min_age > batch.age_at_least[place])
            | (courses.min_education > batch.education_at_least[place])
        )
        return np.flatnonzero(out).astype(np.int32)

    def out_or_bought(self, place: int) -> NDArray[np.int32]:
        """The same with what the participant has."""
        return np.union1d(self.out(place), self.batch.owned.row(place)).astype(np.int32)

    def theirs(self, place: int, row: csr_matrix, out: NDArray[np.int32]) -> object:
        """As implicit's documentation calls it."""
        return self.peer.recommend(self.rows[place], row, N=COUNT, filter_items=out)

    def theirs_at_least(self, place: int, out: NDArray[np.int32]) -> object:
        """Without the filter that takes most of implicit's time."""
        user = self.rows[place]
        return self.peer.recommend(
            user, None, N=COUNT, filter_items=out, filter_already_liked_items=False
        )

    def cut(self, place: int) -> csr_matrix:
        """The participant's row of the matrix."""
        return self.bought[self.rows[place]]

    def made(self, place: int) -> RequestBatch:
        """The request, from the snapshot's row of the participant."""
        artifact = self.artifact
        person = KnownParticipant.of_snapshot(artifact.snapshot, int(self.people[place]))
        return batch_of(
            [Request(person, as_of_s=artifact.manifest.cutoff_s, count=COUNT)],
            n_items=self.n_items,
            n_tokens=self.n_tokens,
        )


def beside_implicit(
    artifact: Artifact, peer: AlternatingLeastSquares, bought: csr_matrix, people: NDArray[np.int64]
) -> list[Row]:
    """Microseconds of each way, and how many times those of ours that is.

    Args:
        artifact: answers ours; peer: answers theirs, of the people of `bought`.
        people: their rows in the snapshot.
    """
    rows = np.random.default_rng(0).integers(0, bought.shape[0], REQUESTS)
    batch = build_requests(
        artifact.known(people[rows]), as_of_s=artifact.manifest.cutoff_s, count=COUNT
    )
    sizes = (artifact.policy.courses.n_items, artifact.vocabulary.n_tokens)
    asked = Asked(artifact, peer, bought, rows, people[rows], batch, *sizes)
    recommend = artifact.policy.recommend
    allowed = artifact.policy.allowed(batch).allowed
    for place in range(REQUESTS):
        if not np.array_equal(np.flatnonzero(~allowed[place]), asked.out_or_bought(place)):
            raise SystemExit("the courses that are out differ: the comparison would not be fair")
    ways = [
        Way(
            "implicit recommend(filter_items=), its row cut out, those out found",
            lambda place: place,
            lambda place: asked.theirs(place, asked.cut(place), asked.out(place)),
        ),
        Way(
            "implicit, its row cut out, those out ready",
            lambda place: (place, asked.out(place)),
            lambda given: asked.theirs(given[0], asked.cut(given[0]), given[1]),
        ),
        Way(
            "implicit, row ready, those out found",
            lambda place: (place, asked.cut(place)),
            lambda given: asked.theirs(given[0], given[1], asked.out(given[0])),
        ),
        Way(
            "implicit, row and those out ready",
            lambda place: (place, asked.cut(place), asked.out(place)),
            lambda given: asked.theirs(*given),
        ),
        Way(
            "implicit, no row: what was bought is among those out, ready",
            lambda place: (place, asked.out_or_bought(place)),
            lambda given: asked.theirs_at_least(*given),
        ),
        Way("Policy.recommend, request ready, those out found", asked.made, recommend),
        Way(
            "Policy.recommend, request made, those out found",
            lambda place: place,
            lambda place: recommend(asked.made(place)),
        ),
    ]
    times = in_turns(ways)
    ready, made = times[-2:]
    return [(way.name, own, own / ready, own / made) for way, own in zip(ways, times, strict=True)]


def in_turns(ways: list[Way]) -> list[float]:
    """Median microseconds of each, over `TURNS` turns after one that does not count."""
    times: list[list[float]] = [[] for _ in ways]
    for turn in range(TURNS + 1):
        for way, own in zip(ways, times, strict=True):
            for place in range(REQUESTS):
                given = way.before(place)
                started = time.perf_counter()
                way.call(given)
                if turn > 0:
                    own.append(time.perf_counter() - started)
    return [statistics.median(own) * 1e6 for own in times]
