"""Served lists as the store keeps them: what is packed comes back, and so does the older format."""

from __future__ import annotations

import base64
import zlib
from datetime import UTC, datetime

import numpy as np
import orjson
import pytest
from saldopas.store.served.log import pack_courses
from saldopas.store.served.packing import Content, Ragged, Shown, packed, unpacked

N_ITEMS = 19
AT = datetime(2022, 1, 10, tzinfo=UTC)


def shown(*, explored: bool) -> Shown:
    """Three lists: two courses, none, one."""
    random = np.random.default_rng(7)
    pool = random.random((3, N_ITEMS)) < 0.5
    return Shown(
        request_ids=["a", "b", "c"],
        participant_ids=["P1", None, "P2"],
        served_at=[AT] * 3,
        model_version="1",
        feasible=random.random((3, N_ITEMS)) < 0.5,
        courses=Ragged(np.array([0, 2, 2, 3]), np.array([18, 4, 7])),
        scores=np.array([0.1, -2.5, 3.0], np.float32),
        propensity=np.array([1.0, 0.25, 0.5], np.float32),
        pool=pool if explored else None,
        listed=Ragged(np.array([0, 1, 1, 3]), np.array([4, 0, 9])) if explored else None,
    )


@pytest.mark.parametrize("explored", [False, True])
def test_what_is_packed_comes_back(explored: bool) -> None:
    lists = shown(explored=explored)
    found = [unpacked(content, n_items=N_ITEMS) for content in packed(lists)]
    assert [one.feasible for one in found] == [pack_courses(row) for row in lists.feasible]
    assert [one.items for one in found] == [[18, 4], [], [7]]
    assert [one.scores for one in found] == [[np.float32(0.1), -2.5], [], [3.0]]
    assert [one.propensity for one in found] == [[1.0, 0.25], [], [0.5]]
    if lists.pool is None:
        assert {one.pool for one in found} == {None}
        assert [one.listed for one in found] == [None] * 3
    else:
        assert [one.pool for one in found] == [pack_courses(row) for row in lists.pool]
        assert [one.listed for one in found] == [[4], [], [0, 9]]


def test_the_format_before_is_read() -> None:
    bits = pack_courses(np.arange(N_ITEMS) % 3 == 0)
    values = {"items": [3, 0], "scores": [0.5, 0.1], "propensity": [1.0, 1.0]}
    old = {"feasible": base64.b64encode(bits).decode(), "pool": None, "listed": None, **values}
    content = zlib.compress(orjson.dumps(old), 1)
    want = Content(bits, pool=None, listed=None, **values)
    assert unpacked(content, n_items=N_ITEMS) == want
