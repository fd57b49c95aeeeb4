"""Is this the data that a version was trained on, or the same going on?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from saldopas.features.errors import DataError
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset import Dataset
from saldopas.models.artifact.artifact import Artifact

KNOWN = 0.9  # least share of what the version has learned; the rest may be corrected or erased
LATE = 0.01  # largest share that lies after the end of the data


def check_trained_on(dataset: Dataset, artifact: Artifact) -> None:
    """By the fingerprint; else by the name, the cut-off and the purchases that the artifact holds.

    Ids and names are alike in two samples and in the tables of two programmes. What was bought by
    whom is not.

    Raises:
        DataError: a version cannot be judged on it.
    """
    manifest = artifact.manifest
    if dataset.fingerprint == manifest.fingerprint:
        return
    remedy = "give what the version was trained on, or the same going on"
    ours, theirs = manifest.dataset.name, dataset.config.name
    if ours != theirs:
        raise DataError(f"the version was trained on {ours!r}, this is {theirs!r}", remedy=remedy)
    snapshot = artifact.snapshot
    if len(snapshot.item_idx) == 0:
        return
    end = dataset.purchases[c.PURCHASED_AT].max()
    late = float((snapshot.at_s > end.timestamp()).mean())
    if late > LATE:
        cutoff = pd.Timestamp(manifest.cutoff_s, unit="s", tz="UTC")
        raise DataError(
            f"this data ends on {end:%Y-%m-%d}, the version has learned until {cutoff:%Y-%m-%d}",
            table=c.PURCHASES,
            remedy=remedy,
        )
    known = float(np.isin(_learned(artifact), _bought(dataset, artifact)).mean())
    if known < KNOWN:
        raise DataError(
            f"{known:.0%} of the purchases that the version has learned from are in this data",
            table=c.PURCHASES,
            remedy=remedy,
        )


def _learned(artifact: Artifact) -> NDArray[np.int64]:
    """(E,) person and course of each event of the snapshot, as one number."""
    snapshot, n_items = artifact.snapshot, artifact.policy.courses.n_items
    rows = np.repeat(np.arange(snapshot.n_people), np.diff(snapshot.indptr))
    return np.asarray(rows * n_items + snapshot.item_idx)


def _bought(dataset: Dataset, artifact: Artifact) -> NDArray[np.int64]:
    """The same of each purchase of the dataset whose person and course the artifact knows."""
    courses = artifact.policy.courses
    place = pd.Index(courses.course_ids).get_indexer(pd.Index(dataset.purchases[c.COURSE_ID]))
    people, names = pd.factorize(dataset.purchases[c.PARTICIPANT_ID])
    rows = artifact.snapshot.rows_of(names.tolist())[people]
    both = (place >= 0) & (rows >= 0)
    return np.asarray(rows[both] * courses.n_items + place[both])
