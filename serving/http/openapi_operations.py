"""What `/docs.json` says of each route, in the order of `serving/http/route_table.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from saldopas.serving.events import schemas as events_schemas
from saldopas.serving.explain import schemas as explain_schemas
from saldopas.serving.explain import similar_schemas
from saldopas.serving.http.openapi_examples import (
    ANSWER,
    ERASED,
    ERROR,
    EVENTS,
    EXPLANATION,
    HEALTH,
    PAGE_COURSES,
    PAGE_FACTS,
    PARTICIPANT,
    SIMILAR,
    VERSION,
)
from saldopas.serving.http.settings import Settings
from saldopas.serving.page import schemas as page_schemas
from saldopas.serving.plan import schemas as plan_schemas
from saldopas.serving.plan.examples import PLANS
from saldopas.serving.recommend import schemas

PARTICIPANT_ID = {
    "name": "participant_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": schemas.LONGEST_ID},
}
COURSE_ID = {**PARTICIPANT_ID, "name": "course_id"}
HOW_MANY = {
    "name": "n",
    "in": "query",
    "description": "How many courses at most.",
    "schema": {
        "type": "integer",
        "minimum": 1,
        "maximum": similar_schemas.MOST_SIMILAR,
        "default": schemas.DEFAULT_N,
    },
}


@dataclass(frozen=True)
class Operation:
    """One route.

    Attributes:
        method, path: as in the route table.
        name: unique, `operationId`.
        summary, description: for people.
        answer: the schema of its success.
        example: an answer.
        status: of its success.
        body: the schema of its body; most_bytes: the largest one.
        parameters: OpenAPI parameter objects, for paths and queries.
        errors: statuses of its refusals beside those that every route or key may meet.
    """

    method: str
    path: str
    name: str
    summary: str
    description: str
    answer: type[BaseModel]
    example: Mapping[str, Any]
    status: int = 200
    body: type[BaseModel] | None = None
    most_bytes: int = 0
    parameters: tuple[Mapping[str, Any], ...] = field(default=())
    errors: tuple[int, ...] = ()


def all_operations(settings: Settings) -> list[Operation]:
    """Add a new route here; its schemas and examples are then checked by the tests."""
    return [
        Operation(
            "POST",
            "/recommend",
            "recommend",
            "Courses for one participant",
            "Exactly min(n, allowed) courses, best first. Known to the model: ranked by the "
            "snapshot's history and profile. Nothing known: popular courses, and `source` says so.",
            schemas.Answer,
            ANSWER,
            body=schemas.RecommendBody,
            most_bytes=settings.max_body_bytes,
            errors=(503,),
        ),
        Operation(
            "POST",
            "/recommend_batch",
            "recommend_batch",
            "Courses for up to 1000 participants",
            "Each result is what /recommend answers to that request; a bad one gets an error in "
            "its place and the others their answers.",
            schemas.BatchAnswer,
            {"results": [ANSWER, ERROR]},
            body=schemas.BatchBody,
            most_bytes=settings.max_batch_body_bytes,
            errors=(503,),
        ),
        Operation(
            "POST",
            "/plan",
            "plan",
            "Sets of courses that fit one balance",
            "Up to three plans, each a list of courses in order that fits the balance and can be "
            "finished in time; the best match, the least left over and what lies between.",
            plan_schemas.PlansAnswer,
            PLANS,
            body=plan_schemas.PlanBody,
            most_bytes=settings.max_body_bytes,
            errors=(503,),
        ),
        Operation(
            "POST",
            "/explain",
            "explain",
            "One course for one participant",
            "Allowed or every rule that excludes it, its place among all allowed courses, its "
            "score and the reasons; `explain` and `n` change nothing.",
            explain_schemas.Explanation,
            EXPLANATION,
            body=explain_schemas.ExplainBody,
            most_bytes=settings.max_body_bytes,
            errors=(404, 503),
        ),
        Operation(
            "GET",
            "/courses/{course_id}/similar",
            "similar",
            "What is often taken along with a course",
            "Counts of the people the model learned from, the most similar first; none where too "
            "few took both to be told of. For nobody in particular: no balance, no rules.",
            similar_schemas.SimilarAnswer,
            SIMILAR,
            parameters=(COURSE_ID, HOW_MANY),
            errors=(400, 404, 422, 503),
        ),
        Operation(
            "POST",
            "/events",
            "events",
            "What participants did",
            "Up to 1000 events, judged one by one by the scheme's rules. The answer comes only "
            "after what was accepted is on the disk; sending it again changes nothing.",
            events_schemas.EventsAnswer,
            EVENTS,
            body=events_schemas.EventsBody,
            most_bytes=settings.max_batch_body_bytes,
            errors=(503,),
        ),
        Operation(
            "GET",
            "/participants/{participant_id}",
            "participant",
            "A participant as the service sees them",
            "Balance, history and deadlines, from the store, else from the model's snapshot.",
            events_schemas.ParticipantAnswer,
            PARTICIPANT,
            parameters=(PARTICIPANT_ID,),
            errors=(404, 422, 503),
        ),
        Operation(
            "DELETE",
            "/participants/{participant_id}",
            "erase_participant",
            "Forget a participant",
            "At once, in every worker, known or not: the store's rows go, and what the model's "
            "snapshot says is read no more.",
            events_schemas.ErasedAnswer,
            ERASED,
            parameters=(PARTICIPANT_ID,),
            errors=(404, 422, 503),
        ),
        Operation(
            "GET",
            "/version",
            "version",
            "What is served",
            "The model, the data it learned from and the code that serves it.",
            schemas.Version,
            VERSION,
            errors=(503,),
        ),
        Operation(
            "GET",
            "/livez",
            "livez",
            "The process answers",
            "200 for as long as it does, with or without a model.",
            schemas.Health,
            {"status": "alive"},
        ),
        Operation(
            "GET",
            "/readyz",
            "readyz",
            "A verified model is loaded",
            "200 once it is, else 503 with the reason.",
            schemas.Health,
            HEALTH,
            errors=(503,),
        ),
        Operation(
            "GET",
            "/page/facts.json",
            "page_facts",
            "What the dashboard page shows to everybody",
            "The data, the rules of its scheme, the moment that counts as now, and the filters.",
            page_schemas.PageFacts,
            PAGE_FACTS,
            errors=(503,),
        ),
        Operation(
            "POST",
            "/page/courses",
            "page_courses",
            "Courses as the catalogue describes them",
            "For the dashboard page's cards: those of the ids that the catalogue knows.",
            page_schemas.CourseCards,
            PAGE_COURSES,
            body=page_schemas.CoursesBody,
            most_bytes=settings.max_body_bytes,
            errors=(503,),
        ),
    ]
