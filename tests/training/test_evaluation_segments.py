"""Intervals over some of the decisions, groups that are too small to show, and gaps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from saldopas.features.errors import DataError
from saldopas.training_pipeline.evaluating.comparison import differences
from saldopas.training_pipeline.evaluating.decisions import Decisions
from saldopas.training_pipeline.evaluating.groups import (
    Grouping,
    grouping,
    shown_groups,
    shown_levels,
)
from saldopas.training_pipeline.evaluating.intervals import (
    Segments,
    intervals_of,
    resampled_means,
    segments_of,
)
from saldopas.training_pipeline.evaluating.measured import Measured
from saldopas.training_pipeline.evaluating.statistics import EvaluationConfig, bootstrap_interval
from saldopas.training_pipeline.training.record import TrainingRecord

from tests.small_world import SmallWorld
from tests.training.made_lists import make_lists

QUICK = EvaluationConfig(resamples=400, min_people=5)


@pytest.fixture(scope="module")
def decisions(small_world: SmallWorld) -> Decisions:
    return Decisions(small_world.data, small_world.cuts[1])


def groups_of(sizes: list[int]) -> tuple[Grouping, np.ndarray]:
    """Groups a, b, ... of so many people, everybody deciding twice."""
    group = np.repeat(np.repeat(np.arange(len(sizes)), sizes), 2)
    people = np.repeat(np.arange(sum(sizes)), 2)
    return Grouping("x", tuple("abcdef"[: len(sizes)]), group), people


def by_group(grouping: Grouping, people: np.ndarray, values: np.ndarray, name: str) -> Segments:
    metrics = pd.DataFrame({name: values})
    return segments_of(metrics, grouping, people, names=[name], config=QUICK)[0]


def test_complete_columns_have_the_clustered_bootstrap_interval() -> None:
    rng = np.random.default_rng(2)
    values, people = rng.random((90, 2)), rng.integers(25, size=90)
    found = resampled_means(values.T, people, config=QUICK)
    expected = bootstrap_interval(values, clusters=people, seed=QUICK.seed, resamples=400)
    for column in range(2):
        one = found.interval(column)
        assert one.mean == pytest.approx(expected.mean[column])
        assert one.low == pytest.approx(expected.low[column])
        assert one.high == pytest.approx(expected.high[column])
        assert (one.cases, one.people) == (90, len(np.unique(people)))


def test_decisions_without_a_value_are_left_out_and_not_counted_as_zero() -> None:
    values = np.array([0.2, np.nan, 0.4, np.nan, 0.6, 0.8])
    found = resampled_means([values], np.arange(6), config=QUICK).interval(0)
    assert found.mean == pytest.approx(0.5)
    assert (found.cases, found.people) == (4, 4)
    assert found.low is not None
    assert found.low >= 0.2


def test_one_participant_has_no_interval_and_nobody_has_no_mean() -> None:
    one = np.array([0.5, 0.7, np.nan])
    found = resampled_means([one, np.full(3, np.nan)], np.array([1, 1, 2]), config=QUICK)
    assert found.interval(0).mean == pytest.approx(0.6)
    assert found.interval(0).low is None
    assert found.interval(1).mean is None


def test_groups_of_too_few_people_are_hidden_however_often_they_decide() -> None:
    by, people = groups_of([9, 3, 8, 4])
    assert shown_groups(by.group_of, people, min_people=5) == ([0, 2], 2)


def test_a_hidden_group_cannot_be_worked_out_from_the_total() -> None:
    # the group of 2 alone would be total minus the rest, so the next smallest goes with it
    by, people = groups_of([9, 2, 6])
    assert shown_groups(by.group_of, people, min_people=5) == ([0], 2)
    assert shown_groups(by.group_of, people, min_people=2) == ([0, 1, 2], 0)


def test_a_hidden_group_cannot_be_worked_out_from_what_is_told_elsewhere() -> None:
    """New participants (the first group) and known ones are told of beside the history."""
    by, people = groups_of([6, 9, 8, 2])
    asked = by.group_of, people
    assert shown_groups(*asked, min_people=5) == ([1, 2], 2), "the others less b and c are d"
    assert shown_groups(*asked, min_people=5, apart=0) == ([0, 1], 2)
    values = np.ones(len(people))
    assert list(by_group(by, people, values, "ndcg@10").groups) == ["b", "c"]
    assert list(by_group(replace(by, apart=0), people, values, "ndcg@10").groups) == ["a", "b"]
    by, people = groups_of([2, 9, 8, 6])
    assert shown_groups(by.group_of, people, min_people=5, apart=0) == ([1, 2], 2)


def test_the_history_is_told_beside_new_and_known_people(decisions: Decisions) -> None:
    assert grouping(decisions, "history").apart == 0
    assert grouping(decisions, "price").apart is None


def test_levels_are_hidden_by_their_sizes_alone() -> None:
    def shown(*sizes: int) -> list[int]:
        told = shown_levels(sizes, min_people=100)
        return [level for level, one in enumerate(told) if one]

    assert shown(100, 200, 300, 400) == [0, 1, 2, 3]
    assert shown(100, 200, 300, 40) == [0, 2], "known people less two levels are the third"
    assert shown(40, 200, 300, 400) == [2, 3]
    assert shown(150, 99, 0, 0) == []
    assert shown(150, 0, 0, 0) == [0]


def test_who_has_a_value_counts_and_not_who_decides() -> None:
    """A group of 9 of whom 2 have a value would tell of those 2."""
    by, people = groups_of([9, 9, 9])
    values = np.arange(len(people), dtype=float)
    known = (by.group_of != 1) | (people < 11)
    few = by_group(by, people, np.where(known, values, np.nan), "diversity@10")
    assert list(few.groups) == ["c"], "with b alone hidden, b would be the total minus the rest"
    assert few.hidden == 2
    whole = by_group(by, people, values, "ndcg@10")
    assert (list(whole.groups), whole.hidden) == (["a", "b", "c"], 0)


def test_each_metric_of_a_column_hides_its_own_groups() -> None:
    by, people = groups_of([9, 9, 9])
    values = np.arange(len(people), dtype=float)
    metrics = pd.DataFrame({"ndcg@10": values, "novelty@10": np.nan, "mrr@10": values})
    metrics.loc[by.group_of == 0, "mrr@10"] = np.nan
    found = segments_of(metrics, by, people, names=list(metrics), config=QUICK)
    assert [list(one.groups) for one in found] == [["a", "b", "c"], [], ["b", "c"]]
    assert found[2].groups["c"].mean == pytest.approx(values[by.group_of == 2].mean())
    assert found[2].gap is not None
    assert found[2].gap.best == "c"


def few_new(decisions: Decisions, count: int) -> tuple[Decisions, np.ndarray]:
    """The same decisions, all but `count` people without a history left out."""
    cases = decisions.cut.cases
    newcomers = np.unique(cases.row[cases.is_new])[:count]
    rows = np.flatnonzero(~cases.is_new | np.isin(cases.row, newcomers))
    return Decisions(decisions.data, replace(decisions.cut, cases=cases.take(rows))), rows


def test_new_and_known_people_are_told_of_only_where_they_are_enough(
    decisions: Decisions, small_record: TrainingRecord
) -> None:
    few, rows = few_new(decisions, 3)
    lists = small_record.test["chosen"].lists
    given = make_lists([lists.item_idx[lists.row(int(row))].tolist() for row in rows])
    found = intervals_of({"chosen": Measured.of("chosen", few, given)}, config=QUICK)["chosen"]
    assert found["new"] == {}
    assert found["warm"] == {}, "or the three would be the total minus the others"
    assert found["all"]["ndcg@10"].cases == few.n_decisions
    both = intervals_of({"x": Measured.of("x", decisions, lists)}, config=QUICK)["x"]
    assert {"ndcg@10", "balance_used@10"} <= set(both["new"]) & set(both["warm"])


def test_a_metric_that_few_people_have_is_not_told(decisions: Decisions) -> None:
    """Three people are told of two courses, which alone have a diversity, all others of one."""
    cases = decisions.cut.cases
    few = np.isin(cases.row, np.unique(cases.row)[:3])
    lists = make_lists([[0, 1] if two else [0] for two in few])
    measured = Measured.of("x", decisions, lists)
    assert measured.metrics["diversity@5"].notna().sum() == few.sum()
    found = intervals_of({"x": measured}, config=QUICK)["x"]
    assert "diversity@5" not in found["all"]
    assert "novelty@5" in found["all"]
    assert not differences(measured, measured, names=["diversity@5"], config=QUICK)
    assert differences(measured, measured, names=["novelty@5"], config=QUICK)


def test_a_summary_leaves_small_groups_out(small_record: TrainingRecord) -> None:
    found = small_record.test["chosen"]
    both = found.summary(min_people=5)["groups"]
    assert set(both) == {"all", "warm", "new"}
    alone = found.summary(min_people=10_000)["groups"]
    assert set(alone) == {"all"}
    assert alone["all"] == both["all"]
    assert all(name.startswith("all/") for name in found.metrics(min_people=10_000))


def test_all_small() -> None:
    by, people = groups_of([2, 2])
    found = by_group(by, people, np.ones(len(people)), "ndcg@10")
    assert (found.groups, found.hidden, found.gap) == ({}, 2, None)


def test_the_gap_is_between_the_best_and_the_worst_served() -> None:
    by, people = groups_of([20, 20, 20])
    values = np.array([0.2, 0.9, 0.5])[by.group_of]
    found = by_group(by, people, values, "ndcg@10")
    assert found.gap is not None
    assert (found.gap.best, found.gap.worst) == ("b", "a")
    assert found.gap.difference.mean == pytest.approx(0.7)
    less = by_group(by, people, values, "price_regret@10").gap
    assert less is not None
    assert (less.best, less.worst) == ("a", "b")
    assert less.difference.mean == pytest.approx(-0.7)


def test_history_groups_count_earlier_purchases(decisions: Decisions) -> None:
    by = grouping(decisions, "history")
    seen = decisions.cut.cases.seen
    assert by.labels == ("0", "1", "2", "3", "4 or more")
    assert (by.group_of == np.minimum(seen, 4)).all()


def test_price_and_balance_are_cut_in_quarters(decisions: Decisions) -> None:
    for column, amounts in (("price", decisions.paid_rp), ("balance", decisions.balance_rp)):
        by = grouping(decisions, column)
        shares = np.bincount(by.group_of, minlength=5)[:4] / decisions.n_decisions
        assert shares == pytest.approx(0.25, abs=0.1), column
        highest = [amounts[by.group_of == group].max() for group in range(4)]
        assert highest == sorted(highest)


def test_course_age_is_of_the_newest_bought_course(decisions: Decisions) -> None:
    by = grouping(decisions, "course-age")
    cases, courses = decisions.cut.cases, decisions.data.courses
    for row in range(0, decisions.n_decisions, 29):
        items = cases.targets.indices[cases.targets.indptr[row] : cases.targets.indptr[row + 1]]
        days = (cases.as_of_s[row] - courses.on_sale_from_s[items].max()) / 86_400
        place = sum(days >= edge for edge in (7, 30, 90, 180))
        assert by.group_of[row] == place


def test_profile_columns_are_grouped_by_the_words_of_the_table(decisions: Decisions) -> None:
    by = grouping(decisions, "gender")
    said = decisions.data.people["gender"].to_numpy()[decisions.people]
    assert [by.labels[group] for group in by.group_of] == said.tolist()


@pytest.mark.parametrize("column", ["participant_id", "opted_out", "shoe_size"])
def test_what_is_no_profile_column_is_refused_by_name(decisions: Decisions, column: str) -> None:
    with pytest.raises(DataError, match=rf"{column}.*history, price, balance, course-age"):
        grouping(decisions, column)
