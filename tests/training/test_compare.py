"""Two candidates on the same decisions: equal ones, better ones, tables and other catalogues."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from saldopas import EvaluationConfig, compare, evaluate
from saldopas.features.errors import DataError
from saldopas.models.policy.policy import Recommendations
from saldopas.training_pipeline.evaluating.comparison import differences
from saldopas.training_pipeline.evaluating.decisions import Decisions
from saldopas.training_pipeline.evaluating.measured import Measured
from saldopas.training_pipeline.training.config import TrainingConfig
from saldopas.training_pipeline.training.record import TrainingRecord

from tests.small_world import SEED, SmallWorld, train_small_world

QUICK = EvaluationConfig(resamples=200, min_people=20)


@pytest.fixture(scope="module")
def popular(small_world: SmallWorld, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artifact of popularity alone."""
    config = TrainingConfig(model="popularity", search=False, seed=SEED)
    path = tmp_path_factory.mktemp("popular") / "popular"
    return train_small_world(small_world, path, config=config).artifact


def table_of(measured: Measured, decisions: Decisions) -> pd.DataFrame:
    """The list of each participant's first decision, as somebody else would hand it in."""
    lists = measured.lists
    ids = decisions.data.people["participant_id"].to_numpy()
    _, first = np.unique(decisions.people, return_index=True)
    rows = [
        (ids[decisions.people[row]], rank, decisions.data.courses.course_ids[item])
        for row in first
        for rank, item in enumerate(lists.item_idx[lists.row(row)], start=1)
    ]
    return pd.DataFrame(rows, columns=["participant_id", "rank", "course_id"])


def test_a_model_against_itself_differs_in_nothing(
    small_world: SmallWorld, small_record: TrainingRecord
) -> None:
    path = small_record.artifact
    found = compare(path, path, data=small_world.dataset, by=["gender"], config=QUICK)
    for one in found.differences:
        assert (one.difference, one.low, one.high, one.p_holm) == (0, 0, 0, 1), one.metric
        assert one.verdict == "undecided"
        assert one.detectable == 0
    assert all(value.mean == 0 for one in found.segments for value in one.groups.values())


def test_lists_that_know_what_was_bought_are_found_better(
    small_world: SmallWorld, popular: Path
) -> None:
    plain = evaluate(small_world.dataset, popular, config=QUICK)
    a = plain.measured["chosen"]
    told = a.lists.item_idx.copy()
    targets = plain.decisions.cut.cases.targets
    for row in range(0, plain.decisions.n_decisions, 2):
        place = a.lists.row(row)
        bought = targets.indices[targets.indptr[row]]
        rest = told[place][told[place] != bought]
        told[place] = np.concatenate([[bought], rest])[: place.stop - place.start]
    better = Recommendations(a.lists.indptr, told, a.lists.scores, a.lists.source)
    b = Measured.of("told", plain.decisions, better)
    found = {d.metric: d for d in differences(a, b, names=a.names, config=QUICK)}
    main = found["ndcg@10"]
    assert main.verdict == "better"
    assert main.low > 0
    assert main.b == pytest.approx(b.metrics["ndcg@10"].mean())
    assert main.difference == pytest.approx(main.b - main.a)
    assert found["price_regret@1"].verdict == "better", "less is wanted"
    assert found["price_regret@1"].difference < 0
    assert found["novelty@10"].verdict in ("higher", "lower"), "neither is wanted"
    assert main.detectable < main.detectable_in_family


def test_the_family_is_what_was_asked_for(
    small_world: SmallWorld, small_record: TrainingRecord, popular: Path
) -> None:
    def compared(*metrics: str) -> dict[str, object]:
        asked = list(metrics)
        report = compare(
            popular, small_record.artifact, data=small_world.dataset, metrics=asked, config=QUICK
        )
        return report.as_dict()["metrics"]

    alone, three = compared("ndcg@10"), compared("ndcg@10", "hit@10", "gini@10")
    assert list(three) == ["ndcg@10", "hit@10", "gini@10"]
    assert alone["ndcg@10"]["p_holm"] == alone["ndcg@10"]["p_value"]
    assert three["ndcg@10"]["p_holm"] >= alone["ndcg@10"]["p_holm"]
    with pytest.raises(DataError, match=r"'ndcg@7'.*ndcg@10"):
        compared("ndcg@7")


def test_swapping_the_sides_swaps_the_signs(
    small_world: SmallWorld, small_record: TrainingRecord, popular: Path
) -> None:
    there = compare(popular, small_record.artifact, data=small_world.dataset, config=QUICK)
    back = compare(small_record.artifact, popular, data=small_world.dataset, config=QUICK)
    for one, other in zip(there.differences, back.differences, strict=True):
        assert one.difference == pytest.approx(-other.difference), one.metric
        assert one.p_value == pytest.approx(other.p_value), one.metric


def test_a_catalogue_in_another_order_changes_nothing(
    small_world: SmallWorld, small_record: TrainingRecord, tmp_path: Path
) -> None:
    turned = small_world.dataset.courses.iloc[::-1].reset_index(drop=True)
    other = replace(small_world, dataset=replace(small_world.dataset, courses=turned))
    config = TrainingConfig(model="popularity", search=False, seed=SEED)
    same = train_small_world(small_world, tmp_path / "same", config=config).artifact
    reversed_order = train_small_world(other, tmp_path / "reversed", config=config).artifact
    found = compare(same, reversed_order, data=small_world.dataset, config=QUICK)
    assert found.difference("hit@10").a > 0.3
    # ties alone are broken the other way round
    assert abs(found.difference("hit@10").difference) < 0.02


def test_a_table_of_the_models_own_lists_scores_as_the_model(
    small_world: SmallWorld, small_record: TrainingRecord, tmp_path: Path
) -> None:
    asked = {"data": small_world.dataset, "config": QUICK}
    own = evaluate(model=small_record.artifact, **asked)
    decisions = own.decisions
    table = table_of(own.measured["chosen"], decisions)
    table.to_parquet(tmp_path / "recs.parquet")
    found = compare(small_record.artifact, tmp_path / "recs.parquet", **asked)
    _, first = np.unique(decisions.people, return_index=True)
    for name in ("ndcg@10", "leftover_rp@10"):
        ours = found.b.metrics[name].to_numpy()[first]
        assert ours == pytest.approx(own.measured["chosen"].metrics[name].to_numpy()[first])
    assert found.fitted == ("refitted before the test cut", "given lists")
    assert any("could not be bought" in note for note in found.notes)


def test_a_table_is_held_to_the_rules_of_each_moment(
    small_world: SmallWorld, small_record: TrainingRecord
) -> None:
    """Everybody is told the whole catalogue, dearest first."""
    courses = small_world.dataset.courses.sort_values("price", ascending=False)["course_id"]
    people = small_world.dataset.participants["participant_id"]
    table = pd.DataFrame(
        {
            "participant_id": np.repeat(people.to_numpy(), len(courses)),
            "rank": np.tile(np.arange(1, len(courses) + 1), len(people)),
            "course_id": np.tile(courses.to_numpy(), len(people)),
        }
    )
    found = evaluate(small_world.dataset, table, config=QUICK)
    decisions, lists = found.decisions, found.measured["chosen"].lists
    rows = np.repeat(np.arange(decisions.n_decisions), np.diff(lists.indptr))
    price = decisions.data.courses.price_rp[lists.item_idx]
    assert (price <= decisions.balance_rp[rows]).all()
    assert not decisions.requests.owned.toarray()[rows, lists.item_idx].any()
    bought = decisions.cut.cases.targets.toarray()
    assert bought[rows, lists.item_idx].sum() == bought.sum(), "what was bought is never refused"


def test_who_is_not_in_the_table_counts_as_a_miss(
    small_world: SmallWorld, small_record: TrainingRecord
) -> None:
    own = evaluate(small_world.dataset, small_record.artifact, config=QUICK)
    table = table_of(own.measured["chosen"], own.decisions)
    half = table["participant_id"].unique()[::2]
    stranger = pd.DataFrame({"participant_id": ["nobody"], "rank": [1], "course_id": ["C00001"]})
    some = pd.concat([table[table["participant_id"].isin(half)], stranger])
    found = evaluate(small_world.dataset, some, config=QUICK)
    hits = found.measured["chosen"].metrics["hit@10"].to_numpy()
    ids = found.decisions.data.people["participant_id"].to_numpy()[found.decisions.people]
    inside = np.isin(ids, half)
    assert hits[inside].mean() > 0
    assert hits[~inside].sum() == 0
    assert found.interval("hit@10").cases == found.decisions.n_decisions
    assert found.same_data is None
    told = " ".join(found.notes)
    people = found.decisions.n_people
    assert f"{len(half)} of the {people} participants who decide" in told
    assert f"({len(half) / people:.1%}); {(~inside).sum()} decisions of the others" in told
    assert "1 of its participants and 0 of its courses are not in the data" in told


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("participant_id", "nobody", r"none of its 1 ids is among the \d+ that decide here"),
        ("course_id", "X", r"none of its 1 ids is among the 120 of the catalogue"),
    ],
)
def test_a_table_about_others_is_refused_and_not_judged_as_misses(
    small_world: SmallWorld, column: str, value: str, says: str
) -> None:
    people = small_world.dataset.participants["participant_id"]
    table = pd.DataFrame({"participant_id": people, "rank": 1, "course_id": "C00001"})
    table = table.assign(**{column: value}).drop_duplicates()
    with pytest.raises(DataError, match=says):
        evaluate(small_world.dataset, table, config=QUICK)


LISTS = [["a"], ["b"]]


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"participant_id": ["a"], "course_id": ["c"]}, "column rank: missing"),
        (
            {"participant_id": ["a", "a"], "rank": [1, 1], "course_id": ["c", "d"]},
            "column rank, row 2",
        ),
        (
            {"participant_id": ["a", "a"], "rank": [1, 2], "course_id": ["c", "c"]},
            "column course_id, row 2",
        ),
        ({"rank": ["first", "2"]}, "column rank: holds string, not whole numbers"),
        ({"rank": [1.5, 2.0]}, "column rank: holds floating, not whole numbers"),
        ({"rank": [True, False]}, "column rank: holds boolean, not whole numbers"),
        ({"rank": [0, 1]}, "column rank, row 1: a rank is below 1; count from 1"),
        ({"rank": LISTS}, "column rank: holds lists"),
        ({"course_id": LISTS}, "column course_id: holds lists"),
        ({"participant_id": LISTS}, "column participant_id: holds lists"),
        ({"participant_id": [{"id": 1}, {"id": 2}]}, "column participant_id: holds lists"),
        ({"participant_id": [1.0, 2.0]}, "column participant_id: holds floating"),
        ({"course_id": [b"c", b"d"]}, "column course_id: holds bytes"),
        ({"course_id": ["c", None]}, "column course_id, row 2: a value is missing"),
        ({"participant_id": [], "rank": [], "course_id": []}, "there are no rows"),
    ],
)
def test_bad_tables_are_refused_by_column_and_row(
    small_world: SmallWorld, tmp_path: Path, columns: dict[str, list[object]], says: str
) -> None:
    whole = {"participant_id": ["a", "b"], "rank": [1, 2], "course_id": ["c", "d"]}
    given = columns if len(columns) > 1 else whole | columns
    pd.DataFrame(given).to_parquet(tmp_path / "recs.parquet")
    with pytest.raises(DataError, match=says) as refused:
        evaluate(small_world.dataset, tmp_path / "recs.parquet", config=QUICK)
    assert "\n" not in str(refused.value)


def test_ids_may_be_whole_numbers_or_categories(
    small_world: SmallWorld, small_record: TrainingRecord, tmp_path: Path
) -> None:
    own = evaluate(small_world.dataset, small_record.artifact, config=QUICK)
    table = table_of(own.measured["chosen"], own.decisions)
    coded = table.assign(course_id=table["course_id"].astype("category"))
    expected = evaluate(small_world.dataset, table, config=QUICK).interval("ndcg@10")
    assert evaluate(small_world.dataset, coded, config=QUICK).interval("ndcg@10") == expected
    table.to_csv(tmp_path / "recs.csv", index=False)
    of_csv = evaluate(small_world.dataset, tmp_path / "recs.csv", config=QUICK)
    assert of_csv.interval("ndcg@10") == expected
    numbers = table.assign(participant_id=np.arange(len(table)))
    with pytest.raises(DataError, match="none of its"):  # read as text, and nobody's
        evaluate(small_world.dataset, numbers, config=QUICK)


def test_purchases_that_a_model_has_seen_are_refused(
    small_world: SmallWorld, small_record: TrainingRecord
) -> None:
    with pytest.raises(DataError, match="has learned from purchases until"):
        evaluate(small_world.dataset, small_record.artifact, since=datetime(2020, 5, 1))


def test_what_follows_the_cut_off_is_predicted_as_served(
    small_world: SmallWorld, tmp_path: Path
) -> None:
    from saldopas.training_pipeline.training.train import train

    times = small_world.dataset.purchases["purchased_at"]
    until = pd.Timestamp(times.quantile(0.9)).to_pydatetime()
    config = TrainingConfig(model="popularity", search=False, seed=SEED)
    path = tmp_path / "earlier"
    train(small_world.dataset, config, artifact=path, until=until)
    found = evaluate(small_world.dataset, path, config=QUICK)
    assert found.fitted == "served"
    assert found.decisions.cut.cases.as_of_s.min() >= until.timestamp()
