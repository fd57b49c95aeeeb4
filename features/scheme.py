"""The programme's money and deadline rules, which differ by scheme year."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict, Field


class Scheme(BaseModel):
    """One scheme year. Durations are inclusive days in the dataset's time zone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    grant: int | None = Field(
        default=None, ge=0, description="balance at announcement, whole units"
    )
    first_purchase_days: int | None = Field(default=None, ge=1)
    next_purchase_days: int | None = Field(default=None, ge=1)
    last_spending_day: date | None = None
    one_at_a_time: bool = Field(
        default=False, description="the next purchase waits until the last training is finished"
    )
    may_cancel: bool = False
    cancel_days_after_purchase: int = Field(default=0, ge=0)
    cancel_days_before_start: int = Field(default=0, ge=0)
    online_lead_days: int = Field(default=0, ge=0, description="least days from purchase to start")
    offline_lead_days: int = Field(default=0, ge=0)


SCHEMES: dict[str, Scheme] = {
    "none": Scheme(name="none"),
    "2021": Scheme(
        name="2021",
        grant=1_000_000,
        first_purchase_days=30,
        last_spending_day=date(2021, 12, 15),
        one_at_a_time=True,
    ),
    "2023": Scheme(
        name="2023",
        grant=3_500_000,
        first_purchase_days=15,
        next_purchase_days=15,
        one_at_a_time=True,
        may_cancel=True,
        cancel_days_after_purchase=3,
        cancel_days_before_start=3,
        online_lead_days=1,
        offline_lead_days=3,
    ),
}
