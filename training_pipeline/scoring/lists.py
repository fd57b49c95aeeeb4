"""Lists for many participants with their own balances: batch scoring and the registered model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from saldopas.features.requests.batch import RequestBatch, build_requests
from saldopas.features.tables import columns as c
from saldopas.models.artifact.artifact import Artifact
from saldopas.models.policy.policy import SOURCES, Policy


def score_participants(
    artifact: Artifact,
    participant_ids: Sequence[str],
    balances: Sequence[int | None] | None,
    *,
    n: int,
    as_of_s: int | None = None,
    advance: Callable[[int], object] | None = None,
) -> pd.DataFrame:
    """Top `n` of each participant as the artifact's snapshot knows them.

    Args:
        artifact: a loaded artifact.
        participant_ids: unknown ones get popular courses that fit.
        balances: whole units; None for a participant means no limit; None altogether means the
            balance that the snapshot holds.
        n: how many courses.
        as_of_s: the moment, by default the artifact's cut-off.
        advance: called with the number of participants done.

    Returns:
        A frame of participant_id, rank (from 1), course_id, score, source.
    """
    known = artifact.known(artifact.snapshot.rows_of(participant_ids))
    if balances is not None:
        known = known.with_balances(balances)
    moment_s = artifact.manifest.cutoff_s if as_of_s is None else as_of_s
    requests = build_requests(known, as_of_s=moment_s, count=n)
    return answer_frame(artifact.policy, requests, participant_ids, advance=advance)


def answer_frame(
    policy: Policy,
    requests: RequestBatch,
    participant_ids: Sequence[str],
    *,
    advance: Callable[[int], object] | None = None,
) -> pd.DataFrame:
    """The policy's answer as the table that `saldopas score` writes."""
    lists = policy.recommend(requests, advance=advance)
    lengths = np.diff(lists.indptr)
    ranks = np.arange(len(lists.item_idx)) - np.repeat(lists.indptr[:-1], lengths) + 1
    ids = pd.array(np.array(participant_ids, dtype=object), dtype="str")
    return pd.DataFrame(
        {
            c.PARTICIPANT_ID: ids.take(np.repeat(np.arange(len(ids)), lengths)),
            c.RANK: ranks.astype(np.int32),
            c.COURSE_ID: policy.courses.frame[c.COURSE_ID].array.take(lists.item_idx),
            c.SCORE: lists.scores,
            c.SOURCE: pd.array(np.array(SOURCES, object), dtype="str").take(
                lists.source.astype(np.int64)
            ),
        }
    )
