"""Halves of the same data do not drift; what is planted is named, and nothing else."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from saldopas.features.errors import DataError
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset import Dataset, read_dataset
from saldopas.models.artifact.artifact import Artifact, load_artifact
from saldopas.training_pipeline.commands import main as cli
from saldopas.training_pipeline.drift.config import DriftConfig, read_drift_config
from saldopas.training_pipeline.drift.finding import DriftFinding
from saldopas.training_pipeline.drift.report import DriftReport, as_markdown, compare
from saldopas.training_pipeline.training.record import TrainingRecord

from tests.small_world import SmallWorld

CONFIG = DriftConfig(requests=300)


def of_people(dataset: Dataset, keep: np.ndarray) -> Dataset:
    """These participants with all of their purchases."""
    people = dataset.participants[keep].reset_index(drop=True)
    mine = dataset.purchases[c.PARTICIPANT_ID].isin(people[c.PARTICIPANT_ID])
    purchases = dataset.purchases[mine].reset_index(drop=True)
    return replace(dataset, participants=people, purchases=purchases, fingerprint=str(len(people)))


@pytest.fixture(scope="module")
def halves(small_world: SmallWorld) -> tuple[Dataset, Dataset]:
    whole = small_world.dataset
    first = np.random.default_rng(1).random(len(whole.participants)) < 0.5
    return of_people(whole, first), of_people(whole, ~first)


@pytest.fixture(scope="module")
def artifact(small_record: TrainingRecord) -> Artifact:
    return load_artifact(small_record.artifact)


def found(report: DriftReport, item: str, measure: str) -> DriftFinding:
    return next(f for f in report.findings if (f.item, f.measure) == (item, measure))


def not_ok(report: DriftReport) -> set[str]:
    return {f.item for f in report.findings if f.verdict != "ok"}


def test_halves_of_the_same_data_do_not_drift(
    halves: tuple[Dataset, Dataset], artifact: Artifact
) -> None:
    report = compare(*halves, CONFIG, artifact=artifact)
    assert report.verdict == "ok", not_ok(report)
    assert {f.area for f in report.findings} == {
        "profiles",
        "prices",
        "catalogue",
        "purchases",
        "recommendations",
    }


def test_small_samples_do_not_drift_either(halves: tuple[Dataset, Dataset]) -> None:
    few = np.arange(len(halves[0].participants)) < 40
    some = np.arange(len(halves[1].participants)) < 60
    report = compare(of_people(halves[0], few), of_people(halves[1], some), CONFIG)
    people = [f for f in report.findings if f.area in ("profiles", "prices")]
    assert {f.verdict for f in people} == {"ok"}
    assert max(f.value + (f.noise or 0) for f in people) > 0.1, "chance alone looks like a shift"


def test_another_kind_of_people_is_named(halves: tuple[Dataset, Dataset]) -> None:
    old, new = halves
    school = new.participants["education"] == "SMA"
    few = np.random.default_rng(0).random(len(school)) < 0.2
    report = compare(old, of_people(new, (~school | few).to_numpy()), CONFIG)
    drifted = found(report, "education", "PSI")
    assert drifted.verdict == "drifted"
    assert drifted.what.startswith("SMA ")
    assert found(report, "gender", "PSI").verdict == "ok"
    assert "education" in report.drifted


def test_a_column_without_values_drifts_and_is_told(halves: tuple[Dataset, Dataset]) -> None:
    old, new = halves
    people = new.participants.drop(columns=["employment"])
    report = compare(old, replace(new, participants=people), CONFIG)
    assert found(report, "employment", "PSI").verdict == "drifted"
    assert "missing 0.0 % to 100.0 %" in found(report, "employment", "PSI").what
    assert "NEW has no column employment of participants" in report.notes


def test_dearer_courses_are_named(halves: tuple[Dataset, Dataset]) -> None:
    old, new = halves
    dearer = new.courses.assign(**{c.PRICE: new.courses[c.PRICE] * 2})
    paid = new.purchases.assign(**{c.PRICE_PAID: new.purchases[c.PRICE_PAID] * 2})
    report = compare(old, replace(new, courses=dearer, purchases=paid), CONFIG)
    for item in ("prices on sale", "prices paid"):
        assert {found(report, item, m).verdict for m in ("PSI", "KS")} == {"drifted"}
    assert found(report, "prices changed", "share of common").what.endswith(
        "+100.0 % in the median"
    )
    assert not_ok(report) == {"prices on sale", "prices paid", "prices changed"}


def test_courses_that_come_and_go_are_counted(halves: tuple[Dataset, Dataset]) -> None:
    old, new = halves
    n = len(new.courses)
    other = new.courses.assign(
        **{c.COURSE_ID: [f"N{i}" if i < n // 2 else x for i, x in enumerate(new.courses.course_id)]}
    )
    bought = new.purchases[new.purchases[c.COURSE_ID].isin(other[c.COURSE_ID])]
    report = compare(
        old, replace(new, courses=other, purchases=bought.reset_index(drop=True)), CONFIG
    )
    came, went = (
        found(report, "courses that came", "share of new"),
        found(report, "courses that went", "share of old"),
    )
    assert came.value == went.value > 0.3
    assert (came.verdict, went.verdict) == ("drifted", "drifted")
    assert {"courses bought"} <= set(report.drifted)


def test_a_shift_of_what_is_bought_is_named(halves: tuple[Dataset, Dataset]) -> None:
    old, new = halves
    category = new.courses.set_index(c.COURSE_ID)[c.CATEGORY]
    theirs = new.purchases[c.COURSE_ID].map(category)
    gone = theirs.value_counts().index[0]
    left = new.purchases[theirs != gone].reset_index(drop=True)
    report = compare(old, replace(new, purchases=left), CONFIG)
    for measure in ("PSI", "JS"):
        one = found(report, "categories bought", measure)
        assert one.verdict == "drifted"
        assert one.what.startswith(f"{gone} ")
    assert found(report, "age", "PSI").verdict == "ok"


def test_other_tastes_change_the_lists_of_a_refit(
    halves: tuple[Dataset, Dataset], artifact: Artifact
) -> None:
    """The courses change their names: everybody in NEW buys what another course was."""
    old, new = halves
    ids = new.courses[c.COURSE_ID].tolist()
    turned = dict(zip(ids, [*ids[37:], *ids[:37]], strict=True))
    bought = new.purchases.assign(
        **{c.COURSE_ID: new.purchases[c.COURSE_ID].map(turned).astype("str")}
    )
    report = compare(old, replace(new, purchases=bought), CONFIG, artifact=artifact)
    assert found(report, "lists of a refit", "RBO lost, p 0.9").verdict == "drifted"
    assert found(report, "lists of a refit", "Jaccard@10 lost").verdict == "drifted"


def test_what_new_adds_is_compared_where_it_holds_old(small_world: SmallWorld) -> None:
    new = small_world.dataset
    first = new.purchases[c.PURCHASED_AT].quantile(0.6)
    earlier = new.purchases[new.purchases[c.PURCHASED_AT] <= first].reset_index(drop=True)
    known = new.participants[c.PARTICIPANT_ID].isin(earlier[c.PARTICIPANT_ID])
    old = replace(
        new,
        purchases=earlier,
        participants=new.participants[known].reset_index(drop=True),
        fingerprint="earlier",
    )
    whole = compare(old, new, CONFIG)
    assert any("--only-new" in note for note in whole.notes)
    added = compare(old, new, CONFIG, only_new=True)
    assert not added.notes
    later = new.purchases[new.purchases[c.PURCHASED_AT] > first]
    assert added.new.purchases <= len(later)
    assert added.new.participants < len(new.participants) - len(old.participants) + 1
    assert found(added, "wave", "PSI").value > found(whole, "wave", "PSI").value
    with pytest.raises(DataError, match="NEW has no purchase to compare"):
        compare(new, new, CONFIG, only_new=True)


def test_nobody_who_opted_out_is_counted(halves: tuple[Dataset, Dataset]) -> None:
    old, new = halves
    out = np.arange(len(new.participants)) < 100
    hidden = replace(new, participants=new.participants.assign(**{c.OPTED_OUT: out}))
    report = compare(old, hidden, CONFIG)
    assert report.new.participants == len(new.participants) - 100
    assert report.new.purchases < compare(old, new, CONFIG).new.purchases


def test_money_of_two_currencies_is_not_compared(halves: tuple[Dataset, Dataset]) -> None:
    old, new = halves
    other = replace(new, config=new.config.model_copy(update={"currency": "TWD"}))
    with pytest.raises(DataError, match="OLD is in IDR and NEW in TWD"):
        compare(old, other, CONFIG)


def test_three_bare_tables_are_enough(tmp_path: Path) -> None:
    (tmp_path / "courses.csv").write_text("course_id,price\na,10\nb,20\n")
    (tmp_path / "purchases.csv").write_text(
        "participant_id,course_id,purchased_at\np,a,2021-01-01\nq,b,2021-01-02\nq,a,2021-01-03\n"
    )
    bare = read_dataset(tmp_path)
    report = compare(bare, bare, CONFIG)
    assert report.verdict == "ok"
    assert "OLD and NEW are the same data" in report.notes


def test_limits_come_from_a_file(tmp_path: Path, halves: tuple[Dataset, Dataset]) -> None:
    path = tmp_path / "drift.toml"
    path.write_text("alpha = 0.9\n[psi]\nwatch = 1e-9\ndrifted = 2e-9\n")
    assert compare(*halves, read_drift_config(path)).verdict == "drifted"
    path.write_text("[psi]\nwatch = 0.3\ndrifted = 0.2\n")
    with pytest.raises(DataError, match=r"psi: .*watch 0.3 is above drifted 0.2"):
        read_drift_config(path)
    path.write_text("psy = 1\n")
    with pytest.raises(DataError, match="psy"):
        read_drift_config(path)


def write(dataset: Dataset, directory: Path, source: Path) -> Path:
    directory.mkdir()
    (directory / "dataset.toml").write_text((source / "dataset.toml").read_text("utf-8"), "utf-8")
    for name in c.TABLES:
        frame: pd.DataFrame = getattr(dataset, name)
        frame.to_parquet(directory / f"{name}.parquet", index=False)
    return directory


def saldopas(*arguments: object) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["saldopas", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
    return int(ended.value.code or 0)


def test_the_command_reports_tracks_and_fails_only_when_asked(
    halves: tuple[Dataset, Dataset],
    small_world: SmallWorld,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/store/mlflow.db")
    dearer = halves[1].courses.assign(**{c.PRICE: halves[1].courses[c.PRICE] * 3})
    old = write(halves[0], tmp_path / "old", small_world.directory)
    new = write(replace(halves[1], courses=dearer), tmp_path / "new", small_world.directory)
    capsys.readouterr()
    assert saldopas("drift", old, new, "--json", "--out", tmp_path / "report.md") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["verdict"] == "drifted"
    assert "prices changed" in told["drifted"]
    assert "**drifted**" in (tmp_path / "report.md").read_text("utf-8")

    from saldopas.training_pipeline.tracking import store

    client = store.connect()
    run = client.get_run(told["run_id"])
    assert run.info.status == "FINISHED"
    assert run.data.tags["saldopas.kind"] == "drift"
    assert run.data.tags["saldopas.drift"] == "drifted"
    assert run.data.tags["mlflow.note.content"].startswith("# Drift from")
    assert run.data.metrics["catalogue/prices_changed/share_of_common"] == 1.0
    assert run.data.params["limit.psi.drifted"] == "0.25"
    files = {file.path for file in client.list_artifacts(told["run_id"])}
    assert files == {"plots", "report.json", "report.md"}
    assert len(client.list_artifacts(told["run_id"], "plots")) == 2
    ids = set(halves[0].participants[c.PARTICIPANT_ID])
    assert not [name for name in ids if name in json.dumps(told)]

    assert saldopas("drift", old, new, "--no-track", "--fail-on", "drifted") == 1
    assert saldopas("drift", old, old, "--no-track", "--fail-on", "watch") == 0
    assert saldopas("drift", old, tmp_path / "nothing", "--no-track") == 2


def test_the_report_says_what_moved(halves: tuple[Dataset, Dataset]) -> None:
    text = as_markdown(compare(*halves, CONFIG))
    assert text.startswith("# Drift from sample to sample: ok")
    assert "Nothing drifted." in text
    assert "| profiles | age | PSI |" in text
