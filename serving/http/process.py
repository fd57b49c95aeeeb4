"""What one worker holds: the model, the store, the application over them."""

from __future__ import annotations

import sys

from saldopas.features.errors import ArtifactError
from saldopas.serving.http import metrics
from saldopas.serving.http.app import create_app
from saldopas.serving.http.keys import keys_of
from saldopas.serving.http.logs import LOG, configure_logs
from saldopas.serving.http.settings import Settings
from saldopas.serving.model.loaded import ModelSlot
from saldopas.serving.model.start_up import leave_alone_what_stays
from saldopas.serving.model.swap import ChampionWatch
from saldopas.serving.store.desk import StoreDesk

SWITCH_S = 0.0005  # a request waits no longer for a thread that writes; Python's own: 0.005


class Worker:
    """Open once made; one object a process.

    Attributes:
        app: the ASGI application that answers.
    """

    def __init__(self, settings: Settings) -> None:
        configure_logs()
        sys.setswitchinterval(SWITCH_S)
        slot = ModelSlot()
        self._desk = StoreDesk(settings)
        self._watch = ChampionWatch(slot, settings)
        self.app = create_app(slot, settings, keys_of(settings), desk=self._desk)
        self._desk.open()
        try:
            slot.load(settings)
        except ArtifactError as error:
            LOG.error("not ready", reason=slot.reason, cause=str(error))
        if slot.model is not None:
            metrics.show_model(slot.model)
            LOG.info("ready", model_version=slot.model.version, url=settings.url)
        self._slot = slot
        self._watch.start()
        leave_alone_what_stays()

    @property
    def ready(self) -> bool:
        """A verified artifact is loaded."""
        return self._slot.model is not None

    def close(self) -> None:
        """Write what waits."""
        self._watch.end()
        self._desk.close()
