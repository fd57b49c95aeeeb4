"""The whole way on the command line: sample, train, evaluate, recommend, score, serve."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.features.made_purchases import random_purchases

pytestmark = pytest.mark.slow
SALDOPAS = Path(sys.executable).with_name("saldopas")


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory in which a small sample was made and trained on."""
    folder = tmp_path_factory.mktemp("home")
    run(folder, "sample", "--participants", "4000", "--courses", "200", "--out", "data")
    outcome = run_json(folder, "train", "data", "--model", "sequence-ridge", "--no-search")
    (folder / "outcome.json").write_text(json.dumps(outcome))
    return folder


def environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW")}
    return kept | {"MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlruns/mlflow.db"}


def attempt(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(SALDOPAS), *arguments],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def run(folder: Path, *arguments: str) -> str:
    done = attempt(folder, *arguments)
    assert done.returncode == 0, f"saldopas {' '.join(arguments)}: {done.stderr}"
    return done.stdout


def run_json(folder: Path, *arguments: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(run(folder, *arguments, "--json"))
    return answer


def somebody(folder: Path) -> str:
    purchases = pd.read_parquet(folder / "data" / "purchases.parquet")
    return str(purchases["participant_id"].iloc[-1])


def test_train_reports_run_version_and_metrics(home: Path) -> None:
    outcome = json.loads((home / "outcome.json").read_text())
    assert outcome["version"] == 1
    assert len(outcome["run_id"]) == 32
    for cut in ("validation", "test"):
        chosen = outcome[cut]["chosen"]["groups"]["all"]
        assert chosen["cases"] > 100
        assert 0 < chosen["metrics"]["ndcg@10"] < 1


def test_evaluate_refits_where_the_model_has_seen_everything(home: Path) -> None:
    outcome = json.loads((home / "outcome.json").read_text())
    found = run_json(home, "evaluate", "data", "--model", "1")
    assert found["fitted"] == "refitted before the test cut"
    assert found["same_data"] is True
    assert found["evaluations"] == outcome["test"], (
        "the same recipe, cut and seed: the same figures"
    )


@pytest.mark.parametrize("balance", [300_000, 90_000])
def test_command_line_batch_and_http_answer_the_same(home: Path, balance: int) -> None:
    participant = somebody(home)
    said = run_json(
        home,
        "recommend",
        "--participant",
        participant,
        "--balance",
        str(balance),
        "--n",
        "5",
        "--model",
        "1",
    )["items"]
    pd.DataFrame({"participant_id": [participant], "balance": [balance]}).to_parquet(
        home / "requests.parquet"
    )
    run(
        home,
        "score",
        "data",
        "--requests",
        "requests.parquet",
        "--n",
        "5",
        "--out",
        "recs.parquet",
        "--model",
        "1",
    )
    scored = pd.read_parquet(home / "recs.parquet")
    served = ask(home, {"participant_id": participant, "balance": balance, "n": 5})["items"]
    assert [item["course_id"] for item in said] == [item["course_id"] for item in served]
    assert [item["course_id"] for item in said] == scored["course_id"].tolist()
    assert [item["score"] for item in said] == [item["score"] for item in served]
    assert [item["score"] for item in said] == pytest.approx(scored["score"].tolist(), rel=1e-6)
    assert [item["source"] for item in said] == scored["source"].tolist()
    assert all(item["price"] <= balance for item in said)
    assert all(item["balance_after"] == balance - item["price"] for item in served)


def test_score_of_everybody_uses_their_own_balances(home: Path) -> None:
    done = run_json(home, "score", "data", "--n", "3", "--out", "all.parquet", "--model", "1")
    scored = pd.read_parquet(home / "all.parquet")
    assert scored.columns.tolist() == ["participant_id", "rank", "course_id", "score", "source"]
    assert done["participants"] == 4_000
    purchases = pd.read_parquet(home / "data" / "purchases.parquet")
    prices = pd.read_parquet(home / "data" / "courses.parquet").set_index("course_id")["price"]
    spent = purchases.groupby("participant_id")["price_paid"].sum()
    left = 1_000_000 - spent.reindex(scored["participant_id"]).fillna(0).to_numpy()
    assert (prices.loc[scored["course_id"]].to_numpy() <= left).all()
    both = scored.merge(purchases, on=["participant_id", "course_id"])
    assert both.empty, "a course was recommended to somebody who bought it"


def test_score_takes_people_that_nobody_knows(home: Path) -> None:
    pd.DataFrame({"participant_id": ["nobody"]}).to_csv(home / "new.csv", index=False)
    done = run_json(
        home,
        "score",
        "data",
        "--requests",
        "new.csv",
        "--n",
        "4",
        "--out",
        "new-recs.csv",
        "--model",
        "1",
    )
    assert (done["unknown"], done["rows"]) == (1, 4)
    assert set(pd.read_csv(home / "new-recs.csv")["source"]) == {"popular"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("train", "nowhere"), "nowhere"),
        (("train", "data", "--model", "magic"), "unknown model 'magic'"),
        (("train", "data", "--config", "none.toml"), "none.toml"),
        (("train", "data", "--until", "1999-01-01"), "nothing was bought before"),
        (("score", "data", "--requests", "none.csv", "--out", "x.csv", "--model", "1"), "none.csv"),
        (("score", "data", "--out", "x.txt", "--model", "1"), "x.txt"),
        (("evaluate", "nowhere", "--model", "1"), "nowhere"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_bad_usage_is_one_line_and_exit_2(
    home: Path, arguments: tuple[str, ...], says: str
) -> None:
    done = attempt(home, *arguments)
    assert done.returncode == 2, done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith("saldopas: ")]
    assert len(said) == 1
    assert says in said[0]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("model", "code"), [("99", 2), ("nope", 2), ("/tmp", 2), ("previous", 1)])
def test_a_missing_model_is_one_line(home: Path, model: str, code: int) -> None:
    """A name that no model has is bad usage; an alias that stands nowhere yet is not."""
    done = attempt(home, "recommend", "--participant", "x", "--model", model)
    assert done.returncode == code
    assert done.stderr.startswith("saldopas: ")
    assert done.stderr.count("\n") == 1


def ask(folder: Path, body: dict[str, Any]) -> dict[str, Any]:
    """The answer of a served version 1, started for this one request."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (folder / "serve.log").open("w") as log:
        server = subprocess.Popen(
            [str(SALDOPAS), "serve", "--port", str(port), "--model", "1"],
            cwd=folder,
            env=environment(folder),
            stdout=log,
            stderr=log,
        )
        try:
            wait_until_ready(port, server, folder / "serve.log")
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/recommend",
                data=json.dumps(body).encode(),
                headers={"Content-Type": "application/json"},
            )
            with urllib.request.urlopen(request, timeout=60) as response:
                answer: dict[str, Any] = json.load(response)
                return answer
        finally:
            server.terminate()
            server.wait(timeout=120)


def wait_until_ready(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 300
    while time.monotonic() < end:
        if server.poll() is not None:
            pytest.fail(f"the server ended: {log.read_text()}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=60):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the server is not ready: {log.read_text()}")


def test_what_is_too_little_to_measure_can_be_served_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "few").mkdir()
    courses = pd.DataFrame({"course_id": [f"c{i}" for i in range(30)], "price": 100_000})
    courses.to_csv(tmp_path / "few" / "courses.csv", index=False)
    random_purchases(15, 2, dated=True).to_csv(tmp_path / "few" / "purchases.csv", index=False)
    assert run_json(tmp_path, "train", "few")["promoted"]
    answer = run_json(tmp_path, "recommend", "--participant", "p3", "--balance", "300000")
    assert [item["source"] for item in answer["items"]] == ["popular"] * 5
    refused = attempt(tmp_path, "evaluate", "few")
    assert refused.returncode == 2
    assert "fewer than 50 purchases could be predicted" in refused.stderr
