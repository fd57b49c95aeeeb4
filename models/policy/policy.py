"""The one way to a recommendation: models in order, the rules, and an exact top-n."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding import masks
from saldopas.features.encoding.batch import ParticipantBatch
from saldopas.features.encoding.courses import CourseTable
from saldopas.features.encoding.sequences import joined_indptr
from saldopas.features.requests.batch import RequestBatch
from saldopas.models.native import CourseRules, Ranker
from saldopas.models.policy.balance_fit import BalanceFit
from saldopas.models.policy.exploration import Drawn, Exploration
from saldopas.models.recommenders.blend import Blend
from saldopas.models.recommenders.linear import NOTHING_GIVEN, Scorer, known_to, scorers_of
from saldopas.models.recommenders.recommender import Recommender

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
        return batch if self.n_known is None else known_to(batch, self.n_known)


class Recommendations(NamedTuple):
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

    @property
    def propensity(self) -> NDArray[np.float32]:
        """float32 probability that this course stands at this place, over the policy's draws."""
        if not self.drawn:
            return np.ones(len(self.item_idx), np.float32)
        return np.concatenate([one.propensity for one in self.drawn])

    @property
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
        size = self._rows_a_block
        if requests.n_rows <= size:
            found = self._block(requests)
            if advance is not None:
                advance(requests.n_rows)
            return found
        blocks = []
        for start in range(0, requests.n_rows, size):
            rows = np.arange(start, min(start + size, requests.n_rows))
            blocks.append(self._block(requests.take(rows)))
            if advance is not None:
                advance(len(rows))
        return joined(blocks)

    def allowed(self, requests: RequestBatch) -> masks.CandidateMask:
        """(B, n_items): affordable, on sale, eligible, neither owned nor excluded.

        What `saldopas.features.encoding.masks` says of each rule, all at once.
        """
        owned, excluded = requests.owned, requests.excluded
        found = self._rules.allowed(
            (owned.indptr, owned.indices),
            (excluded.indptr, excluded.indices),
            requests.terms,
        )
        return masks.CandidateMask(found)

    def over(self, courses: CourseTable) -> Policy:
        """The same policy over a catalogue that begins with its own courses, in their order."""
        n_known = self.courses.n_items
        if courses.n_items == n_known:
            return replace(self, courses=courses)
        grown = tuple(
            Stage(stage.source, stage.model, stage.n_known or n_known) for stage in self.stages
        )
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
        return self.balance_fit.applied(scores, price, requests.balance_rp, requests.has_balance)

    def _block(self, requests: RequestBatch) -> Recommendations:
        people = requests.participants
        sequence, tokens = people.sequence, people.tokens
        owned, excluded = requests.owned, requests.excluded
        listed = self._ranker.rank(
            (sequence.indptr, sequence.item_idx),
            (tokens.indptr, tokens.indices),
            (owned.indptr, owned.indices),
            (excluded.indptr, excluded.indices),
            requests.terms,
            self._given(people) if self._asking else NOTHING_GIVEN,
        )
        found = Recommendations(*listed)
        return found if self.exploration is None else self._explored(requests, found)

    def _given(self, people: ParticipantBatch) -> NDArray[np.float32]:
        """(g, B, n_known) scores of the models that compute their own, scorer by scorer."""
        known = known_to(people, self._n_known)
        return np.concatenate([scorer.given(known) for scorer in self._asking])

    @cached_property
    def _rows_a_block(self) -> int:
        return max(1, CELLS_A_BLOCK // max(self.courses.n_items, 1))

    @cached_property
    def _rules(self) -> CourseRules:
        courses = self.courses
        return CourseRules(
            courses.price_rp,
            courses.on_sale_from_s,
            courses.on_sale_until_s,
            courses.min_age,
            courses.min_education,
        )

    @cached_property
    def _n_known(self) -> int:
        """How many courses the models know."""
        known = self.stages[-1].n_known if self.stages else None  # rules alone: see `allowed`
        return self.courses.n_items if known is None else known

    @cached_property
    def _scorers(self) -> list[Scorer]:
        """One a stage; stages of one model share it."""
        return scorers_of([stage.model for stage in self.stages])

    @cached_property
    def _asking(self) -> list[Scorer]:
        """The distinct scorers with members that compute their own scores."""
        return [scorer for scorer in dict.fromkeys(self._scorers) if scorer.asked]

    @cached_property
    def _ranker(self) -> Ranker:
        first_given, n_given = dict.fromkeys(self._scorers, 0), 0
        for scorer in self._asking:
            first_given[scorer] = n_given
            n_given += len(scorer.asked)
        stages = [
            (scorer.native, SOURCES.index(stage.source), self._n_known, first_given[scorer])
            for stage, scorer in zip(self.stages, self._scorers, strict=True)
        ]
        lift = None if self.balance_fit is None else self.balance_fit.native
        return Ranker(stages, self._rules, lift)

    def _explored(self, requests: RequestBatch, found: Recommendations) -> Recommendations:
        """The lists with some places given away."""
        if self.exploration is None:
            return found
        left = self.allowed(requests).allowed
        left[np.repeat(np.arange(requests.n_rows), np.diff(found.indptr)), found.item_idx] = False
        lengths = np.diff(found.indptr).tolist()
        drawn = [
            self.exploration.draw(requests, row, n_listed=length, left=left[row])
            for row, length in enumerate(lengths)
        ]
        rows = np.flatnonzero([len(one.slots) > 0 for one in drawn])
        if len(rows) > 0:
            last = self.stages[-1]
            scores = self.scores(last, requests.take(rows))
            for row, row_scores in zip(rows, scores, strict=True):
                draw = drawn[row]
                places = found.indptr[row] + draw.slots
                found.item_idx[places] = draw.item_idx
                found.scores[places] = row_scores[draw.item_idx]
                found.source[places] = SOURCES.index(last.source)
        return found._replace(drawn=tuple(drawn) or None)


def joined(blocks: Sequence[Recommendations]) -> Recommendations:
    """The lists of all blocks, at least one, of one policy."""
    drawn = tuple(one for block in blocks for one in block.drawn or ())
    return Recommendations(
        indptr=joined_indptr([block.indptr for block in blocks]),
        item_idx=np.concatenate([block.item_idx for block in blocks]),
        scores=np.concatenate([block.scores for block in blocks]),
        source=np.concatenate([block.source for block in blocks]),
        drawn=drawn or None,
    )
