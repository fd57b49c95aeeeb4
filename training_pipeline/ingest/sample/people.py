"""Generated participants: profiles drawn to the published marginals, and a latent taste each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from saldopas.features.seconds import DAY_S, HOUR_S
from saldopas.training_pipeline.ingest.sample.config import YES_NO, PeopleConfig, SampleConfig
from saldopas.training_pipeline.ingest.sample.moments import day_start_s

OVER_45 = ("46-55", "56-64")


@dataclass(frozen=True)
class People:
    """n participants; times are local (WIB) seconds.

    Attributes:
        codes: for each profile column (n,) int8 places in `labels`.
        labels: the texts of each profile column.
        age: (n,) int64 years.
        announced_s, lapses_s: (n,) int64, from when and until when (both inclusive) money is spent.
        opted_out, hunter: (n,) bool.
        taste: (n, taste_dimensions) float32, standard normal.
    """

    codes: Mapping[str, NDArray[np.int8]]
    labels: Mapping[str, tuple[str, ...]]
    age: NDArray[np.int64]
    announced_s: NDArray[np.int64]
    lapses_s: NDArray[np.int64]
    opted_out: NDArray[np.bool_]
    hunter: NDArray[np.bool_]
    taste: NDArray[np.float32]

    @property
    def n(self) -> int:
        """How many participants there are."""
        return len(self.age)


def draw_people(config: SampleConfig, rng: np.random.Generator) -> People:
    """`config.participants` independent participants."""
    people, n = config.people, config.participants
    age_code, education_code = _age_and_education(people, n, rng)
    wave_code = _draw([wave.size for wave in people.waves], n, rng)
    codes = {
        "age_band": age_code,
        "gender": _draw(list(people.gender.values()), n, rng),
        "education": education_code,
        "province": _draw(list(people.province.values()), n, rng),
        "employment": _draw(list(people.employment.values()), n, rng),
        "urban": (rng.random(n) < people.urban).astype(np.int8),
        "no_earlier_training": (rng.random(n) < people.no_earlier_training).astype(np.int8),
        "disability": (rng.random(n) < people.disability).astype(np.int8),
        "wave": wave_code,
    }
    announced = np.array([day_start_s(wave.announced) for wave in people.waves])
    lapses = np.array([day_start_s(wave.last_spending_day) + DAY_S - 1 for wave in people.waves])
    return People(
        codes=codes,
        labels=_labels(people),
        age=_ages(people, age_code, rng),
        announced_s=announced[wave_code] + config.purchases.announced_hour * HOUR_S,
        lapses_s=lapses[wave_code],
        opted_out=rng.random(n) < people.opted_out,
        hunter=rng.random(n) < config.purchases.hunters,
        taste=rng.standard_normal((n, config.choice.taste_dimensions), dtype=np.float32),
    )


def rake(
    table: NDArray[np.float64], rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Scale a positive table to the given row and column sums (iterative proportional fitting).

    Deming and Stephan (1940). `rows` and `columns` must have the same total.
    """
    for _ in range(100):
        table = table * (rows / table.sum(axis=1))[:, None]
        table = table * (columns / table.sum(axis=0))[None, :]
    return table


def _age_and_education(
    people: PeopleConfig, n: int, rng: np.random.Generator
) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    ages, levels = list(people.age_band), list(people.education)
    rows, columns = _shares(people.age_band.values()), _shares(people.education.values())
    joint = np.outer(rows, columns)
    joint[ages.index("18-25"), levels.index("SMA")] *= people.young_sma
    joint[ages.index("18-25"), levels.index("Sarjana")] *= people.young_sarjana
    for band in OVER_45:
        joint[ages.index(band), [levels.index("SD"), levels.index("SMP")]] *= people.over_45_school
    cell = _draw(rake(joint, rows, columns).ravel().tolist(), n, rng)
    return cell // len(levels), cell % len(levels)


def _ages(
    people: PeopleConfig, age_code: NDArray[np.int8], rng: np.random.Generator
) -> NDArray[np.int64]:
    bounds = np.array([[int(end) for end in band.split("-")] for band in people.age_band])
    low, high = bounds[age_code, 0], bounds[age_code, 1]
    ages: NDArray[np.int64] = rng.integers(low, high, endpoint=True)
    return ages


def _labels(people: PeopleConfig) -> dict[str, tuple[str, ...]]:
    return {
        "age_band": tuple(people.age_band),
        "gender": tuple(people.gender),
        "education": tuple(people.education),
        "province": tuple(people.province),
        "employment": tuple(people.employment),
        "urban": YES_NO,
        "no_earlier_training": YES_NO,
        "disability": YES_NO,
        "wave": tuple(str(wave.number) for wave in people.waves),
    }


def _draw(weights: Sequence[float], n: int, rng: np.random.Generator) -> NDArray[np.int8]:
    return rng.choice(len(weights), size=n, p=_shares(weights)).astype(np.int8)


def _shares(weights: Iterable[float]) -> NDArray[np.float64]:
    values = np.array(list(weights), np.float64)
    shares: NDArray[np.float64] = values / values.sum()
    return shares
