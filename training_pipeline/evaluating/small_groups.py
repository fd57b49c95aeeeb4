"""Which groups are large enough that their mean tells of no person, nor lets one be inferred."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def shown_groups(
    group_of: NDArray[np.integer],
    people: NDArray[np.integer],
    *,
    min_people: int,
    apart: int | None = None,
) -> tuple[list[int], int]:
    """Groups of at least `min_people` participants, and how many others there are.

    The rest could be worked out as total minus what is shown, so while the hidden groups together
    are of fewer than `min_people`, the smallest shown one is hidden too.

    Args:
        group_of: (B,) group of each decision that has a value; people: (B,) its participant.
        min_people: fewer than so many are hidden.
        apart: a group that is told elsewhere too, so that the total of the others is known.
    """
    pairs = pd.DataFrame({"group": group_of, "person": people}).drop_duplicates()
    sizes = pairs["group"].value_counts()
    hidden = set(sizes.index[sizes < min_people])
    ascending = sizes.sort_values(kind="stable").index.tolist()
    for total in ([group for group in ascending if group != apart], ascending):
        shown = [group for group in total if group not in hidden]
        while shown and 0 < _n_people(pairs, hidden.intersection(total)) < min_people:
            hidden.add(shown.pop(0))
    return sorted(int(group) for group in ascending if group not in hidden), len(hidden)


def shown_levels(n_people: Sequence[int], *, min_people: int) -> list[bool]:
    """Which histories of 0, 1, ... purchases may be told of, where only their sizes are known.

    As `shown_groups` with those without a purchase told elsewhere; the hidden ones together count
    as no more than the largest of them, because one participant may be in several.
    """
    hidden = {level for level, size in enumerate(n_people) if 0 < size < min_people}
    ascending = sorted(
        (one for one in range(len(n_people)) if n_people[one]), key=n_people.__getitem__
    )
    for total in (list(filter(None, ascending)), ascending):
        shown = [level for level in total if level not in hidden]
        largest = max((n_people[level] for level in hidden.intersection(total)), default=min_people)
        if shown and largest < min_people:
            hidden.add(shown[0])
    return [size > 0 and level not in hidden for level, size in enumerate(n_people)]


def may_tell(present: NDArray[np.bool_], people: NDArray[np.integer], *, min_people: int) -> bool:
    """Whether a mean over the decisions with a True may be shown.

    It is over enough participants, or it is the total: over everybody who decides, who are not a
    group of somebody's choosing.
    """
    return bool(present.all()) or len(np.unique(people[present])) >= min_people


def _n_people(pairs: pd.DataFrame, groups: Collection[int]) -> int:
    return int(pairs.loc[pairs["group"].isin(groups), "person"].nunique())
