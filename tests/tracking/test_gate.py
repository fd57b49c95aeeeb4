"""Each bad challenger is refused by the rule that it breaks; a better one passes every rule."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from saldopas.features.errors import DataError
from saldopas.models.artifact.artifact import load_artifact
from saldopas.training_pipeline.gate.judge import Challenger, Champion, GateInput, judge
from saldopas.training_pipeline.gate.reference import measured_against
from saldopas.training_pipeline.gate.verdict import RULES, GateConfig, GateReport, read_gate_config
from saldopas.training_pipeline.tracking.model_card import held_out_quality
from saldopas.training_pipeline.training.config import TrainingConfig
from saldopas.training_pipeline.training.record import TrainingRecord
from saldopas.training_pipeline.training.train import train

from tests.tracking.gate_world import (
    ALIKE,
    BEST,
    FAIR,
    SAME_SPEED,
    STRICT,
    TOO_SLOW,
    UNFAIR,
    GateWorld,
)

HALFWAY = datetime(2021, 3, 20, tzinfo=UTC)


def ask(
    world: GateWorld,
    challenger: str,
    champion: str | None,
    *,
    config: GateConfig = STRICT,
    gate: GateInput | None = None,
    artifact: Path | None = None,
) -> GateReport:
    record = world.records[challenger]
    return judge(
        Challenger(
            version=2,
            model=record.manifest.model,
            beats_popularity=record.beats_popularity,
            measured=True,
            artifact=artifact or record.artifact,
        ),
        None if champion is None else Champion(1, world.records[champion].artifact),
        gate or GateInput(world.dataset, latency=SAME_SPEED, config=config),
    )


def test_a_better_one_passes_every_rule(gate_world: GateWorld) -> None:
    report = ask(gate_world, BEST, FAIR)
    assert [(one.rule, one.outcome) for one in report.verdicts] == [
        (rule, "passed") for rule in RULES
    ]
    main = report.of("main-metric").figures
    assert main["decisions"] == len(gate_world.records[BEST].test["chosen"].cases)
    assert main["challenger"] == pytest.approx(
        gate_world.records[BEST].test["chosen"].mean("ndcg@10")
    )
    assert main["reference"] == pytest.approx(
        gate_world.records[FAIR].test["chosen"].mean("ndcg@10")
    )
    assert float(str(main["low"])) > 0


def test_a_worse_one_is_refused_by_the_main_metric(gate_world: GateWorld) -> None:
    report = ask(gate_world, FAIR, BEST)
    assert "main-metric" in report.failed
    assert report.of("main-metric").sentence.endswith("a loss is sure")


def test_a_sure_loss_is_refused_however_small(gate_world: GateWorld) -> None:
    wide = STRICT.model_copy(update={"margin": 0.99, "balance_margin": 0.99})
    report = ask(gate_world, FAIR, BEST, config=wide)
    verdict = report.of("main-metric")
    assert verdict.outcome == "failed"
    assert float(str(verdict.figures["low"])) > float(str(verdict.figures["least"]))


def test_what_could_be_worse_is_refused_too(gate_world: GateWorld) -> None:
    """Its interval holds 0, and the decisions cannot show a loss as small as the margin."""
    narrow = STRICT.model_copy(update={"margin": 0.001})
    report = ask(gate_world, ALIKE, FAIR, config=narrow)
    verdict = report.of("main-metric")
    assert verdict.outcome == "not enough evidence"
    assert "main-metric" in report.failed
    assert float(str(verdict.figures["high"])) > 0
    assert float(str(verdict.figures["detectable"])) > -float(str(verdict.figures["least"]))
    assert re.search(r"a loss above 0.1% \(0.\d+\) could go unseen", verdict.sentence)


def test_a_surely_better_one_needs_no_narrow_margin(gate_world: GateWorld) -> None:
    narrow = STRICT.model_copy(update={"margin": 0.001})
    verdict = ask(gate_world, BEST, FAIR, config=narrow).of("main-metric")
    assert verdict.outcome == "passed"
    assert "surely better" in verdict.sentence


def test_a_broken_one_is_refused_by_its_artifact(gate_world: GateWorld, tmp_path: Path) -> None:
    broken = shutil.copytree(gate_world.records[BEST].artifact, tmp_path / "broken")
    (broken / "courses.parquet").write_bytes(b"not what was written")
    report = ask(gate_world, BEST, FAIR, artifact=broken)
    assert report.failed == ("artifact",)
    assert "courses.parquet was changed" in report.refusal
    assert report.of("main-metric").outcome == "not applicable"


def test_one_that_harms_a_segment_is_refused_although_it_is_better(gate_world: GateWorld) -> None:
    """It follows sequences and knows no profile: `few` get what `many` like."""
    report = ask(gate_world, UNFAIR, FAIR)
    assert report.of("main-metric").outcome == report.of("gain").outcome == "passed"
    assert "segments" in report.failed
    assert "group few" in report.refusal
    assert "group many" not in report.refusal


def test_small_groups_are_not_looked_at(gate_world: GateWorld) -> None:
    few = STRICT.evaluation.model_copy(update={"min_people": 10_000})
    verdict = ask(
        gate_world, UNFAIR, FAIR, config=STRICT.model_copy(update={"evaluation": few})
    ).of("segments")
    assert verdict.outcome == "not applicable"
    assert "few" not in verdict.sentence


def test_a_slower_one_is_refused_although_it_is_better(gate_world: GateWorld) -> None:
    gate = GateInput(gate_world.dataset, latency=TOO_SLOW, config=STRICT)
    report = ask(gate_world, BEST, FAIR, gate=gate)
    assert report.failed == ("latency",)
    assert report.of("latency").sentence.endswith("budget 0.5 ms, what nobody notices")


def test_request_times_that_are_not_given_are_measured(gate_world: GateWorld) -> None:
    report = ask(gate_world, BEST, FAIR, gate=GateInput(gate_world.dataset, config=STRICT))
    figures = report.of("latency").figures
    assert figures["requests"] == STRICT.requests
    assert float(str(figures["median_ms"])) > 0
    assert float(str(figures["champion_median_ms"])) > 0


def test_without_segments_the_rule_says_that_it_is_off(gate_world: GateWorld) -> None:
    verdict = ask(gate_world, UNFAIR, FAIR, config=STRICT.model_copy(update={"segments": ()})).of(
        "segments"
    )
    assert verdict.outcome == "not applicable"
    assert "switched off by the settings" in verdict.sentence


def test_less_use_of_the_balance_is_refused(gate_world: GateWorld) -> None:
    report = ask(gate_world, FAIR, BEST)
    used = report.of("balance")
    assert used.outcome == "failed"
    assert float(str(used.figures["high"])) < 0


def test_the_same_again_is_no_gain(gate_world: GateWorld) -> None:
    assert ask(gate_world, FAIR, FAIR).failed == ("gain",)


def test_newer_data_is_a_gain(gate_world: GateWorld, tmp_path: Path) -> None:
    older = _trained_until(gate_world, tmp_path / "older", model=FAIR)
    world = replace(gate_world, records={**gate_world.records, "older": older})
    assert "learned from newer data" in ask(world, FAIR, "older").of("gain").sentence
    unimpressed = STRICT.model_copy(update={"newer": False})
    assert "newer" not in ask(world, FAIR, "older", config=unimpressed).of("gain").sentence


def test_the_first_champion_needs_no_champion(gate_world: GateWorld) -> None:
    report = ask(gate_world, FAIR, None)
    assert report.failed == ()
    assert [one.rule for one in report.verdicts if one.outcome == "not applicable"] == [
        "main-metric",
        "gain",
        "segments",
        "balance",
    ]


def test_a_champion_that_has_not_seen_the_decisions_answers_as_it_serves(
    gate_world: GateWorld, tmp_path: Path
) -> None:
    older = _trained_until(gate_world, tmp_path / "older", model=FAIR)
    world = replace(gate_world, records={**gate_world.records, "older": older})
    assert "the champion answers as it serves" in ask(world, BEST, "older").compared
    assert "its recipe was fitted again" in ask(world, BEST, FAIR).compared


def test_purchases_after_both_cut_offs_are_the_best_judge(
    gate_world: GateWorld, tmp_path: Path
) -> None:
    pair = {
        model: _trained_until(gate_world, tmp_path / model, model=model) for model in (FAIR, BEST)
    }
    report = ask(replace(gate_world, records=pair), BEST, FAIR)
    assert "after both cut-offs; both answer as they serve" in report.compared
    later = gate_world.dataset.purchases["purchased_at"] >= pd.Timestamp(HALFWAY)
    assert report.of("main-metric").figures["decisions"] == later.sum()
    assert report.failed == ()


@pytest.mark.parametrize("config", [STRICT, STRICT.model_copy(update={"shared_courses": 1.0})])
def test_a_champion_of_another_catalogue_is_replaced_by_popularity(
    gate_world: GateWorld, config: GateConfig, tmp_path: Path
) -> None:
    """Renamed data, or a course of the champion that is not sold any more."""
    dataset = gate_world.dataset
    other = (
        replace(dataset, config=dataset.config.model_copy(update={"name": "another"}))
        if config is STRICT
        else replace(
            dataset,
            courses=pd.concat(
                [dataset.courses, dataset.courses.tail(1).assign(course_id="c99")],
                ignore_index=True,
            ),
        )
    )
    champion = train(other, TrainingConfig(model=FAIR, search=False), artifact=tmp_path / "other")
    world = replace(gate_world, records={**gate_world.records, "other": champion})
    report = ask(world, BEST, "other", config=config)
    assert "popularity stands in for it" in report.compared
    assert report.failed == ()
    assert report.of("balance").outcome == "not applicable"
    assert float(str(report.of("main-metric").figures["reference"])) == pytest.approx(
        gate_world.records[BEST].test["popularity"].mean("ndcg@10")
    )


def test_what_the_training_measured_on_its_test_cut_is_not_measured_again(
    gate_world: GateWorld,
) -> None:
    found = held_out_quality(gate_world.records[BEST])
    assert found is not None
    ours, theirs = (load_artifact(gate_world.records[name].artifact) for name in (BEST, FAIR))
    against, anew = (
        measured_against(
            gate_world.dataset,
            ours,
            theirs,
            measured=measured,
            shared_courses=STRICT.shared_courses,
            config=STRICT.evaluation,
        )
        for measured in (found.measured["chosen"], None)
    )
    assert against is not None
    assert anew is not None
    assert against.ours is found.measured["chosen"]
    assert against.changes == anew.changes


def test_without_data_nothing_is_known_of_a_champion(gate_world: GateWorld) -> None:
    report = ask(gate_world, BEST, FAIR, gate=GateInput(latency=SAME_SPEED))
    assert report.failed == ("main-metric",)
    assert "--data" in report.refusal


def test_settings_come_from_the_table_gate_of_a_toml(tmp_path: Path) -> None:
    file = tmp_path / "training.toml"
    file.write_text('seed = 3\n[gate]\nmargin = 0.01\nsegments = ["history"]\n')
    assert read_gate_config(file) == GateConfig(margin=0.01, segments=("history",))
    file.write_text("[gate]\nmargins = 0.01\n")
    with pytest.raises(DataError, match=r"gate\.margins"):
        read_gate_config(file)


def _trained_until(world: GateWorld, artifact: Path, *, model: str) -> TrainingRecord:
    config = TrainingConfig(model=model, search=False, balance_fit=False)
    return train(world.dataset, config, artifact=artifact, until=HALFWAY)
