"""Summary of a dataset before training on it: counts, spans, coverage, warnings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from saldopas.features.encoding.profile import NOT_PROFILE, guess_kind
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset import Dataset
from saldopas.features.tables.id_index import places_of

QUANTILES = {"min": 0.0, "p25": 0.25, "median": 0.5, "p75": 0.75, "max": 1.0}
MANY_DISTINCT = 0.5
FEW_ROWS = 50


def summarise(dataset: Dataset) -> dict[str, Any]:
    """The summary as plain values, ready for JSON."""
    buyers = places_of(dataset.purchases[c.PARTICIPANT_ID], dataset.participants[c.PARTICIPANT_ID])
    bought = places_of(dataset.purchases[c.COURSE_ID], dataset.courses[c.COURSE_ID])
    counts = np.bincount(buyers, minlength=len(dataset.participants))
    over = _over_balance(dataset, buyers)
    times = dataset.purchases[c.PURCHASED_AT].dt.tz_convert(dataset.config.timezone)
    n_sold = len(np.unique(bought))
    return {
        "name": dataset.config.name,
        "currency": dataset.config.currency,
        "scheme": dataset.config.scheme,
        "participants": len(dataset.participants),
        "courses": len(dataset.courses),
        "purchases": len(dataset.purchases),
        "first_purchase": times.min().isoformat(),
        "last_purchase": times.max().isoformat(),
        "dates_are_order_only": dataset.config.dates_are_order_only,
        "participants_by_purchases": {
            "0": int((counts == 0).sum()),
            "1": int((counts == 1).sum()),
            "2": int((counts == 2).sum()),
            "3+": int((counts >= 3).sum()),
        },
        "status": {str(k): int(v) for k, v in dataset.purchases[c.STATUS].value_counts().items()},
        "price": {
            name: int(dataset.courses[c.PRICE].quantile(q, interpolation="lower"))
            for name, q in QUANTILES.items()
        },
        "never_sold_share": round(1 - n_sold / len(dataset.courses), 4),
        "participants_over_balance": over,
        "profile": [_profile_column(dataset, name) for name in _extras(dataset)],
        "quarantined": dict(dataset.quarantined),
        "warnings": [*_column_warnings(dataset), *_row_warnings(dataset, buyers, over)],
        "fingerprint": dataset.fingerprint,
    }


def _extras(dataset: Dataset) -> list[str]:
    return [name for name in dataset.participants.columns if name not in NOT_PROFILE]


def _over_balance(dataset: Dataset, buyers: NDArray[np.int64]) -> int | None:
    """Participants who paid more in all than their grant; None where no grant is known."""
    people, grant = dataset.participants, dataset.config.rules.grant
    if c.BALANCE in people:
        balance = people[c.BALANCE].astype("float64").fillna(np.inf if grant is None else grant)
    elif grant is not None:
        balance = pd.Series(float(grant), index=people.index)
    else:
        return None
    kept = dataset.purchases[c.STATUS] != c.CANCELLED
    paid = dataset.purchases[c.PRICE_PAID].where(kept, 0).to_numpy(np.float64)
    spent = np.bincount(buyers, weights=paid, minlength=len(people))
    return int((spent > balance.to_numpy()).sum())


def _profile_column(dataset: Dataset, name: str) -> dict[str, Any]:
    values = dataset.participants[name]
    declared = dataset.config.profile
    kind: str
    if declared is not None:
        kind = declared[name].kind if name in declared else "not used"
    elif name in dataset.config.sensitive:
        kind = "not used: sensitive"
    else:
        guessed = guess_kind(values)
        kind = "not used" if guessed is None else guessed.kind
    return {
        "column": name,
        "kind": kind,
        "declared": declared is not None and name in declared,
        "coverage": round(float(values.notna().mean()), 4),
        "distinct": int(values.nunique()),
    }


def _column_warnings(dataset: Dataset) -> Iterator[str]:
    for table, names in dataset.ignored.items():
        if names:
            shown = ", ".join(repr(name) for name in names)
            yield f"table {table}: the contract does not know {shown}; ignored"
    for name in _extras(dataset):
        if _looks_identifying(dataset.participants[name]):
            yield (
                f"table participants, column {name}: nearly every value is another text; if it "
                "identifies people take it out of the data"
            )
    for table in (c.PARTICIPANTS, c.COURSES):
        for name, count in _line_breaks(getattr(dataset, table)):
            yield (
                f"table {table}, column {name}: {count:,} texts hold line breaks; if that is not "
                "meant a quote is left open"
            )
    declared = dataset.config.profile or {}
    for name in declared:
        if name not in dataset.participants:
            yield f"dataset.toml declares the profile column {name}, which no table has"


def _row_warnings(dataset: Dataset, buyers: NDArray[np.int64], over: int | None) -> Iterator[str]:
    if over:
        yield f"{over:,} participants paid more than their balance"
    if c.ANNOUNCED_AT not in dataset.participants or dataset.config.dates_are_order_only:
        return
    announced = _naive(dataset.participants[c.ANNOUNCED_AT])[buyers]
    early = int((_naive(dataset.purchases[c.PURCHASED_AT]) < announced).sum())
    if early:
        yield f"{early:,} purchases are before their participant's announced_at"


def _line_breaks(frame: pd.DataFrame) -> Iterator[tuple[str, int]]:
    for name in frame.columns:
        if isinstance(frame[name].dtype, pd.StringDtype):
            count = int(frame[name].str.contains("\n", regex=False).fillna(value=False).sum())
            if count:
                yield str(name), count


def _looks_identifying(values: pd.Series[Any]) -> bool:
    if not isinstance(values.dtype, pd.StringDtype):
        return False
    present = values.dropna()
    return len(present) > FEW_ROWS and present.nunique() > MANY_DISTINCT * len(present)


def _naive(times: pd.Series[Any]) -> NDArray[np.datetime64]:
    naive: NDArray[np.datetime64] = times.dt.tz_convert(None).to_numpy("datetime64[us]")
    return naive
