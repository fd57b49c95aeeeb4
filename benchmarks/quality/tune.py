"""A peer's hyperparameters: coordinate search from its defaults, on the validation cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.quality.peers import Config


@dataclass(frozen=True)
class Tried:
    """A configuration and its figure on the validation cut; None where it failed."""

    config: Config
    score: float | None


def coordinate_search(
    lines: tuple[tuple[str, tuple[Any, ...]], ...],
    attempt: Callable[[Config], float | None],
    *,
    tries: int,
    spent: Callable[[], bool] = lambda: False,
) -> list[Tried]:
    """The defaults first, then line after line from the best so far.

    Passes are repeated until one finds nothing new, `tries` configurations were tried, or `spent`
    says that the time is.
    """
    tried = [Tried({}, attempt({}))]
    seen: list[Config] = [{}]
    while len(tried) < tries and not spent():
        before = len(tried)
        for parameter, values in lines:
            base = best_of(tried).config
            for value in values:
                config = {**base, parameter: value}
                if config not in seen and len(tried) < tries and not spent():
                    seen.append(config)
                    tried.append(Tried(config, attempt(config)))
        if len(tried) == before:
            break
    return tried


def best_of(tried: list[Tried]) -> Tried:
    """The highest figure; the earlier of equals."""
    return max(tried, key=lambda one: -1.0 if one.score is None else one.score)
