"""Metrics of a replay: worked out by hand, and equal to ranx on random rankings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from saldopas.models.policy.policy import Policy
from saldopas.training_pipeline.evaluating.decisions import Decisions
from saldopas.training_pipeline.evaluating.measured import Measured, exposure_of, wanted
from saldopas.training_pipeline.evaluating.metrics import (
    average_precision,
    balance_metrics,
    choice_chances,
    course_features,
    diversity,
    first_places,
    novelty,
    walked,
)
from saldopas.training_pipeline.training.record import TrainingRecord

from tests.small_world import SmallWorld
from tests.training.made_lists import make_lists, make_targets

NONE = -1


@pytest.fixture(scope="module")
def decisions(small_world: SmallWorld) -> Decisions:
    return Decisions(small_world.data, small_world.cuts[1])


def test_map_by_hand_and_as_trec_divides_by_all_targets() -> None:
    # hits at ranks 2 and 4 of three targets: (1/2 + 2/4) / 3
    found = average_precision(
        make_lists([[9, 1, 8, 2], []]), make_targets([[1, 2, 3], [4]], 10), cutoffs=(2, 5)
    )
    assert found["map@5"].tolist() == [pytest.approx(1 / 3), 0]
    assert found["map@2"].tolist() == [pytest.approx(1 / 6), 0]


def test_first_places_ends_where_the_list_ends() -> None:
    found = first_places(make_lists([[4, 2, 7], [], [1]]), depth=2)
    assert found.tolist() == [[4, 2], [NONE, NONE], [1, NONE]]


def test_novelty_by_hand() -> None:
    # 7 people; courses bought by 7, 3 and nobody: 0, 1 and 3 bits
    found = novelty(np.array([[0, 1, 2], [NONE] * 3]), np.array([7, 3, 0]), 7)
    assert found["novelty@1"].tolist()[0] == 0
    assert found["novelty@5"].tolist()[0] == pytest.approx(4 / 3)
    assert found["novelty@5"].isna().tolist() == [False, True]


def test_diversity_is_the_share_of_attributes_that_differ() -> None:
    frame = pd.DataFrame(
        {"category": ["it", "it", "food", None], "provider": ["p", "q", "q", None]}
    )
    features = course_features(frame)
    assert features is not None
    found = diversity(np.array([[0, 1, 2], [0, 1, NONE], [0, NONE, NONE]]), features)["diversity@5"]
    # pairs: 0-1 share the category, 1-2 the provider, 0-2 nothing
    assert found.tolist()[:2] == [pytest.approx((0.5 + 0.5 + 1) / 3), pytest.approx(0.5)]
    assert np.isnan(found[2])
    assert diversity(np.array([[0, 3]]), features)["diversity@5"][0] == 1  # unknown: no agreement
    assert course_features(frame[[]]) is None


def test_diversity_equals_pair_by_pair() -> None:
    rng = np.random.default_rng(1)
    names = {"category": 4, "provider": 9, "platform": 3}
    frame = pd.DataFrame({name: rng.integers(n, size=30).astype(str) for name, n in names.items()})
    features = course_features(frame)
    assert features is not None
    items = np.stack([rng.permutation(30)[:10] for _ in range(20)])
    f = features.toarray()
    pairs = [(i, j) for i in range(10) for j in range(i)]
    expected = [np.mean([1 - f[row[i]] @ f[row[j]] for i, j in pairs]) for row in items]
    assert diversity(items, features)["diversity@10"].to_numpy() == pytest.approx(expected)


def test_the_choice_falls_on_the_courses_that_are_there() -> None:
    found = choice_chances(np.array([[5, 6], [5, NONE], [NONE, NONE]]))
    second = (1 / np.log2(3)) / (1 + 1 / np.log2(3))
    assert found == pytest.approx(np.array([[1 - second, second], [1, 0], [0, 0]]))


def test_walking_down_a_list_buys_what_still_fits() -> None:
    price = np.array([[600, 500, 300, 100]])
    found = walked(price, np.array([[True, True, True, False]]), np.array([1_000]))
    assert found.tolist() == [[400, 400, 100, 100]]  # 500 does not fit, 300 does, 100 is no course


def test_balance_metrics_by_hand(decisions: Decisions) -> None:
    """Two lists for the first decision that leaves room: its numbers are worked out here."""
    price = decisions.data.courses.price_rp
    at = int(np.flatnonzero(decisions.balance_rp > 2 * price.min())[0])
    balance, paid = decisions.balance_rp[at], decisions.paid_rp[at]
    cheap, dear = np.argsort(price)[:2].tolist()
    items = np.full((decisions.n_decisions, 20), NONE)
    items[at, :2] = [dear, cheap]
    found = balance_of(decisions, items).iloc[at]
    first = 1 / (1 + 1 / np.log2(3))
    spent = first * price[dear] + (1 - first) * price[cheap]
    assert found["balance_used@1"] == pytest.approx(price[dear] / balance)
    assert found["balance_used@10"] == pytest.approx(spent / balance)
    over = first * max(price[dear] - paid, 0) + (1 - first) * max(price[cheap] - paid, 0)
    assert found["price_regret@10"] == pytest.approx(over / balance)
    after_first = balance - price[dear]
    expected = after_first - (price[cheap] if price[cheap] <= after_first else 0)
    assert found["leftover_rp@10"] == expected
    empty = balance_of(decisions, np.full_like(items, NONE)).iloc[at]
    assert empty["balance_used@20"] == 0
    assert empty["leftover_rp@20"] == balance
    assert empty[["price_regret@20", "nothing_left@20"]].isna().all(), "0 would be the best"


def test_a_course_bought_at_a_discount_is_not_regretted(small_world: SmallWorld) -> None:
    """What was bought cost what was paid; another course of that list price costs more."""
    cut = small_world.cuts[1]
    half = replace(cut, cases=replace(cut.cases, paid_rp=cut.cases.paid_rp / 2))
    decisions = Decisions(small_world.data, half)
    bought = what_was_bought(decisions)
    assert (balance_of(decisions, bought)["price_regret@1"] == 0).all()
    price = decisions.data.courses.price_rp
    others = np.where(bought >= 0, np.argsort(-price, kind="stable")[0], NONE)
    row = int(np.flatnonzero(others[:, 0] != bought[:, 0])[0])
    regret = balance_of(decisions, others)["price_regret@1"][row]
    over = price.max() - price[bought[row, 0]] / 2
    assert regret == pytest.approx(over / decisions.balance_rp[row])


def test_nothing_is_left_when_the_cheapest_other_course_costs_more(decisions: Decisions) -> None:
    cases, courses = decisions.cut.cases, decisions.data.courses
    items = np.column_stack([what_was_bought(decisions)[:, :1], two_dearest(decisions)])
    items = np.pad(items, [(0, 0), (0, 17)], constant_values=NONE)
    metrics = balance_of(decisions, items)
    asked = decisions.requests
    owned = asked.owned.toarray()
    for row in range(0, decisions.n_decisions, 17):
        left = cases.balance_rp[row]
        possible = (
            (courses.on_sale_from_s <= cases.as_of_s[row])
            & (cases.as_of_s[row] <= courses.on_sale_until_s)
            & (courses.min_age <= asked.age_at_least[row])
            & (courses.min_education <= asked.education_at_least[row])
            & ~owned[row]
        )
        for ranks, k in ((items[row, :1], 1), (items[row, 1:5], 5)):
            for item in ranks[ranks != NONE]:
                left -= courses.price_rp[item] if courses.price_rp[item] <= left else 0
                possible[item] = False
            stuck = not (possible & (courses.price_rp <= left)).any()
            assert metrics[f"nothing_left@{k}"][row] == stuck
    for k in (1, 5):
        assert 0 < metrics[f"nothing_left@{k}"].mean() < 1, "the sample shows both outcomes"


def balance_of(decisions: Decisions, items: np.ndarray) -> pd.DataFrame:
    bought = decisions.cut.cases.targets.toarray()
    hits = np.take_along_axis(bought, np.maximum(items, 0), axis=1) & (items >= 0)
    return balance_metrics(decisions, items, hits)


def two_dearest(decisions: Decisions) -> np.ndarray:
    """The dearest courses that each decision allows besides the one that was bought."""
    allowed = Policy((), decisions.data.courses).allowed(decisions.requests).allowed
    allowed[np.arange(len(allowed)), what_was_bought(decisions)[:, 0]] = False
    price = np.where(allowed, decisions.data.courses.price_rp, -1)
    items = np.argsort(-price, axis=1, kind="stable")[:, :2]
    return np.where(np.take_along_axis(allowed, items, axis=1), items, NONE)


def what_was_bought(decisions: Decisions) -> np.ndarray:
    """Each decision is answered with the course that was bought."""
    targets = decisions.cut.cases.targets
    items = np.full((decisions.n_decisions, 20), NONE)
    items[:, 0] = targets.indices[targets.indptr[:-1]]
    return items


def test_a_perfect_list_regrets_nothing(decisions: Decisions) -> None:
    found = balance_of(decisions, what_was_bought(decisions))
    assert (found["price_regret@1"] == 0).all()
    used = decisions.paid_rp / decisions.balance_rp
    assert found["balance_used@1"].to_numpy() == pytest.approx(used)


def test_no_balance_no_balance_metrics(small_world: SmallWorld) -> None:
    cut = small_world.cuts[1]
    free = replace(cut, cases=replace(cut.cases, has_balance=np.zeros(cut.cases.n_cases, bool)))
    decisions = Decisions(small_world.data, free)
    lists = [[0]] * decisions.n_decisions
    measured = Measured.of("x", decisions, make_lists(lists))
    assert not [name for name in measured.names if "balance" in name or "leftover" in name]
    assert "ndcg@10" in measured.names


def test_gini_by_hand() -> None:
    # shown 0, 1, 3 times: (2*1-4)*0 + (2*2-4)*1 + (2*3-4)*3 over 3 * 4
    items = np.array([[2, 1], [2, NONE], [2, NONE]])
    found = exposure_of(items, np.arange(3), n_items=3, depth=2, possible=np.array([2, 1, 1]))
    assert found["gini"].value == pytest.approx(6 / 12)
    assert found["coverage"].value == pytest.approx(2 / 3)
    three = np.full(3, 3)
    even = np.array([[0], [1], [2]])
    found = exposure_of(even, np.arange(3), n_items=3, depth=1, possible=three)
    assert found["gini"].value == pytest.approx(0)


def test_places_left_empty_count_for_the_most_shown_course() -> None:
    two = np.full(3, 2)

    def gini(items: list[list[int]]) -> float:
        found = exposure_of(np.array(items), np.arange(3), n_items=3, depth=2, possible=two)
        return found["gini"].value

    # shown 0, 1, 3 times of 6 places: two are empty, so 0, 1, 5
    short = [[2, 1], [2, NONE], [2, NONE]]
    assert gini(short) == pytest.approx((0 * 1 + 2 * 5) / (3 * 6))
    # one course each, one place each empty: 1, 1, 1 and 3 more
    assert gini([[0, NONE], [1, NONE], [2, NONE]]) == pytest.approx(
        ((-1) * 1 + (-1) * 1 + 2 * 4) / 18
    )
    nothing = gini([[NONE, NONE]] * 3)
    assert nothing == pytest.approx(2 / 3), "as one course for everybody"
    assert nothing == pytest.approx(gini([[0, NONE]] * 3))
    assert nothing > gini(short) > gini([[2, 1], [2, 0], [2, 1]])


@pytest.mark.parametrize(
    ("name", "least", "most"), [("coverage", 0.85, 1.15), ("gini", 0.85, 1.15)]
)
def test_exposure_error_is_the_spread_over_other_participants(
    name: str, least: float, most: float
) -> None:
    """What one sample tells against the spread of many."""
    weights = 1.0 / (np.arange(60) + 1.0) ** 1.5
    chances = weights / weights.sum()

    def sample(seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        return np.stack([rng.choice(60, size=5, replace=False, p=chances) for _ in range(80)])

    found = [
        exposure_of(
            sample(seed), np.arange(80) // 2, n_items=60, depth=5, possible=np.full(80, 60)
        )[name]
        for seed in range(150)
    ]
    spread = np.std([one.value for one in found])
    told = np.mean([one.standard_error for one in found])
    assert least <= told / spread <= most


def test_recommending_nothing_is_best_at_nothing(
    small_world: SmallWorld, small_record: TrainingRecord
) -> None:
    """Against real lists, lists that stop after one course, and none at all."""
    decisions = Decisions(small_world.data, small_world.cuts[1])
    full = Measured.of("full", decisions, small_record.test["chosen"].lists)
    none = Measured.of("none", decisions, make_lists([[] for _ in range(decisions.n_decisions)]))
    assert not {"price_regret@10", "nothing_left@1"} & set(none.names)
    for name in set(full.names) & set(none.names):
        ours, theirs = (
            one.exposure[name].value if name in one.exposure else one.metrics[name].mean()
            for one in (full, none)
        )
        if wanted(name) is not None:
            assert (theirs < ours) == (wanted(name) == "more"), name
    places = first_places(full.lists, depth=1)
    few = Measured.of("few", decisions, make_lists([[int(a)] for (a,) in places]))
    assert few.exposure["gini@10"].value > full.exposure["gini@10"].value


def test_equal_to_ranx_on_random_rankings() -> None:
    from benchmarks.evaluation import differences_to_ranx

    assert max(differences_to_ranx(rankings=300, seed=3).values()) < 1e-9


def test_the_evaluation_of_a_training_carries_the_balance(
    small_record: TrainingRecord, small_world: SmallWorld
) -> None:
    cut = small_world.cuts[1]
    cases = small_record.test["chosen"].cases
    assert cases["balance_rp"].tolist() == cut.cases.balance_rp.tolist()
    assert cases["participant"].tolist() == cut.cases.row.tolist()
