"""The one way to a score: models' arrays in a table that machine code sums, filters and ranks.

A linear model says what it is made of (`Part`); a blend is the weighted sum of its members' parts;
models that are not linear are asked for their scores, which then are a part as well. Evaluation,
batch scoring, command line and HTTP all end in the same compiled loop over one participant's row,
so that a batch equals its single requests to the bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.batch import ParticipantBatch
from saldopas.features.encoding.courses import CourseTable
from saldopas.features.encoding.sequences import kept_only
from saldopas.models.native import kernel_lists as lists
from saldopas.models.native import kernel_rows as rows
from saldopas.models.native.kernel_code import Entry, machine_code
from saldopas.models.native.kernel_parts import Part
from saldopas.models.recommenders.recommender import Recommender

LOOKED_AT = ("history", "profile")
EVERY_COURSE = np.iinfo(np.int64).max
NOTHING_GIVEN: NDArray[np.float32] = np.empty((0, 1, 1), np.float32)

Table = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float32], NDArray[np.bool_]]
People = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64], NDArray[np.int32]]


@runtime_checkable
class Linear(Protocol):
    """A model that the machine code can sum by itself."""

    @property
    def part(self) -> Part:
        """What it is made of."""


@runtime_checkable
class Weighted(Protocol):
    """Several models as one."""

    @property
    def members(self) -> tuple[Recommender, ...]:
        """The models."""

    @property
    def level_factors(self) -> NDArray[np.float32]:
        """(n_levels, n_members) what scores are multiplied by, by how many courses were bought."""


@dataclass(frozen=True)
class Asked:
    """A model that is asked for its scores: member `member` of stage `stage`."""

    stage: int
    member: int
    model: Recommender


@dataclass(frozen=True)
class Sums:
    """Several models in one table.

    Attributes:
        stages: (s, N_STAGE_FIELDS) int64, a row a model.
        table: parts (p, N_FIELDS) int64; numbers (p, N_NUMBERS) float64; a row a level of a model:
            factors (l, most parts) float32, and what is looked at (l, 2) bool, history and profile.
        asked: the models that are asked for their scores.
        kept: the arrays whose addresses stand in the table.
    """

    stages: NDArray[np.int64]
    table: Table
    asked: tuple[Asked, ...]
    kept: tuple[NDArray[Any], ...] = field(repr=False)

    @classmethod
    def of(cls, models: Sequence[Recommender], *, sources: Sequence[int], n_known: int) -> Sums:
        """The table of one model a stage.

        Args:
            models: fitted models.
            sources: place of each stage's source in `saldopas.models.policy.policy.SOURCES`.
            n_known: how many courses the models know.
        """
        builder = _Builder(
            n_known, most_parts=max((len(_members(model)) for model in models), default=1)
        )
        for model, source in zip(models, sources, strict=True):
            builder.add(model, source)
        return builder.built()

    def score(self, stage: int, batch: ParticipantBatch) -> NDArray[np.float32]:
        """(B, n_items) float32 scores of one stage's model; 0 for courses that it does not know."""
        n_items = batch.sequence.n_items
        found: NDArray[np.float32] = machine_code().score(
            self.stages[stage], self.table, self.given(batch), people_of(batch), n_items
        )
        return found

    def given(self, batch: ParticipantBatch) -> NDArray[np.float32]:
        """(g, B, n_known) scores of the models that are asked; rows without a weight are 0."""
        if not self.asked:
            return NOTHING_GIVEN
        n_known = min(int(self.stages[0, lists.N_KNOWN]), batch.sequence.n_items)
        batch = known_to(batch, n_known)
        scores = np.zeros((len(self.asked), batch.n_rows, n_known), np.float32)
        for place, asked in enumerate(self.asked):
            first, end = self.stages[asked.stage, [lists.FIRST_LEVEL, lists.END_LEVEL]]
            level = first + np.minimum(batch.sequence.lengths, end - first - 1)
            wanted = np.flatnonzero(self.table[2][level, asked.member] > 0)
            if len(wanted) > 0:
                whole = len(wanted) == batch.n_rows
                scores[place, wanted] = asked.model.score(batch if whole else batch.take(wanted))
        return scores


@dataclass(frozen=True)
class Plan:
    """All of a policy that no request changes.

    Attributes:
        sums: its models.
        numbers: int64 sizes and addresses, as `models.native.kernel_lists.unpacked` takes them.
        kept: arrays whose addresses stand there.
    """

    sums: Sums
    numbers: NDArray[np.int64]
    n_items: int
    rank: Entry
    kept: tuple[NDArray[Any], ...] = field(repr=False)

    @classmethod
    def of(
        cls,
        sums: Sums,
        courses: CourseTable,
        *,
        edges: Sequence[float],
        lift: Sequence[float],
    ) -> Plan:
        """The plan of these models and rules.

        Args:
            sums: the models.
            courses: whose rules hold.
            edges, lift: of the balance fit; no lift, no fit.
        """
        parts, _, factors, _ = sums.table
        sizes = (courses.n_items, len(sums.stages), len(parts), *factors.shape, len(lift))
        numbers = [*sizes]
        kept: list[NDArray[Any]] = [
            np.ascontiguousarray(array) for array in (sums.stages, *sums.table)
        ]
        numbers += [_address(array) for array in kept]
        for rule in (
            courses.price_rp,
            courses.on_sale_from_s,
            courses.on_sale_until_s,
            courses.min_age,
            courses.min_education,
        ):
            values, ranks = np.unique(rule, return_inverse=True)
            pair: list[NDArray[Any]] = [ranks.astype(np.int32), values.astype(np.int64)]
            numbers += [*map(_address, pair), len(values)]
            kept += pair
        fit: list[NDArray[Any]] = [
            np.ascontiguousarray(courses.price_rp),
            np.array(edges, np.float64),
            np.array(lift, np.float32),
        ]
        numbers += map(_address, fit)
        return cls(
            sums=sums,
            numbers=np.array(numbers, np.int64),
            n_items=courses.n_items,
            rank=machine_code().rank,
            kept=(*kept, *fit),
        )


class Summed:
    """Base of models whose scores the machine code sums: they are `Linear` or `Weighted`."""

    def score(self, batch: ParticipantBatch) -> NDArray[np.float32]:
        """(B, n_items) float32; each row is summed in one fixed order, whatever else is asked."""
        return self._sums.score(0, batch)

    @cached_property
    def _sums(self: Any) -> Sums:
        return Sums.of([self], sources=[0], n_known=EVERY_COURSE)


def known_to(batch: ParticipantBatch, n_known: int) -> ParticipantBatch:
    """The batch over the first `n_known` courses."""
    if batch.sequence.n_items == n_known:
        return batch
    sequence = kept_only(batch.sequence, batch.sequence.item_idx < n_known)
    return ParticipantBatch(sequence.over(n_known), batch.tokens)


def people_of(batch: ParticipantBatch) -> People:
    """What the machine code reads of participants."""
    return (
        batch.sequence.indptr,
        batch.sequence.item_idx,
        batch.tokens.indptr,
        batch.tokens.indices,
    )


class _Builder:
    """Collects the rows of the table."""

    def __init__(self, n_known: int, *, most_parts: int) -> None:
        self._n_known = n_known
        self._most_parts = most_parts
        self._stages: list[list[int]] = []
        self._parts: list[list[int]] = []
        self._numbers: list[tuple[float, ...]] = []
        self._factors: list[NDArray[np.float32]] = []
        self._looked_at: list[list[bool]] = []
        self._asked: list[Asked] = []
        self._kept: list[NDArray[Any]] = []
        self._last: Recommender | None = None

    def add(self, model: Recommender, source: int) -> None:
        """One stage more."""
        members = _members(model)
        stage = dict.fromkeys(range(lists.N_STAGE_FIELDS), 0)
        stage[lists.SOURCE] = source
        stage[lists.N_KNOWN] = self._n_known
        stage[lists.SAME_SCORES] = int(model is self._last)
        stage[lists.FIRST_PART] = len(self._parts)
        stage[lists.FIRST_LEVEL] = len(self._factors)
        stage[lists.FIRST_GIVEN] = len(self._asked)
        for place, member in enumerate(members):
            self._add_part(member, place, stage[lists.FIRST_GIVEN])
        padding = np.zeros(self._most_parts - len(members), np.float32)
        for level in _level_factors(model):
            self._factors.append(np.concatenate([level, padding]))
            uses = [member.uses for member, factor in zip(members, level, strict=True) if factor]
            self._looked_at.append([any(what in use for use in uses) for what in LOOKED_AT])
        stage[lists.END_PART] = len(self._parts)
        stage[lists.END_LEVEL] = len(self._factors)
        self._stages.append(list(stage.values()))
        self._last = model

    def _add_part(self, member: Recommender, place: int, first_given: int) -> None:
        row = [0] * rows.N_FIELDS
        numbers = (0.0,) * rows.N_NUMBERS
        if isinstance(member, Linear):
            part = member.part
            row[rows.KIND], row[rows.N_ITEMS], numbers = part.kind, part.n_items, part.numbers
            for column, value in part.fields.items():
                row[column] = value if isinstance(value, int) else self._kept_address(value)
        else:
            row[rows.KIND] = rows.SCORED
            row[rows.GIVEN] = len(self._asked) - first_given
            self._asked.append(Asked(len(self._stages), place, member))
        self._parts.append(row)
        self._numbers.append(numbers)

    def _kept_address(self, array: NDArray[Any]) -> int:
        self._kept.append(array)
        return _address(array)

    def built(self) -> Sums:
        """The table."""
        return Sums(
            stages=np.array(self._stages, np.int64).reshape(-1, lists.N_STAGE_FIELDS),
            table=(
                np.array(self._parts, np.int64).reshape(-1, rows.N_FIELDS),
                np.array(self._numbers, np.float64).reshape(-1, rows.N_NUMBERS),
                np.array(self._factors, np.float32).reshape(-1, self._most_parts),
                np.array(self._looked_at, np.bool_).reshape(-1, len(LOOKED_AT)),
            ),
            asked=tuple(self._asked),
            kept=tuple(self._kept),
        )


def _address(array: NDArray[Any]) -> int:
    return int(array.ctypes.data)


def _members(model: Recommender) -> tuple[Recommender, ...]:
    return model.members if isinstance(model, Weighted) else (model,)


def _level_factors(model: Recommender) -> NDArray[np.float32]:
    return model.level_factors if isinstance(model, Weighted) else np.ones((1, 1), np.float32)
