"""Lists for many participants: the registered model, and batches written whole or not at all."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from saldopas.features.encoding.indexed import align_courses, index_dataset
from saldopas.features.encoding.snapshot import Snapshot
from saldopas.features.requests.batch import RequestBatch, build_requests, request_moment
from saldopas.features.requests.participants import KnownParticipants
from saldopas.features.splits.split import end_of
from saldopas.features.tables import columns as c
from saldopas.models.artifact.artifact import Artifact, load_artifact
from saldopas.models.policy.policy import SOURCES, Policy
from saldopas.training_pipeline.console import progress, say
from saldopas.training_pipeline.ingest.erased_people import open_dataset
from saldopas.training_pipeline.ingest.files import check_table_path
from saldopas.training_pipeline.scoring.request_table import read_requests

PARTICIPANTS_A_BLOCK = 20_000


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


def score_to_file(
    model: Path,
    source: str,
    *,
    requests: Path | None,
    out: Path,
    n: int,
    as_of: datetime | None = None,
) -> dict[str, Any]:
    """Score and write; returns counts for people and `--json`.

    Raises:
        DataError: the data or the requests cannot be used, or `out` cannot be made.
        ArtifactError: the artifact is damaged.
    """
    check_table_path(out)
    started = time.perf_counter()
    given = None if requests is None else read_requests(requests)
    artifact = load_artifact(model)
    say(f"reading {source.split('@')[-1]}")
    data = index_dataset(align_courses(open_dataset(source), artifact.policy.courses.frame))
    as_of_s = request_moment(
        artifact.manifest.dataset, as_of, cutoff_s=end_of(data), now_s=int(time.time())
    )
    snapshot = Snapshot.take(data, artifact.vocabulary, as_of_s=as_of_s)
    policy = artifact.policy.over(data.courses)
    ids, balances = given or ([text.decode() for text in snapshot.ids.tolist()], None)
    rows = snapshot.rows_of(ids)
    sizes = {"n_items": data.courses.n_items, "n_tokens": artifact.vocabulary.n_tokens}
    written = 0
    with progress("scoring", total=len(ids)) as advance, _Writer(out) as writer:
        for start in range(0, max(len(ids), 1), PARTICIPANTS_A_BLOCK):  # nobody: no rows
            block = slice(start, start + PARTICIPANTS_A_BLOCK)
            known = KnownParticipants.of_snapshot(snapshot, rows[block], **sizes)
            if balances is not None:
                known = known.with_balances(balances[block])
            asked = build_requests(known, as_of_s=as_of_s, count=n)
            frame = answer_frame(policy, asked, ids[block], advance=advance)
            writer.write(frame)
            written += len(frame)
    return {
        "out": str(out),
        "participants": len(ids),
        "unknown": int((rows < 0).sum()),
        "rows": written,
        "n": n,
        "model": artifact.manifest.model,
        "seconds": round(time.perf_counter() - started, 3),
    }


class _Writer:
    """Appends blocks to a file beside `out`, which appears whole at the end or not at all."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._beside = out.with_name(f".{out.name}.{os.getpid()}")
        self._parquet: pq.ParquetWriter | None = None

    def __enter__(self) -> _Writer:
        self._out.parent.mkdir(parents=True, exist_ok=True)
        return self

    def write(self, frame: pd.DataFrame) -> None:
        """Append one block."""
        if self._out.suffix == ".csv":
            first = not self._beside.exists()
            frame.to_csv(self._beside, mode="a", header=first, index=False)
            return
        table = pa.Table.from_pandas(frame, preserve_index=False)
        if self._parquet is None:
            self._parquet = pq.ParquetWriter(self._beside, table.schema)
        self._parquet.write_table(table)

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self._parquet is not None:
            self._parquet.close()
        if kind is None and self._beside.exists():
            self._beside.replace(self._out)
        else:
            self._beside.unlink(missing_ok=True)
