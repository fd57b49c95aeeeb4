"""What Prometheus reads: requests, durations, answers by source and the model that is served.

BentoML's own HTTP metrics are off: they are labelled with the path as it came, which would put
participant ids into labels, and let a stranger make as many labels as they like.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from saldopas.serving.http.shared_metrics import USED, forget_the_dead
from saldopas.serving.model.loaded import LoadedModel

CONTENT_TYPE = CONTENT_TYPE_LATEST
BUCKETS_S = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)

REQUESTS = Counter(
    "saldopas_requests", "HTTP requests by route and status.", ("route", "method", "status")
)
DURATION = Histogram(
    "saldopas_request_duration_seconds",
    "From the first byte in to the last byte out.",
    ("route",),
    buckets=BUCKETS_S,
)
ANSWERS = Counter(
    "saldopas_answers",
    "Answers by the source of their first course; none: no course; plan, explain: these routes.",
    ("source",),
)
REFUSED_IN_BATCH = Counter("saldopas_batch_errors", "Bad requests inside batches.", ("code",))
REJECTED = Counter(
    "saldopas_rejected", "Requests turned away at once, by what was too much.", ("limit",)
)
SWAPS = Counter("saldopas_model_swaps", "New models taken up (done) or not (refused).", ("result",))
EVENTS = Counter("saldopas_events", "Events by what became of them.", ("result",))
STORE_SECONDS = Histogram(
    "saldopas_store_seconds",
    "Time of an operation of the store, also of one that fails.",
    ("operation",),
    buckets=BUCKETS_S,
)
STORE_UP = Gauge(
    "saldopas_store_up",
    "1 while the store answers, 0 while it does not.",
    multiprocess_mode="livemin",
)
DEGRADED = Counter(
    "saldopas_degraded_answers", "Answers given without the store, by why.", ("why",)
)
MODEL_CUTOFF = Gauge(
    "saldopas_model_cutoff_timestamp_seconds",
    "Nothing at or after this moment was learned by the model that is served.",
    multiprocess_mode="livemin",
)
MODEL = Gauge(
    "saldopas_model_info",
    "1 for the model that is served.",
    ("model_version", "dataset", "fingerprint"),
    multiprocess_mode="livemax",
)
FIND_SECONDS = STORE_SECONDS.labels("find")
_SHOWN: set[tuple[str, str, str]] = set()


@cache
def of_request(route: str, method: str, status: int) -> tuple[Counter, Histogram]:
    """What counts and times such a request, kept: finding it takes as long as counting."""
    return REQUESTS.labels(route, method, status), DURATION.labels(route)


def count_answer(source: str, *, degraded: bool) -> None:
    """One more; `source` as the metric says."""
    _answers_from(source).inc()
    if degraded:
        DEGRADED.labels("store").inc()


def show_model(model: LoadedModel) -> None:
    """Say which model is served, and no longer another."""
    manifest = model.artifact.manifest
    shown = (model.version, manifest.dataset.name, model.fingerprint)
    for labels in _SHOWN - {shown}:  # several processes' files keep a label that was removed
        MODEL.labels(*labels).set(0)
    _SHOWN.add(shown)
    MODEL.labels(*shown).set(1)
    MODEL_CUTOFF.set(manifest.cutoff_s)


@cache
def _answers_from(source: str) -> Counter:
    return ANSWERS.labels(source)


def exposition() -> bytes:
    """The metrics of this process, or of all workers where they share."""
    if USED not in os.environ:
        return generate_latest(REGISTRY)
    forget_the_dead(Path(os.environ[USED]))
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
