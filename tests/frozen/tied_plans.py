"""Plans that are as good: what decision 0018 lets stand in place of the release's plans.

Of plans that are equal in value, relevance and money the order of the search decides, and another
search has another order. What was chosen after such a plan follows from it, so that the
alternatives after the first other set are not compared. A plan that the release could not prove
may be replaced by one that is as good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]
LOOSE = frozenset({"items", "courses", "days", "optimal", "gap", "gap_money", "gap_rp"})
CLOSE = 2e-9


def settled(frozen: Json, today: Json) -> Json:
    """The release's answer with today's plans where these are as good."""
    told = dict(frozen)
    if isinstance(frozen.get("alternatives"), list) and isinstance(today.get("alternatives"), list):
        told["alternatives"] = _alternatives(frozen["alternatives"], today["alternatives"])
    if "best" in frozen and "best" in today and _as_good(frozen["best"], today["best"]):
        told["best"] = today["best"]
    if "ahead" in frozen and "ahead" in today:  # the course after the first is one of a plan
        told["ahead"] = {**frozen["ahead"], "next_item": today["ahead"]["next_item"]}
    for name in ("courses", "by_plan", "by_relevance"):
        one, other = frozen.get(name), today.get(name)
        if isinstance(one, list) and one and other and _singles_as_good(one, other):
            told[name] = other
    return told


def _alternatives(frozen: Sequence[Json], today: Sequence[Json]) -> Sequence[Json]:
    kept: list[Json] = []
    for place, (one, other) in enumerate(zip(frozen, today, strict=False)):
        if not _as_good(one, other):
            return [*kept, *frozen[place:]]
        kept.append(other)
        if _chosen(one) != _chosen(other):
            return [*kept, *today[place + 1 :]]
    return [*kept, *frozen[len(kept) :]]


def _as_good(frozen: Json, today: Json) -> bool:
    """The same plan, one that ties, or a better one where the release had no proof."""
    proven = today["optimal"] >= frozen["optimal"] and today["gap"] <= frozen["gap"] + CLOSE
    if not proven:
        return False
    if all(_close(frozen[name], today[name]) for name in frozen.keys() - LOOSE):
        return True
    left = "leftover" if "leftover" in frozen else "leftover_rp"
    better = today["value"] >= frozen["value"] - CLOSE or today[left] < frozen[left]
    return not frozen["optimal"] and better


def _singles_as_good(frozen: Sequence[Json], today: Sequence[Json]) -> bool:
    """Each course of today's leads to a plan that is at least as good, place by place."""
    if len(frozen) != len(today) or "plan_value" not in frozen[0]:
        return False
    pairs = [*zip(frozen, today, strict=True)]
    if any(other["plan_value"] < one["plan_value"] - CLOSE for one, other in pairs):
        return False
    values = [one["plan_value"] for one in frozen]
    by_plan = values == sorted(values, reverse=True)
    names = ("course_id", "price", "relevance", "balance_after", "strands")
    same = all(_close(one[name], other[name]) for one, other in pairs for name in names)
    return same or by_plan


def _chosen(plan: Json) -> set[Any]:
    return {*plan["items"]} if "items" in plan else {one["course_id"] for one in plan["courses"]}


def _close(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= CLOSE
    return bool(one == other)
