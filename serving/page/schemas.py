"""What the dashboard page asks for beside the recommendations themselves."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from saldopas.serving.recommend.schemas import Id

MOST_COURSES = 200


class CoursesBody(BaseModel):
    """Course ids of one screen."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        json_schema_extra={"examples": [{"ids": ["C00007", "C00102"]}]},
    )

    ids: Annotated[list[Id], Field(max_length=MOST_COURSES, fail_fast=True)]


class CourseCard(BaseModel):
    """A course as the catalogue describes it; null where it does not say."""

    course_id: str
    title: str | None
    category: str | None
    provider: str | None
    platform: str | None
    mode: str | None
    price: int = Field(ge=0)
    duration_days: int | None
    min_age: int | None
    min_education: str | None


class CourseCards(BaseModel):
    """Those of the ids that the catalogue knows, in the order of the ids."""

    courses: list[CourseCard]


class ProfileQuestion(BaseModel):
    """A profile column that a visitor without an id may fill in: one of `values`, or a number."""

    column: str
    values: list[str] = Field(description="Empty where a number is wanted.")


class PageFacts(BaseModel):
    """What the page needs to know before anybody has come in; the same for everybody."""

    model_version: str
    dataset: str
    generated: bool = Field(description="The data is a generated sample.")
    currency: str
    timezone: str
    now: str = Field(description="The moment that counts as now, ISO with its offset.")
    fixed_clock: bool = Field(description="`now` is the end of the data, not the clock.")
    grant: int | None = Field(description="The scheme's balance at announcement.")
    may_cancel: bool
    cancel_days: int = Field(description="Days after a purchase in which it may be cancelled.")
    cancel_days_before_start: int = Field(
        description="Days before its start until which a training may be cancelled."
    )
    one_at_a_time: bool = Field(description="The next purchase waits for the last training's end.")
    keys_needed: bool
    records: bool = Field(description="There is a store, so that purchases can be recorded.")
    categories: list[str]
    modes: list[str]
    has_durations: bool
    profile: list[ProfileQuestion]
