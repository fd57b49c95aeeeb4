"""`GET /courses/{id}/similar`: the cosine of who took what, told only where many people did."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from saldopas.features.encoding.pairs import MIN_GROUP_PEOPLE
from saldopas.models.explaining.evidence import MIN_TAKERS
from saldopas.serving.explain.schemas import SimilarAnswer
from saldopas.serving.http.app import create_app
from saldopas.serving.http.openapi import read_examples
from saldopas.serving.http.settings import Settings
from saldopas.serving.model.loaded import ModelSlot
from starlette.testclient import TestClient

from tests.serving.serving_world import ServingWorld


@pytest.fixture(scope="module")
def http(world: ServingWorld) -> Iterator[TestClient]:
    settings = Settings(artifact=world.path, log_requests=False)
    slot = ModelSlot()
    slot.load(settings)
    with TestClient(
        create_app(slot, settings), base_url="http://localhost", raise_server_exceptions=False
    ) as running:
        yield running


@pytest.fixture(scope="module")
def takers(world: ServingWorld) -> list[set[int]]:
    """Who took each course, from the tables: what the evidence was counted from."""
    data, cutoff_s = world.data, world.artifact.manifest.cutoff_s
    counted = data.kept & (data.events.at_s < cutoff_s) & ~data.opted_out[data.events.rows]
    found: list[set[int]] = [set() for _ in range(data.courses.n_items)]
    for row, item in zip(data.events.rows[counted], data.events.item_idx[counted], strict=True):
        found[item].add(int(row))
    return found


def similar(http: TestClient, course_id: str, **query: Any) -> dict[str, Any]:
    response = http.get(f"/courses/{course_id}/similar", params=query)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    SimilarAnswer.model_validate(answer, strict=True, extra="forbid")
    return answer


def test_similarity_is_the_cosine_of_who_took_them(
    http: TestClient, world: ServingWorld, takers: list[set[int]]
) -> None:
    ids = world.artifact.policy.courses.course_ids.tolist()
    item = int(np.argmax([len(people) for people in takers]))
    items = similar(http, ids[item], n=50)["items"]
    assert items
    expected = {}
    for other, people in enumerate(takers):
        both = len(people & takers[item])
        fewest = min(len(people), len(takers[item]))
        large = fewest >= MIN_GROUP_PEOPLE and both >= MIN_TAKERS
        if other != item and large and fewest - both >= MIN_TAKERS:
            size = np.sqrt(len(people) * len(takers[item]))
            expected[ids[other]] = pytest.approx(both / size, abs=1e-6)
    assert {one["course_id"]: one["similarity"] for one in items} == expected
    for one in items:
        both = len(takers[ids.index(one["course_id"])] & takers[item])
        assert one["people"] == {"took": both, "of": len(takers[item])}
    assert all(a["similarity"] >= b["similarity"] for a, b in pairwise(items))


def test_no_small_group_is_told_of_from_either_side(
    http: TestClient, world: ServingWorld, takers: list[set[int]]
) -> None:
    ids = world.artifact.policy.courses.course_ids.tolist()
    for item, course_id in enumerate(ids):
        for one in similar(http, course_id, n=50)["items"]:
            other = takers[ids.index(one["course_id"])]
            assert one["people"]["took"] >= MIN_TAKERS
            assert min(len(other), len(takers[item])) >= MIN_GROUP_PEOPLE
            assert len(other - takers[item]) >= MIN_TAKERS
            assert len(takers[item] - other) >= MIN_TAKERS


def test_a_course_that_nobody_took_is_like_none(
    http: TestClient, world: ServingWorld, takers: list[set[int]]
) -> None:
    ids = world.artifact.policy.courses.course_ids
    unsold = next(item for item, people in enumerate(takers) if not people)
    assert similar(http, str(ids[unsold]))["items"] == []


def test_n_bounds_the_list(http: TestClient, world: ServingWorld, takers: list[set[int]]) -> None:
    ids = world.artifact.policy.courses.course_ids
    course_id = str(ids[int(np.argmax([len(people) for people in takers]))])
    everything = similar(http, course_id, n=50)["items"]
    assert similar(http, course_id, n=1)["items"] == everything[:1]
    assert similar(http, course_id)["items"] == everything[:5]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("n=0", 422, "out_of_range"),
        ("n=51", 422, "out_of_range"),
        ("n=99999999999999999999999", 422, "out_of_range"),
        ("n=-1", 422, "out_of_range"),
        ("n=5.0", 400, "wrong_type"),
        ("n=", 400, "wrong_type"),
        ("n=1&n=2", 400, "wrong_type"),
        ("m=1", 400, "unknown_key"),
    ],
)
def test_bad_queries(http: TestClient, query: str, status: int, code: str) -> None:
    response = http.get(f"/courses/C00001/similar?{query}")
    assert response.status_code == status
    assert response.json()["error"]["code"] == code


def test_an_unknown_course_is_a_404(http: TestClient) -> None:
    response = http.get("/courses/nothing/similar")
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "unknown_course"


def test_the_documented_example_is_an_answer() -> None:
    SimilarAnswer.model_validate(read_examples()["answers"]["similar"], strict=True, extra="forbid")
