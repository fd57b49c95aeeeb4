"""JSON lines on standard output; never a participant's id, a body or a path as it came."""

from __future__ import annotations

import logging
import sys

import structlog

LOG = structlog.get_logger("saldopas")


def configure_logs() -> None:
    """Write one JSON object a line, from level info."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(
            sys.stdout
        ),  # one write a line: workers share it
        cache_logger_on_first_use=True,
    )
