"""`GET /courses/{course_id}/similar`: what people took along with a course, by plain counts."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray
from saldopas.models.explaining.evidence import Evidence
from saldopas.serving.explain.schemas import MOST_SIMILAR, SimilarAnswer
from saldopas.serving.http.bodies import json_response
from saldopas.serving.http.errors import ApiError
from saldopas.serving.http.operations import Described, Operation
from saldopas.serving.model.loaded import LoadedModel, ModelSlot
from saldopas.serving.recommend.schemas import DEFAULT_N, LONGEST_ID
from starlette.requests import Request
from starlette.responses import Response

WHOLE = re.compile(r"-?[0-9]+")


class SimilarRoutes:
    """The handler; one object a process."""

    def __init__(self, slot: ModelSlot) -> None:
        self._slot = slot
        self.operations = (
            Operation(
                "GET",
                "/courses/{course_id:path}/similar",
                self.similar,
                ("recommend",),
                DESCRIBED,
            ),
        )

    async def similar(self, request: Request) -> Response:
        """Neighbours of one course."""
        model = self._slot.ready
        n = _asked_n(request)
        item = model.item_of.get(request.path_params["course_id"])
        if item is None:
            raise ApiError(404, "unknown_course", "the catalogue does not have this course")
        return json_response(similar_courses(item, model, n=n))


DESCRIBED = Described(
    "What is often taken along with a course",
    "Counts of the people the model learned from, the most similar first; none where too few "
    "took both to be told of. For nobody in particular: no balance, no rules.",
    SimilarAnswer,
    parameters=(
        {
            "name": "course_id",
            "in": "path",
            "required": True,
            "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_ID},
        },
        {
            "name": "n",
            "in": "query",
            "description": "How many courses at most.",
            "schema": {
                "type": "integer",
                "minimum": 1,
                "maximum": MOST_SIMILAR,
                "default": DEFAULT_N,
            },
        },
    ),
    errors=(400, 404, 422, 503),
)


def similar_courses(item: int, model: LoadedModel, *, n: int) -> dict[str, Any]:
    """As `SimilarAnswer` describes it: at most `n`, and only counts large enough to be told.

    A count must be large enough seen from either course, since the similarity tells of both.
    """
    evidence, cards = model.artifact.evidence, model.artifact.policy.courses.cards
    similarity = similarities(evidence, item)
    items: list[dict[str, Any]] = []
    for other in np.argsort(-similarity, kind="stable").tolist():
        if similarity[other] <= 0 or len(items) == n:
            break
        told = evidence.of_course(item, other)
        if told is None or evidence.of_course(other, item) is None:
            continue
        course_id, title, category, price = cards[other]
        items.append(
            {
                "course_id": course_id,
                "title": title,
                "category": category,
                "price": price,
                "similarity": round(float(similarity[other]), 6),
                "people": {"took": told.took, "of": told.people},
            }
        )
    return {"model_version": model.version, "course_id": cards[item].course_id, "items": items}


def similarities(evidence: Evidence, item: int) -> NDArray[np.float64]:
    """(n,) cosine of the sets of people who took `item` and each course; n: courses counted.

    A course that came after the counting is like none.
    """
    together, people = evidence.together, evidence.item_people.astype(np.float64)
    if item >= len(people):
        return np.zeros(len(people))
    both = together[[item]].toarray()[0] + together[:, [item]].toarray()[:, 0]
    size = np.sqrt(people * people[item])
    found = np.zeros(len(people))
    np.divide(both, size, out=found, where=size > 0)
    return found


def _asked_n(request: Request) -> int:
    """`n` of the query, 5 where it is absent.

    Raises:
        ApiError: 400 no whole number or another key, 422 out of 1..50.
    """
    query = request.query_params
    if set(query) - {"n"}:
        raise ApiError(400, "unknown_key", "there is no such parameter; known: n")
    given = query.getlist("n")
    if not given:
        return DEFAULT_N
    if len(given) > 1 or not WHOLE.fullmatch(given[0]):
        message = "one whole number is wanted, without a decimal point or exponent"
        raise ApiError(400, "wrong_type", message, field="n")
    if len(given[0]) > len(str(MOST_SIMILAR)) or not 1 <= int(given[0]) <= MOST_SIMILAR:
        raise ApiError(422, "out_of_range", f"1 to {MOST_SIMILAR}", field="n")
    return int(given[0])
