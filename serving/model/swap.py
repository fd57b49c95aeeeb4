"""Takes up a new champion while requests are answered: within two polls and a load, or not at all.

A request reads the slot once and keeps what it found, so no answer is of two models; what was
served goes when its last request is done.
"""

from __future__ import annotations

import gc
import threading
from pathlib import Path

from saldopas.features.errors import ArtifactError
from saldopas.serving.http import metrics
from saldopas.serving.http.logs import LOG
from saldopas.serving.http.settings import Settings
from saldopas.serving.model.loaded import Located, ModelSlot, load_model, locate, manifest_hash

Stamp = tuple[int, bytes]


class ChampionWatch:
    """Looks at the champion's pointer and fills the slot when it changes.

    Args:
        slot: what requests read.
        settings: where the pointer is, and how often it is looked at.
    """

    def __init__(self, slot: ModelSlot, settings: Settings) -> None:
        self._slot = slot
        self._settings = settings
        self._seen = read_stamp(settings.champion)
        self._ended = threading.Event()

    def start(self) -> None:
        """Watch from a thread of its own; where an artifact is set there is nothing to watch."""
        if self._settings.artifact is None:
            threading.Thread(target=self._run, name="champion-watch", daemon=True).start()

    def end(self) -> None:
        """Look no more."""
        self._ended.set()

    def look(self) -> None:
        """Take up what the pointer names, if it was written since the last look.

        What is refused is logged and counted once, and what is served goes on.
        """
        stamp = read_stamp(self._settings.champion)
        if stamp is None or stamp == self._seen:
            return
        self._seen = stamp
        try:
            located = locate(self._settings)
            if located == self._slot.located and self._is_as_served(located):
                return
            model = load_model(located)
        except ArtifactError as error:
            metrics.SWAPS.labels("refused").inc()
            LOG.error("model refused", cause=str(error))
            return
        self._slot.put(model, located)
        metrics.SWAPS.labels("done").inc()
        metrics.show_model(model)
        LOG.info("model swapped", model_version=model.version)
        gc.collect()  # what was served before holds maps of its files

    def _is_as_served(self, located: Located) -> bool:
        """Whether the directory holds what it did: people are erased from it in place."""
        model = self._slot.model
        return model is not None and manifest_hash(located.path) == model.fingerprint

    def _run(self) -> None:
        while not self._ended.wait(self._settings.poll_s):
            try:
                self.look()
            except Exception as error:  # noqa: BLE001 - the next champion is wanted all the same
                metrics.SWAPS.labels("refused").inc()
                LOG.error("model refused", exc_info=error)


def read_stamp(path: Path) -> Stamp | None:
    """When the pointer was written and what it says; None where there is none."""
    try:
        return path.stat().st_mtime_ns, path.read_bytes()
    except OSError:
        return None
