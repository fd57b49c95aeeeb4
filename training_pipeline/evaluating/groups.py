"""Decisions by group, and which groups are large enough to be shown."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from saldopas.features.encoding.courses import ALWAYS_FROM_S
from saldopas.features.encoding.profile import NOT_PROFILE, guess_kind, learn_vocabulary
from saldopas.features.errors import DataError
from saldopas.features.seconds import DAY_S
from saldopas.features.tables.dataset_config import DatasetConfig, ProfileColumn
from saldopas.training_pipeline.evaluating.decisions import Decisions

HISTORY = "history"
MANY_PURCHASES = 4
AGE_EDGES_DAYS = (7, 30, 90, 180)
BANDS = 4
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Grouping:
    """Which group each decision belongs to.

    Attributes:
        column: what it is by; labels: the groups' names, in their natural order.
        group_of: (B,) place in `labels`.
        apart: a group that reports tell of beside the segments, new participants.
    """

    column: str
    labels: tuple[str, ...]
    group_of: NDArray[np.int64]
    apart: int | None = None


def grouping(decisions: Decisions, column: str) -> Grouping:
    """Decisions by `history`, `price`, `course-age`, `balance`, or a column of participants.

    A profile column is cut into the tokens that models are given (docs/data-contract.md): values
    of fewer people than the column's `min_count` are `other`.

    Raises:
        DataError: there is no such column, or it names people.
    """
    if column in BUILT_IN:
        labels, group_of = BUILT_IN[column](decisions)
        return Grouping(column, labels, group_of, apart=0 if column == HISTORY else None)
    return _by_profile(decisions, column)


def _by_history(decisions: Decisions) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Purchases known at the moment."""
    labels = (*(str(n) for n in range(MANY_PURCHASES)), f"{MANY_PURCHASES} or more")
    return labels, np.minimum(decisions.cut.cases.seen, MANY_PURCHASES)


def _by_price(decisions: Decisions) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Price of what was bought, a quarter of the decisions each."""
    return _quarters(decisions.paid_rp)


def _by_balance(decisions: Decisions) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Remaining balance, a quarter of the decisions each."""
    return _quarters(decisions.balance_rp)


def _by_course_age(decisions: Decisions) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Days that the newest of the bought courses had been on sale."""
    targets = decisions.cut.cases.targets
    since = decisions.data.courses.on_sale_from_s[targets.indices]
    newest = np.maximum.reduceat(since, targets.indptr[:-1])
    known = newest != ALWAYS_FROM_S
    days = (decisions.cut.cases.as_of_s - np.where(known, newest, 0)) / DAY_S
    labels = _band_labels([str(edge) for edge in AGE_EDGES_DAYS], " days")
    band = np.searchsorted(AGE_EDGES_DAYS, days, side="right")
    return (*labels, UNKNOWN), np.where(known, band, len(labels))


BUILT_IN: dict[str, Callable[[Decisions], tuple[tuple[str, ...], NDArray[np.int64]]]] = {
    HISTORY: _by_history,
    "price": _by_price,
    "balance": _by_balance,
    "course-age": _by_course_age,
}


def profile_kind(people: pd.DataFrame, config: DatasetConfig, column: str) -> ProfileColumn:
    """How a column of the participants is grouped by.

    Raises:
        DataError: it is none that decisions can be grouped by.
    """
    if column in NOT_PROFILE or column not in people:
        usable = [*BUILT_IN, *(str(name) for name in people if name not in NOT_PROFILE)]
        raise DataError(
            f"decisions cannot be grouped by {column!r}", remedy=f"use one of {', '.join(usable)}"
        )
    kind = (config.profile or {}).get(column) or guess_kind(people[column])
    if kind is None:
        raise DataError(
            f"column {column!r} is empty or has a value for nearly everybody",
            remedy="declare it under [profile] in dataset.toml, banded or numeric",
        )
    return kind


def _by_profile(decisions: Decisions, column: str) -> Grouping:
    people, config = decisions.data.people, decisions.data.config
    kind = profile_kind(people, config, column)
    declared = config.model_copy(update={"profile": {column: kind}})
    vocabulary = learn_vocabulary(people, declared)
    tokens = vocabulary.encode(people.iloc[decisions.people])
    labels = tuple(label.partition("=")[2] for label in vocabulary.labels)
    group_of = np.full(decisions.n_decisions, len(labels), np.int64)
    group_of[np.diff(tokens.indptr) > 0] = tokens.indices
    return Grouping(column, (*labels, UNKNOWN), group_of)


def _quarters(amounts: NDArray[np.float64]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    known = ~np.isnan(amounts)
    if not known.any():
        return (UNKNOWN,), np.zeros(len(amounts), np.int64)
    steps = np.arange(1, BANDS) / BANDS
    edges = np.unique(np.quantile(amounts[known], steps, method="higher"))
    labels = _band_labels([f"{edge:,.0f}" for edge in edges], "")
    band = np.searchsorted(edges, amounts, side="right")
    return (*labels, UNKNOWN), np.where(known, band, len(labels))


def _band_labels(edges: list[str], unit: str) -> tuple[str, ...]:
    """Bands [a, b) around ascending edges."""
    middle = [f"{a} to <{b}{unit}" for a, b in itertools.pairwise(edges)]
    return (f"<{edges[0]}{unit}", *middle, f">={edges[-1]}{unit}")


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
