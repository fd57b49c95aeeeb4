"""Every assumption on one generated data set, its size and the strength of the planted effects."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator
from saldopas.features.errors import DataError
from saldopas.features.tables.dataset_config import Eligibility, Frozen
from saldopas.training_pipeline.ingest.files import read_toml, validated
from saldopas.training_pipeline.ingest.sample.assumptions import (
    EFFECTS,
    PROVINCES,
    SCHEME,
    WAVES,
    Effect,
    Wave,
)

AGE_BANDS = ("18-25", "26-35", "36-45", "46-55", "56-64")
EDUCATION_ORDER = Eligibility().education_order
YES_NO = ("no", "yes")
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0)]


def _not_all_zero(weights: dict[str, float]) -> dict[str, float]:
    if sum(weights.values()) <= 0:
        raise ValueError("at least one weight must be above 0")
    return weights


Weights = Annotated[dict[str, Weight], AfterValidator(_not_all_zero)]


class PeopleConfig(Frozen):
    """Participants: marginals of the profiles."""

    gender: Weights = Field(default={"M": 55.0, "F": 45.0})  # [S]
    age_band: Weights = Field(
        default={  # [S], 26-35 [A]; sums to 101.5 and is rescaled
            "18-25": 35.0,
            "26-35": 35.0,
            "36-45": 18.1,
            "46-55": 9.5,
            "56-64": 3.9,
        }
    )
    education: Weights = Field(
        default={  # [S], from the lowest to the highest
            "SD": 5.8,
            "SMP": 9.9,
            "SMA": 57.0,
            "Diploma": 7.8,
            "Sarjana": 19.5,
        }
    )
    employment: Weights = Field(
        default={  # [S], homemaker and other [A]
            "laid off": 20.0,
            "jobseeker": 28.0,
            "homemaker or other": 8.0,
            "working": 31.4,
            "entrepreneur": 12.6,
        }
    )
    province: Weights = Field(default=PROVINCES)  # [A]
    urban: Share = 0.60  # [A]
    no_earlier_training: Share = 0.80  # [D]
    disability: Share = 0.05  # [S]
    opted_out: Share = 0.005  # [A]
    young_sma: Weight = 1.4  # [A] 18-25 before raking: more SMA ...
    young_sarjana: Weight = 0.6  # [A] ... and fewer Sarjana
    over_45_school: Weight = 2.0  # [A] over 45 before raking: more SD and SMP
    waves: tuple[Wave, ...] = Field(default=WAVES, min_length=1)

    @model_validator(mode="after")
    def _known_labels(self) -> Self:
        for name, labels, known in (
            ("age_band", self.age_band, AGE_BANDS),
            ("education", self.education, EDUCATION_ORDER),
        ):
            if tuple(labels) != known:
                raise ValueError(f"{name} must list {', '.join(known)}, in this order")
        return self

    def labels_of(self, column: str) -> tuple[str, ...]:
        """The texts that a profile column of an `Effect` can have."""
        return YES_NO if column == "urban" else tuple(getattr(self, column))


class CatalogueConfig(Frozen):
    """Courses: prices, categories, platforms, restrictions."""

    categories: Weights = Field(
        default={  # demand [A], its order [S]
            "Penjualan & Pemasaran": 20.0,
            "Gaya Hidup": 14.0,
            "Manajemen": 11.0,
            "Makanan & Minuman": 11.0,
            "Bahasa Asing": 10.0,
            "Teknologi Informasi": 9.0,
            "Keuangan": 7.0,
            "Perkantoran": 7.0,
            "Sosial & Perilaku": 5.0,
            "Pertanian": 3.0,
            "Teknik & Lainnya": 3.0,
        }
    )
    platforms: Weights = Field(
        default={  # [A]
            "Tokopedia": 35.0,
            "Bukalapak": 15.0,
            "Pintaria": 15.0,
            "Sekolahmu": 12.0,
            "Sisnaker": 10.0,
            "Pijar Mahir": 8.0,
            "MauBelajarApa": 5.0,
        }
    )
    modes: Weights = Field(default={"Belajar Mandiri": 70.0, "Webinar": 30.0})  # [A]
    min_education: dict[str, Share] = Field(default={"SMA": 0.25, "Diploma": 0.03})  # [A]
    min_age: dict[int, Share] = Field(default={18: 0.20, 21: 0.05})  # [A]
    providers: int = Field(default=165, ge=1)  # [S]
    home_category_share: Share = 0.60  # [A] titles that an institution of the category offers
    opens: date = date(2020, 4, 1)  # [A]
    closes: date = date(2021, 12, 31)  # [A]
    enter_a_month: Share = 0.05  # [A]
    leave_a_month: Share = 0.03  # [A]
    price_median_rp: float = Field(default=340_000, gt=0)  # [D]
    price_sigma: float = Field(default=0.60, gt=0)  # [D]
    price_min_rp: int = Field(default=24_000, ge=1_000, multiple_of=1_000)  # [S]
    price_max_rp: int = Field(default=1_000_000, multiple_of=1_000)  # [S]
    price_ends_in_9000: Share = 0.30  # [A]
    popularity_offset: float = Field(default=4.2, ge=0)  # [A] 3; tuned: not all are on sale
    popularity_exponent: float = Field(default=1.1, gt=0)  # [A]
    wanted: Share = 0.56  # [D] titles that anybody wants at all; the rest stays unsold
    flagships: int = Field(default=10, ge=1)  # [A] top titles: always on sale, open to all
    quota_share: Share = 0.20  # [A]
    quota_times_demand: float = Field(default=3.0, gt=0)  # [A] median, over an average month
    quota_sigma: float = Field(default=0.5, ge=0)  # [A]
    quota_min: int = Field(default=5, ge=1)  # [A]
    duration_median_days: float = Field(default=5.0, gt=0)  # [A]
    duration_sigma: float = Field(default=0.5, ge=0)  # [A]

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.price_min_rp >= self.price_max_rp:
            raise ValueError("price_min_rp must be below price_max_rp")
        if self.opens >= self.closes:
            raise ValueError("opens must be before closes")
        for name in ("min_education", "min_age"):
            if sum(getattr(self, name).values()) > 1:
                raise ValueError(f"the shares of {name} sum to more than 1")
        return self


class PurchaseConfig(Frozen):
    """How often and when a participant buys."""

    no_first_purchase: Share = 0.016  # [S]
    second_purchase: Share = 0.555  # [S] 0.55; tuned for those whose money lapses before
    later_purchase: Share = 0.69  # [A] 0.65; tuned likewise
    never_completed: Share = 0.055  # [D] of trainings; who does not finish cannot buy again
    max_purchases: int = Field(default=10, ge=1)  # [S] "some took 10"
    announced_hour: int = Field(default=16, ge=0, le=23)  # [A] WIB
    first_within: dict[int, Weight] = Field(
        default={3: 45.0, 14: 35.0, 30: 20.0}
    )  # [A] last day: share
    completion_sigma: float = Field(default=0.9, ge=0)  # [A] median: the course's own duration
    rating_delay_days: float = Field(default=1.0, ge=0)  # [A]
    gap_median_days: float = Field(default=6.0, gt=0)  # [A]
    gap_sigma: float = Field(default=1.2, ge=0)  # [A]
    rush_days: int = Field(default=21, ge=0)  # [A] before the last spending day ...
    rush_factor: float = Field(default=2.5, ge=1)  # [A] ... people come back so much faster
    ratings: dict[int, Weight] = Field(
        default={5: 92.0, 4: 6.5, 3: 1.0, 2: 0.3, 1: 0.2}
    )  # mean 4.9 [S]
    hunters: Share = 0.002  # [A] who collect cheap titles; that they exist [S]
    hunter_next: Share = 0.97  # [A]
    hunter_pace: float = Field(default=0.25, gt=0)  # [A] of the usual waiting times
    hunter_price_scale_rp: float = Field(default=20_000, gt=0)  # [A] a title e times less likely

    @model_validator(mode="after")
    def _first_purchases_in_time(self) -> Self:
        days, last = list(self.first_within), SCHEME.first_purchase_days or 0
        if days != sorted(set(days)) or not 1 <= days[0] <= days[-1] <= last:
            raise ValueError(f"first_within must name ascending days from 1 to {last}")
        return self


class ChoiceConfig(Frozen):
    """Choices of participants; see `saldopas.training_pipeline.ingest.sample.choices`."""

    effects: tuple[Effect, ...] = EFFECTS
    taste_dimensions: int = Field(default=6, ge=1, le=32)  # [A]
    taste_scale: float = Field(default=1.0, ge=0)  # [A] standard deviation of the log-multiplier
    same_category: float = Field(default=3.2, gt=0)  # tuned: second purchase 35 % in the category
    same_provider: float = Field(default=45.0, gt=0)  # tuned: 25 % with the institution [A]


class SampleConfig(Frozen):
    """A data set of the 2021 scheme. `strength` scales all effects of profile and taste."""

    participants: int = Field(default=50_000, ge=1)
    courses: int = Field(default=1_700, ge=20)
    strength: float = Field(default=1.0, ge=0, le=5)
    until: date | None = None  # what had happened before this day; None: to the end
    people: PeopleConfig = PeopleConfig()
    catalogue: CatalogueConfig = CatalogueConfig()
    purchases: PurchaseConfig = PurchaseConfig()
    choice: ChoiceConfig = ChoiceConfig()

    @model_validator(mode="after")
    def _effects_have_labels(self) -> Self:
        for effect in self.choice.effects:
            if effect.category not in self.catalogue.categories:
                raise ValueError(f"an effect names the unknown category {effect.category!r}")
            for value in effect.values:
                if value not in self.people.labels_of(effect.column):
                    raise ValueError(f"an effect names the unknown {effect.column} {value!r}")
        return self

    @model_validator(mode="after")
    def _catalogue_serves_everybody(self) -> Self:
        for name in self.catalogue.min_education:
            if name not in self.people.education:
                raise ValueError(f"min_education names the unknown education {name!r}")
        for wave in self.people.waves:
            if not self.catalogue.opens <= wave.announced <= wave.last_spending_day:
                raise ValueError(f"wave {wave.number} is announced before the catalogue opens")
            if wave.last_spending_day > self.catalogue.closes:
                raise ValueError(f"wave {wave.number} buys after the catalogue closes")
        return self

    @model_validator(mode="after")
    def _everybody_is_announced(self) -> Self:
        last = max(wave.announced for wave in self.people.waves)
        if self.until is not None and self.until <= last:
            raise ValueError(f"until must be after the last wave is announced, {last}")
        return self


def read_sample_config(path: Path | None, **given: float | date | None) -> SampleConfig:
    """The options `given` on the command line, with the assumptions of a TOML file or the defaults.

    Raises:
        DataError: the file is not TOML, or a key is unknown, out of its range, or `given` as well.
    """
    stored = read_toml(path)
    twice = sorted(set(stored) & set(given))
    if twice:
        raise DataError(f"{path}: {twice[0]} is an option, not a key", remedy=f"use --{twice[0]}")
    return validated(SampleConfig, {**stored, **given}, path=path, remedy="see docs/sample.md")
