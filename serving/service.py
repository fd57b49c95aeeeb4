"""The BentoML service, started by `saldopas serve`, or by `bentoml serve` with this module.

The process that starts the workers reads this file too, so all they need is loaded by them alone.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import bentoml
from saldopas.serving.http.settings import read_settings
from saldopas.serving.http.shared_metrics import make_own_directory, use_own_directory
from starlette.types import ASGIApp, Receive, Scope, Send

if TYPE_CHECKING:
    from saldopas.serving.http.process import Worker

SETTINGS = read_settings()
SPARE_S = 5.0  # our own timeout speaks first, in the documented format
WORKERS: list[Worker] = []  # of this process: none in the one that starts them, else one


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Our application."""
    await WORKERS[-1].app(scope, receive, send)


class Direct:
    """ASGI middleware: hand every HTTP request to our application, before BentoML's router.

    BentoML's own probes answer plain text, and its router tries each of its routes first.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer HTTP; pass on the lifespan events, by which BentoML starts and stops."""
        await (answer if scope["type"] == "http" else self._app)(scope, receive, send)


@bentoml.service(
    name="saldopas",
    workers=SETTINGS.workers,
    traffic={"timeout": SETTINGS.timeout_s + SPARE_S},
    metrics={"enabled": False},  # see serving/http/metrics.py
    logging={
        "access": {"enabled": False}
    },  # it writes paths as they come; see serving/http/logs.py
    tracing={"excluded_urls": [".*"]},  # nothing is exported, and it is half of a request's time
)
@bentoml.asgi_app(answer, path="/", name="http")
class SaldoPas:
    """Courses that suit a participant and fit what is left of the balance."""

    @bentoml.on_deployment  # type: ignore[untyped-decorator]
    @staticmethod
    def prepare() -> None:
        """Before the workers are started, in the process that does it."""
        make_own_directory()

    def __init__(self) -> None:
        use_own_directory()
        # pyarrow's own allocator would reserve 10 MB to read one small table
        os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
        from saldopas.serving.http.process import Worker

        self._worker = Worker(SETTINGS)
        WORKERS.append(self._worker)

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]
    def close(self) -> None:
        """Write what waits."""
        self._worker.close()

    def __is_ready__(self) -> bool:
        """A verified artifact is loaded."""
        return self._worker.ready


SaldoPas.add_asgi_middleware(Direct)  # type: ignore[attr-defined]  # it is a Service
