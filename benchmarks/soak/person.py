"""One participant, played: asks, buys, finishes, and compares each answer with the model's own."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from saldopas.serving.model.loaded import LoadedModel
from saldopas.serving.recommend.answers import answer_all
from saldopas.serving.recommend.schemas import RecommendBody

from benchmarks.soak.client import BrokenError, Client

N = 5
BACK_OFF_S = 1.0


@dataclass
class Findings:
    """What the whole run saw.

    Attributes:
        acknowledged: what was acknowledged, by event id: participant, course, kind, price.
        wrong: what must not be, in words; errors: (moment, what) of requests without an answer.
        seconds: of every answer; checked: answers compared with the model's own.
        ran_out: no participant was left to play before the time was over.
    """

    acknowledged: dict[str, tuple[str, str, str, int]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    errors: list[tuple[float, str]] = field(default_factory=list)
    seconds: list[tuple[float, float]] = field(default_factory=list)
    versions: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    asked: int = 0
    checked: int = 0
    degraded: int = 0
    ran_out: bool = False


class Person:
    """Lives through purchases until nothing fits; its state is what was acknowledged."""

    def __init__(
        self, name: str, client: Client, models: Mapping[str, LoadedModel], findings: Findings
    ) -> None:
        self._name, self._client, self._models, self._found = name, client, models, findings
        self._number = 0

    async def live(self, running: Callable[[], bool], rng: random.Random) -> None:
        """Until nothing can be bought any more, or the time is over."""
        state = await self._ask("GET", f"/participants/{self._name}", None, running)
        if state is None:
            return
        self._balance = state["balance"]
        self._profile = state["profile"]
        self._known = [one["course_id"] for one in state["history"] if one["status"] != "cancelled"]
        self._before = list(self._known)
        for one in state["history"]:  # nobody buys while a training goes on
            ended = one["status"] != "active" or await self._send(
                "finish", one["course_id"], 0, running
            )
            if not ended:
                return
        while running():
            answer = await self._recommend(running)
            if answer is None or not answer["items"]:
                return
            if rng.random() < 0.5:
                continue
            course = rng.choice(answer["items"])
            if not await self._send("purchase", course["course_id"], course["price"], running):
                return
            self._known.append(course["course_id"])
            self._balance -= course["price"]
            if await self._recommend(running) is None:
                return
            if not await self._send("finish", course["course_id"], 0, running):
                return

    async def _recommend(self, running: Callable[[], bool]) -> dict[str, Any] | None:
        asked = {"participant_id": self._name, "n": N}
        answer = await self._ask("POST", "/recommend", asked, running)
        if answer is not None:
            self._check(answer)
        return answer

    def _check(self, answer: dict[str, Any]) -> None:
        items = [item["course_id"] for item in answer["items"]]
        found = self._found
        found.versions[answer["model_version"]] += 1
        if answer["degraded"]:
            found.degraded += 1
            if {*items} & {*self._before}:
                found.wrong.append("a degraded answer holds what the snapshot says was bought")
            return
        found.checked += 1
        if answer["balance"] != self._balance:
            found.wrong.append(f"balance {answer['balance']}, acknowledged {self._balance}")
        if {*items} & {*self._known}:
            found.wrong.append("an answer holds what was bought")
        if any(item["price"] > self._balance for item in answer["items"]):
            found.wrong.append("an answer holds what is above the balance")
        body = RecommendBody(
            participant_id=self._name,
            n=N,
            balance=self._balance,
            purchased=self._known,
            profile=self._profile,
        )
        model = self._models.get(answer["model_version"])
        if model is None:
            found.wrong.append(f"model version {answer['model_version']} was never promoted")
            return
        [own] = answer_all([body], model, request_ids=["own"], now_s=int(time.time()))
        if own["items"] != answer["items"]:
            found.wrong.append("an answer is not what the model says itself")

    async def _send(
        self, kind: str, course_id: str, price: int, running: Callable[[], bool]
    ) -> bool:
        """The same event, with the same id, until it is acknowledged or refused."""
        self._number += 1
        event = {
            "event_id": f"{self._name}-{self._number}",
            "kind": kind,
            "participant_id": self._name,
            "course_id": course_id,
            **({"price": price} if kind == "purchase" else {"rating": 5.0}),
        }
        answer = await self._ask("POST", "/events", {"events": [event]}, running)
        if answer is None:
            return False
        if answer["rejected"]:
            self._found.refused[answer["rejected"][0]["error"]["code"]] += 1
            return False
        if answer["accepted"] + answer["repeated"] != 1:
            self._found.wrong.append("an event was neither accepted nor repeated nor refused")
        self._found.acknowledged[str(event["event_id"])] = (self._name, course_id, kind, price)
        return True

    async def _ask(
        self, method: str, path: str, body: Any, running: Callable[[], bool]
    ) -> dict[str, Any] | None:
        """The answer, asked again until it comes; None at the end of the time."""
        while running():
            self._found.asked += 1
            began = time.monotonic()
            try:
                status, answer = await self._client.ask(method, path, body)
            except BrokenError as error:
                self._found.errors.append((began, f"{path.split('/')[1]}: {error}"))
                await asyncio.sleep(0.05)
                continue
            self._found.seconds.append((began, time.monotonic() - began))
            if status == 200:
                return dict(answer)
            self._found.errors.append((began, f"{path.split('/')[1]}: {status}"))
            await asyncio.sleep(BACK_OFF_S)
        return None
