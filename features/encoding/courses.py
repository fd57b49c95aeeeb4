"""The catalogue in item order: price, dates on sale and restrictions of each course."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from saldopas.features.encoding.eligibility import required_level
from saldopas.features.tables import columns as c

if TYPE_CHECKING:
    import pandas as pd

ALWAYS_FROM_S = np.iinfo(np.int64).min
ALWAYS_UNTIL_S = np.iinfo(np.int64).max
TICKS_PER_S = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}  # by unit of a timestamp


class Card(NamedTuple):
    """One course as people read it; the price is in whole units."""

    course_id: str
    title: str | None
    category: str | None
    price: int


@dataclass(frozen=True)
class CourseTable:
    """Courses aligned to the item index; every array has shape (n_items,).

    Attributes:
        table: the contract's table as read, for titles, categories and other words.
        price_rp: int64, whole units of the dataset's currency.
        on_sale_from_s, on_sale_until_s: int64, epoch seconds, both inclusive; a missing date is
            the widest one.
        min_age: int64 years, 0 where there is no minimum.
        min_education: int64 level, 0 where there is no minimum, else 1 + place in
            `education_order`; a text outside that order is above every level.
    """

    table: pa.Table
    price_rp: NDArray[np.int64]
    on_sale_from_s: NDArray[np.int64]
    on_sale_until_s: NDArray[np.int64]
    min_age: NDArray[np.int64]
    min_education: NDArray[np.int64]

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, *, education_order: Sequence[str]) -> CourseTable:
        """The table of a validated `courses` frame, in its row order."""
        table = pa.Table.from_pandas(frame, preserve_index=False)
        return cls.from_table(table, education_order=education_order)

    @classmethod
    def from_table(cls, table: pa.Table, *, education_order: Sequence[str]) -> CourseTable:
        """As `from_frame`, of what such a frame is in a file."""
        levels = [required_level(text, education_order) for text in _values(table, c.MIN_EDUCATION)]
        return cls(
            table=table,
            price_rp=_whole(table, c.PRICE, 0),
            on_sale_from_s=_seconds(table, c.ON_SALE_FROM, ALWAYS_FROM_S),
            on_sale_until_s=_seconds(table, c.ON_SALE_UNTIL, ALWAYS_UNTIL_S),
            min_age=_whole(table, c.MIN_AGE, 0),
            min_education=_frozen(np.array(levels, np.int64)),
        )

    @property
    def n_items(self) -> int:
        """How many courses there are."""
        return len(self.price_rp)

    @cached_property
    def course_ids(self) -> NDArray[np.object_]:
        """(n_items,) text ids in item order."""
        return np.array(self.values(c.COURSE_ID), object)

    @cached_property
    def item_of(self) -> dict[str, int]:
        """Item index by course id."""
        return {str(course_id): item for item, course_id in enumerate(self.course_ids)}

    @cached_property
    def log_price(self) -> NDArray[np.float64]:
        """(n_items,) float64, log(1 + price in whole units)."""
        return np.log1p(self.price_rp)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The table for training; a service, which has no need of pandas, does without."""
        frame: pd.DataFrame = self.table.to_pandas()
        return frame

    @cached_property
    def cards(self) -> list[Card]:
        """(n_items,) what people read of each course, as plain values."""
        words = zip(self.texts(c.TITLE), self.texts(c.CATEGORY), strict=True)
        return [
            Card(str(course_id), title, category, price)
            for course_id, (title, category), price in zip(
                self.course_ids, words, self.price_rp.tolist(), strict=True
            )
        ]

    def texts(self, column: str) -> Sequence[str | None]:
        """(n_items,) words of an optional text column; None where there is none."""
        return self._texts[column]

    def values(self, column: str) -> list[Any]:
        """(n_items,) plain values of a column; None where one is missing, or all are."""
        return _values(self.table, column)

    @cached_property
    def _texts(self) -> dict[str, list[str | None]]:
        return {
            name: [text if isinstance(text, str) else None for text in self.values(name)]
            for name in (c.TITLE, c.CATEGORY)
        }


def epoch_seconds(times: pd.Series[pd.Timestamp]) -> NDArray[np.int64]:
    """Timezone-aware (or UTC-naive) datetimes as whole epoch seconds."""
    naive = times.dt.tz_convert(None) if times.dt.tz is not None else times
    return naive.to_numpy("datetime64[s]").astype(np.int64)


def _values(table: pa.Table, column: str) -> list[Any]:
    found: list[Any] = (
        table[column].to_pylist() if column in table.column_names else [None] * len(table)
    )
    return found


def _whole(table: pa.Table, column: str, missing: int) -> NDArray[np.int64]:
    values = _values(table, column)  # what pyarrow offers for missing ones loads pandas
    return _frozen(np.array([missing if one is None else int(one) for one in values], np.int64))


def _seconds(table: pa.Table, column: str, missing: int) -> NDArray[np.int64]:
    if column not in table.column_names or not pa.types.is_timestamp(table[column].type):
        return _whole(table, column, missing)
    times = table[column]
    per_s = TICKS_PER_S[times.type.unit]
    # a view, as `cast` would load pyarrow.compute into every worker
    ticks = [one for chunk in times.chunks for one in chunk.view(pa.int64()).to_pylist()]
    seconds = [missing if one is None else one // per_s for one in ticks]
    return _frozen(np.array(seconds, np.int64))


def _frozen(array: NDArray[np.int64]) -> NDArray[np.int64]:
    array = np.ascontiguousarray(array)
    if array.flags.writeable:
        array.flags.writeable = False
    return array
