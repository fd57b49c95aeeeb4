"""Reasons are terms of the score, and cite counts that can be counted again by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from saldopas.features.encoding.pairs import MIN_GROUP_PEOPLE
from saldopas.features.requests.batch import RequestBatch
from saldopas.models.explaining.evidence import MIN_TAKERS, Count, Evidence
from saldopas.models.explaining.explanation import reasons_of, stage_terms
from saldopas.models.explaining.wording import COLUMNS_ID, GROUPS, answer_reasons
from saldopas.models.policy.balance_fit import N_BANDS, BalanceFit
from saldopas.models.policy.exploration import Exploration, ExplorationConfig
from saldopas.models.policy.recipe import Recipe, StageRecipe
from saldopas.training_pipeline.ingest.sample.config import SampleConfig
from saldopas.training_pipeline.ingest.sample.generate import CATEGORICAL, generate

from tests.made import VOCABULARY, make_batch, make_courses, make_requests, make_training

N_ITEMS = 6
COURSES = make_courses([1_000, 2_000, 3_000, 4_000, 5_000, 6_000], title=list("ABCDEF"))
# 30 of group a took A, 12 of them C after it; 25 of group b took B; nobody took F
PEOPLE = [[0, 2]] * 12 + [[0]] * 18 + [[1]] * 21 + [[1, 3]] * 4
TOKENS = [[0]] * 30 + [[1]] * 25
TRAIN = make_training(PEOPLE, COURSES, tokens=TOKENS)
EVIDENCE = Evidence.count(TRAIN)
BLEND = {
    "members": [
        {"model": "sequence-ridge", "config": {"min_purchases": 1, "l2": 1.0}},
        {"model": "profile-popularity"},
        {"model": "popularity"},
    ],
    "weights": [[0.5, 1.0, 0.1], [1.0, 0.5, 0.2]],
}
RECIPE = Recipe(
    stages=(
        StageRecipe(source="history", model="blend", config=BLEND),
        StageRecipe(source="profile", model="blend", config=BLEND),
        StageRecipe(source="popular", model="popularity"),
    )
)
LIFTS = BalanceFit(lift=tuple(1 + 0.1 * band for band in range(N_BANDS)))


def ask(history: list[int], token: int, limit: int | None = None, n: int = N_ITEMS) -> RequestBatch:
    batch = make_batch([history], n_items=N_ITEMS, tokens=[[token]])
    limits = np.array([limit or 0], np.int64)
    count = np.array([n], np.int64)
    limited = np.array([limit is not None])
    return make_requests(batch, balance_rp=limits, has_balance=limited, count=count)


@pytest.mark.parametrize("limit", [None, 5_000])
@pytest.mark.parametrize("fitted", [False, True])
def test_terms_add_up_to_the_score_that_was_ranked_by(limit: int | None, fitted: bool) -> None:
    policy = replace(RECIPE.fit(TRAIN, seed=7), balance_fit=LIFTS if fitted else None)
    request = ask([0], 0, limit)
    lists = policy.recommend(request)
    words = answer_reasons(policy, EVIDENCE, VOCABULARY, request, lists, 0)
    for score, reasons in zip(lists.scores, words, strict=True):
        total = sum(reason["contribution"] for reason in reasons)
        assert total == pytest.approx(float(score), rel=1e-4, abs=1e-7)


def test_the_strongest_reason_is_the_earlier_course_where_the_history_speaks() -> None:
    policy = RECIPE.fit(TRAIN, seed=7)
    request = ask([0], 0)
    first = reasons_of(policy, EVIDENCE, request, np.array([2]), np.array([0]))[0][0]
    assert (first.kind, first.ref) == ("history", 0)
    assert first.count == Count(took=12, people=30)


def test_each_profile_token_is_a_reason_with_its_own_part_of_the_score() -> None:
    tokens = [[0, 2], [0], [1, 2], [1]]
    people = [[[0, 2], [0, 3], [1, 2], [1, 4]][n % 4] for n in range(200)]
    train = make_training(people, COURSES, tokens=[tokens[n % 4] for n in range(200)])
    config = {"min_purchases": 1, "l2": 1.0, "token_weight": 2.0}
    stage = StageRecipe(source="profile", model="sequence-ridge", config=config)
    policy = Recipe(stages=(stage,)).fit(train, seed=7)
    batch = make_batch([[]], n_items=N_ITEMS, tokens=[[0, 2]])
    found = reasons_of(
        policy, Evidence.count(train), make_requests(batch), np.array([0]), np.array([0])
    )[0]
    parts = {
        term.ref: float(term.values[0])
        for term in stage_terms(policy, 0, make_requests(batch), np.array([0]))
    }
    told = {reason.ref: reason.contribution for reason in found if reason.kind == "profile"}
    assert told
    assert told == pytest.approx({ref: parts[ref] for ref in told})
    assert 0 in told


def test_people_are_counted_by_hand() -> None:
    assert EVIDENCE.of_everybody(0) == Count(30, 55)
    assert EVIDENCE.of_token(0, 2) == Count(12, 30)
    assert EVIDENCE.of_profile(make_batch([[]], n_items=N_ITEMS, tokens=[[0]]), 2) == Count(12, 30)


def test_few_people_are_never_told_of() -> None:
    assert EVIDENCE.of_everybody(3) is None, f"4 takers, fewest is {MIN_TAKERS}"
    assert EVIDENCE.of_course(2, 0) is None, f"12 people, fewest is {MIN_GROUP_PEOPLE}"
    assert EVIDENCE.of_profile(make_batch([[]], n_items=N_ITEMS, tokens=[[2]]), 1) is None
    everybody = make_batch([[]], n_items=N_ITEMS, tokens=[[1]])
    assert EVIDENCE.of_profile(everybody, 1) is None, "25 of 25 says what each of them did"
    assert EVIDENCE.item_people.tolist() == [30, 25, 12, 0, 0, 0]
    assert EVIDENCE.sold.tolist() == [True, True, True, True, False, False]
    assert EVIDENCE.token_took.data.min() >= MIN_TAKERS
    assert EVIDENCE.together.data.min() >= MIN_TAKERS


def test_both_languages_say_the_same_number() -> None:
    policy = RECIPE.fit(TRAIN, seed=7)
    request = ask([0], 0)
    lists = policy.recommend(request)
    words = answer_reasons(policy, EVIDENCE, VOCABULARY, request, lists, 0)
    first = words[list(lists.item_idx).index(2)][0]
    assert first["text"] == "12 dari 30 peserta yang mengambil A, seperti kamu, juga mengambil ini"
    assert first["text_en"] == "12 of 30 people who took A, as you did, took this too"
    assert first["people"] == {"took": 12, "of": 30}
    assert first["course_id"] == "c0"


def test_a_course_that_nobody_took_is_not_called_popular() -> None:
    policy = RECIPE.fit(TRAIN, seed=7)
    request = ask([], 0)
    lists = policy.recommend(request)
    words = answer_reasons(policy, EVIDENCE, VOCABULARY, request, lists, 0)
    unknown = words[list(lists.item_idx).index(5)]
    assert "popular" not in {reason["code"] for reason in unknown}


@pytest.mark.parametrize("limit", [None, 6_000])
def test_a_course_drawn_to_be_tried_says_so_and_nothing_else(limit: int | None) -> None:
    """Two of two places are explored, with courses of 20 purchases at the most; D to F are such."""
    policy = RECIPE.fit(TRAIN, seed=7)
    exploration = Exploration.of_counts(ExplorationConfig(share=1.0), EVIDENCE.item_people, seed=1)
    policy = replace(policy, exploration=exploration, balance_fit=LIFTS)
    request = ask([0], 0, limit, n=2)
    lists = policy.recommend(request)
    assert lists.explored.tolist() == [True, True]
    words = answer_reasons(policy, EVIDENCE, VOCABULARY, request, lists, 0)
    for score, [reason] in zip(lists.scores.tolist(), words, strict=True):
        assert reason["code"] == "explored"
        assert (reason["text"], reason["text_en"]) == (
            "Dipilih untuk dicoba",
            "Chosen to be tried out",
        )
        assert reason["contribution"] == score


def test_courses_that_were_not_drawn_keep_their_reasons() -> None:
    """Of many lists with half their places explored, in one batch: a reason for each place."""
    policy = RECIPE.fit(TRAIN, seed=7)
    exploration = Exploration.of_counts(ExplorationConfig(share=0.5), EVIDENCE.item_people, seed=1)
    policy = replace(policy, exploration=exploration)
    batch = make_batch([[0], [1], [], [0, 1]], n_items=N_ITEMS, tokens=[[0], [1], [0], [1]])
    requests = make_requests(batch, count=np.full(4, 3, np.int64))
    lists = policy.recommend(requests)
    assert 0 < lists.explored.sum() < len(lists.explored)
    for row in range(4):
        request = requests.take(np.array([row]))
        words = answer_reasons(policy, EVIDENCE, VOCABULARY, request, lists, row)
        told = [[reason["code"] for reason in reasons] == ["explored"] for reasons in words]
        assert told == lists.explored[lists.row(row)].tolist()


def test_braces_and_brackets_in_a_title_are_words() -> None:
    courses = make_courses([1_000] * N_ITEMS, title=["{0}[/b]", *"BCDEF"])
    policy = RECIPE.fit(make_training(PEOPLE, courses, tokens=TOKENS), seed=7)
    request = ask([0], 0)
    lists = policy.recommend(request)
    words = answer_reasons(policy, EVIDENCE, VOCABULARY, request, lists, 0)
    assert "{0}[/b]" in words[list(lists.item_idx).index(2)][0]["text"]


def test_a_fit_to_the_balance_is_a_term_of_its_own() -> None:
    policy = replace(RECIPE.fit(TRAIN, seed=7), balance_fit=LIFTS)
    items = np.arange(N_ITEMS)
    with_it = stage_terms(policy, 0, ask([0], 0, 5_000), items)
    assert [term.kind for term in with_it].count("balance") == 1
    without = stage_terms(policy, 0, ask([0], 0), items)
    assert all(term.kind != "balance" for term in without)


def test_counts_come_back_from_their_arrays() -> None:
    again = Evidence.from_arrays(EVIDENCE.arrays())
    for earlier in range(N_ITEMS):
        for item in range(N_ITEMS):
            assert again.of_course(earlier, item) == EVIDENCE.of_course(earlier, item)
    one = make_batch([[]], n_items=N_ITEMS, tokens=[[0]])
    assert again.of_profile(one, 0) == EVIDENCE.of_profile(one, 0)


def test_every_column_of_the_sample_is_said_in_indonesian() -> None:
    """By its name, or each of its values by words of its own; yes and no say nothing."""
    config = SampleConfig(participants=60, courses=20)
    people = generate(config, seed=1).participants
    own = {label.partition("=")[0] for label in GROUPS}
    for column in ("age", *CATEGORICAL):
        assert column in COLUMNS_ID or column in own
        if column in own:
            labels = {f"{column}={value}" for value in people[column].astype(str)}
            assert labels <= GROUPS.keys()
