"""Does a model recommend other things now, and would a new training change its lists?"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.indexed import IndexedDataset, align_courses, index_dataset
from saldopas.features.encoding.profile import ProfileVocabulary
from saldopas.features.requests.batch import build_requests
from saldopas.features.requests.participants import KnownParticipants
from saldopas.features.tables import columns as c
from saldopas.models.artifact.artifact import Artifact
from saldopas.models.policy.policy import SOURCES, Policy, Recommendations
from saldopas.training_pipeline.drift.config import DriftConfig
from saldopas.training_pipeline.drift.finding import DriftFinding, of_mix, sampled
from saldopas.training_pipeline.drift.mixes import Distance, Side, make_mix, text_codes
from saldopas.training_pipeline.drift.sides import OneSide
from saldopas.training_pipeline.evaluating.statistics import paired_difference

RESAMPLES = 200
NO_COURSE = -1


@dataclass(frozen=True)
class _Sample:
    """A sample of the participants of one side who ask at its end.

    Attributes:
        data: in the course order of the model.
        rows: (B,) who asks; everything they bought is known.
        as_of_s: the moment.
    """

    data: IndexedDataset
    rows: NDArray[np.int64]
    as_of_s: int

    def lists(
        self, policy: Policy, vocabulary: ProfileVocabulary, config: DriftConfig
    ) -> Recommendations:
        """The policy's answers, without exploring."""
        seen = self.data.events.lengths[self.rows]
        known = KnownParticipants.of_dataset(self.data, self.rows, seen, vocabulary)
        requests = build_requests(known, as_of_s=self.as_of_s, count=config.depth)
        return replace(policy, exploration=None).recommend(requests)


def recommendation_findings(
    old: OneSide, new: OneSide, artifact: Artifact, config: DriftConfig
) -> list[DriftFinding]:
    """Compare the artifact's lists for participants of OLD and of NEW, and with a refit on NEW."""
    asked = [_asked(side, artifact, config) for side in (old, new)]
    vocabulary = artifact.vocabulary
    lists = [one.lists(artifact.policy.over(one.data.courses), vocabulary, config) for one in asked]
    return [
        *_sources(lists, config),
        *_categories(asked, lists, config),
        *_overlaps(asked[1], lists[1], artifact, config),
    ]


def _asked(side: OneSide, artifact: Artifact, config: DriftConfig) -> _Sample:
    aligned = align_courses(side.dataset, artifact.policy.courses.frame)
    who = np.flatnonzero(side.people)
    if not len(who):  # everybody of NEW was in OLD: they ask again
        who = np.flatnonzero(~side.dataset.participants[c.OPTED_OUT].to_numpy(bool))
    drawn = np.random.default_rng(config.seed).permutation(who)[: config.requests]
    return _Sample(index_dataset(aligned), np.sort(drawn), side.until_s + 1)


def _places(lists: Recommendations) -> NDArray[np.int64]:
    """(K,) row of the request that each recommended course answers."""
    return np.repeat(np.arange(len(lists.indptr) - 1), np.diff(lists.indptr))


def _sources(lists: list[Recommendations], config: DriftConfig) -> list[DriftFinding]:
    sides = [Side(one.source.astype(np.int64), _places(one)) for one in lists]
    mix = make_mix(sides, list(SOURCES), config)
    return of_mix("recommendations", "sources of answers", mix, config)


def _categories(
    asked: list[_Sample], lists: list[Recommendations], config: DriftConfig
) -> list[DriftFinding]:
    if any(c.CATEGORY not in one.data.courses.frame for one in asked):
        return []
    texts = [
        np.array(one.data.courses.texts(c.CATEGORY), object)[answer.item_idx]
        for one, answer in zip(asked, lists, strict=True)
    ]
    labels, codes = text_codes(*texts)
    sides = [Side(code, _places(one)) for code, one in zip(codes, lists, strict=True)]
    mix = make_mix(sides, labels, config)
    return of_mix("recommendations", "categories recommended", mix, config, js=True)


def _overlaps(
    asked: _Sample, answered: Recommendations, artifact: Artifact, config: DriftConfig
) -> list[DriftFinding]:
    """Overlap of the model's lists with a refit's, against that of refits on halves of NEW.

    Fits on other people differ even where nothing moved: half of NEW against the other half shows
    by how much, and rather too much, since halves are small. Only what is lost beyond it counts.
    """
    everybody = np.ones(asked.data.n_people, np.bool_)
    half = np.random.default_rng(config.seed).random(asked.data.n_people) < 0.5
    refits = [
        padded(_refitted(asked, some, artifact, config), depth=config.depth)
        for some in (everybody, half, ~half)
    ]
    ours = padded(answered, depth=config.depth)
    measures = {
        f"RBO lost, p {config.persistence:g}": lambda a, b: rank_biased_overlap(
            a, b, persistence=config.persistence
        ),
        f"Jaccard@{config.depth} lost": jaccard,
    }
    return [
        _lost(name, overlap(ours, refits[0]), overlap(refits[1], refits[2]), config)
        for name, overlap in measures.items()
    ]


def _refitted(
    asked: _Sample, some: NDArray[np.bool_], artifact: Artifact, config: DriftConfig
) -> Recommendations:
    seen = asked.data.events.lengths * some
    train = asked.data.training_set(seen, as_of_s=asked.as_of_s)
    manifest = artifact.manifest
    policy = manifest.recipe.fit(train, seed=manifest.seed)
    return asked.lists(policy, train.vocabulary, config)


def _lost(
    measure: str, found: NDArray[np.float64], floor: NDArray[np.float64], config: DriftConfig
) -> DriftFinding:
    """Share of the floor's overlap that is lost, paired by request."""
    paired = paired_difference(
        floor[:, None], found[:, None], seed=config.seed, resamples=RESAMPLES
    )
    usual = float(floor.mean())
    lost = max(0.0, 1 - float(found.mean()) / usual) if usual else 0.0
    measured = Distance(lost, 1 - usual, float(paired.p_value[0]))
    what = f"overlap {found.mean():.3f}, of refits on halves {usual:.3f}"
    limits, item = config.overlap_lost, "lists of a refit"
    return sampled("recommendations", item, measure, measured, limits, config, what=what)


def padded(lists: Recommendations, *, depth: int) -> NDArray[np.int64]:
    """(B, depth) item indices, -1 where a list is shorter."""
    lengths = np.minimum(np.diff(lists.indptr), depth)
    filled = np.arange(depth) < lengths[:, None]
    rows = np.full((len(lengths), depth), NO_COURSE, np.int64)
    rows[filled] = lists.item_idx[(lists.indptr[:-1, None] + np.arange(depth))[filled]]
    return rows


def rank_biased_overlap(
    ours: NDArray[np.int64], theirs: NDArray[np.int64], *, persistence: float
) -> NDArray[np.float64]:
    """(B,) RBO_ext of lists of the same length (Webber, Moffat & Zobel 2010, equation 23).

    Sum over depths d of (1 - p) p^(d-1) X_d / d, and the last agreement for all depths below; 1 for
    equal lists. Two empty lists are equal.

    Args:
        ours, theirs: (B, depth) distinct courses, -1 past the end, which is the same in both.
        persistence: p, chance of looking at the next place.

    Raises:
        ValueError: the lists of a row are not of the same length.
    """
    filled = ours >= 0
    if (filled != (theirs >= 0)).any():
        raise ValueError("lists of one request differ in length")
    common = _common_by_depth(ours, theirs)
    depths = np.arange(1, ours.shape[1] + 1)
    agreement = common / depths
    weights = (1 - persistence) * persistence ** (depths - 1)
    lengths = filled.sum(axis=1)
    last = np.maximum(lengths - 1, 0)
    tail = agreement[np.arange(len(ours)), last] * persistence**lengths
    found = (agreement * weights * filled).sum(axis=1) + tail
    return np.asarray(np.where(lengths > 0, found, 1.0))


def jaccard(ours: NDArray[np.int64], theirs: NDArray[np.int64]) -> NDArray[np.float64]:
    """(B,) courses in both over courses in either; 1 for two empty lists."""
    common = _common_by_depth(ours, theirs)[:, -1]
    either = (ours >= 0).sum(axis=1) + (theirs >= 0).sum(axis=1) - common
    return np.where(either > 0, common / np.maximum(either, 1), 1.0)


def _common_by_depth(ours: NDArray[np.int64], theirs: NDArray[np.int64]) -> NDArray[np.int64]:
    """(B, depth) how many courses the first d places share: a pair counts at its deeper place."""
    n_rows, depth = ours.shape
    same = (ours[:, :, None] == theirs[:, None, :]) & (ours[:, :, None] >= 0)
    deeper = np.maximum(np.arange(depth)[:, None], np.arange(depth)[None, :])
    found = np.zeros((n_rows, depth), np.int64)
    for place in range(depth):
        found[:, place] = same[:, deeper == place].sum(axis=1)
    return np.asarray(np.cumsum(found, axis=1), np.int64)
