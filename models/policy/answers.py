"""One recommended course as people and machines read it: the same by command line and HTTP."""

from __future__ import annotations

from typing import TypedDict

import orjson
from saldopas.features.encoding.courses import CourseTable
from saldopas.models.policy.policy import SOURCES, Recommendations, Source


class AnswerItem(TypedDict):
    """Money in whole units; `balance_after` is None where no balance is known."""

    course_id: str
    title: str | None
    category: str | None
    price: int
    score: float
    balance_after: int | None
    source: Source


def answer_items(
    lists: Recommendations, row: int, courses: CourseTable, *, balance_rp: int | None
) -> list[AnswerItem]:
    """The courses of one request, best first."""
    items: list[AnswerItem] = []
    cards, place = courses.cards, lists.row(row)
    # orjson writes the shortest decimal that is this float32
    scores = orjson.loads(orjson.dumps(lists.scores[place], option=orjson.OPT_SERIALIZE_NUMPY))
    for item_idx, score, source in zip(
        lists.item_idx[place].tolist(),
        scores,
        lists.source[place].tolist(),
        strict=True,
    ):
        course_id, title, category, price = cards[item_idx]
        items.append(
            {
                "course_id": course_id,
                "title": title,
                "category": category,
                "price": price,
                "score": score,
                "balance_after": None if balance_rp is None else balance_rp - price,
                "source": SOURCES[source],
            }
        )
    return items
