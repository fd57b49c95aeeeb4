"""A name for a dataset's content: the same in any file format and any order without a meaning."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import pandas as pd
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset_config import DatasetConfig
from saldopas.features.tables.id_index import order_of, places_of


def fingerprint(
    config: DatasetConfig,
    participants: pd.DataFrame,
    courses: pd.DataFrame,
    purchases: pd.DataFrame,
) -> str:
    """sha256 over configuration and tables, columns sorted by name.

    People and courses are sorted by their ids, purchases by buyer and time. What somebody bought at
    one moment keeps its order: it decides which purchase is the newest, so another is other data.
    """
    digest = hashlib.sha256(json.dumps(config.model_dump(mode="json"), sort_keys=True).encode())
    people = participants.iloc[order_of(participants[c.PARTICIPANT_ID])]
    catalogue = courses.iloc[order_of(courses[c.COURSE_ID])]
    buyers = places_of(purchases[c.PARTICIPANT_ID], people[c.PARTICIPANT_ID])
    bought = places_of(purchases[c.COURSE_ID], catalogue[c.COURSE_ID])
    at = purchases[c.PURCHASED_AT].dt.tz_convert(None).to_numpy().astype(np.int64)
    order = np.lexsort((at, buyers))  # stable: equal times stay as they are
    events = purchases.drop(columns=[c.PARTICIPANT_ID, c.COURSE_ID]).iloc[order]
    events = events.assign(buyer=buyers[order], bought=bought[order])
    for table, frame in zip(c.TABLES, (people, catalogue, events), strict=True):
        digest.update(f"{table} {len(frame)}\n".encode())
        for name in sorted(frame.columns):
            digest.update(f"{name}\n".encode())
            digest.update(_content(frame[name]))
    return digest.hexdigest()


def _content(values: pd.Series[Any]) -> bytes:
    """Canonical bytes: what is missing, then numbers little-endian or text with its lengths."""
    missing = values.isna().to_numpy()
    kind = values.dtype
    if pd.api.types.is_bool_dtype(kind):
        body = values.fillna(False).to_numpy(np.uint8).tobytes()
    elif pd.api.types.is_integer_dtype(kind):
        body = values.fillna(0).to_numpy(np.dtype("<i8")).tobytes()
    elif pd.api.types.is_float_dtype(kind):
        body = values.fillna(0.0).to_numpy(np.dtype("<f8")).tobytes()
    elif isinstance(kind, pd.DatetimeTZDtype):
        naive = values.dt.tz_convert(None).to_numpy("datetime64[us]")
        body = np.where(missing, 0, naive.astype("<i8")).astype("<i8").tobytes()
    else:
        texts = values.fillna("").to_list()
        lengths = np.fromiter(map(len, texts), np.dtype("<i8"), len(texts))
        body = lengths.tobytes() + "".join(texts).encode("utf-8", "surrogatepass")
    return np.packbits(missing).tobytes() + body
