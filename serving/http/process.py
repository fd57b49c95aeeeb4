"""What one worker holds: the model, the store, the application over them."""

from __future__ import annotations

import gc
import sys

from saldopas.features.errors import ArtifactError
from saldopas.serving.http import metrics
from saldopas.serving.http.app import create_app
from saldopas.serving.http.keys import keys_of
from saldopas.serving.http.logs import LOG, configure_logs
from saldopas.serving.http.settings import Settings
from saldopas.serving.model.loaded import ModelSlot
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
        _exempt_loaded_objects()

    @property
    def ready(self) -> bool:
        """A verified artifact is loaded."""
        return self._slot.model is not None

    def close(self) -> None:
        """Write what waits."""
        self._watch.end()
        self._desk.close()


def _exempt_loaded_objects() -> None:
    """Keep the garbage collector away from the model, which stays as long as the worker does.

    What remains to be looked at is the little that a request makes, so collections are short.
    """
    gc.collect()
    gc.freeze()
