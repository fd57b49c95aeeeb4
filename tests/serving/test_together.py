"""Requests that arrive together: what one is answered does not depend on the others."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
from saldopas.models.policy.policy import Policy
from saldopas.serving.http.limits import Bound
from saldopas.serving.http.settings import Settings
from saldopas.serving.model.champion import Located
from saldopas.serving.model.loaded import LoadedModel, load_model
from saldopas.serving.recommend.answers import answer_all
from saldopas.serving.recommend.schemas import RecommendBody
from saldopas.serving.recommend.together import MOST_COST, Together
from saldopas.serving.store.desk import StoreDesk
from saldopas.store.participants import Found

from tests.own_loop import in_own_loop
from tests.serving.serving_world import ServingWorld

Outcome = dict[str, Any] | BaseException
DOWN = Found(down=True)


@pytest.fixture
def model(world: ServingWorld) -> LoadedModel:
    return load_model(Located(world.path, "1"))


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many requests the policy was asked with, call by call."""
    seen: list[int] = []
    ask = Policy.recommend

    def recommend(self: Policy, requests: Any, **other: Any) -> Any:
        seen.append(requests.n_rows)
        return ask(self, requests, **other)

    monkeypatch.setattr(Policy, "recommend", recommend)
    return seen


def bodies(n: int) -> list[RecommendBody]:
    return [
        RecommendBody(participant_id=f"P{row % 7}", balance=50_000 * (row % 20), n=1 + row % 5)
        for row in range(n)
    ]


def answered(
    asked: Sequence[tuple[RecommendBody, LoadedModel]],
    *,
    given_up: Sequence[int] = (),
    stored: Found | None = None,
) -> list[Outcome]:
    """The outcomes of requests that arrive in one turn; those `given_up` wait no longer."""

    async def arrive() -> list[Outcome]:
        in_flight = Bound(1_000, "in_flight")
        together = Together(StoreDesk(Settings()), in_flight)
        with ExitStack() as open_requests:
            for _ in asked:
                open_requests.enter_context(in_flight)
            waiting = [
                asyncio.ensure_future(together.answer(body, model, f"r{row}", stored))
                for row, (body, model) in enumerate(asked)
            ]
            await asyncio.sleep(0)
            for row in given_up:
                waiting[row].cancel()
            return await asyncio.gather(*waiting, return_exceptions=True)

    return in_own_loop(arrive())


def alone(row: int, body: RecommendBody, model: LoadedModel, stored: Found | None) -> Outcome:
    states = None if stored is None else [stored]
    [answer] = answer_all([body], model, request_ids=[f"r{row}"], now_s=0, stored=states)
    return answer


@pytest.mark.parametrize("stored", [None, Found(), DOWN])
def test_each_is_answered_as_if_it_were_alone_and_many_at_once(
    model: LoadedModel, sizes: list[int], stored: Found | None
) -> None:
    asked = bodies(MOST_COST + 9)
    found = answered([(body, model) for body in asked], stored=stored)
    assert sizes == [MOST_COST, 9]
    assert found == [alone(row, body, model, stored) for row, body in enumerate(asked)]


def test_reasons_count_so_that_nobody_else_waits_long(model: LoadedModel, sizes: list[int]) -> None:
    dear = RecommendBody(balance=10**6, n=100, explain=True)
    some = RecommendBody(balance=10**6, n=MOST_COST // 2 - 1, explain=True)
    cheap = bodies(2)
    found = answered([(body, model) for body in [dear, some, some, *cheap]])
    assert sizes == [1, 2, 2]
    assert found[1] == alone(1, some, model, None)


def test_whoever_is_alone_is_answered_at_once(model: LoadedModel, sizes: list[int]) -> None:
    [body] = bodies(1)

    async def arrive() -> Outcome:
        together = Together(StoreDesk(Settings()), Bound(9, "in_flight"))
        answer = together.answer(body, model, "r0", None)
        with pytest.raises(StopIteration) as ended:
            answer.send(None)  # to its end: it never waits for the loop
        value: dict[str, Any] = ended.value.value
        return value

    assert in_own_loop(arrive()) == alone(0, body, model, None)


def test_only_the_one_at_fault_fails(model: LoadedModel) -> None:
    asked = bodies(5)
    asked[2] = RecommendBody.model_construct(purchased=7)  # past the checks: a fault of ours
    found = answered([(body, model) for body in asked])
    assert [isinstance(one, TypeError) for one in found] == [False, False, True, False, False]
    assert found[3] == alone(3, asked[3], model, None)


def test_who_gave_up_is_not_answered_and_holds_nobody_up(
    model: LoadedModel, sizes: list[int]
) -> None:
    asked = bodies(4)
    found = answered([(body, model) for body in asked], given_up=[0, 3])
    assert [isinstance(one, asyncio.CancelledError) for one in found] == [True, False, False, True]
    assert sizes == [2]


def test_models_are_not_mixed(model: LoadedModel) -> None:
    other = replace(model, version="2")
    asked = list(zip(bodies(6), [model, model, other, model, other, other], strict=True))
    found = answered(asked)
    assert [one["model_version"] for one in found if isinstance(one, dict)] == [*"112122"]
