"""The moment of a request: as given, else what the dataset declares with `as_of`."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from saldopas.features.tables.dataset_config import DatasetConfig


def request_moment(
    config: DatasetConfig, as_of: datetime | None, *, cutoff_s: int, now_s: int
) -> int:
    """Epoch seconds.

    Args:
        config: its `timezone` is that of a naive `as_of`; its `as_of` is the default.
        as_of: the moment asked for, or None.
        cutoff_s: where the data ends.
        now_s: the clock of the caller.
    """
    if as_of is None:
        return now_s if config.as_of == "now" else cutoff_s
    local = as_of if as_of.tzinfo else as_of.replace(tzinfo=ZoneInfo(config.timezone))
    return int(local.timestamp())
