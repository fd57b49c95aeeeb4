"""The latency budget: the champion's own time with a ceiling, and no way up for a slow machine."""

from __future__ import annotations

import pytest
from saldopas.training_pipeline.gate.latency import Latency
from saldopas.training_pipeline.gate.rules import request_latency
from saldopas.training_pipeline.gate.verdict import GateConfig

CONFIG = GateConfig(latency_ms=10.0, unnoticed_ms=0.5, slower=2.0)


@pytest.mark.parametrize(
    ("challenger", "champion", "outcome"),
    [
        (0.4, 0.01, "passed"),  # forty times, and nobody notices
        (0.6, 0.01, "failed"),
        (1.9, 1.0, "passed"),
        (2.1, 1.0, "failed"),
        (9.9, 8.0, "passed"),
        (10.1, 9.9, "failed"),  # the champion keeps to the ceiling: the machine is not slow
        (10.5, 10.1, "passed"),  # noise
        (14.0, 10.1, "failed"),
        (9.9, None, "passed"),
        (10.1, None, "failed"),
    ],
)
def test_the_budget(challenger: float, champion: float | None, outcome: str) -> None:
    assert request_latency(Latency(challenger, champion, 300), CONFIG).outcome == outcome


def test_a_ceiling_below_what_nobody_notices_holds() -> None:
    tight = CONFIG.model_copy(update={"latency_ms": 0.1})
    assert request_latency(Latency(0.2, 0.01, 300), tight).outcome == "failed"


def test_champions_do_not_get_slower_and_slower() -> None:
    """Each time the slowest challenger that passes, until nothing slower does."""
    champion = 0.01
    for _ in range(100):
        times = (champion * step / 100 for step in range(400, 100, -1))
        passing = (
            one
            for one in times
            if request_latency(Latency(one, champion, 300), CONFIG).outcome == "passed"
        )
        champion = next(passing, champion)
    assert champion <= CONFIG.latency_ms


def test_the_sentence_says_what_was_timed_and_against_what() -> None:
    told = request_latency(Latency(1.5, 1.0, 300), CONFIG).sentence
    assert told == (
        "median 1.5 ms of 300 single requests, without HTTP, champion 1 ms in turns with it; "
        "budget 2 ms, 2 times the champion"
    )
