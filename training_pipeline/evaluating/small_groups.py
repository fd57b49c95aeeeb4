"""Which groups are large enough that their mean tells of no person, nor lets one be inferred."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def shown_groups(
    group_of: NDArray[np.integer], people: NDArray[np.integer], *, min_people: int
) -> tuple[list[int], int]:
    """Groups of at least `min_people` participants, and how many others there are.

    The rest could be worked out as total minus what is shown, so while the hidden groups together
    are of fewer than `min_people`, the smallest shown one is hidden too.

    Args:
        group_of: (B,) group of each decision that has a value; people: (B,) its participant.
        min_people: fewer than so many are hidden.
    """
    pairs = pd.DataFrame({"group": group_of, "person": people}).drop_duplicates()
    sizes = pairs["group"].value_counts()
    hidden = sizes[sizes < min_people].index.tolist()
    shown = sizes[sizes >= min_people].sort_values(kind="stable").index.tolist()
    while hidden and shown and _n_people(pairs, hidden) < min_people:
        hidden.append(shown.pop(0))
    return sorted(int(group) for group in shown), len(hidden)


def may_tell(present: NDArray[np.bool_], people: NDArray[np.integer], *, min_people: int) -> bool:
    """Whether a mean over the decisions with a True may be shown.

    It is over enough participants, or it is the total: over everybody who decides, who are not a
    group of somebody's choosing.
    """
    return bool(present.all()) or len(np.unique(people[present])) >= min_people


def _n_people(pairs: pd.DataFrame, groups: list[int]) -> int:
    return int(pairs.loc[pairs["group"].isin(groups), "person"].nunique())
