"""The bodies and answers of `/events` and `/participants/{id}`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SkipValidation, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError
from saldopas.serving.recommend.schemas import (
    LONGEST_ID,
    NO_NUL,
    ErrorInside,
    Moment,
    Money,
    StoredId,
)

MOST_EVENTS = 1_000
Kind = Literal["purchase", "cancel", "finish", "impression", "click"]
NEEDS_COURSE = frozenset({"purchase", "cancel", "finish", "click"})
ONLY_OF = {"price": "purchase", "starts_at": "purchase", "rating": "finish"}
EXAMPLE: JsonDict = {
    "event_id": "7f3c8a52",
    "kind": "purchase",
    "participant_id": "P0000123",
    "course_id": "C00042",
    "at": "2021-11-20T09:30:00+07:00",
    "price": 249_000,
}


class EventBody(BaseModel):
    """Something that a participant did. Null is the same as leaving a key out."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        json_schema_extra={"examples": [EXAMPLE]},
    )

    event_id: StoredId = Field(description="Chosen by the sender; the same id is recorded once.")
    kind: Kind
    participant_id: StoredId
    course_id: StoredId | None = Field(default=None, description="Needed but for an impression.")
    at: Moment | None = Field(
        default=None,
        description="When it happened; without a zone it is in the dataset's. Absent: the "
        "dataset's `as_of` (the data's cut-off, or now).",
    )
    price: Money | None = Field(
        default=None,
        description="What a purchase cost, as it was shown: the course's price, or the event is "
        "rejected with `price_differs`.",
    )
    starts_at: Moment | None = Field(
        default=None, description="When a purchased training starts, if that is known."
    )
    rating: Annotated[float, Field(ge=0, le=5, allow_inf_nan=False)] | None = Field(
        default=None, description="Of a training that is finished."
    )
    request_id: Annotated[str, Field(max_length=LONGEST_ID, pattern=NO_NUL)] | None = Field(
        default=None, description="Of the answer that led to it."
    )

    @model_validator(mode="after")
    def _keys_of_its_kind(self) -> Self:
        if self.course_id is None and self.kind in NEEDS_COURSE:
            raise PydanticCustomError("out_of_range", "this kind of event needs a course_id")
        for name, kind in ONLY_OF.items():
            if getattr(self, name) is not None and self.kind != kind:
                raise PydanticCustomError("out_of_range", f"only a {kind} has a {name}")
        return self


class EventsBody(BaseModel):
    """1 to 1000 events, in the order in which they happened; each is judged by itself."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        json_schema_extra={"examples": [{"events": [EXAMPLE]}]},
    )

    events: Annotated[list[SkipValidation[EventBody]], Field(min_length=1, max_length=MOST_EVENTS)]


class RejectedEvent(BaseModel):
    """An event that was not recorded."""

    place: int = Field(ge=0, description="Its place in `events`, from 0.")
    error: ErrorInside


class EventsAnswer(BaseModel):
    """Sent only after what was accepted is on the disk."""

    accepted: int = Field(ge=0)
    repeated: int = Field(ge=0, description="Recorded before, with the same content.")
    rejected: list[RejectedEvent] = Field(max_length=MOST_EVENTS)


class HistoryItem(BaseModel):
    """A purchase of a participant."""

    course_id: str
    title: str | None
    category: str | None
    purchased_at: datetime
    price_paid: int = Field(ge=0)
    status: Literal["active", "completed", "cancelled"]
    rating: float | None
    ended_at: datetime | None = Field(description="When it was finished or cancelled.")
    cancel_until: date | None = Field(
        description="Last day to cancel it, as `deadlines`; null: it cannot be cancelled."
    )


class DeadlineDates(BaseModel):
    """Last days in the dataset's time zone, inclusive; null: there is none, or it is unknown."""

    first_purchase: date | None
    next_purchase: date | None
    last_spending_day: date | None
    buy_until: date | None = Field(description="The earliest of them.")


class ParticipantAnswer(BaseModel):
    """A participant as the service sees them."""

    participant_id: str
    known_from: Literal["store", "snapshot"]
    balance: int | None = Field(ge=0, description="What is left; null: no limit is known.")
    grant: int | None = Field(ge=0, description="What there was to begin with.")
    opted_out: bool
    announced_at: datetime | None
    profile: dict[str, str | int | float | bool]
    history: list[HistoryItem] = Field(description="Oldest first.")
    deadlines: DeadlineDates


class ErasedAnswer(BaseModel):
    """The participant is forgotten, in every worker, from now on."""

    erased: Literal[True]
    rows: int = Field(ge=0, description="How many rows of the store were about them.")
    artifacts: Literal["pending"] = Field(
        description="Registered artifacts are rewritten by `saldopas erase --pending`."
    )
