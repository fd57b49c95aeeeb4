"""How much each model weighs, by history length: learned on the validation windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.indexed import IndexedDataset
from saldopas.features.splits.split import Cut
from saldopas.models.policy.policy import Policy, Stage
from saldopas.models.recommenders.blend import unit_of
from saldopas.models.recommenders.recommender import Recommender
from saldopas.training_pipeline.evaluating.evaluation import CUTOFF, Gains, gains_of_hits

LEVELS = 4  # 0, 1, 2, and 3 or more purchases
DEPTH = 50  # best courses of each member that a decision is judged among
RATIOS = (0.03, 0.1, 0.3, 1.0, 3.0)  # weight of one more member, the first having 1
LEAST_CASES = 50  # decisions to learn weights from, as `SplitConfig.min_cases`
CELLS_A_BLOCK = 4_000_000


@dataclass(frozen=True)
class Shortlists:
    """N decisions with C candidate courses each, seen by M members.

    Candidates are the allowed courses among the `DEPTH` best of any member, and what was bought.

    Attributes:
        scores: (N, C, M) float32 in units of each member; -inf past a row's candidates.
        item_idx: (N, C) int64 of the candidates, 0 past them; bought: (N, C) bool.
        n_targets: (N,) int64; level: (N,) int64; person: (N,) int64 who decides.
        n_items: size of the catalogue.
    """

    scores: NDArray[np.float32]
    item_idx: NDArray[np.int64]
    bought: NDArray[np.bool_]
    n_targets: NDArray[np.int64]
    level: NDArray[np.int64]
    person: NDArray[np.int64]
    n_items: int

    def gains(self, weights: NDArray[np.float64], chosen: NDArray[np.bool_]) -> Gains:
        """NDCG of the decisions with a True, ranked by the weighted sum."""
        used = np.flatnonzero(weights)
        scores = self.scores[chosen]
        total = np.zeros((len(scores), scores.shape[1]), np.float32)
        for member in used:
            total += np.float32(weights[member]) * scores[:, :, member]
        k = min(CUTOFF, total.shape[1])
        best = np.argsort(-total, axis=1, kind="stable")[:, :k]
        return gains_of_hits(
            np.take_along_axis(self.bought[chosen], best, axis=1),
            np.take_along_axis(self.item_idx[chosen], best, axis=1),
            self.n_targets[chosen],
            self.person[chosen],
            n_items=self.n_items,
        )


@dataclass(frozen=True)
class BlendPart:
    """A model of a level: its weight, and its NDCG alone (None: not known, or not told)."""

    model: str
    weight: float
    alone: float | None


@dataclass(frozen=True)
class BlendLevel:
    """Models that answer for histories of `purchases` (the last level: and longer ones).

    Attributes:
        cases: decisions of the level on the validation windows; people: who decides there.
        together: NDCG of the blend; parts: models with a weight, the heaviest 1.
    """

    purchases: int
    cases: int
    people: int
    together: float | None
    parts: tuple[BlendPart, ...]

    def weight_of(self, model: str) -> float:
        """0 where the model has no part."""
        return next((part.weight for part in self.parts if part.model == model), 0.0)

    def without_figures(self) -> BlendLevel:
        """Weights alone."""
        parts = tuple(replace(part, alone=None) for part in self.parts)
        return replace(self, together=None, parts=parts)


def learn_weights(found: Sequence[Shortlists], names: Sequence[str]) -> tuple[BlendLevel, ...]:
    """Weights for everybody with a history, and others for a level that has reason for its own.

    Both by greedy forward selection (Caruana et al. 2004), pooled over the windows: the best member
    alone comes first; another is added, at the ratio that is best for it, while the blend gains for
    people (`Gains.above_for_people`; a blend is a hedge, so what few courses say may count, and so
    may what the best of several candidates gains by luck). A level has weights of its own where
    they are clearly better, or where a member that any level asks is better there alone. So neither
    over people with a history nor at any level with `LEAST_CASES` decisions is the blend worse on
    them than its best member. Too few decisions to learn from: the member that is best on what
    there is, alone.

    Args:
        found: one a window, M members each; names: (M,) of the members, the simpler ones first.
    """
    warm = [one.level > 0 for one in found]
    n_warm = sum(int(chosen.sum()) for chosen in warm)
    if n_warm == 0:
        warm = [np.ones(len(one.level), np.bool_) for one in found]
    start = _greedy(found, warm, len(names), most=len(names) if n_warm >= LEAST_CASES else 1)
    at = [[one.level == level for one in found] for level in range(LEVELS)]
    cases = [sum(int(rows.sum()) for rows in chosen) for chosen in at]
    enough = [level for level in range(LEVELS) if cases[level] >= LEAST_CASES]
    own = {level: _greedy(found, at[level], len(names), most=len(names)) for level in enough}
    common = {level: _pooled(found, at[level], start) for level in enough}
    weights = [start] * LEVELS
    for level in enough:
        if _pooled(found, at[level], own[level]).above_for_people(common[level]):
            weights[level] = own[level]
    alone = {
        level: [_pooled(found, at[level], single).mean or 0.0 for single in np.eye(len(names))]
        for level in enough
    }
    for _ in names:  # what one level asks anew may be better alone at another
        asked = np.sum(weights, axis=0) > 0
        for level in enough:
            if weights[level] is start and np.max(alone[level], where=asked, initial=0.0) > (
                common[level].mean or 0.0
            ):
                weights[level] = own[level]
    return tuple(
        _described(found, at[level], names, weights[level], purchases=level, cases=cases[level])
        for level in range(LEVELS)
    )


def _greedy(
    found: Sequence[Shortlists],
    chosen: Sequence[NDArray[np.bool_]],
    n_members: int,
    *,
    most: int,
) -> NDArray[np.float64]:
    """(M,) weights of at most `most` members, the largest 1, for the chosen decisions."""
    single = np.eye(n_members)
    alone = [_pooled(found, chosen, single[member]) for member in range(n_members)]
    first = int(np.argmax([gains.mean or 0.0 for gains in alone]))
    weights, best = single[first], alone[first]
    while np.count_nonzero(weights) < most:
        tried = [
            (_pooled(found, chosen, other), other)
            for member in np.flatnonzero(weights == 0)
            for ratio in RATIOS
            for other in [weights + ratio * single[member]]
        ]
        gains, other = max(tried, key=lambda pair: pair[0].mean or 0.0)
        if not gains.above_for_people(best):
            break
        weights, best = other, gains
    return np.asarray(weights / weights.max())


def _described(
    found: Sequence[Shortlists],
    chosen: Sequence[NDArray[np.bool_]],
    names: Sequence[str],
    weights: NDArray[np.float64],
    *,
    purchases: int,
    cases: int,
) -> BlendLevel:
    def measured(tried: NDArray[np.float64]) -> float | None:
        return _pooled(found, chosen, tried).mean

    single = np.eye(len(names))
    parts = tuple(
        BlendPart(names[member], round(float(weights[member]), 6), measured(single[member]))
        for member in np.flatnonzero(weights).tolist()
    )
    people = {
        person
        for one, rows in zip(found, chosen, strict=True)
        for person in one.person[rows].tolist()
    }
    return BlendLevel(purchases, cases, len(people), measured(weights), parts)


def shortlists(
    data: IndexedDataset, window: Cut, members: Sequence[Recommender], base: Recommender
) -> Shortlists:
    """Scores of each member for the decisions of `window`; `base` breaks ties.

    Args:
        data: the indexed dataset; window: a validation cut.
        members: M models fitted on the cut's training part.
        base: popularity; it ranks what a member knows nothing of.
    """
    policy = Policy((Stage("popular", base),), data.courses)
    requests = window.requests(data, count=CUTOFF)
    people = window.train.participants
    units = [unit_of(member, people) for member in members]
    tie = 1e-6 / unit_of(base, people)
    parts = []
    size = max(1, CELLS_A_BLOCK // data.courses.n_items)
    for start in range(0, requests.n_rows, size):
        rows = np.arange(start, min(start + size, requests.n_rows))
        block = requests.take(rows)
        allowed = policy.allowed(block).allowed
        bought = window.cases.targets[rows].toarray().astype(bool)
        last = tie * base.score(block.participants)
        scores = [
            m.score(block.participants) / np.float32(unit) + last
            for m, unit in zip(members, units, strict=True)
        ]
        chosen = np.zeros_like(allowed)
        for values in scores:
            _mark_best(np.where(allowed, values, -np.inf), chosen)
        parts.append(_narrow(scores, (chosen & allowed) | bought, bought))
    width = max(part[0].shape[1] for part in parts)
    return Shortlists(
        scores=np.concatenate([_wide(narrow, width, -np.inf) for narrow, _, _ in parts]),
        item_idx=np.concatenate([_wide(items, width, 0) for _, items, _ in parts]),
        bought=np.concatenate([_wide(hit, width, 0) for _, _, hit in parts]),
        n_targets=np.diff(window.cases.targets.indptr).astype(np.int64),
        level=np.minimum(requests.participants.sequence.lengths, LEVELS - 1),
        person=window.cases.row,
        n_items=data.courses.n_items,
    )


def _pooled(
    found: Sequence[Shortlists],
    chosen: Sequence[NDArray[np.bool_]],
    weights: NDArray[np.float64],
) -> Gains:
    """NDCG of the chosen decisions of every window."""
    return Gains.joined([one.gains(weights, rows) for one, rows in zip(found, chosen, strict=True)])


def _mark_best(values: NDArray[np.float32], chosen: NDArray[np.bool_]) -> None:
    depth = min(DEPTH, values.shape[1])
    best = np.argpartition(-values, depth - 1, axis=1)[:, :depth]
    np.put_along_axis(chosen, best, True, axis=1)


def _narrow(
    scores: Sequence[NDArray[np.float32]], chosen: NDArray[np.bool_], bought: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.bool_]]:
    """The chosen columns of each row, side by side: (n, C, M), and which they are, (n, C)."""
    rows, items = np.nonzero(chosen)
    counts = chosen.sum(axis=1)
    place = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    shape = (len(chosen), int(counts.max(initial=1)))
    narrow = np.full((*shape, len(scores)), -np.inf, np.float32)
    for member, values in enumerate(scores):
        narrow[rows, place, member] = values[rows, items]
    which, hit = np.zeros(shape, np.int64), np.zeros(shape, bool)
    which[rows, place] = items
    hit[rows, place] = bought[rows, items]
    return narrow, which, hit


def _wide(values: NDArray[Any], width: int, fill: float) -> NDArray[Any]:
    """(n, C, ...) with `fill` behind, `width` candidates wide."""
    wide = np.full((len(values), width, *values.shape[2:]), fill, values.dtype)
    wide[:, : values.shape[1]] = values
    return wide
