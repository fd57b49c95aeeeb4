"""A block of served lists: what is packed comes back, and who is erased is found and leaves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from saldopas.store.served.packing import Block, block_row, people_in, written_as

AT = datetime(2022, 1, 10, 9, 30, 0, 123_456, tzinfo=UTC)
NAMES = ["P1", None, 'P"1', "P1", "Ümit\\n\n"]
BLOCK = Block(
    request_ids=[f"r{place}" for place in range(5)],
    participant_ids=NAMES,
    served_at=[AT + timedelta(microseconds=place) for place in range(5)],
    contents=[b"one", b"", b"\x01\x00\xff", b"four", b"five" * 100],
)


def test_what_is_packed_comes_back() -> None:
    row = block_row(BLOCK)
    assert (row["block_id"], row["n_lists"]) == ("r0", 5)
    assert Block.of(row["people"], row["content"]) == BLOCK


def test_the_lists_of_some_people_leave() -> None:
    left = BLOCK.without({"P1", "nobody"})
    assert left is not None
    assert left.request_ids == ["r1", "r2", "r4"]
    assert left.participant_ids == [None, 'P"1', NAMES[4]]
    assert left.contents == [BLOCK.contents[place] for place in (1, 2, 4)]
    assert [at - AT for at in left.served_at] == [timedelta(microseconds=n) for n in (1, 2, 4)]
    assert left.without({*people_in(left.people), "P1"} - {None}) is not None
    alone = Block(["r"], ["P1"], [AT], [b""])
    assert alone.without({"P1"}) is None


@pytest.mark.parametrize("name", ["P1", 'P"1', NAMES[4]])
def test_who_asked_is_found_by_a_search(name: str) -> None:
    assert written_as(name) in BLOCK.people
    assert written_as(name) not in Block(["r"], [f"{name}0"], [AT], [b""]).people
    assert written_as(name) not in Block(["r"], [f'x"{name}"'], [AT], [b""]).people
