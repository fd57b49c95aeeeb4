"""Profile columns as one-hot tokens such as `age=26-35`, learned on the training part."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from saldopas.features.encoding.pairs import Pairs
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset_config import (
    Banded,
    Categorical,
    DatasetConfig,
    Frozen,
    Numeric,
)

if TYPE_CHECKING:
    import pandas as pd

NOT_PROFILE = frozenset({c.PARTICIPANT_ID, c.ANNOUNCED_AT, c.BALANCE, c.OPTED_OUT})
OTHER = "other"
MAX_CATEGORIES = 1_000


class TokenColumn(Frozen):
    """One column's tokens: its values (categorical) or its band edges (numeric)."""

    column: str
    kind: Literal["values", "edges"]
    values: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Token texts, in token order; a column of values ends with its `other`."""
        if self.kind == "values":
            return tuple(f"{self.column}={value}" for value in (*self.values, OTHER))
        return tuple(f"{self.column}={band}" for band in _band_names(self.edges))

    @cached_property
    def place_of_value(self) -> dict[str, int]:
        """Place of each known value."""
        return {value: place for place, value in enumerate(self.values)}

    def place_of(self, value: Any) -> int:
        """Place of one value's token in this column, -1 where it is missing."""
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return -1
        if self.kind == "values":
            text = value if type(value) is str else _text(value)
            return self.place_of_value.get(text, len(self.values))
        number = _number(value)
        return bisect_right(self.edges, number) if math.isfinite(number) else -1


class ProfileVocabulary(Frozen):
    """Which tokens exist, in order. Missing values give no token, unseen ones `other`."""

    columns: tuple[TokenColumn, ...] = Field(default=())

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Texts of all tokens; the token index is the place here."""
        return tuple(label for column in self.columns for label in column.labels)

    @property
    def n_tokens(self) -> int:
        """How many tokens there are."""
        return len(self.labels)

    @cached_property
    def _placed(self) -> list[tuple[str, int, TokenColumn]]:
        """Each column's name, its first token, and itself."""
        sizes = (len(column.labels) for column in self.columns)
        firsts = itertools.accumulate(sizes, initial=0)
        columns = zip(self.columns, firsts, strict=False)
        return [(column.column, first, column) for column, first in columns]

    @property
    def column_of_token(self) -> NDArray[np.int64]:
        """(n_tokens,) place of each token's column."""
        sizes = [len(column.labels) for column in self.columns]
        return np.repeat(np.arange(len(sizes)), sizes)

    def encode(self, participants: pd.DataFrame) -> Pairs:
        """(B, n_tokens) tokens of a frame, ascending; a column it lacks gives no token."""
        rows: list[NDArray[np.int64]] = []
        tokens: list[NDArray[np.int64]] = []
        offset = 0
        for column in self.columns:
            if column.column in participants:
                codes = _codes(column, participants[column.column])
                known = np.flatnonzero(codes >= 0)
                rows.append(known)
                tokens.append(codes[known] + offset)
            offset += len(column.labels)
        row_idx = np.concatenate([*rows, np.empty(0, np.int64)])
        token_idx = np.concatenate([*tokens, np.empty(0, np.int64)])
        order = np.argsort(row_idx, kind="stable")
        indptr = np.zeros(len(participants) + 1, np.int64)
        np.cumsum(np.bincount(row_idx, minlength=len(participants)), out=indptr[1:])
        return Pairs(indptr, token_idx[order].astype(np.int32), offset)

    def tokens_of(self, profile: Mapping[str, Any]) -> list[int]:
        """Token indices, ascending, of one profile as it comes with a request; as in `encode`."""
        tokens = []
        for name, offset, column in self._placed:
            place = column.place_of(profile.get(name))
            if place >= 0:
                tokens.append(place + offset)
        return tokens


def learn_vocabulary(participants: pd.DataFrame, config: DatasetConfig) -> ProfileVocabulary:
    """The tokens of `participants` (the training part only).

    Declared columns are used as declared. Without a declaration every column that is not the
    contract's own, not sensitive, and has few enough distinct values is used: text and small whole
    numbers as categories, other numbers in quantile bands.
    """
    declared = config.profile
    if declared is None:
        declared = {
            name: kind
            for name in participants.columns
            if name not in NOT_PROFILE and name not in config.sensitive
            if (kind := guess_kind(participants[name])) is not None
        }
    learned = [
        _learn(name, kind, participants[name])
        for name, kind in declared.items()
        if name in participants
    ]
    return ProfileVocabulary(columns=tuple(column for column in learned if column is not None))


def guess_kind(values: pd.Series[Any]) -> Categorical | Numeric | None:
    """How an undeclared column would be used, or None where it would identify people."""
    import pandas as pd  # not in a service, which has one profile at a time

    present = values.dropna()
    distinct = present.nunique()
    if distinct == 0:
        return None
    numeric = pd.api.types.is_numeric_dtype(present) and not pd.api.types.is_bool_dtype(present)
    if numeric and distinct > 20:
        return Numeric(kind="numeric")
    if distinct > MAX_CATEGORIES or (distinct > 50 and distinct > 0.5 * len(present)):
        return None
    return Categorical()


def _learn(
    name: str, kind: Categorical | Banded | Numeric, values: pd.Series[Any]
) -> TokenColumn | None:
    import pandas as pd  # not in a service, which has one profile at a time

    if isinstance(kind, Categorical):
        counts = _texts(values).value_counts()
        frequent = counts[counts >= kind.min_count].index[:MAX_CATEGORIES]
        return TokenColumn(column=name, kind="values", values=tuple(sorted(frequent)))
    if isinstance(kind, Banded):
        return TokenColumn(column=name, kind="edges", edges=kind.edges)
    numbers = pd.to_numeric(values, errors="coerce").dropna().to_numpy(float)
    if len(numbers) == 0:
        return None
    steps = np.linspace(0, 1, kind.bands + 1)[1:-1]
    edges = np.unique(np.quantile(numbers, steps))
    return TokenColumn(column=name, kind="edges", edges=tuple(float(edge) for edge in edges))


def _codes(column: TokenColumn, values: pd.Series[Any]) -> NDArray[np.int64]:
    """(B,) `TokenColumn.place_of` each value."""
    import pandas as pd  # not in a service, which has one profile at a time

    if column.kind == "edges":
        if not pd.api.types.is_numeric_dtype(values):
            values = values.map(_number, na_action="ignore")
        numbers = pd.to_numeric(values).to_numpy(float, na_value=np.nan)
        codes = np.searchsorted(np.array(column.edges), numbers, side="right")
        return np.where(np.isfinite(numbers), codes, -1).astype(np.int64)
    texts = _texts(values)
    codes = pd.Index(column.values, dtype=object).get_indexer(pd.Index(texts, dtype=object))
    missing = texts.isna().to_numpy()
    return np.where(missing, -1, np.where(codes < 0, len(column.values), codes)).astype(np.int64)


def _texts(values: pd.Series[Any]) -> pd.Series[str]:
    return values.map(_text, na_action="ignore").astype(object)


def _text(value: object) -> str:
    """A value as token text: whole floats lose their `.0`, so 3, 3.0 and "3" are one token."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _number(value: Any) -> float:
    """A number, or the number that a text is; NaN for any other text, and for what is too large."""
    if isinstance(value, str) and not (value.isascii() and "_" not in value):
        return math.nan  # float() would take other alphabets' digits and 1_000
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _band_names(edges: tuple[float, ...]) -> list[str]:
    marks = [f"{edge:g}" for edge in edges]
    if not marks:
        return ["any"]
    return [
        f"<{marks[0]}",
        *(f"{a}-{b}" for a, b in itertools.pairwise(marks)),
        f">={marks[-1]}",
    ]
