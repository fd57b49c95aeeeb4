"""Purchases of a held-out period that no decision predicts, counted by reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Self


@dataclass(frozen=True)
class LeftOut:
    """Numbers of purchases, each under the first reason that holds.

    Attributes:
        cancelled: no decision to predict; opted_out: of people who are not looked at.
        bought_before: owned already at the moment, or the second of its kind in a basket.
        not_on_sale: outside the catalogue's dates at the moment.
        not_eligible: the least age or education of the course is not surely reached.
        above_balance: the catalogue's price is above what could be spent, so that no policy may
            list the course, whatever was paid for it.
        not_drawn: of decisions beyond the most that are looked at.
    """

    cancelled: int = 0
    opted_out: int = 0
    bought_before: int = 0
    not_on_sale: int = 0
    not_eligible: int = 0
    above_balance: int = 0
    not_drawn: int = 0

    @classmethod
    def total(cls, parts: Iterable[LeftOut]) -> Self:
        """All parts together."""
        found = list(parts)
        names = [field.name for field in fields(cls)]
        return cls(**{name: sum(getattr(part, name) for part in found) for name in names})
