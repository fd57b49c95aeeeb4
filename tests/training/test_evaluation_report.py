"""What comes out: JSON, Markdown, a row a participant, TREC files, the example and the notebook."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from nbclient import NotebookClient
from saldopas import EvaluationConfig, evaluate
from saldopas.features.errors import DataError
from saldopas.training_pipeline.commands.main import app
from saldopas.training_pipeline.evaluating.exports import Outputs, write_trec
from saldopas.training_pipeline.evaluating.measured import Measured
from saldopas.training_pipeline.evaluating.reports import EvaluationReport
from saldopas.training_pipeline.training.config import TrainingConfig
from saldopas.training_pipeline.training.record import TrainingRecord
from typer.testing import CliRunner

from tests.small_world import SEED, SmallWorld, train_small_world
from tests.training.made_lists import make_lists

ROOT = Path(__file__).parents[2]
QUICK = EvaluationConfig(resamples=200, min_people=20)


@pytest.fixture(scope="module")
def report(small_world: SmallWorld, small_record: TrainingRecord) -> EvaluationReport:
    return evaluate(
        small_world.directory, small_record.artifact, by=["history", "wave"], config=QUICK
    )


def test_a_refitted_recipe_has_the_figures_of_its_training(
    report: EvaluationReport, small_record: TrainingRecord
) -> None:
    trained = {
        name: one.summary(min_people=QUICK.min_people) for name, one in small_record.test.items()
    }
    assert report.as_dict()["evaluations"] == trained
    assert report.same_data is True


def test_every_metric_has_its_interval_in_the_json(report: EvaluationReport) -> None:
    said = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    plain = said["evaluations"]["chosen"]["groups"]
    for policy in ("chosen", "popularity"):
        everybody = said["intervals"][policy]["all"]
        assert set(plain["all"]["metrics"]) <= set(everybody)
        for name, value in everybody.items():
            assert value["low"] <= value["mean"] <= value["high"], name
            assert value["cases"] <= said["decisions"]
    for group in ("all", "warm"):
        for name, mean in plain[group]["metrics"].items():
            assert said["intervals"]["chosen"][group][name]["mean"] == pytest.approx(mean), name
    assert {one["column"] for one in said["segments"]} == {"history", "wave"}
    assert said["balances"] == {"known": said["decisions"], "proxy": 0, "no_limit": 0}
    assert said["left_out"]["opted_out"] > 0


def test_intervals_are_of_participants_and_not_of_decisions(report: EvaluationReport) -> None:
    one = report.interval("ndcg@10")
    assert one.people == report.decisions.n_people < one.cases == report.decisions.n_decisions


def test_per_participant_means_add_up(report: EvaluationReport) -> None:
    rows = report.per_participant()
    assert rows["participant_id"].is_unique
    assert rows["decisions"].sum() == report.decisions.n_decisions
    mean = np.average(rows["chosen/ndcg@10"], weights=rows["decisions"])
    assert mean == pytest.approx(report.interval("ndcg@10").mean)


def test_markdown_names_hidden_groups_and_the_gap(report: EvaluationReport) -> None:
    page = report.as_markdown()
    assert "## ndcg@10 by history" in page
    assert re.search(r"Not shown: \d+ small groups", page)
    assert "Groups of fewer than 20 participants are not shown" in page
    assert f"known at {report.decisions.n_decisions:,} decisions, a proxy" in page
    assert "Widest gap:" in page


def test_nothing_is_said_of_groups_under_the_minimum(
    small_world: SmallWorld, small_record: TrainingRecord
) -> None:
    strict = EvaluationConfig(resamples=100, min_people=10_000)
    found = evaluate(small_world.dataset, small_record.artifact, by=["gender"], config=strict)
    said = found.as_dict()
    assert set(said["evaluations"]["chosen"]["groups"]) == {"all"}
    assert said["intervals"]["chosen"]["warm"] == said["intervals"]["chosen"]["new"] == {}
    assert all(one["groups"] == {} for one in said["segments"])
    page = found.as_markdown()
    assert "With a history" not in page
    assert "Without any" not in page


def run_json(*arguments: str) -> dict[str, object]:
    done = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    said: dict[str, object] = json.loads(done.stdout)
    return said


def test_trec_files_are_read_back_by_ranx_with_our_figures(
    report: EvaluationReport, small_world: SmallWorld, small_record: TrainingRecord, tmp_path: Path
) -> None:
    from ranx import Qrels, Run
    from ranx import evaluate as ranx_evaluate

    out = ["--out", str(tmp_path / "report.md"), "--trec", str(tmp_path / "trec")]
    model = ["--model", str(small_record.artifact), "--resamples", "100"]
    said = run_json("evaluate", str(small_world.directory), *model, *out)
    qrels = Qrels.from_file(str(tmp_path / "trec" / "qrels.txt"), kind="trec")
    run = Run.from_file(str(tmp_path / "trec" / "run-chosen.txt"), kind="trec")
    theirs = ranx_evaluate(qrels, run, ["ndcg@10", "map@20", "mrr@5"])
    for name, value in theirs.items():
        assert value == pytest.approx(report.interval(name).mean), name
    topics = pd.read_parquet(tmp_path / "trec" / "decisions.parquet")
    assert len(topics) == len(qrels) == said["decisions"]
    assert (tmp_path / "report.md").read_text("utf-8").startswith("# sequence-ridge")


def test_an_empty_list_counts_as_a_miss_in_every_tool(
    report: EvaluationReport, tmp_path: Path
) -> None:
    """ranx without any switch: it refuses a run that lacks queries of the qrels."""
    from ranx import Qrels, Run
    from ranx import evaluate as ranx_evaluate

    decisions, lists = report.decisions, report.measured["chosen"].lists
    emptied = make_lists(
        [
            [] if row % 3 == 0 else lists.item_idx[lists.row(row)].tolist()
            for row in range(decisions.n_decisions)
        ]
    )
    some = Measured.of("some", decisions, emptied)
    write_trec(tmp_path / "trec", decisions, {"some": some})
    qrels = Qrels.from_file(str(tmp_path / "trec" / "qrels.txt"), kind="trec")
    run = Run.from_file(str(tmp_path / "trec" / "run-some.txt"), kind="trec")
    for name in ("ndcg@10", "map@20"):
        theirs = ranx_evaluate(qrels, run, name)
        assert theirs == pytest.approx(some.metrics[name].mean())
        assert 0 < theirs < report.measured["chosen"].metrics[name].mean()
    courses = pd.read_csv(tmp_path / "trec" / "run-some.txt", sep=" ", header=None)[2]
    assert (courses == "(none)").sum() == -(-decisions.n_decisions // 3)


@pytest.mark.parametrize(
    ("option", "path", "says"),
    [
        ("--per-participant", "rows.csv", "unknown kind of file; end it in .parquet"),
        ("--per-participant", "folder.parquet", "is a directory; name a file in it"),
        ("--out", "folder.parquet", "is a directory; name a file in it"),
        ("--out", "file/report.md", "file is a file; name another place"),
        ("--trec", "file", "file is a file; name a directory"),
        ("--trec", "file/below", "file is a file; name another place"),
    ],
)
@pytest.mark.parametrize("command", ["evaluate", "compare"])
def test_what_cannot_be_written_is_refused_before_the_work(
    tmp_path: Path, command: str, option: str, path: str, says: str
) -> None:
    """The data does not exist, so whatever looks at it first fails in another way."""
    (tmp_path / "folder.parquet").mkdir()
    (tmp_path / "file").touch()
    nowhere = str(tmp_path / "nowhere")
    asked = ["evaluate", nowhere] if command == "evaluate" else ["compare", "a", "b", "--data", "x"]
    with pytest.raises(DataError, match=re.escape(says)) as refused:
        CliRunner().invoke(app, [*asked, option, str(tmp_path / path)], catch_exceptions=False)
    assert option in str(refused.value)


def test_without_the_right_to_write_the_work_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write everywhere
    with pytest.raises(DataError, match=r"--out .*report.md may not be written"):
        Outputs(out=tmp_path / "new" / "report.md").check()


def test_compare_on_the_command_line(
    small_world: SmallWorld, small_record: TrainingRecord, tmp_path: Path
) -> None:
    path, rows = str(small_record.artifact), tmp_path / "rows.parquet"
    data = ["--data", str(small_world.directory), "--per-participant", str(rows)]
    said = run_json("compare", path, path, *data, "--metric", "ndcg@10", "--by", "gender")
    assert said["metrics"]["ndcg@10"]["verdict"] == "undecided"
    assert list(said["metrics"]) == ["ndcg@10"]
    assert {"a/ndcg@10", "b/ndcg@10"} <= set(pd.read_parquet(rows).columns)
    shown = CliRunner().invoke(app, ["compare", path, path, *data[:2]], catch_exceptions=False)
    assert "undecided" in shown.output


def test_the_example_of_the_page_runs(
    small_world: SmallWorld,
    small_record: TrainingRecord,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = (ROOT / "docs" / "evaluation.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / "data").mkdir()
    (tmp_path / "models").mkdir()
    (tmp_path / "data" / "sample").symlink_to(small_world.directory)
    (tmp_path / "models" / "new").symlink_to(small_record.artifact)
    config = TrainingConfig(model="popularity", search=False, seed=SEED)
    train_small_world(small_world, tmp_path / "models" / "old", config=config)
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {}
    exec(compile(code, "docs/evaluation.md", "exec"), namespace)
    assert re.search(r"NDCG@10 0\.\d+ \(0\.\d+ to 0\.\d+\), \d+ decisions", capsys.readouterr().out)
    gains = namespace["rows"]["gain"]
    assert gains.mean() > 0, "the sequence model beats popularity on this sample"


@pytest.mark.slow
def test_the_notebook_runs_and_is_kept_without_outputs(tmp_path: Path) -> None:
    path = ROOT / "notebooks" / "evaluation.ipynb"
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    printed = "".join(
        output.get("text", "") for cell in code for output in cell.outputs if "text" in output
    )
    assert "B is " in printed
    assert not list(tmp_path.iterdir()), "it leaves nothing behind"
