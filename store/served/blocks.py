"""Many served lists as one row of the store: who asked, in the open, and the lists, packed.

`people` is a JSON list with an id or null for each list: who is to be erased is found by searching
it. `content` is `SIZES` (bytes of the rest unpacked, of its head), then by zstd: the head, a JSON
list of request ids, of moments and of the lists' sizes, and the lists, each as in `served_rows`.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate, compress, pairwise
from typing import Any

import orjson
import pyarrow as pa

SIZES = struct.Struct("<II")
ZSTD = "zstd"


@dataclass(frozen=True)
class Block:
    """N lists of one artifact, at least one; every field has N values.

    Attributes:
        participant_ids: who asked; None: nobody was named.
        served_at: aware, in UTC.
        contents: as in `served_rows`.
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
