"""Artifacts on purchases that they have not seen: as served, or refitted before the test cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from saldopas.features.encoding.indexed import IndexedDataset, align_courses, index_dataset
from saldopas.features.encoding.profile import ProfileVocabulary
from saldopas.features.errors import DataError
from saldopas.features.splits.split import Cut, cut_after, make_cuts
from saldopas.features.splits.split_config import SplitConfig
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset import Dataset
from saldopas.models.artifact.artifact import Artifact
from saldopas.models.policy.policy import Policy, Recommendations
from saldopas.training_pipeline.evaluating.decisions import CUTOFFS, Decisions
from saldopas.training_pipeline.evaluating.given_lists import relisted

SERVED, REFITTED = "served", "refitted before the test cut"
DEFAULT_SEED = 7  # of the cut where no artifact names one


@dataclass(frozen=True)
class Backtest:
    """Which purchases are predicted, for any number of artifacts.

    Attributes:
        dataset: as read; decisions: over the catalogue of the first artifact, or of the dataset.
        split, seed: how purchases are held out, of the first artifact.
        since_s: artifacts answer as they are from this moment on; None: they are fitted again on
            what lies before the test cut.
    """

    dataset: Dataset
    decisions: Decisions
    split: SplitConfig
    seed: int
    since_s: int | None

    @classmethod
    def of(
        cls, dataset: Dataset, artifacts: Sequence[Artifact], *, since: datetime | None = None
    ) -> Backtest:
        """Decisions after every artifact's cut-off, or else the test cut of the first one's split.

        Args:
            dataset: a checked dataset.
            artifacts: none, one or several.
            since: predict what was bought from this moment on; without a zone it is in the
                dataset's.

        Raises:
            DataError: nothing can be held out, or `since` is before a cut-off.
        """
        first = artifacts[0].manifest if artifacts else None
        known = artifacts[0].policy.courses.frame if artifacts else None
        data = index_dataset(dataset if known is None else align_courses(dataset, known))
        split = first.split_config if first else SplitConfig()
        seed = first.seed if first else DEFAULT_SEED
        cutoff_s = max((one.manifest.cutoff_s for one in artifacts), default=None)
        since_s = _since(since, data, cutoff_s)
        cut = _cut(data, split, seed, since_s)
        if cut is None and since is None and since_s is not None:
            since_s = None
            cut = _cut(data, split, seed, since_s)
        if cut is None:
            raise DataError(
                f"fewer than {split.min_cases} purchases could be predicted "
                "(after the model's cut-off, or held out; affordable, on sale and not owned)",
                table=c.PURCHASES,
                remedy="evaluate on more data, or set [split] min_cases",
            )
        return cls(dataset, Decisions(data, cut), split, seed, since_s)

    @property
    def fitted(self) -> str:
        """How artifacts answer here."""
        return REFITTED if self.since_s is None else SERVED

    def policy_of(self, artifact: Artifact) -> tuple[Policy, IndexedDataset, Cut]:
        """Its policy for these decisions, and the decisions in the order of its own catalogue."""
        data, cut = self._in_order_of(artifact)
        manifest = artifact.manifest
        if self.since_s is None:
            return manifest.recipe.fit(cut.train, seed=manifest.seed), data, cut
        train = replace(cut.train, vocabulary=manifest.vocabulary)
        return artifact.policy.over(data.courses), data, replace(cut, train=train)

    def lists_of(self, artifact: Artifact) -> Recommendations:
        """What it answers to each decision, in the catalogue's order of `decisions`."""
        policy, data, cut = self.policy_of(artifact)
        lists = policy.recommend(cut.requests(data, count=max(CUTOFFS)))
        return relisted(lists, data.courses, self.decisions.data.courses)

    def _in_order_of(self, artifact: Artifact) -> tuple[IndexedDataset, Cut]:
        ours = self.decisions
        aligned = align_courses(self.dataset, artifact.policy.courses.frame)
        ids = ours.data.courses.frame[c.COURSE_ID]
        if aligned.courses[c.COURSE_ID].tolist() == ids.tolist():
            return ours.data, ours.cut
        data = index_dataset(aligned)
        cut = _cut(data, self.split, self.seed, self.since_s)
        if cut is None or not (
            np.array_equal(cut.cases.row, ours.cut.cases.row)
            and np.array_equal(cut.cases.as_of_s, ours.cut.cases.as_of_s)
        ):
            raise RuntimeError("two orders of the catalogue gave different decisions")
        return data, cut


def _since(since: datetime | None, data: IndexedDataset, cutoff_s: int | None) -> int | None:
    if since is None:
        return cutoff_s
    zone = ZoneInfo(data.config.timezone)
    asked_s = int((since if since.tzinfo else since.replace(tzinfo=zone)).timestamp())
    if cutoff_s is not None and asked_s < cutoff_s:
        learned = datetime.fromtimestamp(cutoff_s, UTC).isoformat()
        raise DataError(
            f"a model has learned from purchases until {learned}",
            remedy="give a later --since, or none",
        )
    return asked_s


def _cut(data: IndexedDataset, split: SplitConfig, seed: int, since_s: int | None) -> Cut | None:
    """What was bought from a moment on, or the test cut; None without anything to predict."""
    if since_s is not None:
        return cut_after(data, split, vocabulary=ProfileVocabulary(), as_of_s=since_s, seed=seed)
    cuts = make_cuts(data, split, seed=seed)
    return cuts[1] if cuts is not None else None
