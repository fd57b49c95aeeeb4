"""The bodies of `/explain` and of its answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from saldopas.serving.recommend.schemas import (
    LONGEST_ID,
    MOST_N,
    People,
    Reason,
    RecommendBody,
    Source,
)

RuleCode = Literal[
    "above_balance",
    "above_max_price",
    "already_bought",
    "cancelled_before",
    "not_on_sale",
    "min_age",
    "min_education",
    "excluded",
    "other_category",
]


class ExplainBody(RecommendBody):
    """As /recommend, and the course that is asked about."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"participant_id": "P0000123", "balance": 300_000, "course_id": "C00042"},
                {"purchased": ["C00007"], "balance": 600_000, "course_id": "C00102"},
            ]
        },
    )

    course_id: Annotated[str, Field(min_length=1, max_length=LONGEST_ID)] = Field(
        description="The course that is asked about."
    )
    n: Annotated[int, Field(ge=1, le=MOST_N)] | None = Field(
        default=5, description="Changes nothing here."
    )
    explain: bool | None = Field(default=False, description="Changes nothing here.")


class Rule(BaseModel):
    """A rule that keeps the course out of this participant's lists."""

    code: RuleCode
    message: str = Field(description="For the participant, in Indonesian.")
    message_en: str = Field(description="The same in English.")


class Explanation(BaseModel):
    """Whether one course may be recommended, where it stands, and why."""

    request_id: str
    model_version: str
    participant_id: str | None
    balance: int | None = Field(ge=0, description="The balance that was used; null: no limit.")
    degraded: bool = Field(
        description="The store did not answer in time: history and profile are the body's only."
    )
    course_id: str
    title: str | None
    category: str | None
    price: int = Field(ge=0)
    allowed: bool
    rules: list[Rule] = Field(description="Every rule that excludes it; none where it is allowed.")
    rank: int | None = Field(
        ge=1, description="Place among all allowed courses; null where it is not allowed."
    )
    score: float = Field(description="Given for a course that is not allowed too.")
    source: Source = Field(description="Which part of the model scored it.")
    balance_after: int | None = Field(
        ge=0, description="What it would leave; null: no balance is known, or it is too small."
    )
    reasons: list[Reason] = Field(description="The terms of the score; none where it is 0.")


MOST_SIMILAR = 50


class SimilarCourse(BaseModel):
    """A course that people took along with the one asked about."""

    course_id: str
    title: str | None
    category: str | None
    price: int = Field(ge=0)
    similarity: float = Field(
        gt=0, le=1, description="People who took both / sqrt(who took the one x the other)."
    )
    people: People = Field(description="Of those who took the course asked about, who took this.")


class SimilarAnswer(BaseModel):
    """What is often taken along with a course, the most similar first; for nobody in particular."""

    model_version: str
    course_id: str
    items: list[SimilarCourse] = Field(max_length=MOST_SIMILAR)
