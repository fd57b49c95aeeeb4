"""The bodies of `/plan` and of its answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from saldopas.models.planner.planning import MOST_BALANCE, MOST_COURSES
from saldopas.serving.recommend.schemas import MOST_N, Id, Moment, RecommendBody

MOST_HORIZON = 3_660
PlanMoney = Annotated[int, Field(ge=0, le=MOST_BALANCE)]


class PlanBody(RecommendBody):
    """As /recommend, and what is asked of the plan; null is the same as leaving a key out."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"participant_id": "P0000123", "balance": 1_000_000, "max_courses": 4},
                {"purchased": ["C00007"], "balance": 600_000, "must_include": ["C00042"]},
            ]
        },
    )

    balance: PlanMoney | None = Field(
        default=None, description="What is to be spent. Absent: what is known to be left."
    )
    n: Annotated[int, Field(ge=1, le=MOST_N)] | None = Field(
        default=5, description="How many single courses `rank_by` lists."
    )
    explain: bool | None = Field(default=False, description="Changes nothing here.")
    max_courses: Annotated[int, Field(ge=1, le=MOST_COURSES)] | None = Field(
        default=8, description="At most so many courses in a plan."
    )
    must_include: Annotated[list[Id], Field(max_length=MOST_COURSES)] | None = Field(
        default=None, description="Course ids that are in every plan."
    )
    max_per_category: Annotated[int, Field(ge=1, le=MOST_COURSES)] | None = Field(
        default=None, description="At most so many courses of one category."
    )
    horizon: Annotated[int, Field(ge=1, le=MOST_HORIZON)] | None = Field(
        default=None, description="Days by whose end every course is finished, today counted."
    )
    announced_at: Moment | None = Field(
        default=None, description="The announcement, from which the first purchase has its limit."
    )
    last_rated_at: Moment | None = Field(
        default=None,
        description="When the last training was rated. Absent: read from the store, else "
        "estimated from the newest purchase.",
    )
    rank_by: Literal["plan", "relevance"] | None = Field(
        default=None,
        description="List single courses too: by the best plan that begins with each, or by "
        "their own relevance.",
    )


class PlannedCourse(BaseModel):
    """One course of a plan, in the order in which they are bought."""

    course_id: str
    title: str | None
    category: str | None
    price: int = Field(ge=0)
    relevance: float = Field(ge=0, description="Probability that it is the next one bought.")
    balance_after: int = Field(ge=0, description="What is left once it is bought.")
    buy: str | None = Field(description="Earliest day of its purchase; null: days do not matter.")
    start: str | None
    finish: str | None = Field(description="Its last day.")


class PlanAnswer(BaseModel):
    """A plan; `total` and `leftover` add up to the balance."""

    keys: list[Literal["best_match", "balanced", "least_left", "other"]]
    name: str = Field(description="For the participant, in Indonesian.")
    name_en: str
    courses: list[PlannedCourse] = Field(max_length=MOST_COURSES)
    total: int = Field(ge=0)
    leftover: int = Field(ge=0)
    relevance: float = Field(description="Sum of the courses' relevance.")
    value: float = Field(description="Relevance less the priced leftover.")
    optimal: bool = Field(description="Proven: no plan of the candidates is better by its key.")
    gap: float = Field(description="A better plan is more relevant by at most this.")
    gap_money: int = Field(ge=0, description="The least left: a better plan leaves less by this.")
    on_frontier: bool = Field(description="None before it is at least as good in both.")


class PlanDeadline(BaseModel):
    """The last day to buy, inclusive, in the dataset's time zone."""

    kind: Literal["first_purchase", "next_purchase", "last_spending_day"]
    day: str
    days_left: int = Field(ge=0, description="Today counted; 0: it has passed.")
    urgent: bool
    estimated: bool = Field(description="Counted from a guess of when a training will be rated.")
    text: str
    text_en: str


class Told(BaseModel):
    """Why there is no plan."""

    code: Literal["too_late", "nothing_fits"]
    text: str
    text_en: str


class AheadCourse(BaseModel):
    """A single course, what it leaves and the best plan that begins with it."""

    course_id: str
    title: str | None
    price: int = Field(ge=0)
    relevance: float
    balance_after: int = Field(ge=0)
    strands: bool = Field(description="Something is left, and nothing more can be bought.")
    plan_value: float
    plan_leftover: int = Field(ge=0)
    next_course_id: str | None = Field(description="Most relevant other course of that plan.")


class PlansAnswer(BaseModel):
    """Up to three plans, the best match first; none with a reason."""

    request_id: str
    model_version: str
    participant_id: str | None
    balance: int = Field(ge=0)
    degraded: bool = Field(description="The store did not answer.")
    calibrated: bool = Field(description="Relevance is a probability, not a share of scores.")
    candidates: int = Field(description="How many courses were looked at: the most relevant.")
    deadline: PlanDeadline | None
    alternatives: list[PlanAnswer] = Field(max_length=3)
    reason: Told | None
    courses: list[AheadCourse] | None = Field(description="Where `rank_by` asked for them.")
