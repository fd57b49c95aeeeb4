"""One participant at the moment of a request, as plain lists that are quick to make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Person(NamedTuple):
    """What is known of a participant; the default is a stranger.

    Attributes:
        history: item indices that models may see, oldest first.
        tokens: of the profile, ascending.
        owned: item indices that were bought or cancelled before.
        balance_rp: what is left, whole units; None where no limit is known.
        age_at_least, education_at_least: surely reached, 0 where unknown.
        opted_out: ranked by neither history nor profile, of which nothing stands here.
    """

    history: Sequence[int] = ()
    tokens: Sequence[int] = ()
    owned: Sequence[int] = ()
    balance_rp: int | None = None
    age_at_least: int = 0
    education_at_least: int = 0
    opted_out: bool = False


STRANGER = Person()
