"""What a plan must know of the catalogue: days, categories and near-duplicates of each course."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from saldopas.features.encoding.courses import CourseTable
from saldopas.features.scheme import Scheme
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset_config import Frozen

WORDS = re.compile(r"\w+")


class PlanConfig(Frozen):
    """What a plan is worth and how long people take; assumptions, not rules of a scheme."""

    leftover_weight: float = Field(
        default=0.2, ge=0, le=10, description="relevance that leaving the whole balance costs"
    )
    candidates: int = Field(
        default=100, ge=1, le=500, description="most relevant courses looked at"
    )
    rating_days: int = Field(default=1, ge=0, description="from the end of a course to its rating")
    pause_days: int = Field(default=0, ge=0, description="from a rating to the next purchase")
    offline_modes: tuple[str, ...] = ("luring", "offline", "tatap muka")


@dataclass(frozen=True)
class PlanCourses:
    """Aligned to the item index; arrays (n_items,) int64.

    Attributes:
        lead: days from purchase to start.
        duration: days from start to finish, inclusive; the median where it is not known.
        category: code; courses without one are each alone.
        title: code of the title's words, case and punctuation aside; -1 where no other course has
            the same: equal codes are near-duplicates.
        has_days: whether the catalogue says how long anything takes.
        has_repeated: whether there are near-duplicates at all.
    """

    lead: NDArray[np.int64]
    duration: NDArray[np.int64]
    category: NDArray[np.int64]
    title: NDArray[np.int64]
    has_days: bool
    has_repeated: bool

    @classmethod
    def of(cls, courses: CourseTable, scheme: Scheme, config: PlanConfig) -> PlanCourses:
        """Read from the catalogue's table."""
        days = _durations(courses.values(c.DURATION_DAYS))
        known = days[days > 0]
        usual = round(float(np.median(known))) if len(known) else 1
        title = _repeated([_words(text) for text in courses.texts(c.TITLE)])
        return cls(
            lead=_leads(courses.values(c.MODE), scheme, config),
            duration=np.where(days > 0, days, usual),
            category=_codes([_or_own(text, i) for i, text in enumerate(courses.texts(c.CATEGORY))]),
            title=title,
            has_days=len(known) > 0,
            has_repeated=bool((title >= 0).any()),
        )

    def taken(self, item_idx: int) -> int:
        """Days from the purchase of a course to its last day."""
        return int(self.lead[item_idx]) + max(int(self.duration[item_idx]), 1) - 1


def _durations(days: list[float | None]) -> NDArray[np.int64]:
    return np.array([math.ceil(number or 0) for number in days], np.int64)


def _leads(modes: list[str | None], scheme: Scheme, config: PlanConfig) -> NDArray[np.int64]:
    texts = [(mode or "").casefold() for mode in modes]
    offline = [any(word in text for word in config.offline_modes) for text in texts]
    return np.where(offline, scheme.offline_lead_days, scheme.online_lead_days).astype(np.int64)


def _or_own(text: str | None, item: int) -> str:
    return f"\0{item}" if text is None else text


def _words(text: str | None) -> str:
    return "" if text is None else " ".join(WORDS.findall(text.casefold()))


def _codes(texts: list[str]) -> NDArray[np.int64]:
    places = {text: code for code, text in enumerate(dict.fromkeys(texts))}
    return np.array([places[text] for text in texts], np.int64)


def _repeated(texts: list[str]) -> NDArray[np.int64]:
    codes = _codes(texts)
    several = np.bincount(codes, minlength=1)[codes] > 1
    named = np.array([text != "" for text in texts], np.bool_)
    return np.where(several & named, codes, -1)
