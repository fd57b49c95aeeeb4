"""One served list as it is logged: what could be shown, what was, its chances, what was bought.

The service writes these rows, off-policy estimation reads them (`docs/off-policy.md`). Courses are
positions in the catalogue of the file, whose ids stand in the file's metadata; catalogues only grow
at their end, so an older, shorter bit map means that the newer courses could not be shown.
"""

from __future__ import annotations

from typing import Annotated, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import AwareDatetime, Field, model_validator
from saldopas.features.tables.dataset_config import Frozen

COURSE_IDS = b"saldopas.course_ids"
SLOT_VALUES = ("scores", "listed", "propensity_at_slot", "propensity_given_above", "bought")
Chance = Annotated[float, Field(gt=0, le=1)]
Item = Annotated[int, Field(ge=0)]

SCHEMA = pa.schema(
    [
        pa.field("request_id", pa.string(), nullable=False),
        pa.field("served_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("participant_id", pa.string()),
        pa.field("model_version", pa.string(), nullable=False),
        pa.field("feasible", pa.binary(), nullable=False),
        pa.field("pool", pa.binary()),
        pa.field("listed", pa.list_(pa.int32())),
        pa.field("item_idx", pa.list_(pa.int32()), nullable=False),
        pa.field("scores", pa.list_(pa.float32()), nullable=False),
        pa.field("propensity_given_above", pa.list_(pa.float64())),
        pa.field("propensity_at_slot", pa.list_(pa.float64())),
        pa.field("bought", pa.list_(pa.bool_())),
        pa.field("window_days", pa.int32()),
    ]
)


class ServedList(Frozen):
    """One row; the tuples have one value a slot, the first slot first.

    Attributes:
        participant_id: the pseudonym, None where nobody was named; erased with the participant.
        feasible: bits of the courses that the rules allowed, see `pack_courses`.
        pool: bits of the courses that exploring could have put into any slot; None: all feasible
            ones; no bits: nothing was explored.
        listed: the list as it was ranked, before exploring: its course could stand in its own slot
            besides the pool. None: it is all in the pool.
        item_idx: the shown courses, positions in the catalogue.
        propensity_at_slot: chance of the course in its slot over all lists that could have been
            shown: `Recommendations.propensity`. Item-position estimates need it.
        propensity_given_above: the same, given the courses in the slots above. Cascade and list
            estimates need it. At least one of the two is told.
        bought: whether the course was bought within the window; None until the window is over.
        window_days: length of that window after `served_at`.
    """

    request_id: Annotated[str, Field(min_length=1, max_length=200)]
    served_at: AwareDatetime
    participant_id: str | None
    model_version: Annotated[str, Field(min_length=1)]
    feasible: bytes
    pool: bytes | None = None
    listed: tuple[Item, ...] | None = None
    item_idx: tuple[Item, ...]
    scores: tuple[float, ...]
    propensity_at_slot: tuple[Chance, ...] | None = None
    propensity_given_above: tuple[Chance, ...] | None = None
    bought: tuple[bool, ...] | None = None
    window_days: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _one_value_a_slot(self) -> Self:
        slots = len(self.item_idx)
        for name in SLOT_VALUES:
            values = getattr(self, name)
            if values is not None and len(values) != slots:
                raise ValueError(f"{name} has {len(values)} values for {slots} shown courses")
        if len(set(self.item_idx)) != slots:
            raise ValueError("a course is shown twice")
        if self.propensity_at_slot is None and self.propensity_given_above is None:
            raise ValueError("no propensity is told")
        if (self.bought is None) != (self.window_days is None):
            raise ValueError("bought and window_days come together")
        return self

    @model_validator(mode="after")
    def _shown_could_be_shown(self) -> Self:
        bits = self.feasible if self.pool is None else self.pool
        size = max([8 * len(bits), *(item + 1 for item in self.item_idx)])
        could = unpack_courses(bits, n_items=size)
        own = self.listed or (None,) * len(self.item_idx)
        for shown, listed in zip(self.item_idx, own, strict=True):
            if not could[shown] and shown != listed:
                raise ValueError(f"course {shown} is shown and could not be in its slot")
        return self


def pack_courses(could: NDArray[np.bool_]) -> bytes:
    """(n_items,) bool as bits, course i in bit i % 8 of byte i // 8."""
    return np.packbits(could, bitorder="little").tobytes()


def unpack_courses(bits: bytes, *, n_items: int) -> NDArray[np.bool_]:
    """(n_items,) bool of `pack_courses`; courses past the end of the bits are False."""
    packed = np.zeros(-(-n_items // 8), np.uint8)  # unpackbits of nothing gives arbitrary bits
    given = np.frombuffer(bits, np.uint8)[: len(packed)]
    packed[: len(given)] = given
    return np.unpackbits(packed, count=n_items, bitorder="little").astype(np.bool_)
