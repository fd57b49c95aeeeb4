"""The answers of `/courses/{course_id}/similar`."""

from __future__ import annotations

from pydantic import BaseModel, Field
from saldopas.serving.recommend.schemas import People

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
