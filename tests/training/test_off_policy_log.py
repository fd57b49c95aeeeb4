"""The log of served lists: what a row promises, and that arrays say the same as rows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError
from saldopas.features.errors import DataError
from saldopas.store.served.log import COURSE_IDS, ServedList, pack_courses, unpack_courses
from saldopas.training_pipeline.evaluating.off_policy.served_lists import read_served, write_served

CATALOGUE = [f"c{place}" for place in range(11)]


def served(name: str = "r1", **changes: object) -> ServedList:
    """Courses 9 and 2 shown, of 0, 2, 5 and 9."""
    plain = {
        "request_id": name,
        "served_at": datetime(2024, 3, 1, 9, tzinfo=UTC),
        "participant_id": "p1",
        "model_version": "4",
        "feasible": bits(0, 2, 5, 9),
        "item_idx": (9, 2),
        "scores": (0.5, 0.25),
        "propensity_at_slot": (0.9, 0.15),
        "propensity_given_above": (0.9, 0.2),
        "bought": (False, True),
        "window_days": 14,
    }
    return ServedList.model_validate(plain | changes)


def bits(*items: int, n_items: int = 11) -> bytes:
    return pack_courses(np.isin(np.arange(n_items), items))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"propensity_at_slot": (0.9,)}, "propensity_at_slot has 1 values for 2"),
        ({"propensity_at_slot": (0.9, 0.0)}, "greater than 0"),
        ({"propensity_at_slot": (0.9, 1.5)}, "less than or equal to 1"),
        ({"propensity_at_slot": None, "propensity_given_above": None}, "no propensity is told"),
        ({"item_idx": (2, 2)}, "shown twice"),
        ({"item_idx": (9, 3)}, "course 3 is shown and could not be"),
        ({"item_idx": (9, 400)}, "course 400 is shown and could not be"),
        ({"pool": bits(2, 5)}, "course 9 is shown and could not be in its slot"),
        ({"pool": b"", "listed": (2, 9)}, "course 9 is shown and could not be in its slot"),
        ({"bought": None}, "come together"),
        ({"served_at": datetime(2024, 3, 1)}, "timezone"),
    ],
)
def test_a_row_that_contradicts_itself_is_refused(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        served(**changes)


def test_bits_of_courses_go_there_and_back() -> None:
    could = np.random.default_rng(0).random(1_701) < 0.3
    assert (unpack_courses(pack_courses(could), n_items=1_701) == could).all()
    assert len(pack_courses(could)) == 213
    assert not unpack_courses(pack_courses(could), n_items=1_800)[1_701:].any()


def test_rows_come_back_as_arrays(tmp_path: Path) -> None:
    rows = [
        served("r1"),
        served("r2", participant_id=None),
        served("r3", bought=None, window_days=None),
        served("r4", item_idx=(5,), scores=(1.0,), propensity_given_above=(0.5,),
               propensity_at_slot=(0.5,), bought=(True,), feasible=bits(5, n_items=8)),
        served("r5", pool=bits(2), listed=(9, 0)),
    ]  # fmt: skip
    write_served(tmp_path / "log.parquet", rows, course_ids=CATALOGUE)
    lists = read_served(tmp_path / "log.parquet")
    assert lists.n_open == 1
    assert lists.course_ids == tuple(CATALOGUE)
    assert lists.filled.tolist() == [[True, True], [True, True], [True, False], [True, True]]
    assert lists.item_idx.tolist() == [[9, 2], [9, 2], [5, 0], [9, 2]]
    assert lists.given_above is not None
    assert lists.given_above.tolist() == [[0.9, 0.2], [0.9, 0.2], [0.5, 1.0], [0.9, 0.2]]
    assert lists.reward.tolist() == [[0, 1], [0, 1], [1, 0], [0, 1]]
    assert lists.n_pool.tolist() == [4, 4, 1, 1]
    assert lists.in_pool(np.array([[0, 9]] * 4))[:3].tolist() == [[True, True]] * 2 + [[False] * 2]
    could = [lists.could_stand(np.array([[a, b]] * 4))[3].tolist() for a, b in ((9, 0), (0, 9))]
    assert could == [[True, True], [False, False]], "a listed course stands in its own slot only"
    assert lists.could_stand(np.array([[2, 2]] * 4))[3].all()
    assert len({*lists.units.tolist()}) == 2, "r2 names nobody, so it is a unit of its own"
    assert lists.units[0] == lists.units[2]


def test_a_chance_that_one_row_does_not_say_is_not_there_at_all(tmp_path: Path) -> None:
    rows = [served("r1"), served("r2", propensity_at_slot=None)]
    write_served(tmp_path / "log.parquet", rows, course_ids=CATALOGUE)
    lists = read_served(tmp_path / "log.parquet")
    assert lists.at_slot is None
    assert lists.given_above is not None


def test_a_log_that_was_spoiled_is_refused_with_its_row(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    write_served(path, [served("r1"), served("r2")], course_ids=CATALOGUE)
    table = pq.read_table(path)
    place = table.schema.get_field_index("feasible")
    spoiled = table.set_column(
        place, table.schema.field(place), [[bits(0, 2, 5, 9), bits(0, 2, 5)]]
    )
    pq.write_table(spoiled, path)
    with pytest.raises(DataError, match=r"row 2: a shown course is not among those"):
        read_served(path)
    pq.write_table(table.replace_schema_metadata({COURSE_IDS: b'["c0"]'}), path)
    with pytest.raises(DataError, match="row 1"):
        read_served(path)
    pq.write_table(table.drop_columns(["scores"]), path)
    with pytest.raises(DataError, match="not a log of served lists"):
        read_served(path)


def test_a_log_whose_windows_are_all_open_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    write_served(path, [served(bought=None, window_days=None)], course_ids=CATALOGUE)
    with pytest.raises(DataError, match="no list has a closed window"):
        read_served(path)
