"""A dataset in index form, and what was known of a participant at any earlier moment."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from saldopas.features.encoding.batch import ParticipantBatch, TrainingSet
from saldopas.features.encoding.courses import CourseTable, epoch_seconds
from saldopas.features.encoding.eligibility import ages_at_least, education_levels
from saldopas.features.encoding.profile import ProfileVocabulary, learn_vocabulary
from saldopas.features.encoding.sequences import Sequences, indptr_of, kept_only, ragged_ranges
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset import Dataset
from saldopas.features.tables.dataset_config import DatasetConfig
from saldopas.features.tables.id_index import places_of


@dataclass(frozen=True)
class IndexedDataset:
    """P participants, their purchases as index arrays; (P,) and (E,) arrays.

    Attributes:
        people: the participants' table, row p is participant p.
        events: every purchase, cancelled ones included.
        paid_rp: (E,) int64; kept: (E,) bool, False where the purchase was cancelled.
        grant_rp: (P,) int64 balance at announcement; has_grant: (P,) bool, whether it is known.
        age_at_least, education_at_least: (P,) int64, 0 where unknown.
        opted_out: (P,) bool; models see neither history nor profile of these.
    """

    config: DatasetConfig
    courses: CourseTable
    people: pd.DataFrame
    events: Sequences
    paid_rp: NDArray[np.int64]
    kept: NDArray[np.bool_]
    grant_rp: NDArray[np.int64]
    has_grant: NDArray[np.bool_]
    age_at_least: NDArray[np.int64]
    education_at_least: NDArray[np.int64]
    opted_out: NDArray[np.bool_]

    @property
    def n_people(self) -> int:
        """How many participants."""
        return len(self.people)

    def seen_before(self, as_of_s: int) -> NDArray[np.int64]:
        """(P,) purchases strictly before the moment."""
        rows = self.events.rows[self.events.at_s < as_of_s]
        return np.asarray(np.bincount(rows, minlength=self.n_people), np.int64)

    def balance_rp(self, rows: NDArray[np.integer], seen: NDArray[np.integer]) -> NDArray[np.int64]:
        """(B,) grant minus what the first `seen` purchases cost, cancelled ones not counted."""
        totals = np.concatenate([[0], np.cumsum(np.where(self.kept, self.paid_rp, 0))])
        start = self.events.indptr[rows]
        spent = totals[start + seen] - totals[start]
        return np.asarray(np.maximum(self.grant_rp[rows] - spent, 0), np.int64)

    def batch(
        self,
        rows: NDArray[np.integer],
        seen: NDArray[np.integer],
        vocabulary: ProfileVocabulary,
    ) -> ParticipantBatch:
        """History and profile of `rows` after their first `seen` purchases."""
        kept = self.kept[ragged_ranges(self.events.indptr[rows], seen)]
        history = kept_only(self.events.prefixes(rows, seen), kept)
        return ParticipantBatch(history, vocabulary.encode(self.people.iloc[rows]))

    def training_set(self, seen: NDArray[np.int64], *, as_of_s: int) -> TrainingSet:
        """What may be learned from the first `seen` purchases of everybody who did not opt out."""
        rows = np.flatnonzero((seen > 0) & ~self.opted_out)
        vocabulary = learn_vocabulary(self.people.iloc[rows], self.config)
        return TrainingSet(
            participants=self.batch(rows, seen[rows], vocabulary),
            courses=self.courses,
            vocabulary=vocabulary,
            as_of_s=as_of_s,
            dates_are_order_only=self.config.dates_are_order_only,
        )


def index_dataset(dataset: Dataset) -> IndexedDataset:
    """Ids become positions: courses and participants in the order of their tables."""
    people, courses, purchases = dataset.participants, dataset.courses, dataset.purchases
    buyers = places_of(purchases[c.PARTICIPANT_ID], people[c.PARTICIPANT_ID])
    order = np.argsort(buyers, kind="stable")  # purchases are in time order already
    counts = np.bincount(buyers, minlength=len(people))
    items = places_of(purchases[c.COURSE_ID], courses[c.COURSE_ID])
    rules = dataset.config.eligibility
    events = Sequences(
        indptr=indptr_of(counts),
        item_idx=items[order].astype(np.int32),
        at_s=epoch_seconds(purchases[c.PURCHASED_AT])[order],
        n_items=len(courses),
    )
    grant, has_grant = _grants(people, dataset.config)
    return IndexedDataset(
        config=dataset.config,
        courses=CourseTable.from_frame(courses, education_order=rules.education_order),
        people=people.reset_index(drop=True),
        events=events,
        paid_rp=purchases[c.PRICE_PAID].to_numpy(np.int64)[order],
        kept=(purchases[c.STATUS] != c.CANCELLED).to_numpy(bool)[order],
        grant_rp=grant,
        has_grant=has_grant,
        age_at_least=ages_at_least(people, rules.age_column),
        education_at_least=education_levels(people, rules.education_column, rules.education_order),
        opted_out=people[c.OPTED_OUT].to_numpy(bool),
    )


def _grants(
    people: pd.DataFrame, config: DatasetConfig
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The table's balance at announcement, else the scheme's grant, else unknown."""
    scheme_grant = config.rules.grant
    grant = np.full(len(people), scheme_grant or 0, np.int64)
    known = np.full(len(people), scheme_grant is not None)
    if c.BALANCE in people:
        given = people[c.BALANCE].notna().to_numpy()
        grant = np.where(given, people[c.BALANCE].fillna(0).to_numpy(np.int64), grant)
        known = known | given
    return grant.astype(np.int64), known


LONG_AGO = pd.Timestamp(0, unit="s", tz="UTC")


def align_courses(dataset: Dataset, known: pd.DataFrame) -> Dataset:
    """The dataset with the courses of `known` first, in their order, then the new ones.

    A known course takes its price, dates and restrictions from the dataset. One that the dataset
    does not list any more is off sale.
    """
    fresh = dataset.courses.set_index(c.COURSE_ID, drop=False)
    listed = known[c.COURSE_ID].isin(fresh.index).to_numpy()
    kept = fresh.loc[known[c.COURSE_ID][listed]]
    added = fresh[~fresh.index.isin(known[c.COURSE_ID])]
    if listed.all():
        return replace(dataset, courses=pd.concat([kept, added], ignore_index=True))
    gone = known[~listed].assign(**{c.ON_SALE_UNTIL: LONG_AGO.as_unit("us")})
    first = pd.concat([kept, gone], ignore_index=True)
    places = np.concatenate([np.flatnonzero(listed), np.flatnonzero(~listed)])
    first = first.iloc[np.argsort(places)]
    return replace(dataset, courses=pd.concat([first, added], ignore_index=True))
