"""Many served lists at once, as the store keeps each: a few bytes, made without a loop over slots.

One list, little-endian: `HEAD` (format, slots k, length m of `listed`, -1 for none), the bits of
`feasible`, k int32 courses, k float32 scores, k float32 chances; with `listed` also the bits of
`pool` and m int32 courses. Bits are `pack_courses`. Before there was a format it was JSON in zlib.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate, compress, pairwise
from typing import Any, NamedTuple

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

HEAD = struct.Struct("<Bii")
FORMAT = 1  # zlib's first byte is another


class Ragged(NamedTuple):
    """Row i holds `indptr[i]:indptr[i + 1]` of the values."""

    indptr: NDArray[np.int64]
    values: NDArray[Any]


@dataclass(frozen=True)
class Shown:
    """N lists of one artifact as they were shown; courses are positions in its catalogue.

    Attributes:
        request_ids, participant_ids, served_at: (N,).
        feasible: (N, n_items) bool, what the rules allowed.
        courses: (N,) lists of item indices; scores and propensity are aligned to its values.
        pool, listed: as in `ServedList`; None where nothing could be explored.
    """

    request_ids: Sequence[str]
    participant_ids: Sequence[str | None]
    served_at: Sequence[datetime]
    model_version: str
    feasible: NDArray[np.bool_]
    courses: Ragged
    scores: NDArray[np.float32]
    propensity: NDArray[np.float32]
    pool: NDArray[np.bool_] | None = None
    listed: Ragged | None = None


@dataclass(frozen=True)
class Content:
    """One list as it was packed; bits as in `pack_courses`."""

    feasible: bytes
    items: list[int]
    scores: list[float]
    propensity: list[float]
    pool: bytes | None
    listed: list[int] | None


def packed(shown: Shown) -> list[bytes]:
    """(N,) contents."""
    n_lists, n_items = shown.feasible.shape
    width = -(-n_items // 8)
    feasible = _bits(shown.feasible)
    slots = shown.courses.indptr.tolist()
    items = shown.courses.values.astype("<i4").tobytes()
    scores = shown.scores.astype("<f4").tobytes()
    chances = shown.propensity.astype("<f4").tobytes()
    pool, ends, listed = b"", [], b""
    if shown.pool is not None and shown.listed is not None:
        pool, ends = _bits(shown.pool), shown.listed.indptr.tolist()
        listed = shown.listed.values.astype("<i4").tobytes()
    made = []
    for row in range(n_lists):
        a, b = slots[row], slots[row + 1]
        bits, values = slice(row * width, (row + 1) * width), slice(4 * a, 4 * b)
        m = ends[row + 1] - ends[row] if ends else -1
        parts = [HEAD.pack(FORMAT, b - a, m), feasible[bits]]
        parts += [items[values], scores[values], chances[values]]
        if ends:
            parts += [pool[bits], listed[4 * ends[row] : 4 * ends[row + 1]]]
        made.append(b"".join(parts))
    return made


def unpacked(content: bytes, *, n_items: int) -> Content:
    """What `packed` made of a catalogue of `n_items` courses."""
    if content[0] != FORMAT:
        return _unpacked_json(content)
    _, k, m = HEAD.unpack_from(content)
    width = -(-n_items // 8)
    slots = HEAD.size + width
    items, scores, chances = (
        np.frombuffer(content, dtype, k, slots + 4 * k * place)
        for place, dtype in enumerate(("<i4", "<f4", "<f4"))
    )
    after = slots + 12 * k
    return Content(
        feasible=content[HEAD.size : slots],
        items=items.tolist(),
        scores=scores.tolist(),
        propensity=chances.tolist(),
        pool=None if m < 0 else content[after : after + width],
        listed=None if m < 0 else np.frombuffer(content, "<i4", m, after + width).tolist(),
    )


def _bits(could: NDArray[np.bool_]) -> bytes:
    """The rows' bits, one after the other."""
    return np.packbits(could, axis=1, bitorder="little").tobytes()


def _unpacked_json(content: bytes) -> Content:
    old = orjson.loads(zlib.decompress(content))
    pool = old["pool"]
    return Content(
        feasible=base64.b64decode(old["feasible"]),
        items=old["items"],
        scores=old["scores"],
        propensity=old["propensity"],
        pool=None if pool is None else base64.b64decode(pool),
        listed=old["listed"],
    )


SIZES = struct.Struct("<II")
ZSTD = "zstd"


@dataclass(frozen=True)
class Block:
    """N lists of one artifact, at least one; every field has N values.

    Attributes:
        participant_ids: who asked; None: nobody was named.
        served_at: aware, in UTC.
        contents: as `packed` makes them.
    """

    request_ids: Sequence[str]
    participant_ids: Sequence[str | None]
    served_at: Sequence[datetime]
    contents: Sequence[bytes]

    @classmethod
    def of(cls, people: str, content: bytes) -> Block:
        """The block that these columns hold."""
        whole, first = SIZES.unpack_from(content)
        raw = pa.decompress(content[SIZES.size :], whole, codec=ZSTD, asbytes=True)
        request_ids, moments, sizes = orjson.loads(raw[:first])
        ends = accumulate(sizes, initial=first)
        return cls(
            request_ids,
            people_in(people),
            [datetime.fromisoformat(moment) for moment in moments],
            [raw[a:b] for a, b in pairwise(ends)],
        )

    @property
    def people(self) -> str:
        """The column `people`."""
        return orjson.dumps(self.participant_ids).decode()

    @property
    def content(self) -> bytes:
        """The column `content`."""
        sizes = [len(content) for content in self.contents]
        head = orjson.dumps([self.request_ids, self.served_at, sizes])
        raw = b"".join([head, *self.contents])
        packed: bytes = pa.compress(raw, codec=ZSTD, asbytes=True)
        return SIZES.pack(len(raw), len(head)) + packed

    def without(self, gone: Collection[str]) -> Block | None:
        """The lists of everybody else; None where there is none."""
        keep = [name not in gone for name in self.participant_ids]
        if not any(keep):
            return None
        return Block(
            list(compress(self.request_ids, keep)),
            list(compress(self.participant_ids, keep)),
            list(compress(self.served_at, keep)),
            list(compress(self.contents, keep)),
        )


def block_row(block: Block) -> dict[str, Any]:
    """The columns of the store that a block itself fills."""
    return {
        "block_id": block.request_ids[0],
        "n_lists": len(block.request_ids),
        "people": block.people,
        "content": block.content,
    }


def people_in(people: str) -> list[str | None]:
    """(N,) who asked, of the column `people`."""
    found: list[str | None] = orjson.loads(people)
    return found


def written_as(participant_id: str) -> str:
    """What stands in the column `people` of a block that holds a list of the person."""
    return orjson.dumps(participant_id).decode()
