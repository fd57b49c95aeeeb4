"""Why a value is not estimated."""

from __future__ import annotations

from enum import StrEnum

from saldopas.features.errors import DataError


class Reason(StrEnum):
    """What the log lacks, for programs that count or branch on it."""

    SUPPORT = "support is missing"
    FEW_LISTS = "too few effective lists"
    FEW_PURCHASES = "too few effective purchases"
    ONE_LIST = "one list weighs too much"
    WRONG_MEAN = "weights do not average 1"
    NO_CHANCES = "chances are not logged"
    OTHER_LENGTH = "lists of another length"


class CannotEstimateError(DataError):
    """The log cannot tell what the target policy is worth; the text says why and what to do."""

    def __init__(
        self, reason: Reason, problem: str, *, remedy: str, column: str | None = None
    ) -> None:
        """`reason` names the rule that refuses, `problem` says it with this log's numbers."""
        self.reason = reason
        super().__init__(problem, remedy=remedy, column=column)
