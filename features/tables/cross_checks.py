"""What only two columns or two tables together can show to be wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from saldopas.features.tables import columns as c
from saldopas.features.tables.findings import Finding
from saldopas.features.tables.id_index import places_of


def course_findings(courses: pd.DataFrame) -> Iterator[Finding]:
    """Courses whose sale ends before it begins."""
    if c.ON_SALE_FROM in courses and c.ON_SALE_UNTIL in courses:
        bad = courses[c.ON_SALE_UNTIL] < courses[c.ON_SALE_FROM]
        yield from _finding(
            c.COURSES, courses, c.ON_SALE_UNTIL, bad, "it is before on_sale_from", "mend the dates"
        )


def purchase_findings(
    purchases: pd.DataFrame,
    courses: pd.DataFrame,
    participants: pd.DataFrame | None,
    *,
    dates_are_order_only: bool,
) -> Iterator[Finding]:
    """Unknown ids, repeated rows, and purchases outside the time in which a course was sold."""
    buyers = (
        pd.factorize(purchases[c.PARTICIPANT_ID])[0]
        if participants is None
        else places_of(purchases[c.PARTICIPANT_ID], participants[c.PARTICIPANT_ID])
    )
    bought = places_of(purchases[c.COURSE_ID], courses[c.COURSE_ID])
    yield from _unknown(purchases, c.PARTICIPANT_ID, buyers < 0, c.PARTICIPANTS)
    yield from _unknown(purchases, c.COURSE_ID, bought < 0, c.COURSES)
    yield from _repeated(purchases, buyers, bought)
    if not dates_are_order_only:
        yield from _off_sale(purchases, courses, bought)


def _unknown(
    purchases: pd.DataFrame, column: str, bad: NDArray[np.bool_], other: str
) -> Iterator[Finding]:
    problem = f"the id is not in the table {other}"
    yield from _finding(c.PURCHASES, purchases, column, bad, problem, "add it there or remove this")


def _repeated(
    purchases: pd.DataFrame, buyers: NDArray[np.int64], bought: NDArray[np.int64]
) -> Iterator[Finding]:
    times = purchases[c.PURCHASED_AT].dt.tz_convert(None).to_numpy().astype(np.int64)
    keys = pd.DataFrame({"buyer": buyers, "bought": bought, "at": times})
    repeated = keys.duplicated().to_numpy() & (buyers >= 0) & (bought >= 0)
    yield from _finding(
        c.PURCHASES,
        purchases,
        c.PURCHASED_AT,
        repeated,
        "the same participant, course and time occur twice",
        "keep one of the rows",
    )


def _off_sale(
    purchases: pd.DataFrame, courses: pd.DataFrame, bought: NDArray[np.int64]
) -> Iterator[Finding]:
    at = purchases[c.PURCHASED_AT].dt.tz_convert(None).to_numpy("datetime64[us]")
    known = bought >= 0
    for column, word in ((c.ON_SALE_FROM, "before"), (c.ON_SALE_UNTIL, "after")):
        if column not in courses or courses.empty:
            continue
        limit = courses[column].dt.tz_convert(None).to_numpy("datetime64[us]")[bought]
        outside = at < limit if word == "before" else at > limit  # NaT compares false
        problem = f"the purchase is {word} the course's {column}"
        yield from _finding(
            c.PURCHASES,
            purchases,
            c.PURCHASED_AT,
            known & outside,
            problem,
            "mend one of the dates",
        )


def _finding(
    table: str, frame: pd.DataFrame, column: str, bad: Any, problem: str, remedy: str
) -> Iterator[Finding]:
    positions = np.flatnonzero(np.asarray(bad, np.bool_)).astype(np.int64)
    if len(positions):
        value = frame[column].iloc[positions[0]]
        yield Finding(table, column, problem, remedy, positions, value)
