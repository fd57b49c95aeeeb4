"""Two answers side by side: all but the last digits of a number must be the same."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tests.frozen.tied_plans import settled

RELATIVE = 1e-5
ABSOLUTE = 2e-9  # relevance and value of a plan are told in nine decimals


class Difference(NamedTuple):
    """One place in which today differs from the release; `where` is a path such as
    `bare/ranked/17/items/3`."""

    where: str
    frozen: Any
    today: Any


@dataclass(frozen=True)
class Decided:
    """A difference that is meant.

    Attributes:
        where: regular expression of the paths; the whole path must match.
        file: the decision below `docs/decisions` that says why.
        asked: whether a step of HTTP that asks this is meant; elsewhere it is not looked at.
        allows: whether what stands there is what was decided; by default anything is.
    """

    where: str
    file: str
    asked: Callable[[Any], bool] = lambda step: True
    allows: Callable[[Any, Any], bool] = lambda frozen, today: True

    def covers(self, one: Difference, step: Any = None) -> bool:
        """Whether it is about this difference in the answer to a step."""
        meant = bool(re.fullmatch(self.where, one.where)) and (step is None or self.asked(step))
        return meant and self.allows(one.frozen, one.today)


def differences(frozen: Any, today: Any, where: str = "") -> Iterator[Difference]:
    """Every place that is not the same, but for the last digits of floats and tied plans."""
    if isinstance(frozen, Mapping) and isinstance(today, Mapping):
        frozen = settled(frozen, today)
        for key in sorted(frozen.keys() | today.keys()):
            path = f"{where}/{key}" if where else str(key)
            if key not in frozen or key not in today:
                yield Difference(path, frozen.get(key, "(absent)"), today.get(key, "(absent)"))
            else:
                yield from differences(frozen[key], today[key], path)
    elif _is_list(frozen) and _is_list(today):
        if len(frozen) != len(today):
            yield Difference(f"{where}/length", len(frozen), len(today))
        for place, (one, other) in enumerate(zip(frozen, today, strict=False)):
            yield from differences(one, other, f"{where}/{place}")
    elif isinstance(frozen, float) and isinstance(today, float):
        if not math.isclose(frozen, today, rel_tol=RELATIVE, abs_tol=ABSOLUTE):
            yield Difference(where, frozen, today)
    elif type(frozen) is not type(today) or frozen != today:
        yield Difference(where, frozen, today)


def undecided(
    found: Iterable[Difference], decided: Collection[Decided], step: Any = None
) -> list[Difference]:
    """The differences that no decision covers."""
    return [one for one in found if not any(each.covers(one, step) for each in decided)]


def in_words(found: Sequence[Difference], *, most: int = 12) -> str:
    """A failure that can be acted upon."""
    lines = [f"{one.where}: was {one.frozen!r}, is {one.today!r}" for one in found[:most]]
    return f"{len(found)} differences from release e7ca9b3\n" + "\n".join(lines)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)
