"""The one way to a recommendation: models in order, the rules, and an exact top-n."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from features import masks
from features.batch import ParticipantBatch
from features.courses import CourseTable
from features.requests import RequestBatch
from features.sequences import kept_only
from models.recommender import Recommender
from models.topk import top_n

Source = Literal["history", "profile", "popular"]
SOURCES: tuple[Source, ...] = ("history", "profile", "popular")
CELLS_A_BLOCK = 4_000_000


@dataclass(frozen=True)
class Stage:
    """A model and what a participant must bring for it to be asked.

    Attributes:
        source: `history`, `profile` or `popular`: what the answer rests on.
        model: the fitted model.
        n_known: how many courses the model knows, where the catalogue has grown since; the new
            ones score 0, nothing known.
    """

    source: Source
    model: Recommender
    n_known: int | None = None

    def answers(self, batch: ParticipantBatch) -> NDArray[np.bool_]:
        """(B,) whether the row holds what this stage needs."""
        if self.source == "history":
            return batch.has_history
        if self.source == "profile":
            return batch.has_profile
        return np.ones(batch.n_rows, np.bool_)

    def score(self, batch: ParticipantBatch) -> NDArray[np.float32]:
        """(B, n_items) of the whole catalogue."""
        if self.n_known is None:
            return self.model.score(batch)
        sequence = kept_only(batch.sequence, batch.sequence.item_idx < self.n_known)
        scores = np.zeros((batch.n_rows, batch.sequence.n_items), np.float32)
        known = ParticipantBatch(sequence.over(self.n_known), batch.profile)
        scores[:, : self.n_known] = self.model.score(known)
        return scores


@dataclass(frozen=True)
class Recommendations:
    """Ragged lists of B requests, best first.

    Attributes:
        indptr: (B + 1,) int64; row b is `indptr[b]:indptr[b + 1]` of the others.
        item_idx: int64; scores: float32; source: int8, place in `SOURCES`.
    """

    indptr: NDArray[np.int64]
    item_idx: NDArray[np.int64]
    scores: NDArray[np.float32]
    source: NDArray[np.int8]

    def row(self, row: int) -> slice:
        """Where row `row` lies."""
        return slice(int(self.indptr[row]), int(self.indptr[row + 1]))


@dataclass(frozen=True)
class Policy:
    """Stages in order, then the rules of the programme.

    A course is ranked by the first stage that answers for the participant and knows the pair (a
    score other than 0); the last stage ranks whatever is left. Courses of an earlier stage come
    first. Scores do not depend on the balance: a lower balance only takes courses away.
    """

    stages: tuple[Stage, ...]
    courses: CourseTable

    def recommend(
        self, requests: RequestBatch, *, advance: Callable[[int], object] | None = None
    ) -> Recommendations:
        """Exactly min(count, allowed) courses a request; a batch equals its single requests."""
        size = max(1, CELLS_A_BLOCK // max(self.courses.n_items, 1))
        parts = []
        for start in range(0, requests.n_rows, size):
            rows = np.arange(start, min(start + size, requests.n_rows))
            whole = len(rows) == requests.n_rows
            parts += list(self._block(requests if whole else requests.take(rows)))
            if advance is not None:
                advance(len(rows))
        return _join(parts)

    def allowed(self, requests: RequestBatch) -> masks.CandidateMask:
        """(B, n_items): affordable, on sale, eligible, neither owned nor excluded."""
        return (
            masks.affordable(self.courses, requests.limit_rp, requests.limited)
            & masks.on_sale(self.courses, requests.as_of_s)
            & masks.eligible(self.courses, requests.age_at_least, requests.education_at_least)
            & masks.outside(requests.owned)
            & masks.outside(requests.excluded)
        )

    def over(self, courses: CourseTable) -> Policy:
        """The same policy over a catalogue that begins with its own courses, in their order."""
        n_known = self.courses.n_items
        if courses.n_items == n_known:
            return Policy(self.stages, courses)
        grown = tuple(Stage(stage.source, stage.model, n_known) for stage in self.stages)
        return Policy(grown, courses)

    def _block(
        self, requests: RequestBatch
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int8]]]:
        left = self.allowed(requests).allowed
        wanted = np.minimum(requests.count, left.sum(axis=1))
        lists: list[list[tuple[NDArray[np.int64], NDArray[np.float32], int]]]
        lists = [[] for _ in range(requests.n_rows)]
        for place, stage in enumerate(self.stages):
            rows = np.flatnonzero(stage.answers(requests.participants) & (wanted > 0))
            if len(rows) == 0:
                continue
            people = requests.participants
            scores = stage.score(people if len(rows) == people.n_rows else people.take(rows))
            last = place == len(self.stages) - 1
            for row, row_scores in zip(rows, scores, strict=True):
                usable = left[row] if last else left[row] & (row_scores != 0)
                chosen = top_n(row_scores, np.flatnonzero(usable), int(wanted[row]))
                lists[row].append((chosen, row_scores[chosen], SOURCES.index(stage.source)))
                left[row, chosen] = False
                wanted[row] -= len(chosen)
        for parts in lists:
            yield (
                np.concatenate([np.empty(0, np.int64), *(items for items, _, _ in parts)]),
                np.concatenate([np.empty(0, np.float32), *(values for _, values, _ in parts)]),
                np.concatenate(
                    [np.empty(0, np.int8), *(np.full(len(i), s, np.int8) for i, _, s in parts)]
                ),
            )


def _join(
    parts: list[tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int8]]],
) -> Recommendations:
    lengths = np.array([len(items) for items, _, _ in parts], np.int64)
    empty: tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int8]]
    empty = (np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, np.int8))
    return Recommendations(
        indptr=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        item_idx=np.concatenate([empty[0], *(items for items, _, _ in parts)]),
        scores=np.concatenate([empty[1], *(scores for _, scores, _ in parts)]),
        source=np.concatenate([empty[2], *(source for _, _, source in parts)]),
    )
