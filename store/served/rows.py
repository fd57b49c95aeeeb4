"""Many served lists at once, as the store keeps each: a few bytes, made without a loop over slots.

One list, little-endian: `HEAD` (format, slots k, length m of `listed`, -1 for none), the bits of
`feasible`, k int32 courses, k float32 scores, k float32 chances; with `listed` also the bits of
`pool` and m int32 courses. Bits are `pack_courses`. Before there was a format it was JSON in zlib.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import orjson
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
