"""The bodies of requests and answers; `/docs.json` is made of these."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    SkipValidation,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

MOST_MONEY = 2**53  # what every JSON reader holds exactly
MOST_NUMBER = 2**53
LONGEST_ID = 256
LONGEST_TEXT = 1_000
MOST_IDS = 5_000
MOST_COLUMNS = 200
MOST_REQUESTS = 1_000
DEFAULT_N = 5
MOST_N = 100
NO_NUL = r"^[^\u0000]*$"  # PostgreSQL has no text that holds one
MOMENT = (
    r"^(19[7-9]\d|2\d{3})-\d{2}-\d{2}"
    r"([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})?)?$"
)


def _moment(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        if re.match(MOMENT, value, re.ASCII):
            return datetime.fromisoformat(value)
    except ValueError:
        pass
    raise PydanticCustomError(
        "out_of_range", "no such moment: write 2021-09-22T09:30:00+07:00, from 1970 to 2999"
    )


def _profile_value(value: Any) -> Any:
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            raise PydanticCustomError("out_of_range", f"at most {LONGEST_TEXT} characters")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if not (math.isfinite(value) and abs(value) <= MOST_NUMBER):
            raise PydanticCustomError("out_of_range", f"at most {MOST_NUMBER} to either side of 0")
    elif value is not None and not isinstance(value, bool):
        raise PydanticCustomError("wrong_type", "text, a number, true, false or null is wanted")
    return value


Id = Annotated[str, Field(max_length=LONGEST_ID)]
StoredId = Annotated[str, Field(min_length=1, max_length=LONGEST_ID, pattern=NO_NUL)]
Ids = Annotated[list[Id], Field(max_length=MOST_IDS, fail_fast=True)]
Money = Annotated[int, Field(ge=0, le=MOST_MONEY)]
Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": MOMENT}),
]
ProfileValue = Annotated[
    Any,
    PlainValidator(_profile_value),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "maxLength": LONGEST_TEXT},
                {"type": "number", "minimum": -MOST_NUMBER, "maximum": MOST_NUMBER},
                {"type": "boolean"},
                {"type": "null"},
            ]
        }
    ),
]
Source = Literal["history", "profile", "popular"]


class RecommendBody(BaseModel):
    """Who asks and for what. Every key is optional, and null is the same as leaving it out."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        json_schema_extra={
            "examples": [
                {"participant_id": "P0000123", "balance": 300_000, "n": 3},
                {
                    "purchased": ["C00007", "C00102"],
                    "profile": {"age": 27, "gender": "F", "education": "SMA"},
                    "balance": 300_000,
                },
            ]
        },
    )

    participant_id: StoredId | None = Field(
        default=None, description="A participant the model's snapshot may know."
    )
    balance: Money | None = Field(
        default=None,
        description="What is left, whole units of the dataset's currency. Absent: what the "
        "snapshot says is left for the participant, else no limit.",
    )
    n: Annotated[int, Field(ge=1, le=MOST_N)] | None = Field(
        default=DEFAULT_N, description="How many courses; fewer only where fewer are allowed."
    )
    purchased: Ids | None = Field(
        default=None,
        description="Course ids bought so far, oldest first; ranks instead of the snapshot's "
        "history. Never recommended, nor is what the snapshot says was bought. Unknown ids are "
        "ignored.",
    )
    profile: Annotated[dict[Id, ProfileValue], Field(max_length=MOST_COLUMNS)] | None = Field(
        default=None,
        description="Profile columns, used instead of the snapshot's. Unknown columns are ignored.",
    )
    exclude: Ids | None = Field(default=None, description="Course ids that are not wanted.")
    category: Id | None = Field(default=None, description="Only courses of this category.")
    max_price: Money | None = Field(default=None, description="Highest price wanted.")
    as_of: Moment | None = Field(
        default=None,
        description="The moment that decides which courses are on sale; without a zone it is in "
        "the dataset's. Absent: the dataset's `as_of` (the data's cut-off, or now).",
    )
    explain: bool | None = Field(default=False, description="Give reasons.")

    @property
    def cost(self) -> int:
        """What answering takes: giving reasons for a course takes as long as a whole list."""
        return cost_of(self.n, self.explain)


def cost_of_value(value: object) -> int:
    """`RecommendBody.cost` of what may or may not be one."""
    return cost_of(value.get("n"), value.get("explain")) if isinstance(value, dict) else 1


def cost_of(n: object, explain: object) -> int:
    """See `RecommendBody.cost`; what is out of range is refused later, and costs little."""
    if explain is not True:
        return 1
    return 1 + min(n, MOST_N) if isinstance(n, int) and n > 0 else 1 + DEFAULT_N


class BatchBody(BaseModel):
    """1 to 1000 requests; each is judged by itself."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "requests": [
                        {"participant_id": "P0000123", "n": 3},
                        {"purchased": ["C00007"], "balance": 300_000},
                    ]
                }
            ]
        },
    )

    requests: Annotated[
        list[SkipValidation[RecommendBody]], Field(min_length=1, max_length=MOST_REQUESTS)
    ]


class People(BaseModel):
    """How many people: never told of fewer than 5, nor of a group of fewer than 20."""

    took: int = Field(description="People who took this course ...")
    of: int = Field(description="... of so many.")


class Reason(BaseModel):
    """One term of a course's score; the contributions of a course sum to its score."""

    code: Literal[
        "history", "profile", "people", "popular", "new", "taste", "balance", "explored", "other"
    ] = Field(description="What the term is about.")
    text: str = Field(description="For the participant, in Indonesian.")
    text_en: str = Field(description="The same in English.")
    contribution: float = Field(description="What it adds to the score.")
    course_id: str | None = Field(description="The earlier course, where it is about one.")
    people: People | None


class Item(BaseModel):
    """A recommended course."""

    course_id: str
    title: str | None
    category: str | None
    price: int = Field(ge=0)
    score: float = Field(description="Comparable within one answer and source only.")
    balance_after: int | None = Field(
        ge=0, description="What this course would leave; null where no balance is known."
    )
    source: Source = Field(description="Which part of the model ranked it.")
    reasons: list[Reason] = Field(description="Empty unless `explain` is true.")


class Answer(BaseModel):
    """The best courses that are allowed, best first."""

    request_id: str
    model_version: str
    participant_id: str | None
    balance: int | None = Field(ge=0, description="The balance that was used; null: no limit.")
    degraded: bool = Field(
        description="The store did not answer in time: history and profile are the body's only."
    )
    items: list[Item] = Field(max_length=100)


class ErrorInside(BaseModel):
    """What was wrong."""

    code: str
    message: str
    field: str | None = Field(description="Path of the key, such as `purchased.3`.")


class Error(BaseModel):
    """A refusal."""

    error: ErrorInside


class BatchAnswer(BaseModel):
    """One result a request, in the order of the requests."""

    results: list[Answer | Error] = Field(min_length=1, max_length=MOST_REQUESTS)


class StageInfo(BaseModel):
    """One stage of the policy."""

    source: Source
    model: str


class Version(BaseModel):
    """What is served."""

    model_version: str
    model: str
    dataset: str
    cutoff: str = Field(description="Nothing at or after this moment was learned.")
    code_version: str = Field(description="The code that made the model.")
    service_version: str | None = Field(description="The code that serves it.")
    artifact: str = Field(description="sha256 of the artifact's manifest.")
    data: str = Field(description="Fingerprint of the dataset.")
    stages: list[StageInfo]


class Health(BaseModel):
    """A probe's answer."""

    status: Literal["alive", "ready"]
    store: Literal["up", "down"] | None = Field(
        default=None, description="Where there is a store: whether it answers."
    )
