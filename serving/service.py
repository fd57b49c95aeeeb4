"""The BentoML service, started by `saldopas serve` and `bentoml serve serving.service:SaldoPas`."""

from __future__ import annotations

import gc

import bentoml
from starlette.types import ASGIApp, Receive, Scope, Send

from features.errors import ArtifactError
from serving import metrics
from serving.http import create_app
from serving.keys import keys_of
from serving.loaded import ModelSlot
from serving.logs import LOG, configure_logs
from serving.settings import read_settings
from serving.store.desk import StoreDesk
from serving.swap import ChampionWatch

SETTINGS = read_settings()
SLOT = ModelSlot()
DESK = StoreDesk(SETTINGS)
APP = create_app(SLOT, SETTINGS, keys_of(SETTINGS), desk=DESK)
WATCH = ChampionWatch(SLOT, SETTINGS)
GARBAGE = 20_000  # objects more, then the youngest are looked at
SPARE_S = 5.0  # our own timeout speaks first, in the documented format


class Straight:
    """Hands every request to our application, past BentoML's routing and probes.

    (Its probes speak plain text, and its router tries each of its own routes first.)
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take what is asked over HTTP, pass on the rest: start and shutdown."""
        await (APP if scope["type"] == "http" else self._app)(scope, receive, send)


def leave_alone_what_stays() -> None:
    """What was loaded stays until the process ends: the collector need not look at it each time.

    What a request leaves is freed by itself; collecting seldom keeps pauses out of answers.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE, 20, 20)


@bentoml.service(
    name="saldopas",
    workers=SETTINGS.workers,
    traffic={"timeout": SETTINGS.timeout_s + SPARE_S},
    metrics={"enabled": False},  # see serving/metrics.py
    logging={"access": {"enabled": False}},  # it writes paths as they come; see serving/logs.py
    tracing={"excluded_urls": [".*"]},  # nothing is exported, and it is half of a request's time
)
@bentoml.asgi_app(APP, path="/", name="http")
class SaldoPas:
    """Courses that suit a participant and fit what is left of the balance."""

    def __init__(self) -> None:
        configure_logs()
        DESK.open()
        try:
            SLOT.load(SETTINGS)
        except ArtifactError as error:
            LOG.error("not ready", reason=SLOT.reason, cause=str(error))
        if SLOT.model is not None:
            metrics.show_model(SLOT.model)
            LOG.info("ready", model_version=SLOT.model.version, url=SETTINGS.url)

        WATCH.start()
        leave_alone_what_stays()

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]
    def close(self) -> None:
        """Write what waits."""
        WATCH.end()
        DESK.close()

    def __is_ready__(self) -> bool:
        """A verified artifact is loaded."""
        return SLOT.model is not None


SaldoPas.add_asgi_middleware(Straight)  # type: ignore[attr-defined]  # it is a Service
