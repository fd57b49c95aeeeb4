"""`saldopas promote` and `saldopas rollback` for people and for scripts."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from tests.tracking.tracked import Tracked
from training_pipeline.commands import promote as commands
from training_pipeline.console import RunFailedError

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
    run("promote", "2")
    back = json.loads(run("rollback", "--reason", "slow", "--json"))
    assert (back["action"], back["to_version"], back["reason"]) == ("rollback", 1, "slow")


def test_without_a_version_the_newest_is_meant(tracked: Tracked) -> None:
    with pytest.raises(RunFailedError, match="version 3 does not beat popularity"):
        run("promote")
    assert json.loads(run("promote", "--force", "--reason", "why not", "--json"))["forced"] is True
