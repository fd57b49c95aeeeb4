"""`saldopas promote` and `saldopas rollback` for people and for scripts."""

from __future__ import annotations

import json

import pytest
import typer
from saldopas.features.errors import DataError
from saldopas.training_pipeline.commands import promote as commands
from saldopas.training_pipeline.console import RunFailedError
from saldopas.training_pipeline.gate.verdict import RULES
from saldopas.training_pipeline.tracking.promotion import GateRefusedError
from saldopas.training_pipeline.tracking.registry import ModelNotFoundError, resolve
from typer.testing import CliRunner

from tests.small_world import SmallWorld
from tests.tracking.tracked import Tracked

app = typer.Typer()
app.command("promote")(commands.promote)
app.command("rollback")(commands.rollback)


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_json_for_scripts(tracked: Tracked, capsys: pytest.CaptureFixture[str]) -> None:
    first = json.loads(run("promote", "1", "--json"))
    assert (first["to_version"], first["from_version"], first["changed"]) == (1, None, True)
    again = json.loads(run("promote", "1", "--json"))
    assert again["changed"] is False
    run("promote", "2", "--force", "--reason", "a test")
    back = json.loads(run("rollback", "--reason", "slow", "--json"))
    assert (back["action"], back["to_version"], back["reason"]) == ("rollback", 1, "slow")


def test_a_table_of_verdicts_for_people(tracked: Tracked, small_world: SmallWorld) -> None:
    first = run("promote", "1")
    assert "no champion" in first
    assert "champion is now version 1" in first
    done = CliRunner().invoke(app, ["promote", "2", "--data", str(small_world.directory)])
    assert done.exit_code == 1
    assert isinstance(done.exception, GateRefusedError)
    for rule in RULES:
        assert rule in done.stdout
    history = run("promote", "--history")
    assert history.count("promote ") == 1
    assert json.loads(run("promote", "--history", "--json"))["moves"][0]["to_version"] == 1


def test_without_a_version_the_newest_is_meant(tracked: Tracked) -> None:
    with pytest.raises(DataError, match=r"^--force needs a --reason; say why with --reason TEXT"):
        run("promote", "--force", "--reason", " ")
    with pytest.raises(RunFailedError, match="version 3 is refused by popularity"):
        run("promote")
    assert json.loads(run("promote", "--force", "--reason", "why not", "--json"))["forced"] is True


@pytest.mark.parametrize("number", ["2147483648", "99999999999999999999999"])
def test_a_number_that_no_store_can_hold_is_no_version(tracked: Tracked, number: str) -> None:
    with pytest.raises(ModelNotFoundError, match=f"^no version {number} of course-recommender in"):
        run("promote", number)
    for model in (number, f"models:/course-recommender/{number}"):
        with pytest.raises(DataError, match=f"^no version {number} of course-recommender"):
            resolve(model)
    with pytest.raises(DataError, match="is no model"):
        resolve("9" * 5_000)
