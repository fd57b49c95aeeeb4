"""Why a value is not estimated."""

from __future__ import annotations

from features.errors import DataError


class CannotEstimateError(DataError):
    """The log cannot tell what the target policy is worth; the text says why and what to do."""
