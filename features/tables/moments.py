"""A column of dates or times, text or typed, as UTC microseconds."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from saldopas.features.errors import DataError
from saldopas.features.seconds import DAY_S
from saldopas.features.tables.parsing import Parsed, RawColumn, to_str

DTYPE: Final = "datetime64[us, UTC]"
DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
CLOCK = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
ZONE = r"(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
ISO = rf"^{DATE}([T ]{CLOCK} ?{ZONE}?)?$"
AWARE = rf"{CLOCK} ?{ZONE}$"
UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
FAR_S = 200 * 366 * DAY_S
WRITE_ISO = "write 2021-03-01 or 2021-03-01T09:30:00, with or without +07:00"


def parse_moment(column: RawColumn, *, timezone: str) -> Parsed:
    """`datetime64[us, UTC]`; what names no zone is in `timezone`, a bare date is its midnight.

    Where a clock is set back the earlier of the two moments is meant; a time that a clock jumps
    over is the first moment after the jump.

    Raises:
        DataError: some values name a zone and some do not, or the column is of no dates.
    """
    kind = column.kind
    if pa.types.is_timestamp(kind):
        return _parse_typed(column, column.data, timezone)
    if pa.types.is_date(kind):
        return _parse_typed(column, column.data.cast(pa.timestamp("s")), timezone)
    if pa.types.is_string(kind):
        return _parse_texts(column, timezone)
    raise column.refused("a date or time")


def _parse_typed(column: RawColumn, times: pa.ChunkedArray, timezone: str) -> Parsed:
    """Timestamps; those so far off that they overflow elsewhere are bad here already."""
    seconds = pc.divide(times.cast(pa.int64()), UNITS[times.type.unit])
    far = pc.greater(pc.abs(seconds), FAR_S)
    near = pc.if_else(far, pa.scalar(None, times.type), times).to_pandas()
    findings = column.finding(far, "the year is not within 1970..2100", "mend it")
    return Parsed(_to_utc(_microseconds(near), timezone), tuple(findings))


def _parse_texts(column: RawColumn, timezone: str) -> Parsed:
    text = column.data
    iso = pc.match_substring_regex(text, ISO)
    aware = pc.and_(pc.match_substring_regex(text, AWARE), iso)
    _refuse_mixed(column, pc.and_(iso, pc.invert(aware)), aware)
    usable = to_str(pc.if_else(iso, text, pa.scalar(None, pa.string())))
    with_zone = bool(pc.any(aware).as_py())
    times = pd.to_datetime(usable, format="ISO8601", errors="coerce", utc=with_zone)
    values = _to_utc(_microseconds(times), timezone)
    impossible = pa.chunked_array([usable.notna().to_numpy() & values.isna().to_numpy()])
    findings = (
        *column.finding(pc.invert(iso), "it is not a date or time", WRITE_ISO),
        *column.finding(impossible, "there is no such date or time", "mend it"),
    )
    return Parsed(values, findings)


def _refuse_mixed(column: RawColumn, naive: pa.ChunkedArray, aware: pa.ChunkedArray) -> None:
    if not (pc.any(naive).as_py() and pc.any(aware).as_py()):
        return
    first = [
        int(pc.index(mask.combine_chunks(), pa.scalar(True)).as_py()) for mask in (naive, aware)
    ]
    raise DataError(
        f"some times name their zone and some do not ({column.data[max(first)].as_py()!r})",
        table=column.table,
        column=column.name,
        row=int(column.row_numbers[max(first)]),
        remedy="write all with a zone, or all without (then dataset.toml's timezone holds)",
    )


def _microseconds(times: pd.Series[Any]) -> pd.Series[Any]:
    if getattr(times.dtype, "tz", None) is None:
        return times.astype("datetime64[us]")
    return times.astype(DTYPE)


def _to_utc(times: pd.Series[Any], timezone: str) -> pd.Series[Any]:
    if times.dt.tz is None:
        first = np.ones(len(times), np.bool_)
        times = times.dt.tz_localize(timezone, ambiguous=first, nonexistent="shift_forward")
    return times.astype(DTYPE)
