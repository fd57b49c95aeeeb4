"""What goes to MLflow, before it goes there."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from saldopas.training_pipeline.evaluating.statistics import EvaluationConfig
from saldopas.training_pipeline.tracking import run_values
from saldopas.training_pipeline.tracking.model_card import GAP, held_out_quality, model_card
from saldopas.training_pipeline.tracking.registered_model import (
    model_requirements,
    write_environment,
)
from saldopas.training_pipeline.training.record import TrainingRecord

from tests.small_world import no_better_than_popularity

MLFLOW_NAME = re.compile(r"^[\w./ :-]+$")
MOST_PARAMS, MOST_TAG_LETTERS = 100, 8_000  # of one batch, of one tag


def test_names_are_such_as_mlflow_takes(small_record: TrainingRecord) -> None:
    params = run_values.parameters(small_record)
    names = [*run_values.metrics(small_record), *params, *run_values.tags(small_record)]
    assert all(MLFLOW_NAME.match(name) for name in names)
    assert len(params) <= MOST_PARAMS


def test_the_main_metric_comes_first(small_record: TrainingRecord) -> None:
    names = list(run_values.metrics(small_record))
    assert names[:2] == ["validation/all/ndcg_at_10", "validation_popularity/all/ndcg_at_10"]
    assert names[-1].startswith("seconds/")


def test_counts_of_decisions_are_there(small_record: TrainingRecord) -> None:
    metrics = run_values.metrics(small_record)
    warm, new = metrics["validation/warm/cases"], metrics["validation/new/cases"]
    assert (
        warm + new
        == metrics["validation/all/cases"]
        == len(small_record.validation["chosen"].cases)
    )


def test_groups_of_few_people_are_logged_nowhere(small_record: TrainingRecord) -> None:
    strict = replace(small_record, evaluation=EvaluationConfig(min_people=10_000))
    names = run_values.metrics(strict) | run_values.beyond_ranking(held_out_quality(strict))
    assert not [name for name in names if "/warm/" in name or "/new/" in name]
    assert run_values.MAIN in names
    card = model_card(strict, held_out_quality(strict))
    assert "people without any" not in card
    assert "people without any" in model_card(small_record, held_out_quality(small_record))


def test_a_tie_with_popularity_does_not_beat_it(small_record: TrainingRecord) -> None:
    assert run_values.tags(small_record)["saldopas.beats_popularity"] == "true"
    tied = run_values.tags(no_better_than_popularity(small_record))
    assert tied["saldopas.beats_popularity"] == "false"


def test_nothing_measured_is_said(small_record: TrainingRecord) -> None:
    bare = replace(small_record, validation={}, test={})
    assert run_values.MAIN_TAG not in run_values.tags(bare)
    assert "nothing is known of the quality" in model_card(bare, None)
    assert run_values.beyond_ranking(None) == {}


def test_the_card_says_what_the_data_is(small_record: TrainingRecord) -> None:
    quality = held_out_quality(small_record)
    assert quality is not None
    card = model_card(small_record, quality)
    value = small_record.validation["chosen"].mean("ndcg@10")
    assert "**Generated data**" in card
    assert f"**{value:.4f}**" in card
    assert len(card) < MOST_TAG_LETTERS
    for part in ("## Data", "## Limits", "## Privacy", "Quality on the test cut"):
        assert part in card
    real = small_record.manifest.dataset.model_copy(update={"description": "Shop receipts."})
    of_real = replace(
        small_record, manifest=small_record.manifest.model_copy(update={"dataset": real})
    )
    assert "Generated" not in model_card(of_real, quality)


def test_the_card_has_intervals_and_segments(small_record: TrainingRecord) -> None:
    quality = held_out_quality(small_record)
    assert quality is not None
    card = model_card(small_record, quality)
    value = quality.intervals["chosen"]["all"]["ndcg@10"]
    assert value.mean == pytest.approx(small_record.test["chosen"].mean("ndcg@10"))
    assert f"{value.mean:.4f} ({value.low:.4f} to {value.high:.4f})" in card
    gap = next(one.gap for one in quality.segments_by("ndcg@10") if one.column == "gender")
    assert gap is not None
    assert f"| gender | {GAP}{gap.worst}:" in card
    metrics = run_values.beyond_ranking(quality)
    assert metrics["test/all/ndcg_at_10_low"] == value.low
    assert not set(metrics) & set(run_values.metrics(small_record))


def test_the_card_says_which_tuning_gave_the_hyperparameters(small_record: TrainingRecord) -> None:
    assert "tuning run" not in model_card(small_record, None)
    tuned = replace(small_record, tuned_by=("a1b2", "c3d4"))
    assert "come from tuning run `a1b2`, `c3d4`" in model_card(tuned, None)


def test_the_environment_names_versions_and_no_machine(tmp_path: Path) -> None:
    write_environment(tmp_path / "environment")
    requirements = (tmp_path / "environment" / "requirements.txt").read_text().splitlines()
    facts = json.loads((tmp_path / "environment" / "platform.json").read_text())
    assert any(re.fullmatch(r"numpy==[\d.]+", line) for line in requirements)
    assert not [line for line in requirements if "/" in line or "@" in line]
    assert set(facts) == {"python", "implementation", "system", "libc", "machine", "cpus"}


def test_the_model_asks_for_this_minor_version_of_saldopas() -> None:
    assert any(re.fullmatch(r"saldopas~=\d+\.\d+\.0", line) for line in model_requirements())
