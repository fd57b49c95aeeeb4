"""The one way to a recommendation: models in order, the rules, and an exact top-n."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from features import masks
from features.batch import ParticipantBatch
from features.courses import CourseTable
from features.requests import RequestBatch
from features.sequences import kept_only
from models.balance_fit import BalanceFit
from models.blend import Blend
from models.exploration import Drawn, Exploration
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
        """(B,) whether the row holds what this stage needs, and the model looks at it."""
        if self.source == "popular":
            return np.ones(batch.n_rows, np.bool_)
        seen = self.seen_by(batch)
        has = seen.has_history if self.source == "history" else seen.has_profile
        if isinstance(self.model, Blend):
            return np.asarray(has & self.model.reads(self.source, seen))
        return has & (self.source in self.model.uses)

    def score(self, batch: ParticipantBatch) -> NDArray[np.float32]:
        """(B, n_items) of the whole catalogue."""
        if self.n_known is None:
            return self.model.score(batch)
        scores = np.zeros((batch.n_rows, batch.sequence.n_items), np.float32)
        scores[:, : self.n_known] = self.model.score(self.seen_by(batch))
        return scores

    def seen_by(self, batch: ParticipantBatch) -> ParticipantBatch:
        """The batch over the courses that the model knows."""
        if self.n_known is None:
            return batch
        sequence = kept_only(batch.sequence, batch.sequence.item_idx < self.n_known)
        return ParticipantBatch(sequence.over(self.n_known), batch.tokens)


@dataclass(frozen=True)
class Recommendations:
    """Ragged lists of B requests, best first; an explored course stands anywhere among them.

    Attributes:
        indptr: (B + 1,) int64; row b is `indptr[b]:indptr[b + 1]` of the others.
        item_idx: int64; scores: float32; source: int8, place in `SOURCES`.
        drawn: (B,) what was explored in each list; None where nothing is random.
    """

    indptr: NDArray[np.int64]
    item_idx: NDArray[np.int64]
    scores: NDArray[np.float32]
    source: NDArray[np.int8]
    drawn: tuple[Drawn, ...] | None = None

    @cached_property
    def propensity(self) -> NDArray[np.float32]:
        """float32 probability that this course stands at this place, over the policy's draws."""
        if not self.drawn:
            return np.ones(len(self.item_idx), np.float32)
        return np.concatenate([one.propensity for one in self.drawn])

    @cached_property
    def explored(self) -> NDArray[np.bool_]:
        """Bool, whether the course was drawn to be tried and not ranked."""
        explored = np.zeros(len(self.item_idx), np.bool_)
        for start, one in zip(self.indptr[:-1], self.drawn or (), strict=bool(self.drawn)):
            explored[start + one.slots] = True
        return explored

    def row(self, row: int) -> slice:
        """Where row `row` lies."""
        return slice(int(self.indptr[row]), int(self.indptr[row + 1]))


@dataclass(frozen=True)
class Policy:
    """Stages in order, then the rules of the programme.

    A course is ranked by the first stage that answers for the participant and knows the pair (a
    score other than 0); the last stage ranks whatever is left. Courses of an earlier stage come
    first. A lower balance only takes courses away from what is allowed; scores depend on it where
    there is a `balance_fit`. Where there is an `exploration`, some places of a finished list go to
    courses that few people bought.
    """

    stages: tuple[Stage, ...]
    courses: CourseTable
    exploration: Exploration | None = None
    balance_fit: BalanceFit | None = None

    def recommend(
        self, requests: RequestBatch, *, advance: Callable[[int], object] | None = None
    ) -> Recommendations:
        """Exactly min(count, allowed) courses a request; a batch equals its single requests."""
        size = max(1, CELLS_A_BLOCK // max(self.courses.n_items, 1))
        lists: list[_List] = []
        for start in range(0, requests.n_rows, size):
            rows = np.arange(start, min(start + size, requests.n_rows))
            whole = len(rows) == requests.n_rows
            lists += self._block(requests if whole else requests.take(rows))
            if advance is not None:
                advance(len(rows))
        return _join(lists)

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
            return replace(self, courses=courses)
        grown = tuple(Stage(stage.source, stage.model, n_known) for stage in self.stages)
        exploration = self.exploration and self.exploration.over(courses.n_items)
        return replace(self, stages=grown, courses=courses, exploration=exploration)

    def stage_of(self, people: ParticipantBatch) -> NDArray[np.int64]:
        """(B,) place of the first stage that answers for each participant."""
        answers = np.stack([stage.answers(people) for stage in self.stages])
        return np.asarray(np.argmax(answers, axis=0))

    def scores(self, stage: Stage, requests: RequestBatch) -> NDArray[np.float32]:
        """(B, n_items) of a stage, at the balance of each request."""
        scores = stage.score(requests.participants)
        if self.balance_fit is None:
            return scores
        price = self.courses.price_rp
        return self.balance_fit.applied(scores, price, requests.limit_rp, requests.limited)

    def _block(self, requests: RequestBatch) -> list[_List]:
        left = self.allowed(requests).allowed
        wanted = np.minimum(requests.count, left.sum(axis=1))
        parts: list[list[_List]] = [[] for _ in range(requests.n_rows)]
        for place, stage in enumerate(self.stages):
            rows = np.flatnonzero(stage.answers(requests.participants) & (wanted > 0))
            if len(rows) == 0:
                continue
            asked = requests if len(rows) == requests.n_rows else requests.take(rows)
            scores = self.scores(stage, asked)
            last = place == len(self.stages) - 1
            source = SOURCES.index(stage.source)
            for row, row_scores in zip(rows, scores, strict=True):
                usable = left[row] if last else left[row] & (row_scores != 0)
                chosen = top_n(row_scores, np.flatnonzero(usable), int(wanted[row]))
                sources = np.full(len(chosen), source, np.int8)
                parts[row].append(_List(chosen, row_scores[chosen], sources))
                left[row, chosen] = False
                wanted[row] -= len(chosen)
        lists = [_concatenated(of_row) for of_row in parts]
        if self.exploration is None:
            return lists
        return self._explored(requests, lists, left, self.exploration)

    def _explored(
        self,
        requests: RequestBatch,
        lists: list[_List],
        left: NDArray[np.bool_],
        exploration: Exploration,
    ) -> list[_List]:
        """The lists with some places given away; `left` is (B, n_items), allowed, not listed."""
        drawn = [
            exploration.draw(requests, row, n_listed=len(one.item_idx), left=left[row])
            for row, one in enumerate(lists)
        ]
        rows = np.flatnonzero([len(one.slots) > 0 for one in drawn])
        if len(rows) > 0:
            last = self.stages[-1]
            scores = self.scores(last, requests.take(rows))
            for row, row_scores in zip(rows, scores, strict=True):
                one, draw = lists[row], drawn[row]
                one.item_idx[draw.slots] = draw.item_idx
                one.scores[draw.slots] = row_scores[draw.item_idx]
                one.source[draw.slots] = SOURCES.index(last.source)
        return [one._replace(drawn=draw) for one, draw in zip(lists, drawn, strict=True)]


class _List(NamedTuple):
    """One request's courses, or a stage's part of them; see `Recommendations`."""

    item_idx: NDArray[np.int64]
    scores: NDArray[np.float32]
    source: NDArray[np.int8]
    drawn: Drawn | None = None


_NOTHING = _List(np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, np.int8))


def _concatenated(lists: list[_List]) -> _List:
    """One after the other, in arrays of their own."""
    lists = [_NOTHING, *lists]
    return _List(
        np.concatenate([one.item_idx for one in lists]),
        np.concatenate([one.scores for one in lists]),
        np.concatenate([one.source for one in lists]),
    )


def _join(lists: list[_List]) -> Recommendations:
    together = _concatenated(lists)
    lengths = np.array([len(one.item_idx) for one in lists], np.int64)
    drawn = tuple(one.drawn for one in lists if one.drawn is not None)
    return Recommendations(
        indptr=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        item_idx=together.item_idx,
        scores=together.scores,
        source=together.source,
        drawn=drawn or None,
    )
