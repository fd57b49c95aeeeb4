"""A sample of 30,000 has every marginal; one with a wrong figure is told apart."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from saldopas.training_pipeline.ingest.sample.calibration import Marginal, calibrate
from saldopas.training_pipeline.ingest.sample.config import SampleConfig
from saldopas.training_pipeline.ingest.sample.generate import SampleTables, generate

CONFIG = SampleConfig(participants=30_000)


def by_name(tables: SampleTables) -> dict[str, Marginal]:
    return {one.name: one for one in calibrate(tables, CONFIG)}


def missed(tables: SampleTables) -> set[str]:
    return {one.name for one in calibrate(tables, CONFIG) if not one.ok}


def test_every_marginal_is_within_its_tolerance(large: SampleTables) -> None:
    assert missed(large) == set()


def test_tolerances_are_tighter_than_the_targets(large: SampleTables) -> None:
    loose = [one.name for one in by_name(large).values() if one.tolerance > 0.7 * one.target]
    assert loose == []


@pytest.mark.parametrize(
    ("column", "value", "figure"),
    [
        ("gender", "F", "gender: M"),
        ("disability", "yes", "disability"),
        ("opted_out", True, "opted out of profiling"),
    ],
)
def test_wrong_participants_are_noticed(
    large: SampleTables, column: str, value: str | bool, figure: str
) -> None:
    wrong = large.participants.assign(**{column: value})
    assert missed(replace(large, participants=wrong)) >= {figure}


def test_wrong_purchases_are_noticed(large: SampleTables) -> None:
    firsts = large.purchases.drop_duplicates("participant_id")
    assert missed(replace(large, purchases=firsts)) >= {
        "buyers with 1 purchase",
        "mean purchases of a buyer",
        "mean left of a buyer",
        "buyers left with Rp50.000 or less",
    }


def test_wrong_prices_are_noticed(large: SampleTables) -> None:
    dearer = large.courses.assign(price=large.courses["price"] + 50_000)
    assert "mean price in the catalogue" in missed(replace(large, courses=dearer))


def test_figures_are_of_buyers_by_hand(large: SampleTables) -> None:
    """Two buyers among four: one bought Rp600.000, the other Rp400.000 and Rp600.000."""
    start = pd.Timestamp("2021-03-02 16:00", tz="Asia/Jakarta")
    participants = large.participants.head(4).assign(announced_at=start)
    ids = participants["participant_id"].to_list()
    purchases = pd.DataFrame(
        {
            "participant_id": [ids[0], ids[1], ids[1]],
            "course_id": ["C00001", "C00001", "C00002"],
            "purchased_at": [start + pd.Timedelta(days=days) for days in (2, 3, 20)],
            "price_paid": [600_000, 400_000, 600_000],
            "status": ["completed", "completed", "active"],
            "rating": pd.array([5, 4, None], dtype="Int64"),
        }
    )
    figures = by_name(SampleTables(participants, large.courses, purchases))
    assert figures["no first purchase"].actual == 0.5
    assert figures["buyers with a second purchase"].actual == 0.5
    assert figures["mean purchases of a buyer"].actual == 1.5
    assert figures["mean left of a buyer"].actual == 200_000
    assert figures["buyers left with Rp50.000 or less"].actual == 0.5
    assert figures["first purchase: days 1-3"].actual == 0.5  # 2 March is day 1, 4 March day 3
    assert figures["first purchase: days 4-14"].actual == 0.5
    assert figures["share of the top title"].actual == pytest.approx(2 / 3)
    assert figures["trainings never completed"].actual == pytest.approx(1 / 3)
    assert figures["mean rating"].actual == 4.5
    assert figures["mean rating"].ok is None  # four participants are too few to judge


def test_smallest_sample_gives_no_verdict_and_no_missing_number() -> None:
    config = SampleConfig(participants=1, courses=20)
    for seed in range(20):
        figures = calibrate(generate(config, seed=seed), config)
        assert all(one.ok is None and one.actual == one.actual for one in figures)
