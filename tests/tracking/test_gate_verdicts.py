"""What the gate found stays with the version, for the data, the champion and the rules it is of."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from saldopas.features.errors import DataError
from saldopas.features.tables.dataset import Dataset
from saldopas.training_pipeline.gate.judge import GateInput
from saldopas.training_pipeline.gate.verdict import EDITION, RULES, GateConfig, GateReport, Verdict
from saldopas.training_pipeline.tracking import promotion as gate_verdicts
from saldopas.training_pipeline.tracking.promotion import GateRefusedError, judge, promote
from saldopas.training_pipeline.tracking.store import connect
from saldopas.training_pipeline.tracking.training_run import track_training
from saldopas.training_pipeline.training.record import TrainingRecord

from tests.postgres_server import MISSING, postgres_binaries, postgres_server
from tests.small_world import SmallWorld
from tests.tracking.gate_world import SAME_SPEED
from tests.tracking.tracked import Tracked

GOOD, SAME = 1, 2
NO_GAIN = ("gain", "balance")  # the same lists, on too few decisions to see 2 % of the balance
REFUSED = "refused by gain, balance"
STRICTER = GateInput(config=GateConfig(margin=0.01))


def given(dataset: Dataset) -> GateInput:
    return GateInput(dataset, latency=SAME_SPEED)


def version(tracked: Tracked) -> Any:
    return tracked.client.get_model_version("course-recommender", str(SAME))


def file_of(tracked: Tracked, report: GateReport) -> Path:
    name = f"gate/version-{SAME}-against-{GOOD}-on-{str(report.data)[:16]}.json"
    return Path(tracked.client.download_artifacts(version(tracked).run_id, name))


def test_verdicts_are_kept_with_the_version(tracked: Tracked, small_world: SmallWorld) -> None:
    """As tags, and as a file of its run; what was found once against a champion is used again."""
    promote(GOOD)
    report = judge(SAME, given(small_world.dataset))
    assert report.failed == NO_GAIN
    kept = version(tracked)
    assert kept.tags["saldopas.gate"] == REFUSED
    assert kept.tags["saldopas.gate.against"] == str(GOOD)
    assert report.of("segments").sentence in kept.description
    assert f"**Gate against champion 1: {REFUSED}.**" in kept.description
    assert report.data == small_world.dataset.fingerprint
    assert json.loads(file_of(tracked, report).read_text()) == report.as_dict()
    with pytest.raises(GateRefusedError, match=r"refused by gain \(on no metric surely better"):
        promote(SAME)


def test_what_was_measured_is_not_overwritten_by_what_was_not(
    tracked: Tracked, small_world: SmallWorld
) -> None:
    promote(GOOD)
    report = judge(SAME, given(small_world.dataset))
    before = version(tracked)
    with pytest.raises(GateRefusedError, match="--data"):  # stricter, and no data
        promote(SAME, gate=STRICTER)
    assert version(tracked).description == before.description
    assert version(tracked).tags == before.tags
    assert json.loads(file_of(tracked, report).read_text()) == report.as_dict()
    assert judge(SAME).failed == NO_GAIN


def test_what_was_not_measured_stands_until_something_was(
    tracked: Tracked, small_world: SmallWorld
) -> None:
    promote(GOOD)
    assert judge(SAME).failed == ("main-metric",)
    assert version(tracked).tags["saldopas.gate"] == "refused by main-metric"
    assert "saldopas.gate.against" not in version(tracked).tags
    judge(SAME, given(small_world.dataset))
    assert version(tracked).tags["saldopas.gate"] == REFUSED


def test_a_verdict_on_other_data_is_not_used_without_data(
    tracked: Tracked, small_world: SmallWorld
) -> None:
    """Of the same name, and nearly the same: somebody looked for data that suits the challenger."""
    promote(GOOD)
    purchases = small_world.dataset.purchases.iloc[:-1]
    other = replace(small_world.dataset, purchases=purchases, fingerprint="f" * 64)
    assert judge(SAME, given(other)).failed == NO_GAIN
    with pytest.raises(GateRefusedError, match="on what it was trained on: give --data"):
        promote(SAME)


def test_a_verdict_by_older_rules_is_not_used(
    tracked: Tracked, small_world: SmallWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(GOOD)
    judge(SAME, given(small_world.dataset))
    assert judge(SAME).failed == NO_GAIN
    monkeypatch.setattr(gate_verdicts, "EDITION", EDITION + 1)
    assert judge(SAME).failed == ("main-metric",)


def test_data_of_another_name_is_refused(tracked: Tracked, small_world: SmallWorld) -> None:
    promote(GOOD)
    config = small_world.dataset.config.model_copy(update={"name": "elsewhere"})
    other = replace(small_world.dataset, config=config, fingerprint="f" * 64)
    with pytest.raises(DataError, match="this is 'elsewhere'"):
        promote(SAME, gate=given(other))


def test_a_long_page_says_where_the_rest_is() -> None:
    for sentence in ("x" * 400, "x" * 40_000):
        page = gate_verdicts.page({"saldopas.dataset": "d" * 300}, _wordy(sentence))
        assert len(page) <= 5_000
        assert all(f"| {rule} |" in page for rule in RULES)
    assert page.count("… see gate/version-1-against-none.json of the source run |") == len(RULES)
    endless = gate_verdicts.page({"saldopas.dataset": "d" * 9_000}, _wordy("short"))
    assert len(endless) == 5_000
    assert endless.endswith("… see gate/version-1-against-none.json of the source run")


@pytest.mark.slow
def test_postgresql_takes_the_longest_page(
    small_record: TrainingRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A column of 5,000 characters; SQLite does not look."""
    binaries = postgres_binaries()
    if binaries is None:
        pytest.skip(MISSING)
    monkeypatch.chdir(tmp_path)
    with postgres_server(binaries) as url:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", url)
        run = track_training(small_record)
        report = replace(_wordy("é" * 40_000), version=run.version)
        mlflow = connect()
        entity = mlflow.get_model_version("course-recommender", str(run.version))
        gate_verdicts.keep(mlflow, report, entity)
        kept = mlflow.get_model_version("course-recommender", str(run.version)).description
        assert 3_000 < len(kept) <= 5_000
        file = mlflow.download_artifacts(run.run_id, "gate/version-1-against-none.json")
        assert json.loads(Path(file).read_text()) == report.as_dict()


def _wordy(sentence: str) -> GateReport:
    verdicts = tuple(Verdict(rule, "passed", sentence) for rule in RULES)
    return GateReport(1, None, "there is no champion yet", verdicts, {})
