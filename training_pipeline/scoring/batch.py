"""Batch scoring in blocks: requests in, a table of ranked courses out, written atomically."""

from __future__ import annotations

import os
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from saldopas.features.encoding.indexed import align_courses, index_dataset
from saldopas.features.encoding.snapshot import Snapshot
from saldopas.features.requests.batch import build_requests, request_moment
from saldopas.features.requests.participants import KnownParticipants
from saldopas.features.splits.split import end_of
from saldopas.models.artifact.artifact import load_artifact
from saldopas.training_pipeline.console import progress, say
from saldopas.training_pipeline.ingest.erased_people import open_dataset
from saldopas.training_pipeline.ingest.files import check_table_path
from saldopas.training_pipeline.scoring.lists import answer_frame
from saldopas.training_pipeline.scoring.request_table import read_requests

PARTICIPANTS_A_BLOCK = 20_000


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
