"""Batch scoring in blocks: requests in, a table of ranked courses out, written atomically."""

from __future__ import annotations

import os
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features import columns as c
from features.align import align_courses
from features.errors import DataError
from features.indexed import index_dataset
from features.request_moment import request_moment
from features.snapshot import Snapshot
from features.split import end_of
from models.artifact import load_artifact
from training_pipeline.console import progress, say
from training_pipeline.erased_people import open_dataset
from training_pipeline.scoring import answer_frame, with_balances

PARTICIPANTS_A_BLOCK = 20_000
MAX_BALANCE = 2**53


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
        DataError: the data or the requests cannot be used.
        ArtifactError: the artifact is damaged.
    """
    if out.suffix not in {".parquet", ".csv"}:
        raise DataError(f"{out}: unknown kind of file", remedy="end --out in .parquet or .csv")
    started = time.perf_counter()
    artifact = load_artifact(model)
    say(f"reading {source.split('@')[-1]}")
    data = index_dataset(align_courses(open_dataset(source), artifact.policy.courses.frame))
    as_of_s = request_moment(
        artifact.manifest.dataset, as_of, cutoff_s=end_of(data), now_s=int(time.time())
    )
    snapshot = Snapshot.take(data, artifact.vocabulary, as_of_s=as_of_s)
    policy = artifact.policy.over(data.courses)
    ids, balances = _requests(requests, snapshot)
    rows = snapshot.rows_of(ids)
    written = 0
    with progress("scoring", total=len(ids)) as advance, _Writer(out) as writer:
        for start in range(0, len(ids), PARTICIPANTS_A_BLOCK):
            block = slice(start, start + PARTICIPANTS_A_BLOCK)
            asked = snapshot.requests(
                rows[block],
                as_of_s=as_of_s,
                count=n,
                n_items=data.courses.n_items,
                n_tokens=artifact.vocabulary.n_tokens,
            )
            if balances is not None:
                asked = with_balances(asked, balances[block])
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


def read_requests(path: Path) -> tuple[list[str], list[int | None]]:
    """Participant ids and balances (None: no limit) of a Parquet or CSV file.

    Raises:
        DataError: not such a file, no `participant_id`, a balance that is not whole money.
    """
    try:
        text = {c.PARTICIPANT_ID: "str"}
        frame = (
            pd.read_parquet(path)
            if path.suffix == ".parquet"
            else pd.read_csv(path, dtype=text, keep_default_na=False, na_values={c.BALANCE: [""]})
        )
    except (OSError, ValueError, pa.ArrowInvalid) as error:
        first = str(error).splitlines()[0]
        raise DataError(
            f"{path}: cannot be read ({first})", remedy="give a Parquet or CSV file"
        ) from error
    if c.PARTICIPANT_ID not in frame:
        raise DataError(
            "missing", table=path.name, column=c.PARTICIPANT_ID, remedy="add the column"
        )
    missing = frame[c.PARTICIPANT_ID].isna().to_numpy()
    if missing.any():
        raise DataError(
            "no id",
            table=path.name,
            column=c.PARTICIPANT_ID,
            row=int(missing.argmax()) + 1,
            remedy="remove the row",
        )
    ids = frame[c.PARTICIPANT_ID].astype("str").tolist()
    return ids, _balances(frame, path.name)


def _balances(frame: pd.DataFrame, table: str) -> list[int | None]:
    if c.BALANCE not in frame:
        return [None] * len(frame)
    values = pd.to_numeric(frame[c.BALANCE], errors="coerce").to_numpy(float, na_value=np.nan)
    given = frame[c.BALANCE].notna().to_numpy()
    with np.errstate(invalid="ignore"):
        bad = given & ~((values >= 0) & (values <= MAX_BALANCE) & (values == np.floor(values)))
    if bad.any():
        row = int(bad.argmax())
        raise DataError(
            f"{frame[c.BALANCE].iloc[row]!r} is not a whole amount of at least 0",
            table=table,
            column=c.BALANCE,
            row=row + 1,
            remedy="give whole units, or nothing for no limit",
        )
    return [int(value) if known else None for value, known in zip(values, given, strict=True)]


def _requests(path: Path | None, snapshot: Snapshot) -> tuple[list[str], list[int | None] | None]:
    if path is None:
        return [text.decode() for text in snapshot.ids.tolist()], None
    return read_requests(path)


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
