"""Waves, provinces and effects of the generator, and the configuration of one data set."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal, Self

from pydantic import Field, model_validator
from saldopas.features.scheme import SCHEMES
from saldopas.features.tables.dataset_config import Frozen

SCHEME = SCHEMES["2021"]
_END_2020 = date(2020, 12, 15)
_OVER_45 = ("46-55", "56-64")
_SCHOOL = ("SD", "SMP")
# Inhabitants in millions, rounded, of the 34 provinces of 2020-21 [A].
PROVINCES = {
    "Aceh": 5.3,
    "Sumatera Utara": 14.8,
    "Sumatera Barat": 5.5,
    "Riau": 6.4,
    "Jambi": 3.5,
    "Sumatera Selatan": 8.5,
    "Bengkulu": 2.0,
    "Lampung": 9.0,
    "Kepulauan Bangka Belitung": 1.5,
    "Kepulauan Riau": 2.1,
    "DKI Jakarta": 10.6,
    "Jawa Barat": 48.3,
    "Jawa Tengah": 36.5,
    "DI Yogyakarta": 3.7,
    "Jawa Timur": 40.7,
    "Banten": 11.9,
    "Bali": 4.3,
    "Nusa Tenggara Barat": 5.3,
    "Nusa Tenggara Timur": 5.3,
    "Kalimantan Barat": 5.4,
    "Kalimantan Tengah": 2.7,
    "Kalimantan Selatan": 4.1,
    "Kalimantan Timur": 3.8,
    "Kalimantan Utara": 0.7,
    "Sulawesi Utara": 2.6,
    "Sulawesi Tengah": 3.0,
    "Sulawesi Selatan": 9.1,
    "Sulawesi Tenggara": 2.6,
    "Gorontalo": 1.2,
    "Sulawesi Barat": 1.4,
    "Maluku": 1.8,
    "Maluku Utara": 1.3,
    "Papua Barat": 1.1,
    "Papua": 4.3,
}


class Wave(Frozen):
    """One intake: how many were accepted, when they were told, when their money lapses."""

    number: int = Field(ge=1)
    size: int = Field(ge=1)
    announced: date
    last_spending_day: date = date(2021, 12, 15)

    @model_validator(mode="after")
    def _first_purchase_fits(self) -> Self:
        last_first_day = self.announced + timedelta(days=(SCHEME.first_purchase_days or 1) - 1)
        if last_first_day > self.last_spending_day:
            raise ValueError(f"wave {self.number}: first purchases end after last_spending_day")
        return self


class Effect(Frozen):
    """Participants with one of `values` choose `category` `multiplier` times as much."""

    column: Literal["gender", "age_band", "education", "employment", "urban"]
    values: tuple[str, ...] = Field(min_length=1)
    category: str
    multiplier: float = Field(gt=0)


# Sizes of 12 to 17 [S]; sizes of 1 to 11 and every date [A]. The money of 2020 lapsed in 2020 [A].
WAVES = (
    Wave(number=1, size=168_000, announced=date(2020, 4, 17), last_spending_day=_END_2020),
    Wave(number=2, size=288_000, announced=date(2020, 4, 27), last_spending_day=_END_2020),
    Wave(number=3, size=225_000, announced=date(2020, 5, 8), last_spending_day=_END_2020),
    Wave(number=4, size=800_000, announced=date(2020, 8, 14), last_spending_day=_END_2020),
    Wave(number=5, size=800_000, announced=date(2020, 8, 21), last_spending_day=_END_2020),
    Wave(number=6, size=800_000, announced=date(2020, 9, 1), last_spending_day=_END_2020),
    Wave(number=7, size=800_000, announced=date(2020, 9, 10), last_spending_day=_END_2020),
    Wave(number=8, size=800_000, announced=date(2020, 9, 17), last_spending_day=_END_2020),
    Wave(number=9, size=800_000, announced=date(2020, 9, 24), last_spending_day=_END_2020),
    Wave(number=10, size=116_000, announced=date(2020, 10, 1), last_spending_day=_END_2020),
    Wave(number=11, size=400_000, announced=date(2020, 11, 9), last_spending_day=_END_2020),
    Wave(number=12, size=600_000, announced=date(2021, 3, 2)),
    Wave(number=13, size=600_000, announced=date(2021, 3, 10)),
    Wave(number=14, size=600_000, announced=date(2021, 3, 17)),
    Wave(number=15, size=600_000, announced=date(2021, 3, 24)),
    Wave(number=16, size=300_000, announced=date(2021, 4, 1)),
    Wave(number=17, size=44_000, announced=date(2021, 6, 11)),
)


# Every multiplier [A].
EFFECTS = (
    Effect(column="gender", values=("F",), category="Gaya Hidup", multiplier=1.8),
    Effect(column="gender", values=("F",), category="Makanan & Minuman", multiplier=1.4),
    Effect(column="gender", values=("M",), category="Teknik & Lainnya", multiplier=2.5),
    Effect(column="gender", values=("M",), category="Pertanian", multiplier=1.5),
    Effect(column="gender", values=("M",), category="Teknologi Informasi", multiplier=1.4),
    Effect(column="age_band", values=("18-25",), category="Bahasa Asing", multiplier=1.5),
    Effect(column="age_band", values=("18-25",), category="Teknologi Informasi", multiplier=1.4),
    Effect(column="age_band", values=_OVER_45, category="Pertanian", multiplier=2.0),
    Effect(column="age_band", values=_OVER_45, category="Makanan & Minuman", multiplier=1.3),
    Effect(column="education", values=("Sarjana",), category="Teknologi Informasi", multiplier=1.4),
    Effect(column="education", values=("Sarjana",), category="Manajemen", multiplier=1.3),
    Effect(column="education", values=_SCHOOL, category="Pertanian", multiplier=1.6),
    Effect(column="education", values=_SCHOOL, category="Makanan & Minuman", multiplier=1.5),
    Effect(
        column="employment",
        values=("entrepreneur",),
        category="Penjualan & Pemasaran",
        multiplier=1.5,
    ),
    Effect(column="employment", values=("entrepreneur",), category="Keuangan", multiplier=1.4),
    Effect(column="employment", values=("jobseeker",), category="Perkantoran", multiplier=1.5),
    Effect(column="employment", values=("jobseeker",), category="Bahasa Asing", multiplier=1.3),
    Effect(column="urban", values=("no",), category="Pertanian", multiplier=2.0),
)
